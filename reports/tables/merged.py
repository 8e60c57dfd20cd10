"""Several results side by side, as tables without a ratio."""

from __future__ import annotations

from collections.abc import Sequence

from reports.model import Merged, Shown, Source, Table
from reports.read.curves import setting_of
from reports.read.merge import common_cells, differing, measured_at
from reports.say.merging import merging_sentences
from reports.say.numbers import NOTHING
from reports.tables.cells import named, show_cell_time
from xbench.records.summary import CellSummary


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
    """The time, marked where it is unstable, or why there is none."""
    if cell is None:
        return NOTHING
    if cell.time_s is None:
        return cell.status
    shown = show_cell_time(cell)
    return shown if cell.status == "ok" else Shown(f"{shown} {cell.status}", cell.time_s)
