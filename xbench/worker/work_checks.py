"""Whether a cell's calls do their work: each call its own, and before the fence returns.

A framework may hand out a promise and compute when somebody reads it, or never; it may hand out a
result that it computed before. The oracle sees neither, since what it reads is right. So calls are
made whose results are kept and read, and calls whose operands are new. What is read here is judged
in `engine/refusals.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from xbench.contracts import Handle, Tensors
from xbench.ops import get_op
from xbench.process.messages import KeptReply, NewOperandsReply, VariedReply
from xbench.worker.loaded_cell import LoadedCell, changed_operands, put, same, sample

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FACTORS = 61
"""How many there are by which operands are made new."""

PLACED, MOST_READ = 16, 200
OWNED_BYTES = 256 << 20
"""Larger operands are not put once more for a check: a process that never had so much memory takes
seconds for its pages."""

MOST_COOLING_BYTES = 64 << 20
"""Of operands that are put so that others are in no near cache any more."""


def answers_to_input(cell: LoadedCell) -> set[str]:
    """The results that follow the inputs: with one operand halved, and again with it as it was,
    each call must give another result than the call before. A step that hands out a stored
    result, which no oracle could tell while the inputs stay the same, does not: then there is none.
    For an op without state the last burst was the first of the three calls. Results that are known
    to be constant follow nothing, and are given back at once where there are no others."""
    op = get_op(cell.spec.op)
    if cell.last and {*cell.last} <= {*op.constant}:
        return {*cell.last}
    name = op.telling or min(cell.batch, key=lambda each: cell.given[each].size)
    halved = _halved(cell, name)
    before = _once(cell, cell.batch) if cell.pristine else _on_host(cell, cell.last)
    follow = {*before}
    for batch in (cell.batch | {name: halved}, cell.batch):
        after = _once(cell, batch)
        changed = {each for each in before if not same(before[each], after[each])}
        if not changed:
            return set()
        follow &= changed
        before = after
    return follow


def outputs_that_ignore_inputs(cell: LoadedCell, follow: set[str]) -> list[str]:
    """Outputs that stay what they are whichever operand is halved, though they depend on one:
    handed out from elsewhere, beside others that are computed. `follow` are known to change."""
    op = get_op(cell.spec.op)
    unmoved = op.tensors(cell.spec).outputs.keys() - {*op.constant} - follow
    if not unmoved:
        return []
    base = _once(cell, cell.batch)
    for name in sorted(cell.batch, key=lambda each: cell.given[each].size):
        if not unmoved:
            break
        found = _once(cell, cell.batch | {name: _halved(cell, name)})
        unmoved = {each for each in unmoved if same(base[each], found[each])}
    return sorted(unmoved)


def changed_inputs(cell: LoadedCell) -> list[str]:
    """Names of operands that no longer hold what was put: a step must not write its batch."""
    now = changed_operands(cell.backend, cell.batch, cell.given)
    return sorted({*cell.written, *now})


def inputs_not_copied(cell: LoadedCell) -> list[str]:
    """Names of operands that `put` did not copy: what was written to the host array after it
    returned shows in the tensor. Of each cell the smallest and the largest are tried."""
    names = sorted(cell.given, key=lambda each: cell.given[each].nbytes)
    tried = {name for name in (*names[:1], *names[-1:]) if cell.given[name].nbytes <= OWNED_BYTES}
    return [name for name in sorted(tried) if not _owns(cell, name)]


def _owns(cell: LoadedCell, name: str) -> bool:
    values = cell.given[name]
    host = values.copy()
    tensor = put(cell.backend, cell.spec, name, host)
    host[...] = 0  # before the fence: a put that copies later has nothing of its own
    cell.backend.fence({name: tensor})
    return same(sample(cell.backend.get(tensor)), sample(values))


def kept_results(cell: LoadedCell, calls: int, lead_in: int) -> KeptReply:
    """Make calls as a burst does, but keep every result; after the fence, which is given the last
    ones only, read results in the order in which they were made: all, or some of each part.
    Compared with them are tensors of the same shapes that were put before and are finished. Of
    those a few are read first: the first readings find cold caches."""
    fence, run = cell.backend.fence, cell.step.run
    state, outputs = run(cell.fresh_state(), cell.batch)
    placed = [_like_outputs(cell, tuple(outputs)) for _ in range(max(2, min(calls, PLACED)))]
    for each in placed:
        fence(each)
    state = cell.fresh_state()
    for _ in range(lead_in):
        state, outputs = run(state, cell.batch)
    fence(state | outputs)
    kept: list[Tensors] = []
    start = time.perf_counter_ns()
    for _ in range(calls):
        state, outputs = run(state, cell.batch)
        kept.append(outputs)
    fence(state | outputs)
    wall = time.perf_counter_ns() - start
    warming = len(placed) // 2
    first = [_read(cell, each) for each in placed[:warming]]
    late = [_read(cell, each) for each in some_of(kept)]
    finished = first[1:] + [_read(cell, each) for each in placed[warming:]]
    return KeptReply(calls, wall, late_ns=late, placed_ns=finished)


def some_of(kept: list[Tensors]) -> list[Tensors]:
    """Results from everywhere, the first and the last among them; all if there are few."""
    last = len(kept) - 1
    if last < MOST_READ:
        return kept
    return [kept[number * last // (MOST_READ - 1)] for number in range(MOST_READ)]


def _like_outputs(cell: LoadedCell, names: tuple[str, ...]) -> Tensors:
    """Finished tensors of the shapes that an op's outputs have."""
    shapes = get_op(cell.spec.op).tensors(cell.spec).outputs
    return {name: cell.like_output(name) for name in names if name in shapes}


