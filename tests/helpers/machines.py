"""Simulated machines: rounds of two cells of known ratio, with all that disturbs real ones.

A machine's slowness is a function of time that both cells and the canary live through, so that a
load which begins inside a round hits its two bursts differently. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbench.analysis.interval import Rounds

Array = NDArray[Any]
CANARY_S = 0.002
TICKS_A_BURST = 4
SWITCHES_LOADED, SWITCHES_IDLE = 150.0, 3.0  # involuntary, a second


@dataclass(frozen=True)
class Launch:
    """Both cells' rounds, and the involuntary context switches of both in each round."""

    upper: Rounds
    lower: Rounds
    switches: list[int]


@dataclass(frozen=True)
class Machine:
    """`slowness(rng, launches, seconds)` is (launches, ticks): how many times longer work takes;
    `quirk(rng, launches, rounds)` a factor of each burst; `preempts`: slow means switched out."""

    slowness: Callable[[np.random.Generator, int, Array], Array]
    quirk: Callable[[np.random.Generator, int, int], Array] | None = None
    preempts: bool = False


def _steady(rng: np.random.Generator, launches: int, seconds: Array) -> Array:
    return np.ones((launches, len(seconds)))


def _drifting(rng: np.random.Generator, launches: int, seconds: Array) -> Array:
    return np.tile(1.0 + 0.03 * seconds / seconds[-1], (launches, 1))


def _switching(
    rng: np.random.Generator,
    launches: int,
    seconds: Array,
    share: float,
    dwell: Callable[[], float],
) -> Array:
    """0 and 1 over time: stretches of 1 last `dwell()`, and take up `share` of the time."""
    states = np.zeros((launches, len(seconds)))
    mean = float(np.mean([dwell() for _ in range(1000)]))
    for state in states:
        now = -rng.exponential(8.0 * mean)  # the launch begins somewhere in the middle
        while now < seconds[-1]:
            now += rng.exponential(mean * (1.0 - share) / share)
            end = now + dwell()
            state[(seconds >= now) & (seconds < end)] = 1.0
            now = end
    return states


def _loaded(extra: float, share: float) -> Callable[[np.random.Generator, int, Array], Array]:
    def slowness(rng: np.random.Generator, launches: int, seconds: Array) -> Array:
        states = _switching(rng, launches, seconds, share, lambda: float(rng.uniform(0.1, 1.5)))
        return 1.0 + extra * states

    return slowness


def _throttled(rng: np.random.Generator, launches: int, seconds: Array) -> Array:
    return 1.0 + 0.25 * _switching(
        rng, launches, seconds, 0.5, lambda: float(rng.exponential(0.7)) + 0.05
    )


def _spikes(rng: np.random.Generator, launches: int, rounds: int) -> Array:
    size = (launches, rounds)
    return 1.0 + (rng.random(size) < 0.1) * rng.uniform(0.2, 2.0, size)


def _two_modes(rng: np.random.Generator, launches: int, rounds: int) -> Array:
    """Calls 8 % apart; how often a cell takes which differs a little from launch to launch."""
    share = rng.uniform(0.3, 0.7, (launches, 1))
    return 1.0 + 0.08 * (rng.random((launches, rounds)) < share)


def _lopsided(rng: np.random.Generator, launches: int, rounds: int) -> Array:
    """A load beside which one process fares worse than the other: placed so for a whole launch."""
    share = rng.uniform(0.0, 0.6, (launches, 1))
    size = (launches, rounds)
    return 1.0 + (rng.random(size) < share) * rng.uniform(0.16, 0.4, size)


MACHINES = {
    "quiet": Machine(_steady),
    "bursts": Machine(_loaded(0.4, 0.12), preempts=True),
    "heavy": Machine(_loaded(1.0, 0.4), preempts=True),
    "drift": Machine(_drifting),
    "throttle": Machine(_throttled),
    "spikes": Machine(_steady, _spikes),
    "bimodal": Machine(_steady, _two_modes),
    "lopsided": Machine(_steady, _lopsided),
}


def simulate(
    machine: Machine,
    rng: np.random.Generator,
    launches: int,
    rounds: int,
    burst_s: float = 0.02,
    ratio: float = 1.0,
    launch_sd: float = 0.01,
) -> list[Launch]:
    """So many launches, independent of each other. The upper cell takes `ratio` times as long;
    besides, each cell is faster or slower by `launch_sd` for a whole launch."""
    tick = burst_s / TICKS_A_BURST
    length = rounds * (CANARY_S + 2.0 * burst_s) * 4.0
    slow = machine.slowness(rng, launches, np.arange(0.0, length, tick))
    clock = _Clock(np.concatenate([np.zeros((launches, 1)), np.cumsum(slow, axis=1)], 1), tick)
    size = (launches, rounds)
    quirks = [machine.quirk(rng, *size) if machine.quirk else np.ones(size) for _ in range(2)]
    level = burst_s * np.exp(rng.normal(0.0, launch_sd, (2, launches)))
    level[0] *= ratio
    jitter = 1.0 + rng.exponential(0.01, (2, *size)) + rng.normal(0.0, 0.005, (2, *size))
    canary, took = np.empty(size), np.empty((2, *size))
    first = rng.integers(0, 2, size)
    everyone = np.arange(launches)
    for turn in range(rounds):
        canary[:, turn] = clock.run(np.full(launches, CANARY_S))
        for side in (first[:, turn], 1 - first[:, turn]):
            factor = np.where(side == 0, quirks[0][:, turn], quirks[1][:, turn])
            work = level[side, everyone] * jitter[side, everyone, turn] * factor
            took[side, everyone, turn] = clock.run(work)
            clock.run(np.full(launches, 0.0005))
    canary *= 1.0 + rng.exponential(0.01, size) + 0.3 * (rng.random(size) < 0.05)
    switches = _switches(rng, machine, took, level, np.stack(quirks))
    found: list[Launch] = []
    for k in range(launches):
        upper, lower = (Rounds(side[k].tolist(), canary[k].tolist()) for side in took)
        found.append(Launch(upper, lower, switches[k].tolist()))
    return found


class _Clock:
    """Where each launch is in time, on a machine of known slowness."""

    def __init__(self, summed: Array, tick: float) -> None:
        self._summed, self._tick = summed, tick
        self._now = np.zeros(len(summed))

    def run(self, work: Array) -> Array:
        """Seconds that so much work takes from now on."""
        took: Array = self._at(self._now + work) - self._at(self._now)
        self._now = self._now + took
        return took

    def _at(self, when: Array) -> Array:
        """The slowness summed up to a time, in seconds."""
        place = np.minimum(when / self._tick, self._summed.shape[1] - 2.0)
        whole = place.astype(int)
        rows = np.arange(len(place))
        low, high = self._summed[rows, whole], self._summed[rows, whole + 1]
        return np.asarray((low + (place - whole) * (high - low)) * self._tick)


def _switches(
    rng: np.random.Generator, machine: Machine, took: Array, level: Array, quirks: Array
) -> Array:
    """Involuntary switches: rare when idle, many under load, one with every other spike."""
    lost = np.clip(took / (level[..., None] * quirks) - 1.05, 0.0, 0.4) / 0.4 * took
    found = rng.poisson(SWITCHES_IDLE * took + SWITCHES_LOADED * lost * machine.preempts)
    both: Array = (found + ((quirks > 1.15) & (rng.random(took.shape) < 0.5))).sum(axis=0)
    return both
