"""The width at which one series overtakes another, as far as the launches agree on it.

In each launch the logarithm of the ratio is joined by straight lines between neighbouring widths,
on logarithmic axes, and the widths are taken at which it changes its sign. Where every launch
crosses exactly once, they give a geometric mean with a t interval. Nothing is extrapolated beyond
the widths measured.

Launches agree on the straight line, but the curve between two widths may bend, and where they are
far apart that moves the crossing more than chance does (with times like a + b * width, measured at
512, 20480 and 204800, no interval of the launches held the truth). So the interval is widened by
the bend that the neighbours on both sides show, and without them there is none: then only the two
widths are told between which it lies.

What is said rests on the verdicts at the widths: a crossing is known only if one series is faster
at some width, and the other at a greater one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log
from statistics import fmean
from typing import Literal

from xbench.analysis.interval import (
    LEVEL,
    Verdict,
    deviation,
    half_width,
    over_launches,
    verdict,
)
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CellPlan

Found = Literal["width", "between", "several", "none", "unknown"]
Faster = Literal["cell", "reference"]
CPU = "cpu"
_FASTER: dict[Verdict, Faster] = {"faster": "cell", "slower": "reference"}
_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Crossover:
    """What is known of where `cell` and `reference` change places.

    `found`: `width`, it is `width`, with an interval from `low` to `high` (None where the launches
    have no spread); `between`, that cannot be told, but between which two widths it lies;
    `several`, there is more than one; `none`, the same one is faster at every width measured;
    `unknown`, the verdicts show no change and leave widths open.

    `below`, `above`: who is faster at the smallest and at the greatest width that has a verdict;
    None where none has. `brackets`: for every change the two widths between which it lies, each of
    them with a verdict. `launches`: how many it rests on."""

    found: Found
    below: Faster | None
    above: Faster | None
    brackets: tuple[tuple[int, int], ...]
    launches: int
    width: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class DeviceCrossover:
    """`plan`: the cell on the CPU at the smallest width; the reference of `crossover`, whose cell
    is the same on `device`. Their rounds were not paired."""

    plan: CellPlan
    device: str
    crossover: Crossover


def crossover(
    widths: Sequence[int], logs_by_width: Sequence[Sequence[float]], level: float = LEVEL
) -> Crossover | None:
    """From the logarithm of cell over reference of each launch, at each width; None if fewer than
    two widths have any.

    `logs_by_width[i][k]` is launch k at `widths[i]`; where widths have different numbers of
    launches the first ones count, which all have. `level`: see `xbench.analysis.stopping.level_of`.
    Raises: ValueError for a width that is not positive or is there twice, or logs that are not
    finite."""
    if len(set(widths)) < len(widths) or min(widths, default=1) <= 0:
        raise ValueError(f"no crossover over the widths {list(widths)}")
    known = sorted(
        (width, logs) for width, logs in zip(widths, logs_by_width, strict=True) if len(logs)
    )
    if len(known) < 2:
        return None
    launches = min(len(logs) for _, logs in known)
    sides = [
        (width, _FASTER[said])
        for width, logs in known
        if (said := verdict(over_launches(logs, level))) in _FASTER
    ]
    brackets = tuple(
        (width, after) for (width, one), (after, other) in pairwise(sides) if one != other
    )
    below, above = (sides[0][1], sides[-1][1]) if sides else (None, None)
    if not brackets:
        found: Found = "none" if len(sides) == len(known) else "unknown"
        return Crossover(found, below, above, (), launches)
    if len(brackets) > 1:
        return Crossover("several", below, above, brackets, launches)
    curves = [[(log(width), logs[k]) for width, logs in known] for k in range(launches)]
    crossed = [list(_crossings(curve)) for curve in curves]
    bend = _bend([(log(width), fmean(logs[:launches])) for width, logs in known])
    if bend is None or any(len(each) != 1 for each in crossed):
        return Crossover("between", below, above, brackets, launches)
    at = over_launches([each for (each,) in crossed], level)
    low, high = (
        None if end is None else end * exp(shift)
        for end, shift in zip((at.low, at.high), bend, strict=True)
    )
    return Crossover("width", below, above, brackets, launches, at.value, low, high)


def device_crossovers(cells: Sequence[CellSummary], level: float = LEVEL) -> list[DeviceCrossover]:
    """One for each series that was measured on the CPU and on another device at two widths or
    more: the same family, dtype, backend, mode, gradient, threads, math and allocator. Times are
    compared launch by launch, as far as both have launches."""
    series: dict[tuple[str, ...], dict[str, dict[int, CellSummary]]] = {}
    for cell in cells:
        if cell.launch_s:
            devices = series.setdefault(_key(cell.plan), {})
            devices.setdefault(cell.plan.key.device, {}).setdefault(cell.plan.width, cell)
    return [
        found
        for devices in series.values()
        if CPU in devices
        for device, there in devices.items()
        if device != CPU
        for found in _device(device, devices[CPU], there, level)
    ]


def _device(
    device: str, here: dict[int, CellSummary], there: dict[int, CellSummary], level: float
) -> Iterator[DeviceCrossover]:
    widths = sorted(here.keys() & there.keys())
    pairs = [zip(there[width].launch_s, here[width].launch_s, strict=False) for width in widths]
    logs = [[log(one) - log(other) for one, other in each] for each in pairs]
    found = crossover(widths, logs, level)
    if found is not None:
        yield DeviceCrossover(here[widths[0]].plan, device, found)


def _key(plan: CellPlan) -> tuple[str, ...]:
    key = plan.key
    return (
        plan.family,
        key.dtype,
        key.backend,
        key.mode,
        key.gradient,
        key.threads,
        key.math,
        key.allocator,
        key.side,
    )


def _bend(curve: Sequence[_Point]) -> tuple[float, float] | None:
    """By how much a curve that bends may cross before and after the straight line; None where it
    does not cross exactly once, or a point is missing on either side to tell how it bends.

    The second derivative in between is taken to be no more than those of the parabolas through both
    points and the one before, and the one after; f - line = -f''(x - a)(b - x) / 2."""
    crossed = list(_crossings(curve))
    after = next((place for place, (x, _) in enumerate(curve) if crossed and x >= crossed[0]), 0)
    if len(crossed) != 1 or not 2 <= after <= len(curve) - 2:
        return None
    (a, _), (b, _) = curve[after - 1 : after + 1]
    before, here, beyond = (
        (next_y - y) / (next_x - x)
        for (x, y), (next_x, next_y) in pairwise(curve[after - 2 : after + 2])
    )
    x = crossed[0]
    room = (x - a) * (b - x) / here
    shifts = (
        room * (here - before) / (b - curve[after - 2][0]),
        room * (beyond - here) / (curve[after + 1][0] - a),
    )
    return min(0.0, *shifts), max(0.0, *shifts)


def _crossings(curve: Sequence[_Point]) -> Iterator[float]:
    """Where lines through these points change their sign. At a point that is zero: there. Where
    several in a row are zero, their first and last: no one place."""
    signed = [place for place, (_, y) in enumerate(curve) if y]
    for one, other in pairwise(signed):
        (x, y), (next_x, next_y) = curve[one], curve[other]
        if (y > 0.0) == (next_y > 0.0):
            continue
        if other == one + 1:
            yield x + (next_x - x) * (y / (y - next_y))
        else:
            yield from {curve[one + 1][0], curve[other - 1][0]}


# After how many calls a mode that starts slowly has paid for itself.


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`cell` (graph or compiled) against `reference` (eager), the same in everything else.

    `extra_s`: what building and the first call take more, in the run's first launch, where nothing
    is cached. `gain_s`: what a call saves, the mean over launches. `calls`: after how many calls
    the saving exceeds the extra; `low` and `high` are its 95 % interval, whose ends are inf where
    the gain may be none. `calls` is inf where there is no gain, 0 where there is no extra."""

    cell: CellPlan
    reference: CellPlan
    extra_s: float
    gain_s: float
    calls: float
    low: float
    high: float


