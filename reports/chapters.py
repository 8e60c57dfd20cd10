"""From a result file as read to a chapter as written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reports import sentences
from reports.charts import charts
from reports.curves import Curve, curves
from reports.model import Chapter, Figure, Section, Source
from reports.palette import colours
from reports.plots import draw
from reports.tables import benchmark_tables, curve_tables, refused_table

_LONGEST_SLUG = 80


def make_chapter(source: Source, prefix: str, taken: set[str]) -> Chapter:
    """Everything about one result file. `prefix` begins the names of its figures' files, `taken`
    holds the names used so far."""
    look = colours(cell.plan.backend for cell in source.cells)
    return Chapter(
        title=sentences.title(source),
        about=source.title,
        facts=source.facts,
        trust=sentences.trust(source),
        headlines=sentences.headlines(source),
        sections=[
            Section(
                title=curve.setting.family,
                about=curve.setting.about,
                sentences=sentences.curve_sentences(curve),
                tables=curve_tables(curve, source.launches),
                figures=list(_figures(curve, prefix, taken, look)),
            )
            for curve in curves(source.cells, source.comparisons)
        ],
        others=benchmark_tables(source.benchmarks),
        refused=refused_table(source.cells),
        not_run=sentences.not_run(source),
    )


def _figures(
    curve: Curve, prefix: str, taken: set[str], look: Mapping[str, str]
) -> Iterator[Figure]:
    setting = curve.setting
    place = (setting.family, setting.dtype, setting.device, f"t{setting.threads}")
    for chart in charts(curve):
        yield draw(chart, free_slug(f"{prefix}{chart.kind}-{' '.join(place)}", taken), look)


def free_slug(text: str, taken: set[str]) -> str:
    """A file name made of letters, digits, `-` and `_` only, not used before; now it is."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", text.replace("×", "x")).strip("-")[:_LONGEST_SLUG]
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
