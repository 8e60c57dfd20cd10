"""Which cells of the results are shown, where the user names some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from reports.model import Benchmark, Source
from reports.read.curves import Series, Setting, series_of, setting_of
from xbench.claims.judge import Rulings
from xbench.errors import UsageError
from xbench.records.bound import find_ceilings
from xbench.records.compare import Comparison, Unpaired
from xbench.records.crossover import CPU, DeviceCrossover
from xbench.records.schema import CellPlan
from xbench.records.summary import worker_id
from xbench.text import near


def select(sources: Sequence[Source], patterns: Sequence[str]) -> list[Source]:
    """The sources with only those cells of which the id, op, family or backend matches a pattern
    (`*` and `?`, upper and lower case differ); other people's benchmarks match by name or group.

    A ratio stays where both its cells do, and a note says how many cells are left out. Without
    patterns everything stays. Raises: UsageError for a pattern that matches nothing anywhere."""
    if not patterns:
        return list(sources)
    names = {name for source in sources for name in _all_names(source)}
    known = {cell.plan.op for each in sources for cell in each.cells}
    known |= {cell.plan.backend for each in sources for cell in each.cells}
    known |= {each.name for source in sources for each in source.benchmarks}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(f"no cell matches {pattern!r}", near(pattern, known))
    return [_selected(source, patterns) for source in sources]


def _all_names(source: Source) -> list[str]:
    return [
        *(name for cell in source.cells for name in _names(cell.plan)),
        *(name for each in source.benchmarks for name in _names(each)),
    ]


def _names(row: CellPlan | Benchmark) -> tuple[str, ...]:
    if isinstance(row, Benchmark):
        return row.name, row.group
    return row.id, row.op, row.family, row.backend


def _line(plan: CellPlan) -> tuple[Series, Setting]:
    """What the cells of a crossover have in common: all but device and width."""
    return series_of(plan), setting_of(plan)._replace(device="")


def _selected(source: Source, patterns: Sequence[str]) -> Source:
    def wanted(row: CellPlan | Benchmark) -> bool:
        return any(fnmatchcase(name, each) for name in _names(row) for each in patterns)

    def both(pair: Comparison | Unpaired) -> bool:
        return wanted(pair.cell) and wanted(pair.reference)

    def whole(crossing: DeviceCrossover) -> bool:
        """Whether all cells it rests on are wanted."""
        line = _line(crossing.plan)
        devices = (CPU, crossing.device)
        plans = [cell.plan for cell in source.cells if cell.plan.device in devices]
        return all(wanted(plan) for plan in plans if _line(plan) == line)

    cells = [cell for cell in source.cells if wanted(cell.plan)]
    benchmarks = [each for each in source.benchmarks if wanted(each)]
    workers = {worker_id(cell.plan) for cell in cells}
    ceilings = [find_ceilings(cell.plan, source.ceilings) for cell in cells]
    kept, there = len(cells) + len(benchmarks), len(source.cells) + len(source.benchmarks)
    shown = f"only {kept} of {there} rows are shown, by --only {' '.join(patterns)}"
    return replace(
        source,
        cells=cells,
        comparisons=[pair for pair in source.comparisons if both(pair)],
        choices=[pair for pair in source.choices if both(pair)],
        unpaired=[pair for pair in source.unpaired if both(pair)],
        crossovers=[each for each in source.crossovers if whole(each)],
        benchmarks=benchmarks,
        ceilings=[line for line in source.ceilings if line in ceilings],
        workers=[line for line in source.workers if line.worker in workers],
        rulings=Rulings(),
        notes=[shown, *source.notes],
    )
