"""The report's section of rulings: their table, a sentence that counts them, and their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xbench.reports.draw.frame import PUBLISHED
from xbench.reports.model import Chart, Point, Section, Series, Table
from xbench.suites.claims.claim import ClaimLine, PlotFile, PlotLine, Ruling
from xbench.suites.claims.rulings import Rulings, read_rulings
from xbench.text import plural

TITLE, ABOUT = "Claims", "what was printed elsewhere, against what is found here"
RULINGS: tuple[Ruling, ...] = ("reproduced", "contradicted", "not measurable here")
COLUMNS = ("claim", "what is claimed", "printed", "here", "ruling", "why")


@dataclass(frozen=True, slots=True)
class RulingsAdded:
    """Rulings, as the report asks for them; see `Added` of `xbench.reports.model`."""

    rulings: Rulings

    def section(self) -> Section | None:
        """How many claims got which ruling, and the tables; none if nothing was judged."""
        found = self.rulings
        if not found.claims:
            return None
        return Section(TITLE, ABOUT, ruling_sentences(found), ruling_tables(found))

    def charts(self) -> Iterator[Chart]:
        """The figures that came with the rulings."""
        return ruling_charts(self.rulings)

    def rows(self) -> list[ClaimLine]:
        """Every ruling."""
        return self.rulings.claims


def read_section(folder: Path) -> RulingsAdded | None:
    """What `xbench claims` left in a run's folder, if it did. Raises: RecordError for damage."""
    found = read_rulings(folder)
    return RulingsAdded(found) if found.claims or found.plots else None


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