def _read(cell: LoadedCell, outputs: Tensors) -> int:
    """Nanoseconds until an entry of each output is on the host."""
    start = time.perf_counter_ns()
    for each in outputs.values():
        cell.read(each)
    return time.perf_counter_ns() - start


def new_operands(cell: LoadedCell) -> NewOperandsReply:
    """Time one call on operands that no call has seen, and calls on the same ones again. Before
    them, a call on other new operands takes the memory that theirs then have: pages that a process
    never had cost as much as some calls.

    Each is timed with a fence and from a fresh state. The last one comes after yet other operands
    were put, if these are few bytes: a call may read a small part of its operands, which is then no
    nearer than that of new ones. Results are not the `same` where a call on other operands gives
    them too: a step may have one place for its result."""
    fence, run = cell.backend.fence, cell.step.run

    def once(operands: Tensors) -> tuple[int, Tensors]:
        fresh = cell.fresh_state()
        fence(fresh)
        start = time.perf_counter_ns()
        state, outputs = run(fresh, operands)
        fence(state | outputs)
        return time.perf_counter_ns() - start, outputs

    once(_put_renewed(cell))
    _, old = once(cell.batch)  # the process has just been woken, too
    batch = _put_renewed(cell)
    new_ns, first = once(batch)
    second_ns, second = once(batch)
    own = [each for each in first if each not in get_op(cell.spec.op).constant]
    every = [*(made[name] for made in (first, second, old) for name in own), *batch.values()]
    places = _places(cell, every)
    count = len(own)
    others = places[2 * count :]
    same = [
        name
        for name, mine, again in zip(own, places, places[count:], strict=False)
        if mine == again and mine not in others
    ]
    del every
    del first, second, old
    if sum(each.nbytes for each in cell.given.values()) <= MOST_COOLING_BYTES:
        _put_renewed(cell)
    third_ns, _ = once(batch)
    return NewOperandsReply(new_ns, again_ns=[second_ns, third_ns], same=sorted(same))


