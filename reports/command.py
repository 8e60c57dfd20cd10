"""`write_report`: read, draw, write, say where."""

from __future__ import annotations

import gc
import io
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reports.chapters import make_report, report_figures
from reports.formats.files import make_folder, write_files
from reports.formats.html_tables import render_tables
from reports.formats.json_document import json_document
from reports.formats.latex import render_latex
from reports.formats.texts import MARKDOWN, TIDY, texts_beside
from reports.model import Report
from reports.page.render import prepare_page
from reports.read.select import select
from reports.read.several import load_all
from xbench.errors import UsageError

PAGE = "index.html"


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
    make_folder(out)
    with _collector_at_rest():
        report = make_report(sources, title)
        with texts_beside(out, report):
            figures = report_figures(report, every=bool(only))
            page = prepare_page(report)
            drawn = figures()
            write_files(out, drawn.files() | {PAGE: page(drawn)})
        if aloud:
            _print(_text(form, out, report, title))
    sys.stderr.write(f"report: {out / PAGE}\n")
    if show:
        _open(out / PAGE)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """What was read stays to the end: the collector need not go through it again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _text(form: str, out: Path, report: Report, title: str | None) -> str:
    match form:
        case "md" | "csv":
            return (out / (MARKDOWN if form == "md" else TIDY)).read_text(encoding="utf-8")
        case "json":
            return json_document(report.sources, title)
        case "latex":
            return render_latex(report.sources, title)
        case "html":
            return render_tables(report.sources, title)
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
