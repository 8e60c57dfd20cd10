"""The first look at a contender, in a worker: it is called a few times at one size.

What it gives and raises, how long a call takes, whether it writes to its arguments, and what its
results are when an operand is halved: all that is known before anything is planned."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from xbench.contracts import Mode, Tensors, Variant
from xbench.errors import CellFailed, Status
from xbench.racing.compare import nudged
from xbench.racing.contender_backend import RaceAdapter
from xbench.racing.payload import REFERENCE
from xbench.racing.steps import Call, contender_call, namespace_of
from xbench.racing.trees import dtype_name, result_array, results

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FRAMES = 3
"""Of a user's traceback, the last so many of his own."""

ENOUGH_S, MOST_CALLS = 0.02, 5
"""Calls are timed until they took so long, or are so many."""

_OURS = str(Path(__file__).resolve().parents[1]) + os.sep

MOST_MOVED_S = 0.5
"""Of a call that is made once more, on operands that are changed a little."""

MOST_HALVED = 4
"""Operands that are halved, one after another, until every result has changed."""


class Seen(TypedDict, total=False):
    """What a look tells, in JSON's types. `call_s`: seconds of each call, the first one too.
    `dtypes` and `files`: of each result, by its name. `halved`: files of the results with one
    operand halved, by operand and name. `moved`: with all operands changed a little. `unlike`:
    results that differed from one call to the next on the same arguments; `again`: the files of the
    later ones. `wrote`: operands that were written to."""

    error: str
    status: str
    call_s: list[float]
    dtypes: dict[str, str]
    files: dict[str, str]
    halved: dict[str, dict[str, str]]
    moved: dict[str, str]
    unlike: list[str]
    again: dict[str, str]
    wrote: list[str]
    device: str


def look(backend: RaceAdapter, width: int, mode: Mode, halve: list[str]) -> Seen:
    """Call the contender at one size. `halve`: operands that may be halved. What the others are
    compared with gets its operands in float64."""
    race, sent = backend.race(), backend.sent
    work = race.workloads[width]
    given = {name: race.array(each.file) for name, each in work.operands.items()}
    if sent.slug == REFERENCE:
        given = {name: _doubled(values) for name, values in given.items()}
    batch = {name: backend.put(each) for name, each in given.items()}
    backend.fence(batch)
    try:
        call, _ = contender_call(backend, race, sent, width, Variant(mode, "none"))
        return _called(backend, call, batch, given, f"{width}-{sent.slug}-{mode}", halve)
    except CellFailed as error:
        return {"error": error.message, "status": error.status}
    except Exception as error:
        traceback.print_exc()
        return {"error": told(error, sent.source), "status": _status(backend, error)}


def _status(backend: RaceAdapter, error: Exception) -> Status:
    """A name that a framework's namespace lacks is nobody's mistake."""
    if backend.sent.one_source and isinstance(error, AttributeError):
        where = getattr(error, "obj", None)
        if where is namespace_of(backend.sent.framework) or type(where).__name__ == "Namespace":
            return "unsupported"
    return backend.classify(error) or ("oom" if isinstance(error, MemoryError) else "crashed")


def _doubled(values: Array) -> Array:
    wide = {"f": "float64", "c": "complex128"}
    return values.astype(wide.get(values.dtype.kind, values.dtype))


def _called(
    backend: RaceAdapter,
    call: Call,
    batch: Tensors,
    given: Mapping[str, Array],
    name: str,
    halve: list[str],
) -> Seen:
    call_s: list[float] = []
    first, last = _timed(backend, call, batch, call_s), None
    found = {key: result_array(each).copy() for key, each in first.items()}
    dtypes = {key: dtype_name(each) for key, each in first.items()}
    while len(call_s) < 2 or (sum(call_s[1:]) < ENOUGH_S and len(call_s) < MOST_CALLS):
        last = _timed(backend, call, batch, call_s)
    again = {key: result_array(each) for key, each in (last or {}).items()}
    wrote = [key for key in given if _differs(backend.inner.get(batch[key]), given[key])]
    unlike = [key for key in found if key not in again or _differs(found[key], again[key])]
    files = _saved(backend, found, name)
    differ = {key: again[key] for key in unlike if key in again}
    halved: dict[str, dict[str, str]] = {}
    moved: dict[str, str] = {}
    if not wrote and not unlike:
        halved = _halved(backend, call, batch, given, found, name, halve)
        moved = _moved(backend, call, batch, given, name) if min(call_s) < MOST_MOVED_S else {}
    return {
        "call_s": call_s,
        "dtypes": dtypes,
        "files": files,
        "halved": halved,
        "moved": moved,
        "unlike": unlike,
        "again": {**files, **_saved(backend, differ, f"{name}-again")},
        "wrote": wrote,
    }


