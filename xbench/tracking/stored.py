"""Stored runs as tracking needs them: who measured what, where, and the figures of each cell.

Only the beginning of a journal is read (its header and worker lines) and its `summary.jsonl`, so
that two hundred runs of two thousand cells are a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from math import exp, isfinite, log
from pathlib import Path
from typing import Any, Literal

import msgspec

from xbench.errors import RecordError, Status
from xbench.files import UNREADABLE, lines_of
from xbench.keys import CellKey, WorkerKey
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.records.read import other_schema
from xbench.records.recorded_facts import worker_facts
from xbench.records.schema import SCHEMA_VERSION, Int64, Launching

_DAMAGED = "the file was changed or damaged; leave this run out, or measure again"


class StoredPlan(msgspec.Struct, frozen=True):
    """What of a cell's plan tracking needs. Instead of a key, a row of another tool has a name."""

    key: CellKey | None = None
    name: str | None = None
    family: str = ""
    width: Int64 = 0

    def __post_init__(self) -> None:
        """Raises: ValueError for what names no cell."""
        if self.key is None and self.name is None:
            raise ValueError("it has no key")

    @property
    def id(self) -> str:
        """The key's, or the name."""
        return self.key.id if self.key is not None else self.name or ""

    def matches(self, pattern: str) -> bool:
        """Whether its id or its op, or else its name, matches a pattern."""
        if self.key is not None:
            return self.key.matches(pattern)
        return fnmatchcase(self.id, pattern)


class StoredCell(msgspec.Struct, frozen=True):
    """A line of `summary.jsonl`: times in seconds of a call, `launch_s` one a launch."""

    plan: StoredPlan
    status: Status
    reason: str = ""
    time_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    launch_s: list[float] = []
    peak_bytes: Int64 | None = None

    @property
    def id(self) -> str:
        """What it is called."""
        return self.plan.id


class StoredHeader(msgspec.Struct, frozen=True):
    """Of a journal's first line."""

    type: str
    schema_version: int
    run_id: str
    started_utc: str
    xbench_version: str = ""
    preset: str = ""
    launching: Launching = "fixed"
    environment: dict[str, Any] = {}


class StoredWorker(msgspec.Struct, frozen=True):
    """Of a journal's worker lines."""

    type: str
    worker: WorkerKey | None = None
    attest: dict[str, Any] = {}
    environment: dict[str, str] = {}
    malloc: str = ""


@dataclass(slots=True)
class StoredRun:
    """A run on disk. `versions`: backend to what its worker read back (version, BLAS); `started`:
    label and value of what its workers were started with."""

    folder: Path
    head: StoredHeader
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: dict[str, str] = field(default_factory=dict)
    cells: dict[str, StoredCell] = field(default_factory=dict)

    @property
    def machine_key(self) -> str:
        """Runs of equal keys may be compared; empty if it is not known."""
        return str(self.head.environment.get("machine_key") or "")


_head = msgspec.json.Decoder(StoredHeader).decode
_worker = msgspec.json.Decoder(StoredWorker).decode
_cell = msgspec.json.Decoder(StoredCell).decode


def read_stored(folder: Path) -> StoredRun:
    """Read a run's folder (or the journal in it). Raises: RecordError for what is no run, is torn,
    newer than this xbench, holds a cell twice, or a figure that cannot be."""
    folder = folder.parent if folder.name in (JOURNAL, SUMMARY) else folder
    run = StoredRun(folder, *_beginning(folder / JOURNAL))
    summary = str(folder / SUMMARY)
    for number, line in enumerate(_lines(folder / SUMMARY), 1):
        where = f"{summary}, line {number}"
        try:
            cell = _cell(line)
        except UNREADABLE as error:
            raise RecordError(f"{where}: {error}", _DAMAGED) from None
        if cell.id in run.cells:
            raise RecordError(f"{where}: {cell.id} is there twice", _DAMAGED)
        check_cell(where, cell)
        run.cells[cell.id] = cell
    if not run.cells:
        raise RecordError(f"{folder / SUMMARY} holds no cells", "measure again")
    return run


def check_cell(where: str, cell: StoredCell) -> None:
    """Raises: RecordError for times or a peak that cannot be, or that the status does not have."""
    times = (cell.time_s, cell.low_s, cell.high_s, *cell.launch_s)
    if not all(each is None or (isfinite(each) and each > 0.0) for each in times):
        raise RecordError(f"{where}: a time that is not positive", _DAMAGED)
    if cell.peak_bytes is not None and cell.peak_bytes < 0:
        raise RecordError(f"{where}: a peak of {cell.peak_bytes} bytes", _DAMAGED)
    if (cell.time_s is None) == (cell.status in ("ok", "imprecise")):
        raise RecordError(f"{where}: status {cell.status} with time {cell.time_s}", _DAMAGED)


def _beginning(journal: Path) -> tuple[StoredHeader, dict[str, dict[str, Any]], dict[str, str]]:
    """The header, what each backend's first worker attested, and what workers were started with."""
    versions: dict[str, dict[str, Any]] = {}
    workers: list[tuple[dict[str, str], str]] = []
    try:
        with journal.open("rb") as file:
            try:
                head = _head(next(lines := lines_of(file, journal), b""))
            except UNREADABLE as error:
                raise RecordError(f"{journal} is no xbench journal: {error}", _DAMAGED) from None
            if head.type != "header" or head.schema_version != SCHEMA_VERSION:
                raise other_schema(journal, head.schema_version)
            for line in lines:
                if not line.startswith((b'{"type":"worker"', b'{"type":"ceilings"')):
                    break
                found = _worker(line)
                if found.worker is not None:
                    versions.setdefault(found.worker.backend, found.attest)
                    workers.append((found.environment, found.malloc))
    except OSError as error:
        raise RecordError(
            f"cannot read {journal}: {error.strerror}", "give a run's folder"
        ) from None
    except UNREADABLE as error:
        raise RecordError(f"{journal}: {error}", _DAMAGED) from None
    return head, versions, worker_facts(workers)


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            yield from lines_of(opened, file)
    except OSError as error:
        raise RecordError(
            f"cannot read {file}: {error.strerror}",
            "the run did not end by itself; finish it with `xbench run --resume`",
        ) from None


def find_runs(root: Path) -> list[Path]:
    """The run folders in a folder, oldest first. Raises: RecordError if there is no such folder."""
    if not root.is_dir():
        raise RecordError(f"{root} is no folder", "name the one that holds the runs")
    return sorted(each.parent for each in root.glob(f"*/{JOURNAL}"))


# What is tracked of a cell, with its unit, its direction and the smallest change that counts.

LEAST_BYTES = 1 << 20
"""Peak memory is read once, and is exact to 128 kB a core: a smaller change is none."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`value` is its figure in a cell, in `unit`, None where there is none; `least` the change in
    that unit below which there is none, whatever its share."""

    name: str
    unit: str
    value: Callable[[StoredCell], float | None]
    better: Literal["lower", "higher"] = "lower"
    least: float = 0.0

    def worse(self, value: float) -> float:
        """A value as a logarithm that grows as things get worse."""
        return log(value) if self.better == "lower" else -log(value)

    def back(self, worse: float) -> float:
        """The value of such a logarithm."""
        return exp(worse if self.better == "lower" else -worse)


TIME = Metric("time", "s", lambda cell: cell.time_s)
PEAK = Metric("peak memory", "B", lambda cell: cell.peak_bytes or None, least=LEAST_BYTES)
METRICS = (TIME, PEAK)
