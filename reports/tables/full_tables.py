"""Tables put together: those of all curves joined, one a kind, for a page that sorts and filters;
of several results side by side; and curve by curve, for Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xbench.analysis.summary import CellSummary
from xbench.reports.curves import Curve, common_cells, curves_of, differing, measured_at, setting_of
from xbench.reports.model import Merged, Section, Shown, Source, Table
from xbench.reports.prose.numbers import NOTHING
from xbench.reports.prose.sentences import curve_sentences, merging_sentences
from xbench.reports.tables.causes import (
    break_even_table,
    latency_table,
    memory_table,
    memory_tables,
    start_tables,
)
from xbench.reports.tables.cells import (
    curve_tables,
    named,
    show_cell_time,
    time_table,
    variant_table,
    without_empty,
)

_BEFORE = ("run", "operation", "setting")


def whole_tables(sources: Sequence[Source]) -> list[Table]:
    """Every kind of table that has a row, over all curves of all results. Before its own columns
    come the operation, the run and the setting where there are several, and no column is empty."""
    joined: dict[str, list[Table]] = {}
    places: set[tuple[str, str]] = set()
    for source in sources:
        for curve in curves_of(source):
            before = source.name or source.title, curve.setting.family, curve.setting.about
            places.add((before[0], before[2]))
            for kind, table in _kinds(source, curve):
                rows = [(*before, *row) for row in table.rows]
                joined.setdefault(kind, []).append(replace(table, caption=kind, rows=rows))
    runs, settings = (
        (len(set(each)) > 1 for each in zip(*places, strict=True)) if places else (0, 0)
    )
    kept = [place for place, wanted in enumerate((runs, True, settings)) if wanted]
    return [_joined(tables, kept) for tables in joined.values() if any(t.rows for t in tables)]


def _kinds(source: Source, curve: Curve) -> list[tuple[str, Table]]:
    return [
        ("Every cell", time_table(curve, source.launches)),
        ("Modes and gradients", variant_table(curve)),
        ("When leaving eager mode pays", break_even_table(curve)),
        ("A call alone", latency_table(curve)),
        ("What memory costs a call", memory_table(curve, source.ceilings)),
        ("Cells without a number", _refused(curve)),
    ]


def _refused(curve: Curve) -> Table:
    rows: list[tuple[str, ...]] = [
        (*named(cell.plan), cell.status, cell.reason) for cell in curve.cells if cell.time_s is None
    ]
    columns = ("width", "cell", "status", "reason")
    return Table("", columns, rows, 2, frozenset({0}), frozenset({3}))


def _joined(tables: Sequence[Table], kept: Sequence[int]) -> Table:
    """One table of these; of the columns that were put before theirs, those that are `kept`."""
    own = len(_BEFORE)
    first = tables[0]
    # some name `(of ceiling)`, which also holds for rows that have no share
    columns = max((each.columns for each in tables), key=lambda names: sum(map(len, names)))
    rows = [(*(row[place] for place in kept), *row[own:]) for table in tables for row in table.rows]
    return without_empty(
        Table(
            first.caption,
            (*(_BEFORE[place] for place in kept), *columns),
            rows,
            len(kept) + first.heads,
            frozenset(place + len(kept) for place in first.right),
            frozenset(place + len(kept) for place in first.wraps),
        )
    )


# Several results side by side, as tables without a ratio.


def merge(sources: Sequence[Source]) -> Merged | None:
    """What there is to say of several results that have names; None of a single one."""
    if len(sources) < 2:
        return None
    columns = ("run", "what", "machine", "measured (UTC)")
    rows: list[tuple[str, ...]] = [
        (source.name, source.title, source.machine, measured_at(source)) for source in sources
    ]
    runs = Table("The runs of this report", columns, rows)
    return Merged(runs, _differs(sources), merging_sentences(sources), _across(sources))


def _differs(sources: Sequence[Source]) -> Table | None:
    rows: list[tuple[str, ...]] = [(label, *values) for label, values in differing(sources).items()]
    columns = ("what differs", *(source.name for source in sources))
    wraps = frozenset(range(1, len(columns)))
    return Table("What differs between the runs", columns, rows, wraps=wraps) if rows else None


def _across(sources: Sequence[Source]) -> Table | None:
    common = common_cells(sources)
    if not common:
        return None
    plans = [next(cell.plan for cell in each if cell) for each in common]
    settings = len({setting_of(plan).about for plan in plans}) > 1
    rows: list[tuple[str, ...]] = [
        (
            plan.family,
            *([setting_of(plan).about] if settings else []),
            *named(plan),
            *map(_shown, cells),
        )
        for plan, cells in zip(plans, common, strict=True)
    ]
    before = ("operation", *(["setting"] if settings else []), "width", "cell")
    columns = (*before, *(source.name for source in sources))
    caption = (
        "Cells that several runs have in common: time of a call [95 %] in each. No ratio, since "
        "they were not measured in the same rounds"
    )
    right = frozenset(range(len(before), len(columns))) | {len(before) - 2}
    return Table(caption, columns, rows, len(before), right)


def _shown(cell: CellSummary | None) -> str:
    """The time, marked where it is imprecise, or why there is none."""
    if cell is None:
        return NOTHING
    if cell.time_s is None:
        return cell.status
    shown = show_cell_time(cell)
    return shown if cell.status == "ok" else Shown(f"{shown} {cell.status}", cell.time_s)


# Scaling curves one by one, as Markdown shows them.


def curve_sections(source: Source) -> Iterator[Section]:
    """What can be said of each curve, and its tables."""
    for curve in curves_of(source):
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
