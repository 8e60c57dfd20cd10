"""The report as one self-contained page: styles, figures, data and scripts inside, nothing fetched.

The page's policy names the two scripts it may run by their hashes; a script that came with a result
file would not run even if it were not escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from xbench.reports.draw.frame import GRID, INK, PAPER
from xbench.reports.model import Figure, Figures, Report, Table
from xbench.reports.page.data import pack, page_data, plotly_source
from xbench.reports.prose.sentences import margin_note
from xbench.reports.tables.causes import CAUSES_TITLE, bound_note
from xbench.reports.tables.full_tables import whole_tables
from xbench.text import shortened
from xbench.version import __version__

# A page's own scripts as one, and the hashes by which its policy lets them run.

SHARED = Path(__file__).resolve().parent / "js"


def joined(files: Iterable[Path]) -> str:
    """The files as one script, with names of its own."""
    texts = [file.read_text(encoding="utf-8") for file in files]
    return "\n".join(['"use strict";', "(() => {", *texts, "})();"])


def policy(*scripts: bytes) -> str:
    """The sources that a policy names, so that only these scripts run."""
    return " ".join(
        f"'sha256-{b64encode(sha256(each).digest()).decode('ascii')}'" for each in scripts
    )


_HERE = Path(__file__).resolve().parent
_SCRIPTS = (
    "elements",
    "view",
    "canvas",
    "plots_speed",
    "plots_why",
    "plots_noise",
    "tables",
    "explore",
    "begin",
)
MOST_ROWS, LIVELY_ROWS = 100, 8
"""Rows of a table that are written into the page; from so many on a table sorts, filters and pages,
and has all of them as data."""

LONGEST_TEXT = 400
"""Of a table's entry; files beside the page hold it whole."""


def prepare_page(report: Report) -> Callable[[Figures], str]:
    """Make everything of the page but its figures, which may still be drawn meanwhile.

    Returns: what makes the page. Text from result files is escaped; figures escaped theirs."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"inline": inline_svg, "cut": cut}
    tables = _tables(report)
    script = joined(SHARED / f"{name}.js" for name in _SCRIPTS)
    timed = any(cell.time_s is not None for source in report.sources for cell in source.cells)
    plotly = plotly_source() if timed else b""
    hashes = policy(script.encode(), plotly)
    page = partial(
        environment.get_template("page.html").render,
        report=report,
        tables=tables,
        added=_titles_of_added(report),
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        hashes=Markup(hashes),  # noqa: S704 - hashes
        packed=pack(page_data(report.sources, tables)),
        plots=pack(plotly) if timed else "",
        bound_note=bound_note(),
        causes_title=CAUSES_TITLE,
        margin_note=margin_note(),
        version=__version__,
        most=MOST_ROWS,
        lively=LIVELY_ROWS,
    )
    return lambda figures: page(figures=figures)


def _tables(report: Report) -> list[Table]:
    """Every table that may be long: of all cells, of what several runs have in common, of other
    people's benchmarks."""
    across = report.merged.across if report.merged else None
    others = [table for chapter in report.chapters for table in chapter.others]
    return [*([across] if across else []), *whole_tables(report.sources), *others]


def _titles_of_added(report: Report) -> dict[str, str]:
    """Of the sections of extensions, by their names: each stands in the page's list of parts."""
    sections = [each for chapter in report.chapters for each in chapter.added.items()]
    return {name: section.title for name, section in sections}


def cut(text: str) -> str:
    """No more of a text than a page can show."""
    return shortened(text, LONGEST_TEXT)


def inline_svg(figure: Figure) -> Markup:
    """A figure to stand inside a page: ids of its own, the page's font and colours, its words for
    those who do not see it."""
    _, _, body = figure.svg.partition("<svg ")
    attributes, _, content = body.partition(">")
    box = re.search(r'viewBox="[\d. ]+"', attributes)
    content = re.sub(r"<metadata>.*?</metadata>", "", content, count=1, flags=re.DOTALL)
    for mark in (' id="', "url(#", ' xlink:href="#'):
        content = content.replace(mark, f"{mark}{figure.name}-")
    for ours, theirs in ((INK, "currentColor"), (GRID, "var(--grid)"), (PAPER, "none")):
        content = content.replace(ours, theirs)
    label = Markup.escape(figure.alt)
    head = f'<svg role="img" aria-label="{label}" {box.group() if box else ""} '
    return Markup(f'{head}xmlns:xlink="http://www.w3.org/1999/xlink">{content}')  # noqa: S704
