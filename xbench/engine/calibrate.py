"""How many calls make a burst, and how many rounds a group gets."""

from __future__ import annotations

from dataclasses import dataclass

from xbench.plan.plan import MAX_ROUNDS, MIN_ROUNDS

LADDER = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
BURST_NS = 2_000_000
"""A burst lasts at least 2 ms, and at least `OVERHEAD_FACTOR` times what fencing it costs."""

OVERHEAD_FACTOR = 100
TRAINING_CALLS = 20
"""Longest burst of an op that trains: its last output is checked against as many oracle steps."""

LEAD_IN_LIMIT_NS = 20_000_000
"""Calls shorter than this get one untimed call before each burst, since the process was stopped and
other bursts ran in between; a longer call warms its own caches."""


@dataclass(frozen=True, slots=True)
class Burst:
    """How a cell's bursts are made, the same at every launch."""

    calls: int
    lead_in: int


def choose_burst(call_ns: float, fence_ns: float, trains: bool) -> Burst:
    """The smallest burst on the ladder that is long enough for its overhead."""
    wanted = max(BURST_NS, OVERHEAD_FACTOR * fence_ns)
    ladder = [calls for calls in LADDER if not trains or calls <= TRAINING_CALLS]
    enough = [calls for calls in ladder if calls * call_ns >= wanted]
    return Burst(enough[0] if enough else ladder[-1], int(call_ns < LEAD_IN_LIMIT_NS))


def choose_rounds(round_ns: float, budget_s: float) -> int:
    """As many rounds as the budget buys, within limits."""
    return max(MIN_ROUNDS, min(MAX_ROUNDS, int(budget_s * 1e9 / max(round_ns, 1.0))))


def settled(times_ns: list[float]) -> bool:
    """Whether warm-up may end: the last window of five starts no higher than the window before it
    reached at its most usual, and their medians agree within 5 %."""
    if len(times_ns) < 10:
        return False
    before, last = sorted(times_ns[-10:-5]), sorted(times_ns[-5:])
    middle = before[2]
    spread = before[3] - before[1]
    return abs(last[2] / middle - 1.0) <= 0.05 and times_ns[-5] <= before[3] + 1.5 * spread


def steady(times_ns: list[float]) -> bool:
    """Whether warm-up may end: `settled`, or, for long calls, the last two within 10 %."""
    if len(times_ns) > 1 and min(times_ns) >= LEAD_IN_LIMIT_NS:
        return abs(times_ns[-1] / times_ns[-2] - 1.0) <= 0.10
    return settled(times_ns)
