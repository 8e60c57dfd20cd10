"""A race as an object: printed, shown by a notebook, asked for ratios and winners, as a data frame,
a plot and a whole report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as renewed

from xbench.analysis.summary import CellSummary
from xbench.errors import UsageError
from xbench.files import figures_of
from xbench.keys import CellKey
from xbench.racing.outcome import Contender, Outcome
from xbench.records.read import Run
from xbench.reports.formats.columns import finite
from xbench.reports.formats.html_tables import escaped, html_table
from xbench.reports.model import Chart, Point, Series
from xbench.reports.race.standings import COLUMNS, Ratio, Standings
from xbench.reports.race.text import (
    CAPTION,
    race_table,
    race_text,
    refusals,
    said,
    short,
    signs,
    trust,
)
from xbench.reports.sources import source_of
from xbench.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOCUMENT_VERSION = 1
"""Higher where a field of the JSON document changed its meaning or is gone."""

STYLE = (
    "<style>.xbench-race td, .xbench-race th {font-family: monospace; white-space: pre; "
    "padding: 0.15em 0.8em} .xbench-race td:not([align]), .xbench-race th:not([align]) "
    "{text-align: left} .xbench-race svg {max-width: 30em; height: auto}</style>"
)
"""Of the table in a notebook, where figures stand below each other."""


class RaceResult:
    """What a race found. Printed, it is a sentence and a table; a notebook adds a plot."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    @cached_property
    def _standings(self) -> Standings:
        with figures_of(self.outcome.run.journal):
            return Standings(self.outcome)

    @property
    def cells(self) -> list[CellSummary]:
        """Each contender at each size, those without a time too."""
        return self._standings.source.cells

    def ratio(self, name: str, other: str, at: object = None) -> Ratio:
        """The time of one contender over that of another, `at` one of the sizes (which may be left
        out where there is one only): `.value`, `.low`, `.high`, `.verdict`.

        Raises: UsageError for a name or a size that is not there, or a contender without a time."""
        return self._standings.ratio(name, other, at)

    def winner(self, at: object = None) -> str | None:
        """Who is faster than every other contender at a size; None where that is not known, or two
        take the same time. Raises: UsageError for a size that is not there."""
        return self._standings.winner(at)

    def to_pandas(self) -> pd.DataFrame:
        """One row for each size and contender. Times are seconds of one call; `ratio` is the time
        over that of `against`, the fastest or one that may be. NaN where there is no number;
        `status` and `reason` say why."""
        import pandas as pd

        return pd.DataFrame(list(self._standings.rows()), columns=list(COLUMNS))

    def plot(self, ax: Axes | None = None) -> Figure:
        """Time of a call against size, with 95 % intervals, into these axes or a figure of its own:
        `result.plot().savefig("race.png")`. Raises: UsageError where nobody has a time."""
        draw = import_module("xbench.reports.draw.static_figures")
        chart, colours = self._chart(), import_module("xbench.reports.draw.frame").colours
        look = colours(series.backend for series, _ in chart.lines)
        if ax is None:
            style = import_module("matplotlib.style")
            with style.context(["default", draw.frame.STYLE]):
                figure: Figure = draw.canvas_of(chart, look)
                return figure
        if len(chart.widths) > 1:
            draw.draw_curves(ax, chart, look)
            ax.legend(frameon=False)
        else:
            draw.draw_dots(ax, chart, look)
        return ax.get_figure(root=True)  # type: ignore[return-value]  # axes are drawn in one

    def report(self, out: str | Path) -> None:
        """Write the whole report of the race to this folder: index.html, tables and figures.
        Raises: UsageError if it cannot be written."""
        source = source_of(_by_their_names(self.outcome), None)
        write = import_module("xbench.reports.assemble").write_sources
        write([source], Path(out))

    def to_json(self, name: str = "") -> str:
        """The rows of `to_pandas`, the sentence and how far to trust it, as a JSON document, which
        may have a name."""
        standings = self._standings
        document = {
            "xbench_version": __version__,
            "schema_version": DOCUMENT_VERSION,
            "name": name,
            "said": said(standings),
            "trust": trust(standings),
            "checked": self.outcome.checked,
            "fresh": self.outcome.fresh,
            "rows": [
                {name: _plain(value) for name, value in row.items()} for row in standings.rows()
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False)

    def __repr__(self) -> str:
        return race_text(self._standings)

    def _repr_html_(self) -> str:
        return "\n".join(self._html())

    def _html(self) -> Iterator[str]:
        standings = self._standings
        yield f'<div class="xbench-race">{STYLE}'
        yield f"<p><b>{_with_code(' '.join(said(standings)))}</b></p>"
        table = race_table(standings)
        yield from html_table(table)
        legend = "; ".join(map(": ".join, signs(standings, table)))
        yield f"<p>{escaped(legend)}</p>" if legend else ""
        missing = "".join(f"<li>{_with_code(each)}.</li>" for each in refusals(standings))
        yield f"<ul>{missing}</ul>" if missing else ""
        if standings.ranked:
            yield self._svg()
        yield f"<p>{_with_code('. '.join(trust(standings)))}.</p></div>"

    def _svg(self) -> str:
        draw = import_module("xbench.reports.draw.static_figures")
        chart = self._chart()
        look = draw.colours(series.backend for series, _ in chart.lines)
        svg = str(draw.draw(chart, "race", look).svg)
        return svg[svg.index("<svg") :]

    def _chart(self) -> Chart:
        """Times against sizes. Raises: UsageError where nobody has a time."""
        standings, lines = self._standings, dict[tuple[Series, str], list[Point]]()
        for contender, series in _series(standings.contenders).items():
            points = [
                Point(field.size.width, cell.time_s, cell.low_s, cell.high_s)
                for field in standings.fields
                if (cell := field.cells.get(contender)) and cell.time_s is not None
            ]
            if points:
                lines[series, short(contender)] = points
        if not lines:
            raise UsageError(
                "nothing can be plotted: no contender got a time", refusals(standings)[0]
            )
        alt = f"Time of a call for {', '.join(label for _, label in lines)}, with 95 % intervals."
        return Chart(
            "time",
            CAPTION,
            "time of a call",
            alt,
            False,
            lines,
            "size" if standings.several_sizes else "",
            width_names={float(each.size.width): each.size.shown for each in standings.fields},
        )


def _by_their_names(outcome: Outcome) -> Run:
    """The run, with the user's names of the contenders where its cells have plain ones."""
    run, names = outcome.run, {each.backend: short(each.name) for each in outcome.contenders}

    def cell_key(key: CellKey) -> CellKey:
        return replace(key, backend=names[key.backend])

    plans = [renewed(plan, key=cell_key(plan.key)) for plan in run.header.cells]
    workers = [
        renewed(line, worker=replace(line.worker, backend=names[line.worker.backend]))
        for line in run.workers
    ]
    groups = [
        renewed(line, cells=[renewed(cell, key=cell_key(cell.key)) for cell in line.cells])
        for line in run.groups
    ]
    header = renewed(run.header, cells=plans)
    return replace(run, header=header, workers=workers, groups=groups)


def _series(contenders: Mapping[str, Contender]) -> dict[str, Series]:
    """How each contender is drawn: as its framework and mode are elsewhere, where these tell it
    from the others."""
    looks = [(each.framework, each.mode) for each in contenders.values()]
    apart = len({framework for framework, _ in looks}) > 1 and len(set(looks)) == len(looks)
    return {
        label: Series(each.framework if apart else label, each.mode, "none", "reuse")
        for label, each in contenders.items()
    }


def _with_code(text: str) -> str:
    """As HTML, with what stands in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escaped(text))


def _plain(value: object) -> Any:
    """As JSON has it; a size may be any object."""
    if isinstance(value, float):
        return finite(value)
    return value if value is None or isinstance(value, int | str) else str(value)
