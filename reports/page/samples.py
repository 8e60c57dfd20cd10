"""Raw bursts for the page, as many as it can hold."""

from __future__ import annotations

from collections.abc import Sequence

from reports.model import Source
from reports.read.environment import slow_rounds
from xbench.records.schema import CellLine
from xbench.records.summary import per_call_s

MOST_SAMPLES = 150_000
"""Bursts in a page, at about 3 bytes each; the cells of the plan's beginning come first."""

SCALE = 10_000
"""A burst is written as its distance from the cell's time, in parts of so many."""

Launches = list[dict[str, list[int]]]


def samples(sources: Sequence[Source]) -> dict[int, Launches]:
    """By the cell's place: for each launch `parts`, its bursts in the order taken as distances from
    the cell's time, and `slow`, the rounds before which the machine itself was slow."""
    found: dict[int, Launches] = {}
    first, left = 0, MOST_SAMPLES
    for source in sources:
        lines = _lines(source)
        for place, cell in enumerate(source.cells):
            taken = lines.get(cell.id, [])
            count = sum(len(line.timed.wall_ns) for line, _ in taken)
            if cell.time_s is None or not count or count > left:
                continue
            left -= count
            found[first + place] = [
                {"parts": _parts(line, cell.time_s), "slow": slow} for line, slow in taken
            ]
        first += len(source.cells)
    return found


def _lines(source: Source) -> dict[str, list[tuple[CellLine, list[int]]]]:
    """The lines of each cell, launch by launch, with the slow rounds of their groups."""
    found: dict[str, list[tuple[CellLine, list[int]]]] = {}
    if source.run is None:
        return found
    slow = slow_rounds(source.run)
    for group in sorted(source.run.groups, key=lambda each: each.launch):
        for line in group.cells:
            if line.status == "ok":
                rounds = slow.get((group.group, group.launch), [])
                found.setdefault(line.id, []).append((line, rounds))
    return found


def _parts(line: CellLine, time_s: float) -> list[int]:
    return [round(SCALE * (each / time_s - 1.0)) for each in per_call_s(line)]
