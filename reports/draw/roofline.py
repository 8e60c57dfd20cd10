"""Two figures that are not lines against width: rates against what the machine reaches (Williams,
Waterman and Patterson's roofline, 2009), and where the time of so many calls goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.ticker import FixedLocator

from xbench.analysis.bound import MEMORY, bandwidths, find_ceilings, moved_bytes
from xbench.analysis.summary import CellSummary
from xbench.reports.curves import Curve, series_of, setting_of
from xbench.reports.draw import frame
from xbench.reports.draw.frame import INK, PAPER, Canvas
from xbench.reports.model import Point, Series, Source

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
        series = Series(plan.key.backend, plan.key.mode, "none", "reuse")
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
    along = frame.limits(Point(0.0, x, None, None) for x, _ in every)
    roofs = {place: chart.roof(place, along) for place in chart.bandwidths}
    high = [point for roof in roofs.values() for point in roof]
    up = frame.limits(Point(0.0, y, None, None) for _, y in [*every, *high])
    for number, (place, roof) in enumerate(roofs.items()):
        style = {"linestyle": "-" if place == MEMORY else ":", "linewidth": 1.2}
        axes.plot(*zip(*roof, strict=True), color=INK, **style)
        axes.annotate(
            place,
            _between(roof[0], roof[1], LABELS_AT[number % len(LABELS_AT)]),
            ha="center",
            va="center",
            color=INK,
            fontsize=8,
            bbox={"facecolor": PAPER, "linewidth": 0, "pad": 1},
        )
    for series, points in found:
        marker = MODES.get(series.mode, "v")
        style = frame.look(series, colours) | {"linestyle": "", "marker": marker}
        style["rasterized"] = len(every) > MANY
        axes.plot(*zip(*points, strict=True), label=frame.short_label(series.label), **style)
    for axis, ends in ((axes.xaxis, along), (axes.yaxis, up)):
        frame.logarithmic(axis, ends)
        frame.ticks(axis, frame.tick_values(*ends), "{:g}".format)
    axes.set_xlabel("FLOP per byte moved")
    axes.set_ylabel("GFLOP/s")
    frame.legend(canvas, columns)
    return canvas


# Where the time goes: starting, building, the first call, and so many calls after it.

CALLS = 1000
PARTS = {
    "start-up": "#999999",
    "building": "#56B4E9",
    "first call": "#E69F00",
    f"{CALLS} calls": "#0072B2",
}
_ROW, _LETTER, _BELOW = 0.27, 0.072, 0.72


@dataclass(frozen=True, slots=True)
class Phases:
    """Rows of a cell's name with the seconds of each of `PARTS`, at one width of a curve."""

    title: str
    alt: str
    rows: list[tuple[str, tuple[float, ...]]]


def phases(curve: Curve) -> Phases | None:
    """Of the largest width at which a cell has a number, the quickest in all first; None if none
    has."""
    timed = [cell for cell in curve.cells if cell.time_s is not None]
    if not timed:
        return None
    width = max(cell.plan.width for cell in timed)
    widest = [cell for cell in timed if cell.plan.width == width]
    rows = [(series_of(cell.plan).label, _parts(cell)) for cell in widest]
    alt = (
        f"Seconds of start-up, building, first call and {CALLS} calls of {curve.setting.family} at "
        f"width {width}, one bar a cell: "
    )
    rows.sort(key=lambda row: sum(row[1]))
    alt += ", ".join(f"{name} {sum(parts):.2g} s" for name, parts in rows) + "."
    return Phases(f"{curve.setting.family}, width {width}: where the time goes", alt, rows)


def _parts(cell: CellSummary) -> tuple[float, ...]:
    once = (cell.open_s or 0.0, cell.build_s or 0.0, cell.first_s or 0.0)
    return *once, CALLS * (cell.time_s or 0.0)


def draw_phases(chart: Phases) -> Canvas:
    """Seconds along, one bar a cell."""
    names = [frame.short_label(name) for name, _ in chart.rows]
    side = min(0.25 + _LETTER * max(map(len, names)), 0.6 * frame.WIDTH)
    canvas, axes = frame.plain(chart.title, side, _ROW * len(names) + 0.1, _BELOW)
    left = [0.0] * len(names)
    for place, (name, colour) in enumerate(PARTS.items()):
        lengths = [parts[place] for _, parts in chart.rows]
        axes.barh(range(len(names)), lengths, left=left, label=name, color=colour, height=0.7)
        left = [before + length for before, length in zip(left, lengths, strict=True)]
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.set_yticklabels(names)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("seconds")
    canvas.legend(
        loc="lower center",
        ncols=4,
        frameon=False,
        fontsize=8.5,
        borderaxespad=0.2,
        handlelength=1.2,
        columnspacing=1.2,
    )
    return canvas