def break_evens(cells: Sequence[CellSummary], found: Sequence[Comparison]) -> list[BreakEven]:
    """One for each comparison of eager mode with another, whichever is the reference, of which both
    are among `cells`."""
    by_id = {cell.id: cell for cell in cells}
    modes = [(each.cell, each.reference) for each in found if each.axis == "mode"]
    return [
        break_even(by_id[other.id], by_id[base.id])
        for one, two in modes
        for other, base in [(two, one) if one.key.mode == "eager" else (one, two)]
        if base.key.mode == "eager" and other.id in by_id and base.id in by_id
    ]


def break_even(cell: CellSummary, reference: CellSummary) -> BreakEven:
    """Both cells have times, launch by launch."""
    extra = _start(cell) - _start(reference)
    gains = [slow - fast for slow, fast in zip(reference.launch_s, cell.launch_s, strict=False)]
    gain = fmean(gains)
    half = half_width(deviation(gains), len(gains)) if len(gains) > 1 else inf
    return BreakEven(
        cell.plan,
        reference.plan,
        extra,
        gain,
        _calls(extra, gain),
        _calls(extra, gain + half),
        _calls(extra, gain - half),
    )


def _start(cell: CellSummary) -> float:
    return (cell.first_s or 0.0) + (cell.build_s or 0.0)


def _calls(extra_s: float, gain_s: float) -> float:
    if extra_s <= 0.0:
        return 0.0 if gain_s >= 0.0 else inf
    return extra_s / gain_s if gain_s > 0.0 else inf
