"""Rates against what the machine reaches: Williams, Waterman and Patterson's roofline (2009)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas

from reports.draw import frame, scales
from reports.draw.charts import Point
from reports.draw.palette import INK, PAPER
from reports.model import Source
from reports.read.curves import Series, setting_of
from xbench.records.bound import find_ceilings, moved_bytes
from xbench.records.reach import MEMORY, bandwidths
from xbench.records.summary import CellSummary

MODES: Mapping[str, str] = {"eager": "o", "graph": "s", "compiled": "^"}
"""Markers: the lines by which modes are told apart elsewhere are not there."""

MANY, MOST = 500, 2000
"""Beyond so many points they are an image inside the SVG, which would be megabytes else; and of
more than `MOST` cells only those of each curve's largest width are drawn."""


LABELS_AT = (0.15, 0.4, 0.6, 0.85)
"""Where on the rising part of its roof a place is named, so that no two names meet."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """Cells of one setting by FLOP per byte moved and GFLOP/s, under the ceilings that hold there,
    in bytes and FLOP a second: `bandwidths` by place, the nearest cache first, memory last.
    `points` are keyed by how they are drawn: by backend and mode."""

    title: str
    about: str
    alt: str
    bandwidths: dict[str, float]
    compute: float
    points: dict[Series, list[tuple[float, float]]]

    def roof(self, place: str, ends: tuple[float, float]) -> list[tuple[float, float]]:
        """The line that data in that place stay below: FLOP per byte between the ends, GFLOP/s."""
        bandwidth = self.bandwidths[place]
        knee = self.compute / bandwidth
        along = (ends[0], *([knee] if ends[0] < knee < ends[1] else []), ends[1])
        return [(x, min(x * bandwidth, self.compute) * 1e-9) for x in along]


def rooflines(source: Source) -> list[Roofline]:
    """One for each setting in which cells do arithmetic and both ceilings are known."""
    settings: dict[tuple[str, ...], list[CellSummary]] = {}
    for cell in source.cells:
        if cell.time_s is not None and cell.plan.flop > 0 and moved_bytes(cell.plan) > 0:
            settings.setdefault(setting_of(cell.plan)[1:], []).append(cell)
    found = []
    for cells in settings.values():
        line = find_ceilings(cells[0].plan, source.ceilings)
        if line is not None and line.compute is not None and (found_at := bandwidths(line)):
            found.append(_roofline(cells, found_at, line.compute.best))
    return found


def _roofline(
    cells: Sequence[CellSummary], bandwidth: dict[str, float], compute: float
) -> Roofline:
    points: dict[Series, list[tuple[float, float]]] = {}
    shown = cells if len(cells) <= MOST else _widest(cells)
    for cell in shown:
        plan = cell.plan
        series = Series(plan.backend, plan.mode, "none", "reuse")
        rate = plan.flop / (cell.time_s or 1.0) * 1e-9
        points.setdefault(series, []).append((plan.flop / moved_bytes(plan), rate))
    about = setting_of(cells[0].plan).about
    of = "" if shown is cells else f" of {len(cells)}, those of the largest widths,"
    alt = (
        f"{len(shown)} cells{of} by FLOP per byte moved and GFLOP/s, both on logarithmic axes, "
        f"under the measured ceilings ({about})."
    )
    return Roofline(f"Rates and ceilings  ({about})", about, alt, bandwidth, compute, points)


def _widest(cells: Sequence[CellSummary]) -> list[CellSummary]:
    most: dict[str, int] = {}
    for cell in cells:
        most[cell.plan.family] = max(cell.plan.width, most.get(cell.plan.family, 0))
    return [cell for cell in cells if cell.plan.width == most[cell.plan.family]]


def _between(
    one: tuple[float, float], other: tuple[float, float], share: float
) -> tuple[float, float]:
    """A point of a straight line between two, on logarithmic axes."""
    x, y = (a * (b / a) ** share for a, b in zip(one, other, strict=True))
    return x, y


def draw_roofline(chart: Roofline, colours: Mapping[str, str]) -> Canvas:
    """Intensity along, rate up; the ceilings as a line."""
    found = sorted(chart.points.items(), key=lambda each: each[0].rank)
    labels = [series.label for series, _ in found]
    canvas, axes, columns = frame.with_legend(chart.title, labels)
    every = [point for _, points in found for point in points]
    along = scales.limits(Point(0.0, x, None, None) for x, _ in every)
    roofs = {place: chart.roof(place, along) for place in chart.bandwidths}
    high = [point for roof in roofs.values() for point in roof]
    up = scales.limits(Point(0.0, y, None, None) for _, y in [*every, *high])
    for number, (place, roof) in enumerate(roofs.items()):
        style = {"linestyle": "-" if place == MEMORY else ":", "linewidth": 1.2}
        axes.plot(*zip(*roof, strict=True), color=INK, **style)
        axes.annotate(
            place, _between(roof[0], roof[1], LABELS_AT[number % len(LABELS_AT)]), ha="center",
            va="center", color=INK, fontsize=8, bbox={"facecolor": PAPER, "linewidth": 0, "pad": 1},
        )  # fmt: skip
    for series, points in found:
        marker = MODES.get(series.mode, "v")
        style = frame.look(series, colours) | {"linestyle": "", "marker": marker}
        style["rasterized"] = len(every) > MANY
        axes.plot(*zip(*points, strict=True), label=frame.short(series.label), **style)
    for axis, ends in ((axes.xaxis, along), (axes.yaxis, up)):
        frame.logarithmic(axis, ends)
        frame.ticks(axis, scales.ticks(*ends), "{:g}".format)
    axes.set_xlabel("FLOP per byte moved")
    axes.set_ylabel("GFLOP/s")
    frame.legend(canvas, columns)
    return canvas
