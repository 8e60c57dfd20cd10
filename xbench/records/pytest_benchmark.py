"""Files that pytest-benchmark saves: anybody's, and ours, whose rows carry their cell.

The one reader of them. A row of ours has a line of `summary.jsonl` in `extra_info["xbench"]`, and
`xbench export` adds to the file whose run it is. What a row means to the report or to tracking is
theirs to say; what is no such file, or no such row, is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from xbench.errors import RecordError, Status
from xbench.files import UNREADABLE
from xbench.keys import CellKey
from xbench.records.schema import Launching

HINT = "save it with `pytest --benchmark-json FILE`; what pytest-benchmark itself reads, we read"
T = TypeVar("T")


class _Stats(msgspec.Struct):
    """Others write them, and Python's JSON may hold more than numbers."""

    median: Any = None
    min: Any = None
    iqr: Any = None
    rounds: Any = None


class SavedRow(msgspec.Struct):
    """One benchmark. `stats` are seconds of a call. `extra_info` is its author's own JSON."""

    stats: _Stats
    name: Any = None
    fullname: Any = None
    group: Any = None
    extra_info: Any = None

    @property
    def carried(self) -> dict[str, Any] | None:
        """What xbench added: a line of `summary.jsonl`, as the file has it."""
        found = self.extra_info.get("xbench") if isinstance(self.extra_info, dict) else None
        return found if isinstance(found, dict) else None

    def seconds(self, name: str) -> float:
        """One of the statistics. Raises: ValueError if it is no finite number."""
        found = getattr(self.stats, name)
        if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
            raise ValueError(f"{name} is {found!r}, not a number")
        return float(found)


class LeftOut(msgspec.Struct):
    """A cell that an export has no row for."""

    key: CellKey
    status: Status
    reason: str = ""


class Origin(msgspec.Struct):
    """What `xbench export` adds to the file: whose run it is."""

    version: str = ""
    run_id: str = ""
    preset: str = ""
    machine_key: str = ""
    launching: Launching = "fixed"
    left_out: list[LeftOut] = []


class _File(msgspec.Struct):
    """Its rows are decoded one by one: their samples, most of the file, are passed over."""

    benchmarks: list[msgspec.Raw]
    machine_info: Any = None
    commit_info: Any = None
    version: Any = ""
    datetime: Any = ""
    xbench: Origin | None = None


@dataclass(frozen=True, slots=True)
class SavedMachine:
    """What pytest-benchmark knows of a machine; empty or None where it does not say."""

    cpu: str
    cores: Any
    brand: str
    architecture: str
    system: str
    release: str
    python: str


@dataclass(frozen=True, slots=True)
class SavedBenchmarks:
    """A file. `commit` is git's, by pytest-benchmark's names; `origin` is None in others' files."""

    path: Path
    rows: list[SavedRow]
    machine: SavedMachine
    commit: dict[str, Any]
    version: str
    written: str
    origin: Origin | None

    def convert(self, convert: Callable[[SavedRow], T]) -> Iterator[T]:
        """What each row means to the caller. Raises: RecordError that names a row of which
        `convert` says, by ValueError or TypeError, that it cannot be."""
        for place, row in enumerate(self.rows):
            try:
                yield convert(row)
            except (ArithmeticError, TypeError, *UNREADABLE) as error:
                raise RecordError(f"{self.path}, benchmark {place}: {error}", HINT) from None


_row = msgspec.json.Decoder(SavedRow).decode


def read_saved(path: Path, data: bytes) -> SavedBenchmarks:
    """A file's content. Raises: RecordError for another file, and for a row without statistics."""
    try:
        return _read(path, data)
    except RecordError:
        again = _as_python_has_it(data)
        if again is None:
            raise
    return _read(path, again)


def _read(path: Path, data: bytes) -> SavedBenchmarks:
    try:
        found = msgspec.json.decode(data, type=_File)
    except UNREADABLE as error:
        raise RecordError(f"{path} holds no benchmarks: {error}", HINT) from None
    rows: list[SavedRow] = []
    for place, raw in enumerate(found.benchmarks):
        try:
            rows.append(_row(raw))
        except UNREADABLE as error:
            raise RecordError(f"{path}, benchmark {place}: {error}", HINT) from None
    commit = found.commit_info if isinstance(found.commit_info, dict) else {}
    machine = _machine(found.machine_info)
    times = str(found.version), str(found.datetime)
    return SavedBenchmarks(path, rows, machine, commit, *times, found.xbench)


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


def _machine(info: Any) -> SavedMachine:
    known = info if isinstance(info, dict) else {}
    cpu = known["cpu"] if isinstance(known.get("cpu"), dict) else {}
    brand = str(cpu.get("brand_raw") or "")
    return SavedMachine(
        cpu=brand or str(cpu.get("arch") or ""),
        cores=cpu.get("count"),
        brand=brand,
        architecture=str(known.get("machine") or ""),
        system=str(known.get("system") or ""),
        release=str(known.get("release") or ""),
        python=str(known.get("python_version") or ""),
    )
