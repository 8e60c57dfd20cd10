"""Files of pytest-benchmark in a report: rows of ours become cells, those of others benchmarks."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from xbench.analysis.summary import CellSummary
from xbench.records.pytest_benchmark import SavedBenchmarks, SavedMachine, SavedRow, read_saved
from xbench.records.read import LARGEST_WIDTH
from xbench.reports.model import Benchmark, Source
from xbench.text import plural


def read_pytest_benchmark(path: Path, data: bytes) -> Source:
    """Take the rows of a file. Raises: RecordError for another, and for rows without figures."""
    found = read_saved(path, data)
    source = Source(path.name, _machine(found.machine), _facts(found))
    for row in found.convert(_cell_or_benchmark):
        if isinstance(row, CellSummary):
            source.cells.append(row)
        else:
            source.benchmarks.append(row)
    if not found.rows:
        source.notes.append("the file holds no benchmarks: every one was skipped or deselected")
    if source.benchmarks:
        source.notes.append(
            f"{plural(len(source.benchmarks), 'row was', 'rows were')} not measured by xbench: "
            "unverified, and rounds of one process only"
        )
    if source.cells:
        source.notes.append(
            "a pytest-benchmark file holds no paired rounds, so there are no ratios"
        )
    source.launches = max((len(cell.launch_s) for cell in source.cells), default=0) or None
    return source


def _cell_or_benchmark(row: SavedRow) -> CellSummary | Benchmark:
    if row.carried is None:
        return _benchmark(row)
    return _cell(row.carried)


def _benchmark(row: SavedRow) -> Benchmark:
    median, least, spread = map(row.seconds, ("median", "min", "iqr"))
    rounds = row.stats.rounds
    if median <= 0.0 or type(rounds) is not int or rounds <= 0:
        raise ValueError("median and rounds must be positive numbers")
    group = "" if row.group is None else str(row.group)
    return Benchmark(str(row.name), group, median, least, spread, rounds)


def _cell(carried: dict[str, Any]) -> CellSummary:
    """The cell a row of ours carries. Raises: ValueError (msgspec's is one) if it is malformed."""
    cell = msgspec.convert(carried, CellSummary)
    times = (cell.time_s, cell.low_s, cell.high_s, *cell.launch_s)
    if not all(each is None or (isfinite(each) and each > 0.0) for each in times):
        raise ValueError("its times are not positive")
    inside = [each for each in (cell.low_s, cell.time_s, cell.high_s) if each is not None]
    if inside != sorted(inside):
        raise ValueError(f"its time and interval, {inside}, are not in order")
    if (cell.time_s is None) == (
        cell.status in ("ok", "imprecise")
    ) or not 0 < cell.plan.width < LARGEST_WIDTH:
        raise ValueError(
            f"its status is {cell.status}, its time {cell.time_s}, its width {cell.plan.width}"
        )
    return cell


def _machine(found: SavedMachine) -> str:
    if not found.cpu and found.cores is None:
        return "unknown machine"
    cores = "unknown" if found.cores is None else found.cores
    return f"{found.cpu or 'unknown CPU'}, {cores} cores"


def _facts(found: SavedBenchmarks) -> list[tuple[str, str]]:
    machine = found.machine
    facts = [
        ("machine", _machine(machine)),
        ("system", f"{machine.system} {machine.release}".strip()),
        ("Python", machine.python),
        ("pytest-benchmark", found.version),
        ("written", found.written),
    ]
    return [(label, value) for label, value in facts if value]
