"""Scaling curves one by one, as Markdown shows them."""

from __future__ import annotations

from collections.abc import Iterator

from reports.model import Section, Source
from reports.read.curves import curves
from reports.say.sentences import curve_sentences
from reports.tables.cells import curve_tables
from reports.tables.faults import memory_tables
from reports.tables.starting import start_tables


def curve_sections(source: Source) -> Iterator[Section]:
    """What can be said of each curve, and its tables."""
    for curve in curves(source.cells, source.comparisons, source.unpaired):
        yield Section(
            title=curve.setting.family,
            about=curve.setting.about,
            sentences=curve_sentences(curve),
            tables=[
                *curve_tables(curve, source.launches),
                *memory_tables(curve, source.ceilings),
                *start_tables(curve),
            ],
        )
