"""The cases whose answer is known: names, lengths, and how far from them a figure may lie.

Apart from `known_cases_suite.py`, which is run as a user's suite file and would else be run
twice."""

from __future__ import annotations

from pathlib import Path

SUITE_FILE = str(Path(__file__).with_name("known_cases_suite.py"))
"""Loaded by the plan, the oracle and every worker as a user's suite file is."""

SPINS_S = {"spin_50us": 50e-6, "spin_1ms": 1e-3, "spin_50ms": 50e-3}
"""Op to the seconds that one call lasts, whatever the machine."""

SHARE_OFF, SECONDS_OFF = 0.025, 5e-6
"""How far a figure may lie from the truth: the larger of the two."""

EFFECT_OP, EFFECT_S = "spin_longer", 1e-3
EFFECT = 1.10
"""On `twin` this op lasts so many times `EFFECT_S`, its length on `numpy`."""

EFFECT_LOW, EFFECT_HIGH = 1.08, 1.12

FENCE_OP, FENCE_S = "product_200us", 200e-6
"""A product whose call then waits for that long without using a core, as for a device: long beside
what reading a result costs."""

FENCE_WIDTHS = tuple(range(16, 336, 16))
"""Twenty cells a backend."""

AA_OP, AA_WIDTHS = "mlp_train", (512, 20480)
"""A step of Adam on 100 samples, 1 -> w -> 1: short calls within the cache, long ones beyond it."""


def allowed(truth_s: float) -> tuple[float, float]:
    """The least and the most seconds that a figure of this truth may be."""
    off = max(SHARE_OFF * truth_s, SECONDS_OFF)
    return truth_s - off, truth_s + off
