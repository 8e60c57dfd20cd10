"""Reading a journal, whatever state it is in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from xbench.errors import RecordError
from xbench.records.journal import JOURNAL
from xbench.records.schema import (
    SCHEMA_VERSION,
    CeilingsLine,
    CellPlan,
    ExhibitLine,
    Footer,
    GroupLine,
    Header,
    Line,
    MemoryLine,
    WorkerLine,
)

_decode = msgspec.json.Decoder(Line).decode


@dataclass(slots=True)
class Run:
    """A journal in memory. `notes` say what could not be read."""

    path: Path
    header: Header
    ceilings: list[CeilingsLine] = field(default_factory=list)
    workers: list[WorkerLine] = field(default_factory=list)
    groups: list[GroupLine] = field(default_factory=list)
    exhibits: list[ExhibitLine] = field(default_factory=list)
    memory: list[MemoryLine] = field(default_factory=list)
    footer: Footer | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything planned was done."""
        return self.footer is not None and self.footer.outcome == "complete"

    def plan(self) -> dict[str, CellPlan]:
        """Planned cells by id."""
        return {cell.id: cell for cell in self.header.cells}


def read_run(path: Path) -> Run:
    """Read a run's folder or its journal.

    A torn last line is left out and noted. Raises: RecordError for what is not a journal."""
    file = path / JOURNAL if path.is_dir() else path
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise RecordError(
            f"cannot read {file}: {error.strerror}", "give a run folder, or its run.jsonl"
        ) from None
    if not lines:
        raise RecordError(f"{file} is empty", "the run ended before it began; run it again")
    run = Run(file, _header(file, lines[0]))
    for number, line in enumerate(lines[1:], 2):
        _add(run, number, line, last=number == len(lines))
    first = {(line.group, line.launch): line for line in reversed(run.groups)}
    if len(first) < len(run.groups):
        run.notes.append(f"{len(run.groups) - len(first)} groups are there twice; the first counts")
        run.groups = [line for line in run.groups if first[line.group, line.launch] is line]
    if run.footer is None:
        run.notes.append("the run did not end by itself: it was killed, or is still going on")
    elif run.footer.outcome == "budget":
        run.notes.append("its budget ended the run before all launches were done")
    elif run.footer.outcome != "complete":
        run.notes.append(f"the run was {run.footer.outcome}; what it measured is here")
    return run


def _header(file: Path, line: bytes) -> Header:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict) or found.get("type") != "header":
        raise RecordError(
            f"{file} is not an xbench journal (its first line is no header)",
            "give a run folder, its run.jsonl, or a pytest-benchmark JSON file",
        )
    version = found.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise RecordError(
            f"{file} has schema version {version!r}; this xbench reads up to {SCHEMA_VERSION}",
            "read it with the xbench that wrote it, or a newer one",
        )
    try:
        return msgspec.json.decode(line, type=Header)
    except msgspec.DecodeError as error:
        raise RecordError(f"{file}, line 1: {error}", "the file was changed or damaged") from None


def _add(run: Run, number: int, line: bytes, last: bool) -> None:
    try:
        found = _decode(line)
    except msgspec.DecodeError as error:
        if last and not line.endswith(b"\n"):
            run.notes.append(f"line {number}, the last, is torn and was left out")
            return
        raise RecordError(
            f"{run.path}, line {number}: {error}", "the file was changed or damaged"
        ) from None
    match found:
        case CeilingsLine():
            run.ceilings.append(found)
        case WorkerLine():
            run.workers.append(found)
        case ExhibitLine():
            run.exhibits.append(found)
        case MemoryLine():
            run.memory.append(found)
        case GroupLine():
            run.groups.append(found)
        case Footer():
            run.footer = found
        case _:
            raise RecordError(f"{run.path}, line {number}: a second header", "one run a file")
