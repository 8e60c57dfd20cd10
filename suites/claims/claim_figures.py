"""Two figures of the notebooks' claims as data: loss curves of 001, the crossover of 002."""

from __future__ import annotations

from xbench.contracts import Mode
from xbench.suites.claims.claim import (
    Evidence,
    Missing,
    PlotFile,
    PlotLine,
    PlotPoint,
)
from xbench.suites.claims.notebook_001 import CURVES, curves_of
from xbench.suites.claims.notebook_002 import CPU_S, GPU_S, STEPS, WIDTHS, step_at

MOST_POINTS = 100


ON_CPU: tuple[tuple[str, Mode], ...] = (
    ("numpy", "eager"),
    ("torch", "eager"),
    ("torch", "compiled"),
    ("tensorflow", "eager"),
    ("tensorflow", "compiled"),
)


def loss_curves(evidence: Evidence) -> PlotFile | None:
    """Loss against step, counted from 1; None if no way was run."""
    lines = [
        PlotLine(
            label=CURVES[backend, gradient],
            backend=backend,
            gradient=gradient,
            points=[PlotPoint(step + 1, losses[step]) for step in thinned(len(losses))],
        )
        for (backend, gradient), losses in curves_of(evidence).items()
    ]
    if not lines:
        return None
    return PlotFile(
        name="loss-curves",
        title="001: 500 steps of descent from one start, 64×1000→100→10",
        x_label="step",
        y_label="sum of squares",
        lines=lines,
        y_is_time=False,
        alt="Loss against step, both on logarithmic axes, of "
        f"{', '.join(line.label for line in lines)}: one curve, until rounding parts them.",
    )


def thinned(count: int) -> list[int]:
    """Places of MOST_POINTS at most of so many points, even on a logarithmic axis, ends too."""
    if count < 2:
        return list(range(count))
    last = MOST_POINTS - 1
    return sorted({round(count ** (place / last)) - 1 for place in range(MOST_POINTS)})


def crossover_plot(evidence: Evidence) -> PlotFile | None:
    """Time of a step against width: ours measured, the notebook's published; None without ours."""
    ours = [_measured(evidence, backend, mode) for backend, mode in ON_CPU]
    ours += [_measured(evidence, "torch", "eager", device) for device in evidence.gpus]
    drawn = [line for line in ours if line.points]
    if not drawn:
        return None
    printed = [_published("CPU", CPU_S), _published("GPU", GPU_S)]
    return PlotFile(
        name="crossover",
        title="002: one Adam step of 100×1→w→1",
        x_label="width",
        y_label="time of a step",
        lines=[*drawn, *printed],
        alt="Time of a step against width, both on logarithmic axes. Measured here: "
        f"{', '.join(line.label for line in drawn)}, with 95 % intervals. Published in the "
        f"notebook, divided by {STEPS}: CPU and GPU, which cross between widths 2.7k and 5.2k.",
    )


def _measured(evidence: Evidence, backend: str, mode: Mode, device: str = "cpu") -> PlotLine:
    points, gradient = [], "none"
    for width in WIDTHS:
        try:
            cell = step_at(evidence, width, backend, mode, device)
        except Missing:
            continue
        gradient = cell.plan.key.gradient
        points.append(PlotPoint(width, cell.time_s or 0.0, cell.low_s, cell.high_s))
    where = "" if device == "cpu" else f" on {device}"
    return PlotLine(
        label=f"{backend} {mode}{where}",
        backend=backend,
        mode=mode,
        gradient=gradient,
        points=points,
    )


def _published(name: str, seconds: dict[int, float]) -> PlotLine:
    return PlotLine(
        label=f"published, {name}",
        backend=f"published {name}",
        published=True,
        points=[PlotPoint(width, each / STEPS) for width, each in seconds.items()],
    )
