"""A run in the formats of other tools: pytest-benchmark's saved JSON, Bencher's, and that of
github-action-benchmark; docs/formats.md says what each keeps and loses.

In pytest-benchmark's, `name`, `fullname` and `param` of a row are the cell's id; `params` holds
what `--group-by param:backend` and the like may ask for. Its figures are worked out by
pytest-benchmark from all bursts of all launches, in seconds of a call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from xbench.analysis.interval import Estimate
from xbench.analysis.summary import CellSummary, per_call_s, summarise
from xbench.errors import RecordError, Status
from xbench.files import figures_of
from xbench.keys import CellKey
from xbench.records.read import Run, no_collecting, read_run
from xbench.records.schema import CellLine, CellPlan, Header

# What an export starts from: a run, its cells with a number, and those without.


@dataclass(frozen=True, slots=True)
class Measured:
    """`cells` have a time, `left_out` none; both in the order of the plan. `lines`: the raw lines
    of a cell, one a launch, by its id."""

    run: Run
    cells: list[CellSummary]
    left_out: list[CellSummary]
    lines: dict[str, list[CellLine]]


@no_collecting()
def read_measured(path: Path) -> Measured:
    """Read a run's folder or its journal. Raises: RecordError for what is no run, or holds figures
    that cannot be."""
    run = read_run(path, all_samples=False)
    with figures_of(run.journal):
        cells = summarise(run)
    lines: dict[str, list[CellLine]] = {}
    for group in run.groups:
        for line in group.cells:
            lines.setdefault(line.id, []).append(line)
    there = [cell for cell in cells if cell.time_s is not None and _finite(cell)]
    ids = {cell.id for cell in there}
    return Measured(run, there, [cell for cell in cells if cell.id not in ids], lines)


def _finite(cell: CellSummary) -> bool:
    """Whether its times remain numbers in nanoseconds too."""
    times = (cell.time_s, cell.low_s, cell.high_s)
    return all(each is None or isfinite(each * 1e9) for each in times)


def carried(summary: CellSummary) -> dict[str, Any]:
    """A cell's line of `summary.jsonl`, as `extra_info["xbench"]` of a pytest-benchmark row holds
    it and `xbench report` reads it: finite numbers, words and null only."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(summary))
    return found


AXES = ("op", "width", "dtype", "backend", "device", "mode", "gradient", "threads", "allocator")


def to_pytest_benchmark(measured: Measured) -> dict[str, Any]:
    """The whole document. Cells without a finite figure are listed in `xbench.left_out`."""
    from pytest_benchmark import __version__

    header, rows = measured.run.header, []
    left_out = [(cell.plan.key, cell.status, cell.reason) for cell in measured.left_out]
    for cell in measured.cells:
        row = _row(cell, measured.lines[cell.id], header.group_s)
        if all(isfinite(each) for each in row["stats"].values() if isinstance(each, float)):
            rows.append(row)
        else:
            left_out.append((cell.plan.key, "invalid", "its figures are no finite numbers"))
    return {
        "machine_info": _machine(header.environment),
        "commit_info": _commit(header.environment.get("git")),
        "benchmarks": rows,
        "datetime": header.started_utc,
        "version": __version__,
        "xbench": about(header, left_out),
    }


def about(header: Header, left_out: Iterable[tuple[CellKey, Status, str]]) -> dict[str, Any]:
    """What stands beside `benchmarks` under our own name: whose run it is, and the key, status and
    reason of each cell that has no row."""
    return {
        "version": header.xbench_version,
        "run_id": header.run_id,
        "preset": header.preset,
        "machine_key": str(header.environment.get("machine_key") or ""),
        "launching": header.launching,
        "left_out": [
            {"key": asdict(key), "status": status, "reason": reason}
            for key, status, reason in left_out
        ],
    }


