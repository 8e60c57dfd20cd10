"""002's three widths: what was printed, what is found, and where a GPU overtakes the processor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log

from suites.notebooks.times import (
    FACTOR,
    NO_GPU,
    NOT_PAIRED,
    alike,
    gpu_of,
    show_ratio,
    show_time,
    time_of,
    undecided,
    unpaired,
)
from suites.notebooks.values import Judge, ruled
from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing
from xbench.records.summary import CellSummary
from xbench.stats.interval import Estimate

STEPS = 1000
"""The notebook times so many at once; here a step is timed, and the rest is extrapolated."""

CPU_S = {512: 0.5374, 20480: 3.8065, 204800: 65.3397}
GPU_S = {512: 1.4512, 20480: 1.3085, 204800: 2.0779}
WIDTHS = tuple(CPU_S)
CROSSOVER = (2700.0, 5200.0)


def step_at(
    evidence: Evidence, width: int, backend: str = "torch", mode: str = "eager", device: str = "cpu"
) -> CellSummary:
    """The cell of 100 × 1 → width → 1 with Adam. Raises: Missing."""
    return evidence.cell(
        "mlp_train", backend, mode=mode, device=device,
        n=100, d=1, h=width, o=1, optimizer="adam", loss="mse",
    )  # fmt: skip


def cpu_time(width: int) -> Judge:
    """A judge of the printed time on the processor."""

    def judge(evidence: Evidence) -> Judged:
        return _thousand(step_at(evidence, width), CPU_S[width])

    return judge


def gpu_time(width: int) -> Judge:
    """A judge of the printed time on a GPU."""

    def judge(evidence: Evidence) -> Judged:
        return _thousand(step_at(evidence, width, device=gpu_of(evidence)), GPU_S[width])

    return judge


def _thousand(cell: CellSummary, printed: float) -> Judged:
    ours = time_of(cell, STEPS)
    bound = f", bound by {cell.bound}" if cell.bound else ""
    return alike(
        ours, printed, f"{show_time(ours)}, extrapolated from a step",
        larger=f"this machine is slower{bound}",
        smaller="a faster machine, freed memory kept (no page faults) and warm-up left out",
    )  # fmt: skip


def speedup(width: int) -> Judge:
    """A judge of CPU time over GPU time: near the printed one, and on the same side of 1."""

    def judge(evidence: Evidence) -> Judged:
        device, printed = gpu_of(evidence), CPU_S[width] / GPU_S[width]
        ratio = unpaired(step_at(evidence, width), step_at(evidence, width, device=device))
        found = f"{show_ratio(ratio)}, {NOT_PAIRED}"
        if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
            return undecided(found, ratio)
        if (ratio.low > 1) != (printed > 1):
            faster = device if ratio.low > 1 else "the processor"
            return Judged(found, "contradicted", f"{faster} is the faster one here")
        cause = "another processor and another GPU; the print has no fence and no warm-up"
        return alike(ratio, printed, found, larger=cause, smaller=cause)

    return judge


def crossing(widths: Sequence[float], ratios: Sequence[float]) -> float | None:
    """The width from which on a ratio is above 1, on logarithmic axes between two points."""
    points = [(log(width), log(ratio)) for width, ratio in zip(widths, ratios, strict=True)]
    for (x, y), (next_x, next_y) in pairwise(points):
        if y < 0 <= next_y:
            return exp(x - y * (next_x - x) / (next_y - y))
    return None


def crossover(evidence: Evidence) -> Judged:
    """From measured widths on both; without a GPU ours against the published GPU is only told."""
    if not evidence.gpus:
        return _against_published(evidence)
    cpu = [step_at(evidence, width) for width in WIDTHS]
    gpu = [step_at(evidence, width, device=gpu_of(evidence)) for width in WIDTHS]
    ratios = [unpaired(one, other) for one, other in zip(cpu, gpu, strict=True)]
    found = crossing(WIDTHS, [ratio.value for ratio in ratios])
    late, early = (_crossing_of(ratios, end) for end in ("low", "high"))
    if found is None or late is None or early is None:
        text = "no crossover for sure between 512 and 204800"
        if all(ratio.low is not None and ratio.low > 1 for ratio in ratios):
            return Judged(text, "contradicted", "the GPU is faster at every width")
        if all(ratio.high is not None and ratio.high < 1 for ratio in ratios):
            return Judged(text, "contradicted", "the processor is faster at every width")
        return undecided(text, ratios[0])
    low, high = CROSSOVER[0] / FACTOR, CROSSOVER[1] * FACTOR
    text = f"{_wide(found)} ({_wide(early)} to {_wide(late)}), {NOT_PAIRED}"
    if early < low <= late or early <= high < late:
        return undecided(text, ratios[0])
    return ruled(
        text, low <= early and late <= high,
        f"within a factor {FACTOR:g}, which another machine may make; between measured widths it "
        "is a straight line on logarithmic axes", "another processor and another GPU",
    )  # fmt: skip


def _crossing_of(ratios: Sequence[Estimate], end: str) -> float | None:
    ends = [getattr(ratio, end) for ratio in ratios]
    return None if None in ends else crossing(WIDTHS, ends)


def _against_published(evidence: Evidence) -> Judged:
    try:
        cpu = [time_of(step_at(evidence, width), STEPS).value for width in WIDTHS]
    except Missing:
        raise Missing(NO_GPU) from None
    found = crossing(WIDTHS, [ours / GPU_S[width] for ours, width in zip(cpu, WIDTHS, strict=True)])
    if found is None:
        raise Missing(NO_GPU)
    ours = f"{_wide(found)} for our CPU against the published GPU"
    return Judged(ours, "not measurable here", f"{NO_GPU}, and two different machines tell nothing")


def _wide(width: float) -> str:
    return f"{width:.2g}" if width < 1000 else f"{width / 1000:.2g}k"
