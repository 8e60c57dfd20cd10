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
from xbench.worker.loaded_cell import Slot, changed_operands, put, same, sample

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FACTORS = 61
"""How many there are by which operands are made new."""

PLACED, MOST_READ = 16, 200
OWNED_BYTES = 256 << 20
"""Larger operands are not copied once more only to see whether `put` copies."""


def answers_to_input(slot: Slot) -> bool:
    """Whether results follow the inputs: with one operand halved, and again with it as it was,
    each call must give another result than the call before. A step that hands out a stored
    result, which no oracle could tell while the inputs stay the same, does not. For an op
    without state the last burst was the first of the three calls."""
    name = min(slot.batch, key=lambda each: slot.given[each].size)
    halved = _halved(slot, name)
    before = _once(slot, slot.batch) if slot.pristine else _on_host(slot, slot.last)
    for batch in (slot.batch | {name: halved}, slot.batch):
        after = _once(slot, batch)
        if all(same(before[each], after[each]) for each in before):
            return False
        before = after
    return True


def deaf_outputs(slot: Slot) -> list[str]:
    """Outputs that stay what they are whichever operand is halved, though they depend on one:
    handed out from elsewhere, beside others that are computed."""
    op = get_op(slot.spec.op)
    deaf = op.tensors(slot.spec).outputs.keys() - {*op.constant}
    base = _once(slot, slot.batch)
    for name in sorted(slot.batch, key=lambda each: slot.given[each].size):
        if not deaf:
            break
        found = _once(slot, slot.batch | {name: _halved(slot, name)})
        deaf = {each for each in deaf if same(base[each], found[each])}
    return sorted(deaf)


def changed_inputs(slot: Slot) -> list[str]:
    """Names of operands that no longer hold what was put: a step must not write its batch."""
    now = changed_operands(slot.backend, slot.batch, slot.given)
    return sorted({*slot.written, *now})


def borrowed_inputs(slot: Slot) -> list[str]:
    """Names of operands that `put` did not copy: what was written to the host array after it
    returned shows in the tensor. Of each cell the smallest and the largest are tried."""
    names = sorted(slot.given, key=lambda each: slot.given[each].nbytes)
    tried = {name for name in (*names[:1], *names[-1:]) if slot.given[name].nbytes <= OWNED_BYTES}
    return [name for name in sorted(tried) if not _owns(slot, name)]


def _owns(slot: Slot, name: str) -> bool:
    values = slot.given[name]
    host = values.copy()
    tensor = put(slot.backend, slot.spec, name, host)
    host[...] = 0  # before the fence: a put that copies later has nothing of its own
    slot.backend.fence({name: tensor})
    return same(sample(slot.backend.get(tensor)), sample(values))


def kept_results(slot: Slot, calls: int, lead_in: int) -> KeptReply:
    """Make calls as a burst does, but keep every result; after the fence, which is given the last
    ones only, read results in the order in which they were made: all, or some of each part.
    Compared with them are tensors of the same shapes that were put before and are finished. Of
    those a few are read first: the first readings find cold caches."""
    fence, run = slot.backend.fence, slot.step.run
    state, outputs = run(slot.fresh_state(), slot.batch)
    placed = [_like_outputs(slot, tuple(outputs)) for _ in range(max(2, min(calls, PLACED)))]
    for each in placed:
        fence(each)
    state = slot.fresh_state()
    for _ in range(lead_in):
        state, outputs = run(state, slot.batch)
    fence(state | outputs)
    kept: list[Tensors] = []
    start = time.perf_counter_ns()
    for _ in range(calls):
        state, outputs = run(state, slot.batch)
        kept.append(outputs)
    fence(state | outputs)
    wall = time.perf_counter_ns() - start
    warming = len(placed) // 2
    first = [_read(slot, each) for each in placed[:warming]]
    late = [_read(slot, each) for each in some_of(kept)]
    finished = first[1:] + [_read(slot, each) for each in placed[warming:]]
    return KeptReply(calls, wall, late_ns=late, placed_ns=finished)


