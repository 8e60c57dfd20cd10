"""Rulings on claims: their table, a sentence that counts them, and their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reports.draw.charts import Chart, Point
from reports.draw.palette import PUBLISHED
from reports.model import Table
from reports.read.curves import Series
from reports.say.sentences import plural
from xbench.claims.judge import Rulings
from xbench.claims.model import PlotFile, PlotLine, Ruling

TITLE, ABOUT = "Claims", "what was printed elsewhere, against what is found here"
RULINGS: tuple[Ruling, ...] = ("reproduced", "contradicted", "not measurable here")
COLUMNS = ("claim", "what is claimed", "printed", "here", "ruling", "why")


def ruling_sentences(rulings: Rulings) -> list[str]:
    """How many claims got which ruling."""
    counts = Counter(each.ruling for each in rulings.claims)
    said = ", ".join(f"{counts[name]} {name}" for name in RULINGS if counts[name])
    return [f"{plural(len(rulings.claims), 'claim')}: {said}."]


def ruling_tables(rulings: Rulings) -> list[Table]:
    """One table a source, in the order of the claims."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for each in rulings.claims:
        row = (each.id, each.says, each.printed, each.ours, each.ruling, each.why)
        found.setdefault(each.source, []).append(row)
    return [
        Table(f"Claims of {source}", COLUMNS, rows, wraps=frozenset({1, 2, 3}))
        for source, rows in found.items()
    ]


def ruling_charts(rulings: Rulings) -> Iterator[Chart]:
    """The figures that came with the rulings; points that a logarithm cannot show are left out."""
    for plot in rulings.plots:
        lines = {
            (_series(line), line.label): [
                Point(each.x, each.y, each.low, each.high)
                for each in line.points
                if each.x > 0.0 and each.y > 0.0
            ]
            for line in plot.lines
        }
        shown = {name: points for name, points in lines.items() if points}
        if shown:
            yield _chart(plot, shown)


def _chart(plot: PlotFile, lines: dict[tuple[Series, str], list[Point]]) -> Chart:
    return Chart(
        plot.name,
        plot.title,
        plot.y_label,
        plot.alt,
        False,
        lines,
        plot.x_label,
        not plot.y_is_time,
    )


def _series(line: PlotLine) -> Series:
    """How a line looks: published ones are hollow, with dashes and a marker of their own."""
    if line.published:
        return Series(line.backend, PUBLISHED, PUBLISHED, PUBLISHED)
    return Series(line.backend, line.mode, line.gradient, "reuse")
