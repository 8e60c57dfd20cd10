"""Bursts: how many calls make one, what is kept of it, and when it is repeated.

Also when warm-up may end, and whether another round follows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil

from xbench.errors import WorkerDied
from xbench.plan.plan import GOOD_ROUNDS, GOOD_TIMES, MAX_ROUNDS, MIN_ROUNDS
from xbench.process.messages import Reading
from xbench.records.schema import Samples
from xbench.text import show_seconds

LADDER = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
MIN_BURST_NS = 2_000_000
"""A burst lasts at least 2 ms, and at least `OVERHEAD_FACTOR` times what fencing it costs."""

OVERHEAD_FACTOR = 100
TRAINING_CALLS = 20
"""Longest burst of an op that trains: its last output is checked against as many oracle steps."""

LEAD_IN_NS, LEAD_IN_LIMIT_NS = 2_000_000, 20_000_000
"""Before each burst come untimed calls for 2 ms, one at least, since the process was stopped and
other bursts ran in between; a call longer than 20 ms warms its own caches. After a single call of
0.6 ms the next two were still slower than later ones: by a tenth, seen as bursts of 2 against 5."""

LONG_CALLS = 4
"""A first call and those after it that a long one needs before two may agree: TensorFlow's first
two took 41 and 42 ms where all others took 1.5."""

ALIKE = 2.0
"""Cells of a group whose calls differ by less than this factor get the same burst."""


@dataclass(frozen=True, slots=True)
class Burst:
    """How a cell's bursts are made, the same at every launch; `read_ns` is what reading a finished
    output costs, measured once."""

    calls: int
    lead_in: int
    read_ns: int = 0


def wanted_ns(fence_ns: float) -> float:
    """How long a burst must last."""
    return max(MIN_BURST_NS, OVERHEAD_FACTOR * fence_ns)


def choose_burst(call_ns: float, fence_ns: float, trains: bool) -> Burst:
    """The smallest burst on the ladder that is long enough for its overhead."""
    ladder = _ladder(trains)
    enough = [calls for calls in ladder if calls * call_ns >= wanted_ns(fence_ns)]
    return Burst(enough[0] if enough else ladder[-1], _lead_in(call_ns, ladder[-1]))


def _lead_in(call_ns: float, most: int) -> int:
    if call_ns >= LEAD_IN_LIMIT_NS:
        return 0
    return min(most, ceil(LEAD_IN_NS / max(call_ns, 1.0)))


def agree(bursts: dict[str, Burst], call_ns: dict[str, float]) -> dict[str, Burst]:
    """The bursts of a group's cells, where cells that are `ALIKE` take the longest of theirs: else
    two equal cells, one on either side of a step of the ladder, would be timed differently."""
    found: dict[str, Burst] = {}
    for name, burst in bursts.items():
        alike = [
            bursts[other]
            for other, each_ns in call_ns.items()
            if 1.0 / ALIKE < each_ns / call_ns[name] < ALIKE
        ]
        calls, lead_in = max(each.calls for each in alike), max(each.lead_in for each in alike)
        found[name] = replace(burst, calls=calls, lead_in=lead_in)
    return found


def agree_in_pairs(bursts: dict[str, Burst], pairs: Mapping[str, str]) -> dict[str, Burst]:
    """The bursts of cells of which those of one pair (base and head of an A/B) take the longest of
    theirs: being alike is no chain, and they may be alike to different ones."""
    found = dict(bursts)
    for name, burst in bursts.items():
        mine = [other for each, other in bursts.items() if pairs.get(each, each) == pairs.get(name)]
        calls = max([burst.calls, *(each.calls for each in mine)])
        lead_in = max([burst.lead_in, *(each.lead_in for each in mine)])
        found[name] = replace(burst, calls=calls, lead_in=lead_in)
    return found


def _ladder(trains: bool) -> list[int]:
    return [calls for calls in LADDER if not trains or calls <= TRAINING_CALLS]


def more_rounds(done: int, spent_s: float, budget_s: float, wanted: int | None) -> bool:
    """Whether another round follows: as many as are wanted, or as the time buys, within limits.
    Short rounds go on for longer, until there are `GOOD_ROUNDS`."""
    if wanted is not None:
        return done < wanted
    if done < GOOD_ROUNDS:
        return done < MIN_ROUNDS or spent_s < GOOD_TIMES * budget_s
    return done < MAX_ROUNDS and spent_s < budget_s


def settled(times_ns: list[float]) -> bool:
    """Whether warm-up may end: two windows of five agree. The later one starts no higher than the
    earlier reached at its most usual (third quartile + 1.5 IQR), has a mean of 0.5 to 1.1 of the
    earlier's, and a median within 5 %."""
    if len(times_ns) < 10:
        return False
    before, last = sorted(times_ns[-10:-5]), sorted(times_ns[-5:])
    spread = before[3] - before[1]
    return (
        times_ns[-5] <= before[3] + 1.5 * spread
        and 0.5 <= sum(last) / sum(before) <= 1.1
        and abs(last[2] / before[2] - 1.0) <= 0.05
    )