def varied_calls(cell: LoadedCell, calls: int, repeats: int, sets: int) -> VariedReply:
    """Time so many calls in three ways, one after the other, `repeats` times; what comes before
    that takes the memory which the results then have.

    As bursts make them, which drop each result when the next one is there; with every result kept
    until the fence has returned; with so many `sets` of operands in turn, which no call has seen
    before. A framework that computes only what somebody still holds takes longer for the second;
    one that knows operands again, for the third. Results are the `same` if calls had them in common
    in some cases but not in all: a step may have one place for its result."""
    fence, run = cell.backend.fence, cell.step.run
    cell.last = {}
    found: dict[str, list[int]] = {"usual_ns": [], "kept_ns": [], "new_ns": []}
    same: list[str] = []
    for _ in range(repeats + 1):
        for way, times in found.items():
            new = way == "new_ns"
            batches = [_put_renewed(cell) for _ in range(sets)] if new else [cell.batch]
            order = [batches[number % len(batches)] for number in range(calls)]
            state, outputs = run(cell.fresh_state(), cell.batch)
            fence(state | outputs)
            kept: list[Tensors] = []
            keep = kept.append if way == "kept_ns" else _forget
            start = time.perf_counter_ns()
            for batch in order:
                state, outputs = run(state, batch)
                keep(outputs)
            fence(state | outputs)
            times.append(time.perf_counter_ns() - start)
            same = same or handed_out_again(cell, kept)
    return VariedReply(**{way: times[1:] for way, times in found.items()}, same=same)


def handed_out_again(cell: LoadedCell, kept: list[Tensors]) -> list[str]:
    """Names of results of which a call gave the very tensor that the call before gave, but not each
    call did."""
    again: list[str] = []
    for name in kept[0] if kept else ():
        places = _places(cell, [outputs[name] for outputs in kept])
        repeated = sum(one == other for one, other in pairwise(places))
        if 0 < repeated < len(places) - 1 and name not in get_op(cell.spec.op).constant:
            again.append(name)
    return again


def _forget(outputs: Tensors) -> None:
    """What `kept.append` is where nothing is kept."""


def _places(cell: LoadedCell, tensors: Iterable[Handle]) -> list[object]:
    """What two handles of one tensor have in common: its place in host memory if it is there, else
    the object itself. All are looked at while all are alive."""
    import numpy as np

    places: list[object] = []
    alive: list[Array] = []
    for tensor in tensors:
        if cell.backend.where(tensor)[0] == "cpu":
            alive.append(np.asarray(cell.backend.get(tensor)))
            places.append(alive[-1].ctypes.data)
        else:
            places.append(id(tensor))
    return places


def _put_renewed(cell: LoadedCell) -> Tensors:
    """Operands that no call has seen. One that is too large to be put again stays, as long as
    another is new: no result is then known from an earlier call."""
    batch = {name: put(cell.backend, cell.spec, name, values) for name, values in _renewed(cell)}
    cell.backend.fence(batch)
    return cell.batch | batch


def _renewed(cell: LoadedCell) -> Iterator[tuple[str, Array]]:
    """Copies of all operands, by another factor near 1 each time, so that what they must be
    (positive definite, sorted, of such a size) they still are. Whole numbers stay: they may be
    places."""
    import numpy as np

    cell.renewals += 1
    factor = 1.0 + (1 + cell.renewals % FACTORS) / FACTORS / 16
    smallest = min(values.nbytes for values in cell.given.values())
    for name, values in cell.given.items():
        if values.nbytes > max(OWNED_BYTES, smallest):
            continue
        numbers = values.dtype.kind in "fc"
        yield name, values * values.dtype.type(factor) if numbers else np.array(values)


def _halved(cell: LoadedCell, name: str) -> Handle:
    values = cell.given[name]
    return put(cell.backend, cell.spec, name, values * values.dtype.type(0.5))


def _once(cell: LoadedCell, batch: Tensors) -> dict[str, Array]:
    """The results of one call from the pristine state, copied to the host."""
    state, outputs = cell.step.run(cell.fresh_state(), batch)
    cell.backend.fence(state | outputs)
    return _on_host(cell, state | outputs)


def _on_host(cell: LoadedCell, tensors: Tensors) -> dict[str, Array]:
    get: Callable[[Handle], Array] = cell.backend.get
    return {name: sample(get(each)).copy() for name, each in tensors.items()}
