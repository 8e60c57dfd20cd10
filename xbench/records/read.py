"""Reading a journal, whatever state it is in."""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from xbench.errors import RecordError
from xbench.files import DAMAGED, UNREADABLE, lines_of
from xbench.keys import CellKey
from xbench.records.journal import JOURNAL
from xbench.records.schema import (
    MOST_LAUNCHES,
    SCHEMA_VERSION,
    CeilingsLine,
    CellPlan,
    Footer,
    GroupLine,
    Header,
    Launching,
    Line,
    MemoryLine,
    Samples,
    ValuesLine,
    WorkerLine,
    keep_latest,
)

# Samples of a large run in little memory: a list of numbers takes 40 bytes for each, an array as
# few as the largest needs. So a journal in memory is smaller than twice its file.

if TYPE_CHECKING:
    _Array = array[int]
else:  # has no parameters before Python 3.12
    _Array = array

_SIZES = "bhiq"
_FIELDS = Samples.__struct_fields__
_KEY_FIELDS = tuple(each.name for each in dataclass_fields(CellKey))


class Integers(_Array):
    """An array that equals whatever sequence has the same numbers, as the list does that it takes
    the place of."""

    __slots__ = ()
    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence | array) and [*self] == [*other]


NOTHING = Integers(_SIZES[0])
NO_SAMPLES = Samples(**dict.fromkeys(_FIELDS, NOTHING))
"""What is empty is there once: nobody adds to what was read."""


def pack(group: GroupLine) -> None:
    """Make every list of a line's samples an array."""
    group.canary_ns = packed(group.canary_ns)
    for cell in group.cells:
        cell.calibration_calls = packed(cell.calibration_calls)
        cell.warmup = _packed_samples(cell.warmup)
        cell.calibration = _packed_samples(cell.calibration)
        cell.timed = _packed_samples(cell.timed)
        cell.latency = _packed_samples(cell.latency)


def _packed_samples(samples: Samples) -> Samples:
    if samples is NO_SAMPLES:
        return samples
    some = False
    for name in _FIELDS:
        values = getattr(samples, name)
        some = some or bool(values)
        setattr(samples, name, packed(values))
    return samples if some else NO_SAMPLES


def packed(values: MutableSequence[int]) -> MutableSequence[int]:
    """The same numbers as an array. Raises: OverflowError for one that 64 bits do not hold."""
    if not values:
        return NOTHING
    for size in _SIZES[:-1]:
        try:
            return Integers(size, values)
        except OverflowError:
            continue
    return Integers(_SIZES[-1], values)


LARGEST_WIDTH = 2**63
"""No array is wider, and no axis goes on."""

_SHOWN = 200
"""Characters of an id in an error."""

_decode = msgspec.json.Decoder(Line).decode


class _First(msgspec.Struct):
    """What a line must be asked before it is read as a header."""

    type: Any = None
    schema_version: Any = None


_decode_first = msgspec.json.Decoder(_First).decode


@dataclass(slots=True)
class Run:
    """A journal in memory, and its file. `notes` say what could not be read."""

    journal: Path
    header: Header
    ceilings: list[CeilingsLine] = field(default_factory=list)
    workers: list[WorkerLine] = field(default_factory=list)
    groups: list[GroupLine] = field(default_factory=list)
    values: list[ValuesLine] = field(default_factory=list)
    memory: list[MemoryLine] = field(default_factory=list)
    footer: Footer | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The run's folder, which holds the journal and what is written beside it."""
        return self.journal.parent

    @property
    def complete(self) -> bool:
        """Whether everything planned was done."""
        return self.footer is not None and self.footer.outcome == "complete"

    @property
    def launching(self) -> Launching:
        """What decided how many launches there are. A run whose time was over after the launches
        that every group gets was not ended by what it saw, nor was one with nothing to compare."""
        measured = {(line.group, line.launch) for line in self.groups}
        most = max(Counter(group for group, _ in measured).values(), default=0)
        if self.header.launching != "deciding" or most > self.header.launches:
            return self.header.launching
        tried = Counter(cell.group for cell in self.header.cells if cell.status is None)
        return "deciding" if self.complete and max(tried.values(), default=0) > 1 else "fixed"

    def plan(self) -> dict[str, CellPlan]:
        """Planned cells by id."""
        return {cell.id: cell for cell in self.header.cells}


def read_run(path: Path, all_samples: bool = True) -> Run:
    """Read a run's folder or its journal, line by line.

    Without `all_samples` those that no summary or ratio rests on are left empty (`warmup`,
    `calibration`; `start_ns`, `residual_ns` and switches of `timed`; `order`): a large run takes a
    third of the memory. A torn last line is left out and noted. Raises: RecordError for what is not
    a journal."""
    file = path / JOURNAL if path.is_dir() else path
    try:
        with file.open("rb") as opened, no_collecting():
            run = _read(file, lines_of(opened, file), all_samples)
    except OSError as error:
        raise RecordError(
            f"cannot read {file}: {error.strerror}", "give a run folder, or its run.jsonl"
        ) from None
    _note(run)
    return run


def _read(file: Path, lines: Iterator[bytes], all_samples: bool) -> Run:
    header = next(lines, None)
    if header is None:
        raise RecordError(f"{file} is empty", "the run ended before it began; run it again")
    run = Run(file, _header(file, header))
    planned = _keys_by_group(run.header.cells)
    for number, line in enumerate(lines, 2):
        try:
            found = _decode(line)
        except UNREADABLE as error:
            if not line.endswith(b"\n") and next(lines, None) is None:
                run.notes.append(f"line {number}, the last, is torn and was left out")
                break
            raise RecordError(f"{file}, line {number}: {error}", DAMAGED) from None
        if isinstance(found, GroupLine):
            if not all_samples:
                _drop_unused(found)
            pack(found)
            _share_keys(found, planned.get(found.group, []))
        _add(run, number, found)
    return run


