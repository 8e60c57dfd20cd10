"""Constants and names that the oracle and every adapter must share to compute the same thing."""

from __future__ import annotations

from xbench.contracts import Spec

TRIAD_SCALE = 3.0

ADAM_RATE, ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 1e-3, 0.9, 0.999, 1e-8
"""Kingma and Ba's defaults. The epsilon is added after the root, on bias-corrected moments:
m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  t = t + 1,
theta = theta - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)."""


def sgd_rate(hidden: int) -> float:
    """1e-4 / H: the notebook's 1e-6 at its own H = 100, and as stable at every other width."""
    return 1e-4 / hidden


def parameter_names(spec: Spec) -> tuple[str, ...]:
    """w1 b1 w2 b2, or w1 w2 without bias."""
    return ("w1", "b1", "w2", "b2") if spec["bias"] else ("w1", "w2")
