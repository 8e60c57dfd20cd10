"""What a cell could reach at most, by the machine's ceilings: its bytes and its arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import msgspec

from xbench.records.schema import CeilingsLine, CellPlan, Figure

MEMORY = "memory"


PLACE = ("device", "dtype", "math", "threads", "allocator")
"""What decides which cells a line is for."""


def place_of(found: CeilingsLine | CellPlan) -> tuple[str, ...]:
    """Which cells a line is for, or which line a cell needs."""
    return tuple(str(getattr(found, name)) for name in PLACE)


def keep_latest(lines: list[CeilingsLine], line: CeilingsLine) -> None:
    """Add a line, in the place of an earlier one for the same cells."""
    places = [place_of(each) for each in lines]
    if place_of(line) in places:
        lines[places.index(place_of(line))] = line
    else:
        lines.append(line)


def better(one: CeilingsLine, other: CeilingsLine) -> CeilingsLine:
    """A line with the better figure of two for the same cells in each of its fields."""
    caches = [
        other_level if other_level.bandwidth.best > level.bandwidth.best else level
        for level, other_level in zip(one.caches, other.caches, strict=False)
    ]
    return msgspec.structs.replace(
        one, caches=caches or other.caches, bandwidth=_better(one.bandwidth, other.bandwidth),
        compute=_better(one.compute, other.compute),
    )  # fmt: skip


def _better(one: Figure | None, other: Figure | None) -> Figure | None:
    known = [each for each in (one, other) if each is not None]
    return max(known, key=lambda each: each.best, default=None)


@dataclass(frozen=True, slots=True)
class Reach:
    """Bytes/s of data that are used again and again, and the farthest place that they need: `L2`,
    `memory`. `spread`: how far the readings of that ceiling lay apart, as a share."""

    bytes_per_s: float
    place: str
    spread: float


def reach(ceilings: CeilingsLine, footprint_bytes: int, warm: bool = True) -> Reach | None:
    """The bandwidth ceiling of so many distinct bytes, which caches may hold if they are `warm`;
    None if none was measured.

    At best each level of cache keeps as much of them as it holds, and each part moves at its
    level's own speed. So the ceiling falls from one level's figure to the next one's, and no
    figure of a cell that is partly in a cache lies above it."""
    if footprint_bytes <= 0:
        return None
    caches = ceilings.caches if warm else []
    steps = [(f"L{each.level}", each.size_bytes, each.bandwidth) for each in caches]
    if ceilings.bandwidth is not None:
        steps.append((MEMORY, footprint_bytes, ceilings.bandwidth))
    steps = [each for each in steps if each[1] > 0 and 0.0 < each[2].best < inf]
    if not steps:
        return None
    left, seconds, slowest = footprint_bytes, 0.0, steps[-1]
    for name, size, figure in _no_faster(steps):
        part = min(left, size)
        left, seconds, slowest = left - part, seconds + part / figure.best, (name, size, figure)
        if left == 0:
            break
    if left:  # the memory's figure is missing: as fast as the last cache, which it is not
        seconds += left / slowest[2].best
    return Reach(footprint_bytes / seconds, slowest[0], slowest[2].spread)


def bandwidths(line: CeilingsLine) -> dict[str, float]:
    """Bytes a second by place, the nearest cache first, memory last."""
    found = {f"L{each.level}": each.bandwidth.best for each in line.caches}
    return found | ({MEMORY: line.bandwidth.best} if line.bandwidth else {})


def _no_faster(steps: list[tuple[str, int, Figure]]) -> list[tuple[str, int, Figure]]:
    """The steps, each at least as fast as those behind it: a nearer level that was measured slower
    was measured badly."""
    found: list[tuple[str, int, Figure]] = []
    best: Figure | None = None
    for name, size, figure in reversed(steps):
        best = figure if best is None or figure.best > best.best else best
        found.insert(0, (name, size, best))
    return found


@dataclass(frozen=True, slots=True)
class Least:
    """The least seconds that a call's work needs, `because` of what, and the share by which the
    ceiling behind it is uncertain."""

    seconds: float
    because: str
    spread: float


def least_time(
    flop: int, least_bytes: int, ceilings: CeilingsLine, warm: bool = True
) -> Least | None:
    """The least time of a call that computes so much and moves so many bytes, each once; None if
    no ceiling says anything of it. `warm`: caches may hold them."""
    found: list[Least] = []
    at_best = reach(ceilings, least_bytes, warm)
    if at_best is not None:
        rate = f"{at_best.bytes_per_s * 1e-9:.3g} GB/s"
        because = f"moving {least_bytes:,} bytes at the {rate} that {at_best.place} reaches here"
        found.append(Least(least_bytes / at_best.bytes_per_s, because, at_best.spread))
    compute = ceilings.compute
    if compute is not None and flop > 0:
        rate = f"{compute.best * 1e-9:.3g} GFLOP/s"
        because = f"{flop:,} operations at the {rate} that products reach here"
        found.append(Least(flop / compute.best, because, compute.spread))
    return max(found, key=lambda each: each.seconds, default=None)
