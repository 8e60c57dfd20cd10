"""From results as read to a report as written."""

from __future__ import annotations

from collections.abc import Sequence

from reports.draw.choose import free_slug, main_figures
from reports.draw.palette import colours
from reports.draw.plots import draw_all
from reports.model import Chapter, Claims, Report, Section, Source
from reports.read.curves import Curve, curves
from reports.read.merge import name_sources
from reports.say import sentences
from reports.say.answers import answers
from reports.say.crossings import crossing_sentences
from reports.say.memory import memory_sentences
from reports.tables import causes
from reports.tables.cells import benchmark_tables, curve_tables, refused_table
from reports.tables.faults import memory_tables
from reports.tables.merged import merge
from reports.tables.rulings import ABOUT, TITLE, ruling_charts, ruling_sentences, ruling_tables
from reports.tables.starting import start_tables
from reports.tables.whole import whole_tables
from reports.tables.wins import wins_table


def make_report(
    sources: Sequence[Source], title: str | None = None, every_figure: bool = False
) -> Report:
    """Everything there is to write of these results, which get names if there are several. `title`
    stands above it; without one the first chapter's does, or how many runs there are. The main
    figures are drawn, or every one."""
    name_sources(sources)
    taken: set[str] = set()
    chapters = [make_chapter(source, taken) for source in sources]
    own = chapters[0].title if len(chapters) == 1 else f"{len(chapters)} runs side by side"
    return Report(
        title=title or own,
        sources=list(sources),
        chapters=chapters,
        merged=merge(sources),
        whole=whole_tables(sources),
        figures=main_figures(sources, taken, every_figure),
    )


def make_chapter(source: Source, taken: set[str]) -> Chapter:
    """Everything about one result file but its figures; `taken` holds the names of files so far."""
    return Chapter(
        title=sentences.title(source),
        about=source.title,
        facts=source.facts,
        trust=sentences.trust(source),
        answers=[*answers(source), *crossing_sentences(source)],
        wins=wins_table(source),
        pairs=sentences.pair_sentences(source),
        claims=_claims(source, taken),
        sections=[
            _section(source, curve)
            for curve in curves(source.cells, source.comparisons, source.unpaired)
        ],
        explained=memory_sentences(source),
        causes=causes.cause_tables(source),
        others=benchmark_tables(source.benchmarks),
        refused=refused_table(source.cells),
        not_run=[*sentences.not_run(source), *causes.without_ceilings(source)],
        name=source.name,
    )


def _section(source: Source, curve: Curve) -> Section:
    return Section(
        title=curve.setting.family,
        about=curve.setting.about,
        sentences=sentences.curve_sentences(curve),
        tables=[
            *curve_tables(curve, source.launches),
            *memory_tables(curve, source.ceilings),
            *start_tables(curve),
        ],
    )


def _claims(source: Source, taken: set[str]) -> Claims | None:
    """The rulings, where there are any, with their figures."""
    rulings = source.rulings
    if not rulings.claims:
        return None
    prefix = f"{source.name}-" if source.name else ""
    named = [(each, free_slug(f"{prefix}{each.kind}", taken)) for each in ruling_charts(rulings)]
    look = colours(line.backend for plot in rulings.plots for line in plot.lines)
    drawn = draw_all(named, look)
    return Claims(TITLE, ABOUT, ruling_sentences(rulings), ruling_tables(rulings), drawn)
