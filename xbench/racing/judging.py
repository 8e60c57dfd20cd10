"""Results of the first look compared: who is refused, and what is expected of timed calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xbench.racing import compare
from xbench.racing.examine import Known, Place, cells_of
from xbench.racing.payload import REFERENCE, ArrayFile, Race
from xbench.racing.request import Asked, Entry, Given

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class Verdict:
    """What comparing gave: statuses of cells, the race with its expected results, and slugs of
    contenders that are compared no more while they are timed, with the reason."""

    known: dict[Place, Known]
    race: Race
    uncompared: dict[str, str] = field(default_factory=dict)
    exact: bool = True
    """Whether a single source was compared with float64 at every size."""


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
    for place, entry in cells_of(asked, given):
        known = verdict.known[place]
        if known.refused or not known.seen.get("unlike") or entry.unchecked:
            continue
        if entry.setup is not None:
            why = "its results change from call to call: compared on the first call only"
            verdict.uncompared.setdefault(entry.slug, why)
            continue
        mine = _given(verdict.race, "the first call", known, given)
        again = replace(mine, values=_arrays(verdict.race, known.seen["again"]))
        if (found := compare.difference(again, mine)) is not None:
            _refuse(
                verdict,
                place,
                f"a second call on the same arguments {found}; if it is random by design, say "
                f"check={{{entry.name!r}: 'random by design'}}",
            )


def _judge_size(verdict: Verdict, asked: Asked, given: Given) -> _Chosen | None:
    """Refuse who disagrees at one size. Returns: the result that the others are compared with."""
    cells = [each for each in cells_of(asked, given) if verdict.known[each[0]].refused is None]
    if not cells:
        return None
    checked = [(place, entry) for place, entry in cells if not entry.unchecked]
    if not checked:
        return _expect(verdict, given, cells[0][0], None)
    results = [_given(verdict.race, _shown(e, p), verdict.known[p], given) for p, e in checked]
    best, differing = compare.majority(results)
    exact = _exact(verdict, asked, given)
    if exact is not None:
        differing = _unlike_exact(results, exact)
        best = next((n for n in range(len(results)) if n not in differing), best)
    for number, reason in differing.items():
        _refuse(verdict, checked[number][0], reason)
    agreed = [checked[n] for n in range(len(checked)) if n not in differing]
    if not agreed:
        return None
    _judge_halved(verdict, given, checked[best], agreed)
    like: Place = checked[best][0]
    if exact is not None:
        like = REFERENCE, "eager", given.size.width
    places = [place for place, _ in agreed]
    return _expect(verdict, given, like, exact or results[best], places)


def _exact(verdict: Verdict, asked: Asked, given: Given) -> compare.Given | None:
    """What a single source gives on NumPy in float64, with what others in their dtype may be off
    by. None where it does not run there: results are then compared with each other."""
    known = verdict.known.get((REFERENCE, "eager", given.size.width))
    if known is None:
        return None
    if known.refused is not None:
        verdict.exact = False
        return None
    values = _arrays(verdict.race, known.seen["files"])
    moved = _arrays(verdict.race, known.seen["moved"])
    dtypes = dict.fromkeys(values, asked.dtype)
    return compare.Given("float64 on NumPy", values, dtypes, _bounds(values, dtypes, given, moved))


def _unlike_exact(results: Sequence[compare.Given], exact: compare.Given) -> dict[int, str]:
    """How results differ from the exact ones, or in dtype from the first that does not."""
    found: dict[int, str] = {}
    first: compare.Given | None = None
    for number, mine in enumerate(results):
        problem = compare.difference(mine, exact, any_dtype=True)
        if problem is None and first is not None:
            problem = compare.other_dtype(mine, first)
        if problem is not None:
            found[number] = problem
        else:
            first = first or mine
    return found


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


def _shown(entry: Entry, place: Place) -> str:
    return entry.name if len(entry.modes) == 1 else f"{entry.name} {place[1]}"
