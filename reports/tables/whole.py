"""The tables of all curves and results joined, one a kind: for a page that sorts and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.model import Source, Table
from reports.read.curves import Curve, curves
from reports.tables.cells import named, time_table, variant_table, without_empty
from reports.tables.faults import memory_table
from reports.tables.starting import break_even_table, latency_table

_BEFORE = ("run", "operation", "setting")


def whole_tables(sources: Sequence[Source]) -> list[Table]:
    """Every kind of table that has a row, over all curves of all results. Before its own columns
    come the operation, the run and the setting where there are several, and no column is empty."""
    joined: dict[str, list[Table]] = {}
    places: set[tuple[str, str]] = set()
    for source in sources:
        for curve in curves(source.cells, source.comparisons, source.unpaired):
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
