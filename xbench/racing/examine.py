"""What is known of a race before it is measured: each contender called at each size, in a worker of
its own, and the results compared."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xbench.contracts import Mode
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, Status, WorkerDied
from xbench.keys import WorkerKey
from xbench.process.messages import CallRequest
from xbench.racing import compare
from xbench.racing.payload import TOKEN, Race
from xbench.racing.request import Asked, Entry, Given
from xbench.records.schema import WorkerLine
from xbench.text import show_seconds

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

LOOK = "xbench.racing.look:look"
LEAST_S = 1.0
SHARE = 0.5
"""Of the budget, what all first looks may take; one call has at least `LEAST_S`."""

Place = tuple[str, Mode, int]
"""Slug, mode and width: one cell of a race."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the first look gave for one cell: `refused`, status and reason, if it has no time; the
    seconds of a call, and of the first."""

    refused: tuple[Status, str] | None = None
    call_s: float = 0.0
    first_s: float = 0.0
    seen: Mapping[str, Any] = field(default_factory=dict)


def worker_key(entry: Entry, mode: Mode, asked: Asked) -> WorkerKey:
    """The worker of a contender in one mode."""
    return WorkerKey(entry.slug, asked.device, mode, asked.threads)


def look_at_all(
    race: Race, asked: Asked, settings: Settings, cores: int, opened_s: list[float]
) -> dict[Place, Known]:
    """Call every contender at every size. `opened_s` gets the seconds that the workers took to
    start. What takes too long is ended, and not tried at larger sizes."""
    wanted = [(entry, mode) for entry in asked.entries for mode in entry.modes]
    found: dict[Place, Known] = {}
    began = time.monotonic()
    with Workers(settings, 0, cores, _unrecorded) as workers:
        workers.start([worker_key(entry, mode, asked) for entry, mode in wanted])
        opened_s.append(time.monotonic() - began)
        for given in sorted(asked.given, key=lambda each: each.size.width):
            for entry, mode in wanted:
                place = entry.slug, mode, given.size.width
                before = [known for where, known in found.items() if where[:2] == place[:2]]
                if any(known.refused and known.refused[0] == "timeout" for known in before):
                    found[place] = Known(("skipped", "it took too long at a smaller size"))
                    continue
                limit_s = max(LEAST_S, SHARE * asked.budget_s)
                found[place] = _look(workers, entry, mode, given, asked, limit_s)
    return found


def _unrecorded(line: WorkerLine) -> None:
    """The journal's worker lines are of those that time cells."""


def _look(
    workers: Workers, entry: Entry, mode: Mode, given: Given, asked: Asked, limit_s: float
) -> Known:
    width = given.size.width
    halve = sorted(
        (name for name in given.arrays if name != TOKEN), key=lambda name: given.arrays[name].size
    )
    arguments = {"width": width, "mode": mode, "halve": halve}
    key = worker_key(entry, mode, asked)
    try:
        seen = workers.get(key).ask(CallRequest(LOOK, arguments), limit_s).reply
    except WorkerDied as error:
        workers.discard(key)
        if error.status == "timeout":
            return Known(
                (
                    "timeout",
                    f"the first calls did not end within {show_seconds(limit_s)}: give a larger "
                    "budget, or smaller sizes",
                )
            )
        return Known((error.status, error.message))
    except CellFailed as error:
        return Known((error.status, error.message))
    if "error" in seen:
        return Known((seen["status"], seen["error"]))
    call_s = seen["call_s"]
    if seen["wrote"]:
        names = ", ".join(seen["wrote"])
        reason = f"it writes to its arguments ({names}), which others get too: copy them first"
        return Known(("invalid", reason), seen=seen)
    return Known(None, min(call_s[1:]), call_s[0], seen)


# The results compared.


@dataclass(slots=True)
class Verdict:
    """What comparing gave: statuses of cells, the race with its expected results, and slugs of
    contenders that are compared no more while they are timed, with the reason."""

    known: dict[Place, Known]
    race: Race
    uncompared: dict[str, str] = field(default_factory=dict)


