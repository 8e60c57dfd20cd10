"""`write_report`: read, draw, write, say where."""

from __future__ import annotations

import gc
import io
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from reports.chapters import make_report
from reports.formats.csv_files import cells_csv, comparisons_csv
from reports.formats.files import make_folder, write_files
from reports.formats.html_tables import render_tables
from reports.formats.json_document import json_document
from reports.formats.latex import render_latex
from reports.formats.markdown import render_markdown
from reports.formats.measurements import measurements_csv
from reports.model import Report, Source
from reports.page.render import render_page
from reports.read.select import select
from reports.read.several import load_all
from xbench.errors import UsageError

PAGE, MARKDOWN, TIDY = "index.html", "report.md", "measurements.csv"


def write_report(
    runs: Sequence[Path], out: Path, reference: str | None, *, form: str = "md",
    only: Sequence[str] = (), title: str | None = None, aloud: bool = True, show: bool = False,
) -> None:  # fmt: skip
    """Write the report of these results to the folder `out`; print it in `form` (md, csv, json,
    latex or html), if `aloud`; open the page in the user's browser, if `show`.

    `reference` is the backend, or `backend/mode`, that others are compared with (else numpy, torch,
    the first there is); `only` are patterns of the cells wanted (see `select`); `title` stands
    above the report. Ratios are within a result, never between two.

    Raises: RecordError for a result that cannot be read; UsageError if `out` cannot be written, a
    run is named twice or has no number of `reference`, or a pattern of `only` matches nothing."""
    sources = select(load_all(runs, reference), only)
    gc.freeze()  # they stay to the end: the collector need not go through them again and again
    make_folder(out)
    report = make_report(sources, title, every_figure=bool(only))
    files = _files(report, sources)
    write_files(out, _figures(report) | files)
    if aloud:
        _print(_text(form, files, sources, title))
    sys.stderr.write(f"report: {out / PAGE}\n")
    if show:
        _open(out / PAGE)
    gc.unfreeze()


def _files(report: Report, sources: Sequence[Source]) -> dict[str, str]:
    """Every text of the folder, by name."""
    return {
        MARKDOWN: render_markdown(report),
        "cells.csv": cells_csv(sources),
        "comparisons.csv": comparisons_csv(sources),
        TIDY: measurements_csv(sources),
        PAGE: render_page(report),
    }


def _figures(report: Report) -> dict[str, str | bytes]:
    ruled = [figure for each in report.chapters if each.claims for figure in each.claims.figures]
    found: dict[str, str | bytes] = {}
    for figure in [*ruled, *report.figures]:
        found[f"{figure.name}.svg"] = figure.svg
        found[f"{figure.name}.png"] = figure.png
    return found


def _text(form: str, files: dict[str, str], sources: Sequence[Source], title: str | None) -> str:
    match form:
        case "md":
            return files[MARKDOWN]
        case "csv":
            return files[TIDY]
        case "json":
            return json_document(sources, title)
        case "latex":
            return render_latex(sources, title)
        case "html":
            return render_tables(sources, title)
    raise UsageError(f"no format is called {form!r}", "known: md, csv, json, latex, html")


def _print(text: str) -> None:
    """To a terminal or a file that does not take every character, with `?` for those."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.stdout.write(text)
    sys.stdout.flush()


def _open(page: Path) -> None:
    """Show the page in the user's browser, or say that there is none."""
    try:
        opened = webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        sys.stderr.write(f"no browser was found to open {page}\n")
