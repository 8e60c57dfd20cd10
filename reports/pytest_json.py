"""pytest-benchmark's saved JSON: anybody's, and our own, whose rows carry their cell.

Our rows have it in `extra_info["xbench"]`: the cell's line of `summary.jsonl`.
"""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from xbench.analysis.summary import CellSummary
from xbench.errors import RecordError
from xbench.files import UNREADABLE
from xbench.records.read import LARGEST_WIDTH
from xbench.reports.model import Benchmark, Source
from xbench.text import plural

_KINDS = "give a run folder, its run.jsonl, or a pytest-benchmark JSON file"
_HINT = "save it with `pytest --benchmark-json FILE`; what pytest-benchmark itself reads, we read"
_PLAN: dict[str, Any] = {
    "group": "",
    "default_gradient": True,
    "flop": 0,
    "min_bytes": 0,
    "eager_bytes": 0,
    "predicted_s": 0.0,
    "predicted_bytes": 0,
}
_SUMMARY: dict[str, Any] = {
    "launch_s": [],
    "time_s": None,
    "low_s": None,
    "high_s": None,
    "first_s": None,
    "build_s": None,
    "open_s": None,
    "calls": 0,
    "rounds": 0,
    "overhead": None,
    "converged": True,
    "check": {},
    "faults_per_call": None,
    "environment_hash": "",
    "reason": "",
}


class _Saved(msgspec.Struct):
    """Of a file what is told. Its rows are decoded one by one: their samples, most of the file, are
    passed over."""

    benchmarks: list[msgspec.Raw]
    machine_info: Any = None
    version: Any = ""
    datetime: Any = ""


class _Stats(msgspec.Struct):
    median: Any = None
    min: Any = None
    iqr: Any = None
    rounds: Any = None


class _Row(msgspec.Struct):
    name: Any
    stats: _Stats
    group: Any = None
    extra_info: Any = None


_row = msgspec.json.Decoder(_Row).decode


def read_pytest_benchmark(path: Path, data: bytes) -> Source:
    """Take the rows of a file. Raises: RecordError for another, and for rows without figures."""
    try:
        return _read(path, data)
    except RecordError:
        again = _as_python_has_it(data)
        if again is None:
            raise
    return _read(path, again)


def _as_python_has_it(data: bytes) -> bytes | None:
    """The same JSON without what only Python's own module writes and reads: halves of characters,
    and numbers beyond any float, which are none. None if that is no JSON either."""
    try:
        found = json.loads(data, parse_float=_finite, parse_constant=_refuse)
        return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
    except UNREADABLE:
        return None


def _finite(text: str) -> float | None:
    return float(text) if isfinite(float(text)) else None


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _read(path: Path, data: bytes) -> Source:
    try:
        found = msgspec.json.decode(data, type=_Saved)
    except UNREADABLE as error:
        raise RecordError(f"{path} holds no results: {error}", f"{_KINDS}; {_HINT}") from None
    source = Source(path.name, _machine(found.machine_info), _facts(found))
    for place, raw in enumerate(found.benchmarks):
        try:
            row = _row(raw)
            carried = row.extra_info.get("xbench") if isinstance(row.extra_info, dict) else None
            if isinstance(carried, dict):
                source.cells.append(_cell({"rounds": row.stats.rounds, **carried}))
            else:
                source.benchmarks.append(_benchmark(row))
        except (ArithmeticError, TypeError, *UNREADABLE) as error:
            raise RecordError(f"{path}, benchmark {place}: {error}", _HINT) from None
    if not found.benchmarks:
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


def _benchmark(row: _Row) -> Benchmark:
    stats = row.stats
    median, least, spread = map(_figure, (stats.median, stats.min, stats.iqr))
    if median <= 0.0 or type(stats.rounds) is not int or stats.rounds <= 0:
        raise ValueError("median and rounds must be positive numbers")
    group = "" if row.group is None else str(row.group)
    return Benchmark(str(row.name), group, median, least, spread, stats.rounds)


def _cell(carried: dict[str, Any]) -> CellSummary:
    """The cell a row of ours carries. Raises: ValueError (msgspec's is one) if it is malformed."""
    plan = carried.get("plan")
    ours = {**_PLAN, **plan} if isinstance(plan, dict) else plan
    cell = msgspec.convert({**_SUMMARY, **carried, "plan": ours}, CellSummary)
    times = (cell.time_s, cell.low_s, cell.high_s, *cell.launch_s)
    if not all(each is None or (isfinite(each) and each > 0.0) for each in times):
        raise ValueError("its times are not positive")
    inside = [each for each in (cell.low_s, cell.time_s, cell.high_s) if each is not None]
    if inside != sorted(inside):
        raise ValueError(f"its time and interval, {inside}, are not in order")
    if (cell.time_s is None) == (
        cell.status in ("ok", "unstable")
    ) or not 0 < cell.plan.width < LARGEST_WIDTH:
        raise ValueError(
            f"its status is {cell.status}, its time {cell.time_s}, its width {cell.plan.width}"
        )
    return cell


def _figure(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        raise ValueError(f"{found!r} is not a number")
    return float(found)


def _machine(info: Any) -> str:
    cpu = info.get("cpu") if isinstance(info, dict) else None
    if not isinstance(cpu, dict):
        return "unknown machine"
    name = cpu.get("brand_raw") or cpu.get("arch") or "unknown CPU"
    return f"{name}, {cpu.get('count', 'unknown')} cores"


def _facts(found: _Saved) -> list[tuple[str, str]]:
    info = found.machine_info if isinstance(found.machine_info, dict) else {}
    facts = [
        ("machine", _machine(info)),
        ("system", " ".join(str(info[each]) for each in ("system", "release") if each in info)),
        ("Python", str(info.get("python_version", ""))),
        ("pytest-benchmark", str(found.version)),
        ("written", str(found.datetime)),
    ]
    return [(label, value) for label, value in facts if value]
