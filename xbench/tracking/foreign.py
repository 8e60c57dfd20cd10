"""Results in other tools' files, as stored runs: told by their content, never by their names.

A row of another tool is one figure of one process: a cell with a single launch, hence no interval.
A row that xbench measured carries its launches in `extra_info["xbench"]`, and keeps them. Which
machine a file is from is known only where xbench wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from xbench.errors import RecordError, UsageError
from xbench.files import LARGEST_LIST, UNREADABLE, check_size, whole_file
from xbench.keys import CellKey
from xbench.records.pytest_benchmark import (
    Origin,
    SavedBenchmarks,
    SavedMachine,
    SavedRow,
    read_saved,
)
from xbench.records.schema import SCHEMA_VERSION
from xbench.tracking.stored import (
    StoredCell,
    StoredHeader,
    StoredPlan,
    StoredRun,
    check_cell,
    read_stored,
)

# Times in the files of github-action-benchmark and Bencher: name and seconds, row by row.

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}
"""Of a unit; micro is written with either of two letters."""


class _ActionRow(msgspec.Struct):
    name: str
    value: float
    unit: str


class _Metric(msgspec.Struct):
    value: float
    lower_value: float | None = None
    upper_value: float | None = None


_rows = msgspec.json.Decoder(list[_ActionRow]).decode


def github_times(path: Path, data: bytes) -> Iterator[tuple[str, float]]:
    """Of the rows of github-action-benchmark's custom formats. Raises: RecordError for a file that
    is not whole, and for a row whose unit is no time: of it more may be better."""
    check_size(path, len(data), LARGEST_LIST)
    try:
        rows = _rows(data)
    except UNREADABLE as error:
        raise RecordError(f"{path} is no list of benchmarks: {error}", _ROWS) from None
    for row in rows:
        if row.unit not in SECONDS:
            raise RecordError(
                f"{path}: the unit of {row.name!r} is {row.unit!r}, which is no time",
                f"only rows in {', '.join(SECONDS)} can be compared; take the others out",
            )
        yield row.name, row.value * SECONDS[row.unit]


def bencher_times(path: Path, data: bytes) -> Iterator[tuple[str, float]]:
    """Of the measure `latency`, in ns. Raises: RecordError for a file that is not whole, names one
    thing twice or holds another measure: what unit it has, and which way is better, is not said."""
    check_size(path, len(data), LARGEST_LIST)
    try:
        found = json.loads(data, object_pairs_hook=_no_twice, parse_constant=_no_number)
        benchmarks = msgspec.convert(found, dict[str, dict[str, _Metric]])
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise RecordError(f"{path} is no Bencher Metric Format: {error}", _METRICS) from None
    for name, measures in benchmarks.items():
        if list(measures) != ["latency"]:
            raise RecordError(
                f"{path}: {name!r} has {', '.join(map(repr, measures)) or 'no measure'}",
                "only files whose benchmarks have `latency` and nothing else can be compared",
            )
        yield name, measures["latency"].value * SECONDS["ns"]


_ROWS = 'as customSmallerIsBetter has them: [{"name": "a", "value": 1.5, "unit": "ns"}]'
_METRICS = 'for instance {"a": {"latency": {"value": 1.5}}}'


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


KINDS = (
    "give a run's folder, or a file of pytest-benchmark, of github-action-benchmark "
    "(customSmallerIsBetter) or in Bencher Metric Format"
)
T = TypeVar("T")


class _Kind(msgspec.Struct):
    """What tells pytest-benchmark's files, which have a list of that name, from Bencher's."""

    benchmarks: msgspec.Raw = msgspec.Raw()


def read_foreign(path: Path) -> StoredRun:
    """Read a file of pytest-benchmark, github-action-benchmark or Bencher.

    Raises: RecordError for anything else: what is torn or empty, a row twice, a unit that is no
    time, a figure that is not positive and finite."""
    try:
        data = whole_file(path)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}", KINDS) from None
    if data.isspace() or not data:
        raise RecordError(f"{path} is empty", "what should have written it ended before it began")
    if data.lstrip().startswith(b"["):
        return _stored(path, github_times(path, data))
    if bytes(memoryview(_decode(path, data, _Kind).benchmarks)[:1]) == b"[":
        return read_pytest_benchmark(path, data)
    return _stored(path, bencher_times(path, data))


def is_foreign(path: Path) -> bool:
    """Whether it is a file, and none of a run's own."""
    try:
        with path.open("rb") as file:
            return not file.read(16).startswith((b'{"type":"header"', b'{"plan":{"key":'))
    except OSError:
        return False


