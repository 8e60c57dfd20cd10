"""A report from its parts: result files are read, a chapter is made of each, figures are drawn, all
files are written, and one format is printed.
"""

from __future__ import annotations

import io
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from xbench.errors import UsageError
from xbench.records.read import no_collecting
from xbench.reports.curves import name_sources
from xbench.reports.draw.frame import colours
from xbench.reports.draw.static_figures import draw_all, free_slug, main_figures
from xbench.reports.formats.answer_text import render_answer
from xbench.reports.formats.html_tables import render_tables
from xbench.reports.formats.json_document import json_document
from xbench.reports.formats.latex import render_latex
from xbench.reports.formats.report_files import (
    MARKDOWN,
    TIDY,
    make_folder,
    texts_beside,
    write_files,
)
from xbench.reports.model import Added, Chapter, Figure, Figures, Report, Source
from xbench.reports.page.render import prepare_page
from xbench.reports.prose import sentences
from xbench.reports.prose.answer_table import answer_table
from xbench.reports.prose.answers import answers, more_time, trust_in_short
from xbench.reports.prose.memory_costs import memory_sentences
from xbench.reports.prose.sentences import crossing_sentences
from xbench.reports.sources import load_all, select
from xbench.reports.tables import causes
from xbench.reports.tables.cells import benchmark_tables, wins_table
from xbench.reports.tables.full_tables import merge

# From results as read to a report as written.


def make_report(sources: Sequence[Source], title: str | None = None) -> Report:
    """What there is to say of these results, which get names if there are several. `title` stands
    above it; without one the first chapter's does, or how many runs there are."""
    name_sources(sources)
    chapters = [make_chapter(source) for source in sources]
    own = chapters[0].title if len(chapters) == 1 else f"{len(chapters)} runs side by side"
    return Report(title or own, list(sources), chapters, merge(sources))


def make_chapter(source: Source) -> Chapter:
    """Of one result file."""
    return Chapter(
        title=sentences.title(source),
        about=source.title,
        facts=source.facts,
        trust=sentences.trust(source),
        in_short=trust_in_short(source),
        table=answer_table(source),
        answers=[*answers(source), *crossing_sentences(source)],
        more_time=more_time(source),
        wins=wins_table(source),
        pairs=sentences.pair_sentences(source),
        added={
            name: section
            for name, each in source.added.items()
            if (section := each.section()) is not None
        },
        explained=memory_sentences(source),
        causes=causes.cause_tables(source),
        others=benchmark_tables(source.benchmarks),
        not_run=[*sentences.not_run(source), *causes.without_ceilings(source)],
        name=source.name,
    )


def report_figures(report: Report, every: bool = False) -> Callable[[], Figures]:
    """Begin to draw: those of extensions, and the main ones of all, or `every` one.

    Returns: what waits for them."""
    taken: set[str] = set()
    added = [
        {name: _begin_added(each, source.name, taken) for name, each in source.added.items()}
        for source in report.sources
    ]
    main = main_figures(report.sources, taken, every)
    return lambda: Figures(
        [{name: drawn() for name, drawn in each.items()} for each in added], main()
    )


def _begin_added(added: Added, source: str, taken: set[str]) -> Callable[[], list[Figure]]:
    prefix = f"{source}-" if source else ""
    charts = list(added.charts())
    named = [(each, free_slug(f"{prefix}{each.kind}", taken)) for each in charts]
    return draw_all(named, colours(series.backend for each in charts for series, _ in each.lines))


PAGE = "index.html"


def write_report(
    runs: Sequence[Path],
    out: Path,
    reference: str | None,
    *,
    output_format: str = "md",
    only: Sequence[str] = (),
    title: str | None = None,
    print_text: bool = True,
    open_page: bool = False,
) -> None:
    """Write the report of these results to the folder `out`; print it in `output_format` (md, csv,
    json, latex, html, or answer: its beginning alone), if `print_text`; open the page in the user's
    browser, if `open_page`.

    `reference` is the backend, or `backend/mode`, that others are compared with (else numpy, torch,
    the first there is); `only` are patterns of the cells wanted (see `select`); `title` stands
    above the report. Ratios are within a result, never between two.

    Raises: RecordError for a result that cannot be read; UsageError if `out` cannot be written, a
    run is named twice or has no number of `reference`, or a pattern of `only` matches nothing."""
    sources = select(load_all(runs, reference), only)
    report = write_sources(sources, out, title, every=bool(only))
    if print_text:
        _print(_text(output_format, out, report, title))
    sys.stderr.write(f"report: {out / PAGE}\n")
    if open_page:
        _open(out / PAGE)


@no_collecting()
def write_sources(
    sources: Sequence[Source], out: Path, title: str | None = None, *, every: bool = False
) -> Report:
    """Write the report of results that were read, with `every` figure there is or the main ones.
    Raises: UsageError if `out` cannot be written."""
    make_folder(out)
    report = make_report(sources, title)
    with texts_beside(out, report):
        figures = report_figures(report, every)
        page = prepare_page(report)
        drawn = figures()
        write_files(out, drawn.files() | {PAGE: page(drawn)})
    return report


def _text(output_format: str, out: Path, report: Report, title: str | None) -> str:
    match output_format:
        case "md" | "csv":
            return (out / (MARKDOWN if output_format == "md" else TIDY)).read_text(encoding="utf-8")
        case "answer":
            return render_answer(report)
        case "json":
            return json_document(report.sources, title)
        case "latex":
            return render_latex(report.sources, title)
        case "html":
            return render_tables(report.sources, title)
    raise UsageError(
        f"no format is called {output_format!r}", "known: md, csv, json, latex, html, answer"
    )


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
