"""Results in other tools' files, as stored runs: told by their content, never by their names.

A row of another tool is one figure of one process: a cell with a single launch, hence no interval.
A row that xbench measured carries its launches in `extra_info["xbench"]`, and keeps them. Which
machine a file is from is known only where xbench wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from xbench.errors import RecordError, Status
from xbench.gate.others import bencher_times, github_times
from xbench.gate.stored import Cell, Head, Plan, StoredRun, check_cell
from xbench.records.files import UNREADABLE, whole_file
from xbench.records.schema import SCHEMA_VERSION, Reading

KINDS = (
    "give a run's folder, or a file of pytest-benchmark, of github-action-benchmark "
    "(customSmallerIsBetter) or in Bencher Metric Format"
)
T = TypeVar("T")


class _Carried(Plan, frozen=True):
    """Of what xbench adds to a row: the fields of a cell's plan and its figures, side by side."""

    status: Status = "ok"
    reason: str = ""
    time_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    launch_s: list[float] = msgspec.field(default_factory=list)
    peak_bytes: Reading | None = None


class _Extra(msgspec.Struct):
    xbench: _Carried | None = None


class _Stats(msgspec.Struct):
    median: float


class _Row(msgspec.Struct):
    fullname: str
    stats: _Stats
    extra_info: _Extra | None = None


class _LeftOut(msgspec.Struct):
    id: str
    status: Status
    reason: str = ""


class _Kind(msgspec.Struct):
    """What tells pytest-benchmark's files, which have a list of that name, from Bencher's."""

    benchmarks: msgspec.Raw = msgspec.Raw()


class _Own(msgspec.Struct):
    """What `xbench export` adds to the file."""

    version: str = ""
    run_id: str = ""
    preset: str = ""
    machine_key: str = ""
    target: float | None = None
    left_out: list[_LeftOut] = []


class _File(msgspec.Struct):
    benchmarks: list[_Row]
    datetime: str = ""
    machine_info: dict[str, Any] | None = None
    commit_info: dict[str, Any] | None = None
    xbench: _Own | None = None


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
            return not file.read(16).startswith((b'{"type":"header"', b'{"plan":{"id":"'))
    except OSError:
        return False


def read_pytest_benchmark(path: Path, data: bytes) -> StoredRun:
    """The content of a pytest-benchmark file: cells by `fullname`, those of xbench by their ids,
    the cells that an export left out too. Raises: RecordError."""
    found = _decode(path, data, _File)
    own = found.xbench or _Own()
    head = Head(
        type="header", schema_version=SCHEMA_VERSION, run_id=own.run_id or path.name,
        started_utc=found.datetime, xbench_version=own.version, preset=own.preset,
        target=own.target, environment=_environment(found, own),
    )  # fmt: skip
    left_out = [Cell(Plan(each.id), each.status, each.reason) for each in own.left_out]
    return _collected(path, head, [*map(_cell, found.benchmarks), *left_out])


def _cell(row: _Row) -> Cell:
    carried = row.extra_info.xbench if row.extra_info else None
    if carried is None:
        return _single(row.fullname, row.stats.median)
    return Cell(
        carried, carried.status, carried.reason, carried.time_s, carried.low_s, carried.high_s,
        carried.launch_s, carried.peak_bytes,
    )  # fmt: skip


def _single(name: str, seconds: float) -> Cell:
    return Cell(Plan(name), "ok", time_s=seconds, launch_s=[seconds])


def _stored(path: Path, times: Iterator[tuple[str, float]]) -> StoredRun:
    head = Head(type="header", schema_version=SCHEMA_VERSION, run_id=path.name, started_utc="")
    return _collected(path, head, (_single(name, seconds) for name, seconds in times))


def _collected(path: Path, head: Head, cells: Iterable[Cell]) -> StoredRun:
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


def _environment(found: _File, own: _Own) -> dict[str, Any]:
    """By the names that a journal's header has."""
    info, commit = found.machine_info or {}, found.commit_info or {}
    cpu = info.get("cpu") if isinstance(info.get("cpu"), dict) else {}
    assert isinstance(cpu, dict)
    environment: dict[str, Any] = {
        "machine": {
            "cpu": str(cpu.get("brand_raw") or cpu.get("arch") or "unknown CPU"),
            "cores": cpu.get("count"),
        },
        "machine_key": own.machine_key or _machine_key(info, cpu),
        "os": "-".join(str(info[each]) for each in ("system", "release") if info.get(each)),
        "python": str(info.get("python_version") or "unknown"),
    }
    if commit.get("id"):
        git = {"commit": str(commit["id"]), "branch": str(commit.get("branch") or "")}
        environment["git"] = git | {"dirty": bool(commit.get("dirty"))}
    return environment


def _machine_key(info: dict[str, Any], cpu: dict[str, Any]) -> str:
    """Of what pytest-benchmark knows of a machine; such keys equal none of a run's."""
    if not cpu.get("brand_raw"):
        return ""
    parts = (cpu["brand_raw"], cpu.get("count"), info.get("machine"), info.get("system"))
    return f"pytest-benchmark {sha256(repr(parts).encode()).hexdigest()[:12]}"