def read_pytest_benchmark(path: Path, data: bytes) -> StoredRun:
    """The content of a pytest-benchmark file: cells by `fullname`, those of xbench by their ids,
    the cells that an export left out too. Raises: RecordError."""
    found = read_saved(path, data)
    origin = found.origin or Origin()
    head = StoredHeader(
        type="header",
        schema_version=SCHEMA_VERSION,
        run_id=origin.run_id or path.name,
        started_utc=found.written,
        xbench_version=origin.version,
        preset=origin.preset,
        launching=origin.launching,
        environment=_environment(found, origin),
    )
    left_out = [
        StoredCell(StoredPlan(each.key), each.status, each.reason) for each in origin.left_out
    ]
    return _collected(path, head, [*found.convert(_cell), *left_out])


def _cell(row: SavedRow) -> StoredCell:
    if row.carried is not None:
        return msgspec.convert(row.carried, StoredCell)
    if not isinstance(row.fullname, str):
        raise ValueError(f"fullname is {row.fullname!r}, not a name")
    return _single(row.fullname, row.seconds("median"))


def _single(name: str, seconds: float) -> StoredCell:
    """A figure of one process, of a cell of ours where the name is an id."""
    try:
        plan = StoredPlan(CellKey.parse(name))
    except UsageError:
        plan = StoredPlan(name=name)
    return StoredCell(plan, "ok", time_s=seconds, launch_s=[seconds])


def _stored(path: Path, times: Iterator[tuple[str, float]]) -> StoredRun:
    head = StoredHeader(
        type="header", schema_version=SCHEMA_VERSION, run_id=path.name, started_utc=""
    )
    return _collected(path, head, (_single(name, seconds) for name, seconds in times))


def _collected(path: Path, head: StoredHeader, cells: Iterable[StoredCell]) -> StoredRun:
    run = StoredRun(path, head)
    for cell in cells:
        if cell.id in run.cells:
            raise RecordError(f"{path}: {cell.id!r} is there twice", "give each a name of its own")
        check_cell(f"{path}, {cell.id!r}", cell)
        run.cells[cell.id] = cell
    if not run.cells:
        raise RecordError(f"{path} holds no benchmarks", "measure again")
    return run


def _decode(path: Path, data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except UNREADABLE as error:
        raise RecordError(f"{path} cannot be read: {error}", f"if it is whole, {KINDS}") from None


def _environment(found: SavedBenchmarks, origin: Origin) -> dict[str, Any]:
    """By the names that a journal's header has."""
    machine, commit = found.machine, found.commit
    environment: dict[str, Any] = {
        "machine": {"cpu": machine.cpu or "unknown CPU", "cores": machine.cores},
        "machine_key": origin.machine_key or _machine_key(machine),
        "os": "-".join(each for each in (machine.system, machine.release) if each),
        "python": machine.python or "unknown",
    }
    if commit.get("id"):
        git = {"commit": str(commit["id"]), "branch": str(commit.get("branch") or "")}
        environment["git"] = git | {"dirty": bool(commit.get("dirty"))}
    return environment


def _machine_key(machine: SavedMachine) -> str:
    """Of what pytest-benchmark knows of a machine; such keys equal none of a run's."""
    if not machine.brand:
        return ""
    parts = (machine.brand, machine.cores, machine.architecture, machine.system)
    return f"pytest-benchmark {sha256(repr(parts).encode()).hexdigest()[:12]}"


# What may be named as a side of a comparison.


def read_stored_or_foreign(path: Path) -> StoredRun:
    """A run's folder, a file in it, or another tool's. Raises: RecordError for anything else."""
    return read_foreign(path) if is_foreign(path) else read_stored(path)
