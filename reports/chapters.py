"""From results as read to a report as written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.draw.choose import free_slug, main_figures
from reports.draw.palette import colours
from reports.draw.plots import draw_all
from reports.model import Chapter, Claims, Figure, Figures, Report, Source
from reports.read.merge import name_sources
from reports.say import sentences
from reports.say.answers import answers
from reports.say.crossings import crossing_sentences
from reports.say.memory import memory_sentences
from reports.tables import causes
from reports.tables.cells import benchmark_tables
from reports.tables.merged import merge
from reports.tables.rulings import ABOUT, TITLE, ruling_charts, ruling_sentences, ruling_tables
from reports.tables.wins import wins_table


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
        answers=[*answers(source), *crossing_sentences(source)],
        wins=wins_table(source),
        pairs=sentences.pair_sentences(source),
        claims=_claims(source),
        explained=memory_sentences(source),
        causes=causes.cause_tables(source),
        others=benchmark_tables(source.benchmarks),
        not_run=[*sentences.not_run(source), *causes.without_ceilings(source)],
        name=source.name,
    )


def _claims(source: Source) -> Claims | None:
    """The rulings, where there are any."""
    rulings = source.rulings
    if not rulings.claims:
        return None
    return Claims(TITLE, ABOUT, ruling_sentences(rulings), ruling_tables(rulings))


def report_figures(report: Report, every: bool = False) -> Callable[[], Figures]:
    """Begin to draw: those of the rulings, and the main ones of all, or `every` one.

    Returns: what waits for them."""
    taken: set[str] = set()
    ruled = [_ruled(source, taken) for source in report.sources]
    main = main_figures(report.sources, taken, every)
    return lambda: Figures([each() for each in ruled], main())


def _ruled(source: Source, taken: set[str]) -> Callable[[], list[Figure]]:
    prefix = f"{source.name}-" if source.name else ""
    charts = ruling_charts(source.rulings)
    named = [(each, free_slug(f"{prefix}{each.kind}", taken)) for each in charts]
    return draw_all(named, colours(line.backend for p in source.rulings.plots for line in p.lines))
