"""001: 64 x 1000 -> 100 -> 10 with ReLU, a sum of squares and 500 steps of descent, four ways."""

from __future__ import annotations

import json
from functools import cache
from math import sqrt
from pathlib import Path

from xbench.analysis.summary import CellSummary
from xbench.suites.claims.claim import Claim, Evidence, Judged, Missing, Values
from xbench.suites.claims.sweeps import NET
from xbench.suites.claims.times import (
    NOT_PAIRED,
    Judge,
    gpu_of,
    is_number,
    ruled,
    show_ratio,
    undecided,
    unpaired,
)

CURVES = {
    ("numpy", "manual"): "NumPy by hand",
    ("torch", "manual"): "PyTorch by hand",
    ("torch", "autograd"): "PyTorch autograd",
    ("torch", "custom"): "PyTorch custom function",
    ("tensorflow", "manual"): "TensorFlow by hand",
    ("tensorflow", "autograd"): "TensorFlow autograd",
}
TOLERANCE = 1e-3
"""The oracle's for a step of training in float32, here of the residual, the root of the loss."""

SPEEDUP, STEP_MFLOP = 50.0, 26.2


@cache
def replays() -> Values:
    """What `tests/tools/make_replays.py` stored: 99 % ranges of 200 seeded replays in NumPy."""
    found: Values = json.loads(
        Path(__file__).with_name("replays_001.json").read_text(encoding="utf-8")
    )
    return found


def curve_of(evidence: Evidence, backend: str, gradient: str) -> list[float]:
    """The losses of one way; those that are not finite are left out. Raises: Missing."""
    losses = evidence.values(f"curve_{gradient}", backend).get("losses", [])
    found = [float(each) for each in losses if is_number(each)]
    if not found:
        raise Missing(f"{backend} {gradient}: its curve has no finite loss")
    return found


def curves_of(evidence: Evidence) -> dict[tuple[str, str], list[float]]:
    """Every way that was run here."""
    found = {}
    for way in CURVES:
        try:
            found[way] = curve_of(evidence, *way)
        except Missing:
            continue
    return found


def _loss(backend: str, gradient: str, step: int, printed: float, dtype: str) -> Judge:
    """The start is unseeded, so the print is held against the stored replays, as is ours."""

    def judge(evidence: Evidence) -> Judged:
        losses = curve_of(evidence, backend, gradient)
        if len(losses) <= step:
            return Judged(f"{len(losses)} losses", "contradicted", "it diverges before that step")
        low, high = replays()[dtype][str(step)]
        ours_low, ours_high = replays()["float32"][str(step)]
        right = ours_low <= losses[step] <= ours_high
        return ruled(
            f"{losses[step]:.4g} in float32 (seed {NET['seed']}); 99 % of {replays()['replays']} "
            f"seeded replays in {dtype}: {low:.3g} to {high:.3g}",
            low <= printed <= high and right,
            "the notebook has no seed; its print lies in that range",
            "the print lies outside that range" if right else "ours lies outside its own range",
        )

    return judge


def _equal_curves(evidence: Evidence) -> Judged:
    """Residuals within the oracle's tolerance, and twice what rounding does in the replays."""
    curves = curves_of(evidence)
    if len(curves) < 2:
        raise Missing(f"{len(curves)} loss curves were run here, and two are needed")
    (first, base), *others = curves.items()
    allowed = 2 * replays()["residual_rounding"]
    wrong, largest = [], 0.0
    for way, losses in others:
        pairs = [(sqrt(one), sqrt(two)) for one, two in zip(base, losses, strict=False)]
        if len(losses) != len(base) or any(
            abs(one - two) > TOLERANCE * one + allowed for one, two in pairs
        ):
            wrong.append(CURVES[way])
        largest = max([largest, *(abs(one / two - 1) for one, two in pairs if one >= 1 and two)])
    return ruled(
        f"{len(curves)} ways; residuals √loss above 1 differ by {largest:.1g} of their size",
        not wrong,
        f"residuals within the oracle's {TOLERANCE:g} of their size and {allowed:.1g}, twice what "
        "float32 rounds in the replays",
        f"not as {CURVES[first]}: {', '.join(wrong)}",
    )


def _net(evidence: Evidence, backend: str, device: str = "cpu") -> CellSummary:
    return evidence.cell("mlp_train", backend, device=device, **NET["params"])


def _flop(evidence: Evidence) -> Judged:
    for cell in evidence.cells:
        if (
            cell.plan.key.op == "mlp_train"
            and NET["params"].items() <= cell.plan.key.params.items()
        ):
            mflop = cell.plan.flop * 1e-6
            same = round(mflop, 1) == STEP_MFLOP
            why = "4NDH + 6NHO + 4NH + 4NO + 2P: no gradient of x is taken"
            return ruled(f"{mflop:.3f} MFLOP", same, why, why)
    raise Missing("the net of 001 is not in the plan")


def _gpu(evidence: Evidence) -> Judged:
    device = gpu_of(evidence)
    ratio = unpaired(_net(evidence, "numpy"), _net(evidence, "torch", device))
    found = f"{show_ratio(ratio)}, {NOT_PAIRED}"
    if ratio.low is None or ratio.high is None or ratio.low < SPEEDUP <= ratio.high:
        return undecided(found, ratio)
    return ruled(
        found,
        ratio.low >= SPEEDUP,
        f"NumPy's step over that on {device}",
        f"NumPy's step over that on {device}: 26 MFLOP are little work for a GPU",
    )


def _custom(evidence: Evidence) -> Judged:
    found = evidence.values("custom_called", "torch")
    calls, without = found.get("with"), found.get("without")
    return ruled(
        f"{calls} call a step; {without} as the notebook has it",
        is_number(calls) and bool(calls) and without == 0,
        "the fourth way here calls its backward; the notebook defines it and then uses plain relu",
        "the custom function does not run where it should, or runs where it should not",
    )


def _printed(name: str, backend: str, gradient: str, step: int, printed: str) -> Claim:
    way = CURVES[backend, gradient]
    dtype = "float64" if backend == "numpy" else "float32"
    return Claim(
        f"001.{name}-{step}",
        f"{way}: the loss at step {step}",
        printed,
        _loss(backend, gradient, step, float(printed), dtype),
    )


CLAIMS_001: tuple[Claim, ...] = (
    _printed("numpy", "numpy", "manual", 0, "30262256.9"),
    _printed("numpy", "numpy", "manual", 419, "1.13e-05"),
    _printed("by-hand", "torch", "manual", 499, "2.7596e-05"),
    _printed("autograd", "torch", "autograd", 0, "30005880"),
    _printed("autograd", "torch", "autograd", 499, "7.0838e-05"),
    _printed("custom", "torch", "custom", 0, "29360216"),
    Claim(
        "001.curves-equal",
        "All ways and backends descend alike from the same start",
        "four similar curves",
        _equal_curves,
    ),
    Claim(
        "001.custom-called",
        "The fourth way runs its custom autograd function",
        "defined, never called",
        _custom,
    ),
    Claim("001.flop", "A step takes 26.2 MFLOP", "26.2 MFLOP", _flop),
    Claim("001.gpu-50", "A GPU is 50 times as fast as NumPy, or more", "×50", _gpu),
)