def some_of(kept: list[Tensors]) -> list[Tensors]:
    """Results from everywhere, the first and the last among them; all if there are few."""
    last = len(kept) - 1
    if last < MOST_READ:
        return kept
    return [kept[number * last // (MOST_READ - 1)] for number in range(MOST_READ)]


def _like_outputs(slot: Slot, names: tuple[str, ...]) -> Tensors:
    """Finished tensors of the shapes that an op's outputs have."""
    shapes = get_op(slot.spec.op).tensors(slot.spec).outputs
    return {name: slot.like_output(name) for name in names if name in shapes}


def _read(slot: Slot, outputs: Tensors) -> int:
    """Nanoseconds until an entry of each output is on the host."""
    start = time.perf_counter_ns()
    for each in outputs.values():
        slot.read(each)
    return time.perf_counter_ns() - start


def new_operands(slot: Slot) -> NewOperandsReply:
    """Time one call on operands that no call has seen, and calls on the same ones again. Before
    them, a call on other new operands takes the memory that theirs then have: pages that a process
    never had cost as much as some calls.

    Each is timed with a fence and from a fresh state. Results are not the `same` where a call on
    other operands gives them too: a step may have one place for its result."""
    fence, run = slot.backend.fence, slot.step.run

    def once(operands: Tensors) -> tuple[int, Tensors]:
        fresh = slot.fresh_state()
        fence(fresh)
        start = time.perf_counter_ns()
        state, outputs = run(fresh, operands)
        fence(state | outputs)
        return time.perf_counter_ns() - start, outputs

    once(_put_renewed(slot))
    _, old = once(slot.batch)  # the process has just been woken, too
    batch = _put_renewed(slot)
    new_ns, first = once(batch)
    second_ns, second = once(batch)
    own = [each for each in first if each not in get_op(slot.spec.op).constant]
    every = [*(made[name] for made in (first, second, old) for name in own), *batch.values()]
    places = _places(slot, every)
    count = len(own)
    others = places[2 * count :]
    same = [
        name
        for name, mine, again in zip(own, places, places[count:], strict=False)
        if mine == again and mine not in others
    ]
    del every
    del first, second, old
    third_ns, _ = once(batch)
    return NewOperandsReply(new_ns, again_ns=[second_ns, third_ns], same=sorted(same))


def varied_calls(slot: Slot, calls: int, repeats: int, sets: int) -> VariedReply:
    """Time so many calls in three ways, one after the other, `repeats` times; what comes before
    that takes the memory which the results then have.

    As bursts make them, which drop each result when the next one is there; with every result kept
    until the fence has returned; with so many `sets` of operands in turn, which no call has seen
    before. A framework that computes only what somebody still holds takes longer for the second;
    one that knows operands again, for the third. Results are the `same` if calls had them in common
    in some cases but not in all: a step may have one place for its result."""
    fence, run = slot.backend.fence, slot.step.run
    slot.last = {}
    found: dict[str, list[int]] = {"usual_ns": [], "kept_ns": [], "new_ns": []}
    same: list[str] = []
    for _ in range(repeats + 1):
        for way, times in found.items():
            new = way == "new_ns"
            batches = [_put_renewed(slot) for _ in range(sets)] if new else [slot.batch]
            order = [batches[number % len(batches)] for number in range(calls)]
            state, outputs = run(slot.fresh_state(), slot.batch)
            fence(state | outputs)
            kept: list[Tensors] = []
            keep = kept.append if way == "kept_ns" else _forget
            start = time.perf_counter_ns()
            for batch in order:
                state, outputs = run(state, batch)
                keep(outputs)
            fence(state | outputs)
            times.append(time.perf_counter_ns() - start)
            same = same or handed_out_again(slot, kept)
    return VariedReply(**{way: times[1:] for way, times in found.items()}, same=same)


def handed_out_again(slot: Slot, kept: list[Tensors]) -> list[str]:
    """Names of results of which a call gave the very tensor that the call before gave, but not each
    call did."""
    again: list[str] = []
    for name in kept[0] if kept else ():
        places = _places(slot, [outputs[name] for outputs in kept])
        repeated = sum(one == other for one, other in pairwise(places))
        if 0 < repeated < len(places) - 1 and name not in get_op(slot.spec.op).constant:
            again.append(name)
    return again


def _forget(outputs: Tensors) -> None:
    """What `kept.append` is where nothing is kept."""


def _places(slot: Slot, tensors: Iterable[Handle]) -> list[object]:
    """What two handles of one tensor have in common: its place in host memory if it is there, else
    the object itself. All are looked at while all are alive."""
    import numpy as np

    places: list[object] = []
    alive: list[Array] = []
    for tensor in tensors:
        if slot.backend.where(tensor)[0] == "cpu":
            alive.append(np.asarray(slot.backend.get(tensor)))
            places.append(alive[-1].ctypes.data)
        else:
            places.append(id(tensor))
    return places


def _put_renewed(slot: Slot) -> Tensors:
    """Operands that no call has seen."""
    batch = {name: put(slot.backend, slot.spec, name, values) for name, values in _renewed(slot)}
    slot.backend.fence(batch)
    return batch


def _renewed(slot: Slot) -> Iterator[tuple[str, Array]]:
    """Copies of all operands, by another factor near 1 each time, so that what they must be
    (positive definite, sorted, of such a size) they still are. Whole numbers stay: they may be
    places."""
    import numpy as np

    slot.renewals += 1
    factor = 1.0 + (1 + slot.renewals % FACTORS) / FACTORS / 16
    for name, values in slot.given.items():
        copy = np.array(values)
        if copy.dtype.kind in "fc":
            copy *= copy.dtype.type(factor)
        yield name, copy


def _halved(slot: Slot, name: str) -> Handle:
    values = slot.given[name]
    return put(slot.backend, slot.spec, name, values * values.dtype.type(0.5))


def _once(slot: Slot, batch: Tensors) -> dict[str, Array]:
    """The results of one call from the pristine state, copied to the host."""
    state, outputs = slot.step.run(slot.fresh_state(), batch)
    slot.backend.fence(state | outputs)
    return _on_host(slot, state | outputs)


def _on_host(slot: Slot, tensors: Tensors) -> dict[str, Array]:
    get: Callable[[Handle], Array] = slot.backend.get
    return {name: sample(get(each)).copy() for name, each in tensors.items()}