def _timed(backend: RaceAdapter, call: Call, batch: Tensors, call_s: list[float]) -> Tensors:
    """One call and its fence. Raises: CellFailed where it returns nothing."""
    start = time.perf_counter()
    returned = call(batch)
    found = results(returned)
    backend.fence(found)
    call_s.append(time.perf_counter() - start)
    if returned is None and backend.sent.may_return_nothing:
        return {"y": 0}
    if returned is None or not found:
        raise CellFailed(
            "invalid",
            "it returns nothing, so that nobody can see whether it was computed: return the "
            "result, or race it with check=False",
        )
    return found


def _differs(one: Array, other: Array) -> bool:
    import numpy as np

    if one.shape != other.shape:
        return True
    numbers = one.dtype.kind in "fc"
    return not np.array_equal(one, other, equal_nan=numbers)


def _saved(backend: RaceAdapter, found: Mapping[str, Array], name: str) -> dict[str, str]:
    """Write results to the race's folder. Returns: their files by name."""
    import numpy as np

    files: dict[str, str] = {}
    for number, (key, values) in enumerate(found.items()):
        files[key] = f"seen-{name}-{number}.npy"
        np.save(backend.race().folder / files[key], values, allow_pickle=False)
    return files


def _halved(
    backend: RaceAdapter,
    call: Call,
    batch: Tensors,
    given: Mapping[str, Array],
    found: Mapping[str, Array],
    name: str,
    halve: list[str],
) -> dict[str, dict[str, str]]:
    """Results with one operand halved, the smallest first, until each result has changed. An
    operand that a contender cannot take halved is left out."""
    follow: set[str] = set()
    files: dict[str, dict[str, str]] = {}
    for operand in halve[:MOST_HALVED]:
        if follow >= found.keys():
            break
        values = given[operand]
        other = backend.put(values * values.dtype.type(0.5))
        try:
            changed = results(call(batch | {operand: other}))
            backend.fence(changed)
        except Exception:
            traceback.print_exc()
            continue
        arrays = {key: result_array(each) for key, each in changed.items()}
        follow |= {key for key in found if key in arrays and _differs(arrays[key], found[key])}
        files[operand] = _saved(backend, arrays, f"{name}-{operand}")
    return files


def _moved(
    backend: RaceAdapter, call: Call, batch: Tensors, given: Mapping[str, Array], name: str
) -> dict[str, str]:
    """Results with each entry of the operands larger or smaller by the root of its unit roundoff,
    which it is by chance. None where a contender cannot take that."""
    import numpy as np

    rng, other = np.random.default_rng(0), {**batch}
    for operand, values in given.items():
        if values.dtype.kind in "fc":
            other[operand] = backend.put(nudged(values, backend.race().dtype, rng))
    try:
        found = results(call(other))
        backend.fence(found)
    except Exception:
        traceback.print_exc()
        return {}
    arrays = {key: result_array(each) for key, each in found.items()}
    return _saved(backend, arrays, f"{name}-moved")


def told(error: BaseException, source: Mapping[str, Mapping[int, str]] | None = None) -> str:
    """An error in the user's code: what it says, and the last frames of his own that led to it.
    `source`: lines of functions that were sent without a file."""
    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if not frame.filename.startswith(_OURS)]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    if not own and isinstance(error, TypeError):
        return f"it does not take the arguments that args gives: {error}"
    where: list[str] = []
    for frame in own[-FRAMES:]:
        line = frame.line or (source or {}).get(frame.name, {}).get(frame.lineno or 0, "")
        where.append(f"line {frame.lineno} of {frame.name}" + (f": {line}" if line else ""))
    said = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {said[0] if said else ''}".rstrip(": ")
    return " ← ".join([text, *reversed(where)])
