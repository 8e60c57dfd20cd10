"""The stored runs of a folder as series: of each cell, what every comparable run measured of it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from xbench.errors import RecordError, Status, UsageError
from xbench.files import LARGEST_LIST, UNREADABLE, lines_of
from xbench.tracking.foreign import is_foreign, read_stored_or_foreign
from xbench.tracking.rule import Judged, Track
from xbench.tracking.stored import METRICS, Metric, StoredPlan, StoredRun, find_runs
from xbench.tracking.thresholds import Named, Threshold

# Which runs were accepted, by whom and why: `accepted.jsonl` beside the stored runs.
#
# The level of an accepted run is the baseline and the anchor of its cells from then on; what it
# has no number of is no longer expected.

ACCEPTED = "accepted.jsonl"
ALL = "*"


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `cells`: patterns of ids, or ops."""

    run: str
    cells: list[str]
    reason: str
    who: str
    when_utc: str

    def covers(self, cell: Named) -> bool:
        """Whether it is about this cell."""
        return any(map(cell.matches, self.cells))


_line = msgspec.json.Decoder(Acceptance).decode


def read_accepted(folder: Path) -> list[Acceptance]:
    """All of a folder's, oldest first. Raises: RecordError for a file that cannot be read: without
    it a regression would fail that was accepted, or the other way round."""
    file = folder / ACCEPTED
    try:
        with file.open("rb") as opened:
            return [
                _acceptance(file, *each)
                for each in enumerate(lines_of(opened, file, LARGEST_LIST), 1)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(f"cannot read {file}: {error.strerror}", "make it readable") from None


def _acceptance(file: Path, number: int, line: bytes) -> Acceptance:
    try:
        return _line(line)
    except UNREADABLE as error:
        raise RecordError(f"{file}, line {number}: {error}", "fix or remove that line") from None


def accept(folder: Path, run: str, cells: Iterable[str], reason: str) -> Acceptance:
    """Append an acceptance. Raises: UsageError if it cannot be written."""
    made = Acceptance(
        run=run,
        cells=list(cells),
        reason=reason,
        who=_who(),
        when_utc=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        with (folder / ACCEPTED).open("a+b") as file:
            file.write(_line_end(file) + msgspec.json.encode(made) + b"\n")
    except OSError as error:
        raise UsageError(
            f"cannot write {folder / ACCEPTED}: {error.strerror}", "make the folder writable"
        ) from None
    return made


def _line_end(file: BinaryIO) -> bytes:
    """What is missing for a new line to begin: an editor may have left the last one open."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read() == b"\n" else b"\n"


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return "unknown"


MOST_NOTES = 5


@dataclass(slots=True)
class Values:
    """One metric of a cell: in the runs at `places`, oldest first."""

    places: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Series:
    """A cell in the stored runs: `place` and `status` of the last that planned it, the presets that
    did, the values by metric."""

    plan: StoredPlan
    place: int = 0
    status: Status = "ok"
    presets: set[str] = field(default_factory=set)
    values: dict[str, Values] = field(default_factory=dict)


@dataclass(slots=True)
class Kept:
    """What is kept of a stored run: itself without its cells, and their figures, by `METRICS`."""

    run: StoredRun
    figures: list[tuple[StoredPlan, Status, list[float | None]]]


@dataclass(slots=True)
class History:
    """The comparable runs of a folder, oldest first. `notes` say what was left out, and why."""

    folder: Path
    runs: list[StoredRun] = field(default_factory=list)
    series: dict[str, Series] = field(default_factory=dict)
    accepted: dict[int, list[Acceptance]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def accepts(self, cell: Named, place: int) -> bool:
        """Whether the run at that place was accepted as far as this cell goes."""
        return any(each.covers(cell) for each in self.accepted.get(place, ()))

    def last_accepted(self, cell: Named) -> int:
        """The place of the last run accepted for this cell; -1 without one."""
        return max((place for place in self.accepted if self.accepts(cell, place)), default=-1)

    def follow(self, cell: str, metric: Metric, threshold: Threshold) -> tuple[Track, list[Judged]]:
        """The track of a cell's metric through all runs, and what each of its values was then."""
        track, found = Track(), []
        series = self.series[cell]
        values = series.values.get(metric.name, Values())
        for place, value in zip(values.places, values.values, strict=True):
            accepted = self.accepts(series.plan, place) if place in self.accepted else False
            found.append(track.add(metric.worse(value), threshold, accepted))
        return track, found


def read_baseline(folder: Path, candidate: StoredRun) -> History:
    """Every run of the folder that was measured on the candidate's machine, but for itself. What
    cannot be read is left out, with a note. Raises: RecordError if there is no such folder, or its
    acceptances cannot be read."""
    own = candidate.folder.resolve()
    stored, kept = History(folder), []
    for path, each in _readable(stored):
        if path.resolve() != own and each.run.head.run_id != candidate.head.run_id:
            kept.append(each)
    return _assembled(stored, kept, candidate.machine_key)


def read_history(folder: Path) -> History:
    """Every run of the folder that was measured on the machine of the newest. Notes and errors as
    for `read_baseline`."""
    stored = History(folder)
    kept = [each for _, each in _readable(stored)]
    newest = max(kept, key=_age, default=None)
    return _assembled(stored, kept, newest.run.machine_key if newest else "")


def _age(kept: Kept) -> tuple[str, str]:
    return kept.run.head.started_utc, kept.run.head.run_id


def _assembled(stored: History, kept: Iterable[Kept], key: str) -> History:
    """The runs of this machine as series, each run once."""
    others = 0
    for each in sorted(kept, key=_age):
        if each.run.machine_key != key:
            others += 1
            continue
        place = len(stored.runs)
        stored.runs.append(each.run)
        for plan, status, values in each.figures:
            _add(stored.series, plan, place, each.run.head.preset, status, values)
        each.figures = []
    if others:
        stored.notes.append(f"left out: {others} runs of other machines than {key or 'unknown'}")
    _find_accepted(stored)
    return stored


def _readable(stored: History) -> Iterator[tuple[Path, Kept]]:
    """What can be read of the folder, a run that lies there twice once."""
    seen: set[str] = set()
    plans: dict[str, StoredPlan] = {}
    unreadable = []
    for path in _paths(stored.folder):
        try:
            run = read_stored_or_foreign(path)
        except RecordError as error:
            unreadable.append(f"left out: {error.message}")
            continue
        if run.head.run_id in seen:
            unreadable.append(f"left out: {path} is run {run.head.run_id} once more")
            continue
        seen.add(run.head.run_id)
        yield path, _keep(run, plans)
    stored.notes += unreadable[:MOST_NOTES]
    if len(unreadable) > MOST_NOTES:
        stored.notes.append(f"left out: {len(unreadable) - MOST_NOTES} more that cannot be used")


def _paths(folder: Path) -> list[Path]:
    """Run folders, and other tools' files that lie in the folder itself."""
    return [*find_runs(folder), *filter(is_foreign, sorted(folder.glob("*.json")))]


def _keep(run: StoredRun, plans: dict[str, StoredPlan]) -> Kept:
    figures = []
    for cell in run.cells.values():
        plan = plans.setdefault(cell.id, cell.plan)
        figures.append((plan, cell.status, [metric.value(cell) for metric in METRICS]))
    run.cells = {}
    return Kept(run, figures)


def _add(
    series: dict[str, Series],
    plan: StoredPlan,
    place: int,
    preset: str,
    status: Status,
    values: Sequence[float | None],
) -> None:
    found = series.get(plan.id)
    if found is None:
        found = series[plan.id] = Series(plan)
    found.place, found.status = place, status
    found.presets.add(preset)
    for metric, value in zip(METRICS, values, strict=True):
        if value is not None:
            held = found.values.setdefault(metric.name, Values())
            held.places.append(place)
            held.values.append(value)


def _find_accepted(stored: History) -> None:
    places = {run.head.run_id: place for place, run in enumerate(stored.runs)}
    for each in read_accepted(stored.folder):
        if each.run in places:
            stored.accepted.setdefault(places[each.run], []).append(each)
        else:
            stored.notes.append(f"accepted run {each.run} is not among the comparable runs")
