"""Accuracies of 784 -> H -> 1 on the user's MNIST: trained anew in NumPy from several seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from suites.notebooks.mnist import zeros_and_ones
from suites.notebooks.values import Judge, ruled
from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing
from xbench.stats.student import t_quantile
from xbench.workloads.rules import ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON

if TYPE_CHECKING:
    import numpy as np

    from suites.notebooks.mnist import Array

SEEDS = 5
CENTRAL = 0.99
FALSE_PRECISION = 5e-5
"""Half of the last printed digit."""


@dataclass(frozen=True, slots=True)
class Training:
    """`epochs` over batches of `batch` images (0: all of them, in order), with Adam at `rate`."""

    hidden: int
    epochs: int
    batch: int = 0
    rate: float = 1e-3


FULL, MINI = Training(32, 70), Training(32, 10, 2048)
SCALED = Training(64, 200, rate=0.002)


def accuracy_judge(training: Training, printed: float) -> Judge:
    """Judges a printed accuracy by the 99 % range that replays from other seeds allow."""

    def judge(evidence: Evidence) -> Judged:
        if evidence.mnist is None:
            raise Missing("MNIST is not shipped: give its folder with --mnist")
        found = accuracies(evidence.mnist, training)
        low, high = likely(found)
        ours = f"{fmean(found):.4f} ({SEEDS} seeds; 99 % range {low:.4f} to {high:.4f})"
        return ruled(
            ours, low - FALSE_PRECISION <= printed <= high + FALSE_PRECISION,
            "inside the range of replays in NumPy on the user's MNIST, after the last update",
            "outside the range of replays in NumPy on the user's MNIST, after the last update",
        )  # fmt: skip

    return judge


def likely(found: list[float]) -> tuple[float, float]:
    """The range that holds one more replay with probability 99 %, by t; none is above 1."""
    count = len(found)
    half = t_quantile(0.5 + 0.5 * CENTRAL, count - 1) * stdev(found) * (1 + 1 / count) ** 0.5
    return fmean(found) - half, min(1.0, fmean(found) + half)


@cache
def accuracies(folder: Path, training: Training) -> list[float]:
    """The share of training images that are told apart, for each seed. Raises: Missing."""
    pixels, labels = zeros_and_ones(folder)
    return [_trained(pixels / 255, labels, training, seed) for seed in range(SEEDS)]


def _trained(x: Array, t: Array, training: Training, seed: int) -> float:
    import numpy as np

    chance = np.random.default_rng(seed)
    net = _start(x.shape[1], training.hidden, chance)
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in net]
    step = 0
    for _ in range(training.epochs):
        for rows in _batches(len(x), training.batch, chance):
            step += 1
            gradients = _gradients(x[rows], t[rows], net)
            for weight, gradient, (m, v) in zip(net, gradients, moments, strict=True):
                _adam(weight, gradient, m, v, step, training.rate)
    return float(((_logits(x, net)[1] > 0) == (t > 0.5)).mean())


def _start(inputs: int, hidden: int, chance: np.random.Generator) -> list[Array]:
    """As `torch.nn.Linear` starts: uniform within one over the root of the inputs."""
    shapes = ((inputs, hidden), (hidden,), (hidden, 1), (1,))
    fans = (inputs, inputs, hidden, hidden)
    return [
        (fan**-0.5 * chance.uniform(-1, 1, shape)).astype("float32")
        for shape, fan in zip(shapes, fans, strict=True)
    ]


def _adam(weight: Array, gradient: Array, m: Array, v: Array, step: int, rate: float) -> None:
    """One step, in place; the form is that of `xbench.workloads.rules`."""
    import numpy as np

    m += (1 - ADAM_BETA1) * (gradient - m)
    v += (1 - ADAM_BETA2) * (gradient * gradient - v)
    root = np.sqrt(v / (1 - ADAM_BETA2**step)) + ADAM_EPSILON
    weight -= rate * (m / (1 - ADAM_BETA1**step)) / root


def _batches(count: int, size: int, chance: np.random.Generator) -> Iterator[Array | slice]:
    if not size:
        yield slice(None)
        return
    order = chance.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]


def _logits(x: Array, net: list[Array]) -> tuple[Array, Array]:
    import numpy as np

    h = np.maximum(x @ net[0] + net[1], 0)
    return h, h @ net[2] + net[3]


def _gradients(x: Array, t: Array, net: list[Array]) -> list[Array]:
    """Of the mean binary cross-entropy of logits."""
    import numpy as np

    h, z = _logits(x, net)
    slope = (0.5 * (1 + np.tanh(0.5 * z)) - t) / np.float32(len(x))
    dh = (slope @ net[2].T) * (h > 0)
    return [x.T @ dh, dh.sum(0), h.T @ slope, slope.sum(0)]
