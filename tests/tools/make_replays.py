"""Replays 001 with 200 seeds and stores what its unseeded prints may be: a range for each.

`python tests/tools/make_replays.py` writes `suites/claims/replays_001.json`; two minutes.

The net is 64 x 1000 -> 100 -> 10 with ReLU and no bias, a sum of squares and plain descent at 1e-6,
all from the standard normal distribution, as the notebook has it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).resolve().parents[2] / "suites" / "claims" / "replays_001.json"
REPLAYS, STEPS, RATE = 200, 500, 1e-6
PRINTED = (0, 419, 499)
ENDS = (0.005, 0.995)
TOLERANCE = 1e-3
"""That of the oracle for a step of training in float32."""

Curve = np.ndarray[Any, np.dtype[np.float64]]


def losses(seed: int, dtype: type[np.floating[Any]]) -> Curve:
    """The loss of every step; the start is the same in both dtypes."""
    chance = np.random.default_rng(seed)
    shapes = ((64, 1000), (64, 10), (1000, 100), (100, 10))
    drawn = (chance.standard_normal(shape).astype(np.float32) for shape in shapes)
    x, y, w1, w2 = (each.astype(dtype) for each in drawn)
    found = []
    for _ in range(STEPS):
        h = np.maximum(x @ w1, 0)
        difference = h @ w2 - y
        found.append(float(np.square(difference).sum()))
        slope = 2 * difference
        dh = (slope @ w2.T) * (h > 0)
        w2 -= dtype(RATE) * (h.T @ slope)
        w1 -= dtype(RATE) * (x.T @ dh)
    return np.array(found)


def ranges(curves: list[Curve]) -> dict[str, list[float]]:
    """The 99 % range of the losses at each printed step."""
    at = {step: [float(curve[step]) for curve in curves] for step in PRINTED}
    return {
        str(step): [float(each) for each in np.quantile(values, ENDS)]
        for step, values in at.items()
    }


def rounding(single: list[Curve], double: list[Curve]) -> float:
    """The largest difference of residuals (roots of losses) beyond the tolerance."""
    pairs = [(np.sqrt(one), np.sqrt(two)) for one, two in zip(single, double, strict=True)]
    return max(float((abs(one - two) - TOLERANCE * two).max()) for one, two in pairs)


def main() -> None:
    """Write the file."""
    single = [losses(seed, np.float32) for seed in range(REPLAYS)]
    double = [losses(seed, np.float64) for seed in range(REPLAYS)]
    found = {
        "replays": REPLAYS,
        "float32": ranges(single),
        "float64": ranges(double),
        "residual_rounding": rounding(single, double),
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
