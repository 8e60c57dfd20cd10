"""Where the time goes: starting, building, the first call, and so many calls after it."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator

from reports.draw import frame
from reports.read.curves import Curve, series_of
from xbench.records.summary import CellSummary

CALLS = 1000
PARTS = {
    "start-up": "#999999", "building": "#56B4E9", "first call": "#E69F00",
    f"{CALLS} calls": "#0072B2",
}  # fmt: skip
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
    names = [frame.short(name) for name, _ in chart.rows]
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
        loc="lower center", ncols=4, frameon=False, fontsize=8.5, borderaxespad=0.2,
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
    return canvas