_Planned = tuple[dict[str, object], CellKey]


def _keys_by_group(cells: Sequence[CellPlan]) -> dict[str, list[_Planned]]:
    """The keys of each group in the plan's order, each with its fields."""
    found: dict[str, list[_Planned]] = {}
    for cell in cells:
        fields = {name: getattr(cell.key, name) for name in _KEY_FIELDS}
        found.setdefault(cell.group, []).append((fields, cell.key))
    return found


def _share_keys(line: GroupLine, planned: Sequence[_Planned]) -> None:
    """Give a line's cells the plan's own keys, which every launch repeats, as far as they stand in
    the plan's order. Fields are compared, not ids: making one takes five times as long."""
    rest = iter(planned)
    for cell in line.cells:
        own = vars(cell.key)
        cell.key = next((key for fields, key in rest if fields == own), cell.key)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Leave the garbage collector off: what is read and made of it holds no cycles, and it would go
    through all of them again and again, for three quarters of the time that reading takes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _drop_unused(group: GroupLine) -> None:
    group.order = []
    for cell in group.cells:
        cell.warmup = cell.calibration = NO_SAMPLES
        cell.calibration_calls = NOTHING
        if not cell.latency.wall_ns:
            cell.latency = NO_SAMPLES
        timed = cell.timed
        timed.start_ns = timed.residual_ns = timed.placed_ns = timed.cpu_exact = NOTHING
        timed.involuntary_switches = timed.voluntary_switches = NOTHING


def _note(run: Run) -> None:
    """Leave out what is there twice; say what the reader of figures must know."""
    first = {(line.group, line.launch): line for line in reversed(run.groups)}
    if len(first) < len(run.groups):
        run.notes.append(f"{len(run.groups) - len(first)} groups are there twice; the first counts")
        run.groups = [line for line in run.groups if first[line.group, line.launch] is line]
    run.notes += _disturbed(run.groups)
    if run.footer is None:
        run.notes.append("the run did not end by itself: it was killed, or is still going on")
    elif run.footer.outcome == "budget":
        deciding = run.header.launching == "deciding"
        goal = "every workload was decided" if deciding else "all launches were done"
        run.notes.append(f"its time was over before {goal}")
    elif run.footer.outcome != "complete":
        run.notes.append(f"the run was {run.footer.outcome}; what it measured is here")


def _disturbed(groups: list[GroupLine]) -> list[str]:
    """What was not as it should be while groups were measured."""
    found = []
    unlocked = sum(group.unlocked is True for group in groups)
    if unlocked:
        found.append(
            f"{unlocked} of {len(groups)} groups were measured without the lock of this "
            "machine: another run may have disturbed them"
        )
    jumps = [jump for group in groups if group.jumps for jump in group.jumps]
    if jumps:
        found.append(f"{len(jumps)} bursts were measured again; {jumps[0]}")
    return found


def _header(file: Path, line: bytes) -> Header:
    try:
        found = _decode_first(line)
    except UNREADABLE:
        found = _First()
    if found.type != "header":
        raise RecordError(
            f"{file} is not an xbench journal (its first line is no header)",
            "give a run folder, its run.jsonl, or a pytest-benchmark JSON file",
        )
    version = found.schema_version
    if version != SCHEMA_VERSION:
        raise other_schema(file, version)
    try:
        header = msgspec.json.decode(line, type=Header)
    except UNREADABLE as error:
        raise RecordError(f"{file}, line 1: {error}", DAMAGED) from None
    _check_plan(file, header.cells)
    return header


def other_schema(file: Path, version: object) -> RecordError:
    """What is said of a journal that another xbench wrote."""
    older = isinstance(version, int) and version < SCHEMA_VERSION
    return RecordError(
        f"{file} has schema version {version!r}; this xbench reads {SCHEMA_VERSION}",
        f"read it with the xbench that wrote it{'' if older else ', or a newer one'}",
    )


def _check_plan(file: Path, cells: list[CellPlan]) -> None:
    """Raises: RecordError for a cell that cannot have been planned."""
    seen: set[str] = set()
    for cell in cells:
        if cell.id in seen:
            raise RecordError(f"{file}: {cell.id[:_SHOWN]} is planned twice", DAMAGED)
        if not 0 < cell.width < LARGEST_WIDTH:
            raise RecordError(
                f"{file}: the width of {cell.id[:_SHOWN]} is {cell.width}",
                f"{DAMAGED}; it is between 1 and {LARGEST_WIDTH}",
            )
        seen.add(cell.id)


def _check_group(run: Run, number: int, line: GroupLine) -> None:
    """Raises: RecordError for what would count as more launches than there were."""
    deciding = run.header.launching == "deciding"
    launches = max(run.header.launches, MOST_LAUNCHES if deciding else 0)
    if not 0 <= line.launch < launches:
        raise RecordError(
            f"{run.journal}, line {number}: launch {line.launch} of a run of {launches}", DAMAGED
        )
    if len({cell.id for cell in line.cells}) < len(line.cells):
        raise RecordError(f"{run.journal}, line {number}: a cell is there twice", DAMAGED)


def _add(run: Run, number: int, found: Line) -> None:
    match found:
        case CeilingsLine():
            keep_latest(run.ceilings, found)
        case WorkerLine():
            run.workers.append(found)
        case ValuesLine():
            run.values.append(found)
        case MemoryLine():
            run.memory.append(found)
        case GroupLine():
            _check_group(run, number, found)
            run.groups.append(found)
        case Footer():
            run.footer = found
        case _:
            raise RecordError(f"{run.journal}, line {number}: a second header", "one run a file")
