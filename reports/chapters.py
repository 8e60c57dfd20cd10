"""From a result file as read to a chapter as written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from reports.draw.charts import Chart, charts
from reports.draw.palette import colours
from reports.draw.plots import draw_all
from reports.model import Chapter, Figure, Report, Section, Source
from reports.read.curves import Curve, curves
from reports.read.merge import name_sources
from reports.say import sentences
from reports.say.answers import answers
from reports.say.memory import memory_sentences
from reports.tables import causes
from reports.tables.cells import benchmark_tables, curve_tables, refused_table
from reports.tables.faults import memory_tables
from reports.tables.merged import merge
from reports.tables.rulings import ABOUT, TITLE, ruling_charts, ruling_sentences, ruling_tables
from reports.tables.starting import start_tables
from reports.tables.whole import whole_tables
from reports.tables.wins import wins_table

_LONGEST_SLUG = 80


def make_report(sources: Sequence[Source], title: str | None = None) -> Report:
    """Everything there is to write of these results, which get names if there are several. `title`
    stands above it; without one the first chapter's does, or how many runs there are."""
    name_sources(sources)
    taken: set[str] = set()
    chapters = [
        make_chapter(source, f"{source.name}-" if source.name else "", taken) for source in sources
    ]
    own = chapters[0].title if len(chapters) == 1 else f"{len(chapters)} runs side by side"
    return Report(title or own, chapters, merge(sources), whole_tables(sources))


def make_chapter(source: Source, prefix: str, taken: set[str]) -> Chapter:
    """Everything about one result file. `prefix` begins the names of its figures' files, `taken`
    holds the names used so far."""
    found = curves(source.cells, source.comparisons, source.unpaired)
    wanted = [_wanted(curve, prefix, taken) for curve in found]
    ruled = [
        (chart, free_slug(f"{prefix}{chart.kind}", taken))
        for chart in ruling_charts(source.rulings)
    ]
    look = colours(
        [
            *(cell.plan.backend for cell in source.cells),
            *(line.backend for plot in source.rulings.plots for line in plot.lines),
        ]
    )
    drawn = iter(draw_all([*ruled, *(each for mine in wanted for each in mine)], look))
    claims = _claims(source, list(islice(drawn, len(ruled))))
    return Chapter(
        title=sentences.title(source),
        about=source.title,
        facts=source.facts,
        trust=sentences.trust(source),
        answers=answers(source),
        wins=wins_table(source),
        pairs=sentences.pair_sentences(source),
        sections=[
            *claims,
            *(
                Section(
                    title=curve.setting.family,
                    about=curve.setting.about,
                    sentences=sentences.curve_sentences(curve),
                    tables=[
                        *curve_tables(curve, source.launches),
                        *memory_tables(curve, source.ceilings),
                        *start_tables(curve),
                    ],
                    figures=list(islice(drawn, len(mine))),
                )
                for curve, mine in zip(found, wanted, strict=True)
            ),
        ],
        explained=memory_sentences(source),
        causes=causes.cause_tables(source),
        others=benchmark_tables(source.benchmarks),
        refused=refused_table(source.cells),
        not_run=[*sentences.not_run(source), *causes.without_ceilings(source)],
        name=source.name,
    )


def _claims(source: Source, figures: list[Figure]) -> list[Section]:
    """The section of rulings, where there are any."""
    rulings = source.rulings
    if not rulings.claims:
        return []
    said = ruling_sentences(rulings)
    return [Section(TITLE, ABOUT, said, ruling_tables(rulings), figures)]


def _wanted(curve: Curve, prefix: str, taken: set[str]) -> list[tuple[Chart, str]]:
    """The charts of a curve, with the names of their files."""
    setting = curve.setting
    place = (setting.family, setting.dtype, setting.device, f"t{setting.threads}")
    return [
        (chart, free_slug(f"{prefix}{chart.kind}-{' '.join(place)}", taken))
        for chart in charts(curve)
    ]


def free_slug(text: str, taken: set[str]) -> str:
    """A file name made of letters, digits, `-` and `_` only, not used before; now it is."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", text.replace("×", "x")).strip("-")[:_LONGEST_SLUG]
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