def judge(race: Race, asked: Asked, known: dict[Place, Known]) -> Verdict:
    """Compare the results at each size, and write what is expected of timed calls."""
    verdict = Verdict(dict(known), race)
    for entry in asked.entries:
        if entry.unchecked:
            verdict.uncompared[entry.slug] = entry.unchecked
    telling: set[str] | None = None
    following: set[str] = set()
    results: set[str] = set()
    for given in asked.given:
        _judge_repeats(verdict, asked, given)
        chosen = _judge_size(verdict, asked, given)
        if chosen is None:
            continue
        results |= chosen.files.keys()
        following |= {name for names in chosen.follows.values() for name in names}
        tells = {name for name, names in chosen.follows.items() if names}
        telling = tells if telling is None else telling & tells
    constant = tuple(sorted(results if not telling else results - following))
    verdict.race = replace(
        verdict.race,
        constant=constant,
        telling=min(telling) if telling else "",
        unchecked=tuple(verdict.uncompared),
    )
    return verdict


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The result that others are compared with: its files, and which results changed with each
    operand."""

    files: Mapping[str, str]
    follows: Mapping[str, set[str]]


def _judge_repeats(verdict: Verdict, asked: Asked, given: Given) -> None:
    """A contender that gives other results each time is not compared while it is timed, if it has a
    state; without one it must be declared."""
    for entry in asked.entries:
        for place in _places(entry, given):
            known = verdict.known[place]
            if known.refused or not known.seen.get("unlike") or entry.unchecked:
                continue
            if entry.setup is not None:
                why = "its results change from call to call: compared on the first call only"
                verdict.uncompared.setdefault(entry.slug, why)
                continue
            mine = _given(verdict.race, entry.name, known, given)
            again = replace(mine, values=_arrays(verdict.race, known.seen["again"]))
            if (found := compare.difference(again, mine)) is not None:
                reason = (
                    f"a second call on the same arguments gives something else: {found}; if that "
                    f"is meant, say check={{{entry.name!r}: 'random by design'}}"
                )
                verdict.known[place] = replace(known, refused=("invalid", reason))


def _judge_size(verdict: Verdict, asked: Asked, given: Given) -> _Chosen | None:
    """Refuse who disagrees at one size. Returns: the result that the others are compared with."""
    cells = [
        (place, entry)
        for entry in asked.entries
        for place in _places(entry, given)
        if verdict.known[place].refused is None
    ]
    if not cells:
        return None
    checked = [(place, entry) for place, entry in cells if not entry.unchecked]
    if not checked:
        return _expect(verdict, given, cells[0][0], None)
    results = [_given(verdict.race, _shown(e, p), verdict.known[p], given) for p, e in checked]
    best, differing = compare.majority(results)
    for number, reason in differing.items():
        _refuse(verdict, checked[number][0], reason)
    agreed = [checked[n] for n in range(len(checked)) if n not in differing]
    _judge_halved(verdict, given, checked[best], agreed)
    return _expect(verdict, given, checked[best][0], results[best], [p for p, _ in agreed])


def _refuse(verdict: Verdict, place: Place, reason: str) -> None:
    verdict.known[place] = replace(verdict.known[place], refused=("invalid", reason))


def _judge_halved(
    verdict: Verdict, given: Given, best: tuple[Place, Entry], agreed: Iterable[tuple[Place, Entry]]
) -> None:
    """Refuse who gives something else when an operand is halved, or the same as before."""
    race, reference = verdict.race, verdict.known[best[0]].seen
    for place, entry in agreed:
        seen = verdict.known[place].seen
        for operand in seen["halved"].keys() & reference["halved"].keys():
            if place == best[0]:
                continue
            theirs, mine = (
                compare.Given(name, values, told["dtypes"], _bounds(values, told["dtypes"], given))
                for name, told, values in (
                    (best[1].name, reference, _arrays(race, reference["halved"][operand])),
                    (entry.name, seen, _arrays(race, seen["halved"][operand])),
                )
            )
            found = compare.difference(mine, theirs)
            if found is None:
                continue
            first = _arrays(race, seen["files"])
            stored = all((mine.values[key] == first[key]).all() for key in mine.values)
            what = "it gave the result of the call before, a stored one: " if stored else ""
            _refuse(verdict, place, f"{what}with {operand} halved, it {found}")
            break


def _expect(
    verdict: Verdict,
    given: Given,
    best: Place,
    reference: compare.Given | None,
    agreed: Iterable[Place] = (),
) -> _Chosen:
    """Write what results are expected at one size, and how far they may be off."""
    from xbench.racing.payload import ArrayFile

    race, seen = verdict.race, verdict.known[best].seen
    values = _arrays(race, seen["files"])
    expected = {
        key: ArrayFile(file, values[key].shape, seen["dtypes"][key])
        for key, file in seen["files"].items()
    }
    bounds: dict[str, str] = {}
    for key, bound in (reference.bounds if reference is not None else {}).items():
        name = f"bound-{given.size.width}-{len(bounds)}"
        bounds[key] = _written(race, name, 2.0 * bound, values[key])
    work = replace(race.workloads[given.size.width], expected=expected, bounds=bounds)
    verdict.race = replace(race, workloads={**race.workloads, given.size.width: work})
    follows = [_follows(race, verdict.known[each].seen) for each in (agreed or [best])]
    tried = set.intersection(*(set(each) for each in follows))
    return _Chosen(
        seen["files"], {name: set.union(*(each[name] for each in follows)) for name in tried}
    )


def _written(race: Race, name: str, bound: Array, like: Array) -> str:
    import numpy as np

    file = f"{name}.npy"
    np.save(race.folder / file, np.broadcast_to(bound, like.shape), allow_pickle=False)
    return file


def _follows(race: Race, seen: Mapping[str, Any]) -> dict[str, set[str]]:
    """Which results changed with each operand that was halved."""
    import numpy as np

    first = _arrays(race, seen["files"])
    found: dict[str, set[str]] = {}
    for operand, files in seen["halved"].items():
        now = _arrays(race, files)
        found[operand] = {
            key for key in first if key in now and not np.array_equal(first[key], now[key])
        }
    return found


def _given(race: Race, name: str, known: Known, given: Given) -> compare.Given:
    values, dtypes = _arrays(race, known.seen["files"]), known.seen["dtypes"]
    moved = _arrays(race, known.seen.get("moved", {}))
    return compare.Given(name, values, dtypes, _bounds(values, dtypes, given, moved))


def _bounds(
    values: Mapping[str, Array],
    dtypes: Mapping[str, str],
    given: Given,
    moved: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    operands = sum(each.size for each in given.arrays.values())
    return {
        key: compare.bound_of(each, dtypes.get(key, ""), operands, (moved or {}).get(key))
        for key, each in values.items()
    }


def _arrays(race: Race, files: Mapping[str, str]) -> dict[str, Array]:
    return {key: race.array(file) for key, file in files.items()}


def _places(entry: Entry, given: Given) -> list[Place]:
    return [(entry.slug, mode, given.size.width) for mode in entry.modes]


def _shown(entry: Entry, place: Place) -> str:
    return entry.name if len(entry.modes) == 1 else f"{entry.name} ({place[1]})"