def steady(times_ns: list[float], traces: list[int]) -> bool:
    """Whether warm-up may end: nothing was traced or compiled in the last three calls, and times
    are `settled`, or, for long calls, the last two within 10 %."""
    if len(set(traces[-3:])) > 1:
        return False
    if len(times_ns) >= LONG_CALLS and min(times_ns) >= LEAD_IN_LIMIT_NS:
        return abs(times_ns[-1] / times_ns[-2] - 1.0) <= 0.10
    return settled(times_ns)


def keep(reading: Reading, samples: Samples) -> None:
    """Add what was read of one burst. Not every device has a clock of its own, and after a burst
    one of two tensors is read."""
    samples.wall_ns.append(reading.wall_ns)
    samples.cpu_ns.append(reading.cpu_ns)
    samples.cpu_exact.append(reading.cpu_exact)
    samples.minor_faults.append(reading.minor_faults)
    samples.involuntary_switches.append(reading.involuntary_switches)
    samples.voluntary_switches.append(reading.voluntary_switches)
    samples.start_ns.append(reading.start_ns)
    samples.wait_ns.append(reading.wait_ns)
    for value, kept in (
        (reading.residual_ns, samples.residual_ns),
        (reading.placed_ns, samples.placed_ns),
        (reading.device_ns, samples.device_ns),
        (reading.idle_cpu_ns, samples.idle_cpu_ns),
    ):
        if value is not None:
            kept.append(value)


# Bursts during which a clock jumped are not kept: the machine slept, or was set to another time.
#
# The clock that times does neither, on Linux; but what was in a cache before a laptop's sleep, or
# before a virtual machine was moved, is not what a figure is about.

SLEPT_NS = 10_000_000
STEPPED_NS, STEPPED_SHARE = 100_000_000, 0.1
"""What the wall clock may gain or lose: time services turn it faster or slower by up to 8 %, and a
thread may lose its core between the reading of two clocks."""

MOST = 5
SLACK_NS = 1_000_000


def without_clock_jump(
    ask: Callable[[], Reading], what: str, note: Callable[[str], None]
) -> Reading:
    """A burst without a jump: one with is noted and asked for again.

    Raises: WorkerDied, with status `invalid`, if there are ever more of them, or if a burst took
    longer by the worker's clock than by ours: such a process is not to be believed again."""
    for _ in range(MOST):
        start = time.monotonic_ns()
        reading = ask()
        passed = time.monotonic_ns() - start
        if reading.wall_ns > passed + SLACK_NS:
            said, seen = (show_seconds(each * 1e-9) for each in (reading.wall_ns, passed))
            reason = f"a burst took {said} by the worker's clock, and {seen} by ours"
            raise WorkerDied(reason, "invalid")
        jump = jump_of(reading)
        if jump is None:
            return reading
        note(f"{what}: {jump}")
    raise WorkerDied(f"in {MOST} bursts one after another: {jump}", "invalid")


def jump_of(reading: Reading) -> str | None:
    """What happened to the machine's clocks in a burst, if anything."""
    slept, stepped = reading.suspended_ns, reading.stepped_ns
    if slept > SLEPT_NS:
        return f"the machine slept for {show_seconds(slept * 1e-9)}"
    if abs(stepped) > STEPPED_NS + STEPPED_SHARE * reading.wall_ns:
        way = "forward" if stepped > 0 else "back"
        return f"the wall clock went {way} by {show_seconds(abs(stepped) * 1e-9)}"
    return None