def _row(cell: CellSummary, lines: list[CellLine], group_s: float) -> dict[str, Any]:
    stats: Any = import_module("pytest_benchmark.stats").Stats()  # its functions carry no types
    for line in lines:
        for seconds in per_call_s(line):
            stats.update(seconds)
    figures: dict[str, Any] = stats.as_dict()
    plan = cell.plan
    return {
        "group": plan.group,
        "name": plan.id,
        "fullname": plan.id,
        "params": {axis: _axis(plan, axis) for axis in AXES},
        "param": plan.id,
        "extra_info": {"xbench": carried(cell)},
        "options": {
            "disable_gc": False,
            "timer": "xbench",
            "min_rounds": len(lines[0].timed.wall_ns),
            "max_time": group_s,
            "min_time": 0.0,
            "warmup": True,
        },
        "stats": figures | {"data": stats.data, "iterations": cell.calls},
    }


def _axis(plan: CellPlan, axis: str) -> Any:
    return plan.width if axis == "width" else getattr(plan.key, axis)


def _machine(environment: dict[str, Any]) -> dict[str, Any]:
    """As far as a journal knows it, by pytest-benchmark's names."""
    machine = environment.get("machine")
    known: dict[str, Any] = machine if isinstance(machine, dict) else {}
    system, _, release = str(environment.get("os") or "").partition("-")
    return {
        "system": system,
        "release": release,
        "python_version": str(environment.get("python") or ""),
        "cpu": {"brand_raw": str(known.get("cpu") or "unknown CPU"), "count": known.get("cores")},
    }


def _commit(git: Any) -> dict[str, Any]:
    known: dict[str, Any] = git if isinstance(git, dict) else {}
    return {
        "id": str(known.get("commit") or "unversioned"),
        "time": None,
        "author_time": None,
        "dirty": bool(known.get("dirty")),
        "project": "xbench",
        "branch": str(known.get("branch") or "(unknown)"),
    }


# Bencher Metric Format: the measure `latency`, in nanoseconds.

LONGEST_NAME = 1024
"""Characters Bencher takes of a benchmark's name."""


def to_bencher(measured: Measured) -> dict[str, Any]:
    """By cell: its time, with the ends of its 95 % interval where it has one. Raises: RecordError
    for an id that Bencher does not take."""
    for cell in measured.cells:
        if not 0 < len(cell.id.strip()) <= len(cell.id) <= LONGEST_NAME:
            raise RecordError(
                f"Bencher takes no benchmark called {cell.id[:40]!r} ({len(cell.id)} characters)",
                f"1 to {LONGEST_NAME} characters; export it in another format",
            )
    return {cell.id: {"latency": _metric(cell)} for cell in measured.cells}


def _metric(cell: CellSummary) -> dict[str, float]:
    assert cell.time_s is not None
    metric = {"value": cell.time_s * 1e9}
    if cell.low_s is not None and cell.high_s is not None:
        metric |= {"lower_value": cell.low_s * 1e9, "upper_value": cell.high_s * 1e9}
    return metric


# github-action-benchmark's custom format, for its tool `customSmallerIsBetter`.
#
# That action divides values of equal names and looks at no unit, so the unit is always ns.

UNIT = "ns"


def to_github_action(measured: Measured) -> list[dict[str, Any]]:
    """A row a cell: `value` is its time, `range` half its 95 % interval as a percentage, `extra`
    what the action shows on hover."""
    return [_action_row(cell) for cell in measured.cells]


def _action_row(cell: CellSummary) -> dict[str, Any]:
    assert cell.time_s is not None
    half = Estimate(cell.time_s, cell.low_s, cell.high_s, len(cell.launch_s)).relative_half_width
    row: dict[str, Any] = {"name": cell.id, "value": cell.time_s * 1e9, "unit": UNIT}
    if half is not None:
        row["range"] = f"± {100.0 * half:.2g} %"
    counts = f"launches: {len(cell.launch_s)}\nrounds: {cell.rounds}\ncalls a burst: {cell.calls}"
    unsure = f"\n{cell.status}: {cell.reason}" if cell.status != "ok" else ""
    return row | {"extra": counts + unsure}
