"""Real runs for `tests/tools/moderated_variance.py`: what their launches say, and what intervals
from a few of these launches are to hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Literal

import numpy as np

from helpers.moderated import RULES, Array, fit_prior
from xbench.analysis.ratios import SIDE, Comparison, compare_cells
from xbench.analysis.summary import summarise
from xbench.records.read import read_run

Kind = Literal["time", "ratio"]
TWIN = "twin"
"""The backend that is another one under a second name."""

FEWEST_CELLS = 6
"""Fewer cells say nothing of how variances vary over cells."""

THIRDS = 3


@dataclass(frozen=True, slots=True)
class Quantity:
    """A time or a ratio of one run: its logarithm in each launch. `name` is the same in other runs;
    `equal`: a ratio of two cells that are the same code."""

    name: str
    kind: Kind
    equal: bool
    logs: tuple[float, ...]


def quantities(path: Path, equal_sides: bool) -> list[Quantity]:
    """Those of a run with two launches at least. With `equal_sides` both sides of an A/B are the
    same code."""
    run = read_run(path)
    cells = summarise(run)
    times = [Quantity(each.id, "time", False, tuple(map(log, each.launch_s))) for each in cells]
    ratios = [
        Quantity(
            f"{each.cell.id} / {each.reference.id}", "ratio", is_equal(each, equal_sides), each.logs
        )
        for each in compare_cells(run, cells)
    ]
    return [each for each in [*times, *ratios] if len(set(each.logs)) > 1]


def is_equal(found: Comparison, equal_sides: bool) -> bool:
    """Whether a ratio's truth is 1."""
    if found.axis == SIDE:
        return equal_sides
    return found.axis == "backend" and TWIN in (found.cell.key.backend, found.reference.key.backend)


def moments(pool: Sequence[Quantity]) -> tuple[Array, Array]:
    """Variances over all launches, and their degrees of freedom."""
    variances = np.array([np.var(each.logs, ddof=1) for each in pool])
    return variances, np.array([len(each.logs) - 1 for each in pool])


def thirds_by_spread(every: Sequence[Quantity]) -> dict[str, int]:
    """0, 1 or 2 for each name: the third with the smallest, the middle and the largest spread, by
    the variances of all launches of all runs, pooled."""
    squares: dict[str, float] = defaultdict(float)
    freedom: dict[str, int] = defaultdict(int)
    for each in every:
        squares[each.name] += float(np.var(each.logs)) * len(each.logs)
        freedom[each.name] += len(each.logs) - 1
    ordered = sorted(squares, key=lambda name: squares[name] / freedom[name])
    return {name: place * THIRDS // len(ordered) for place, name in enumerate(ordered)}


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry for each interval: which third its quantity is in, whether it held what it is to
    hold by each rule, and half its width by each rule."""

    third: Array
    held: dict[str, Array]
    half: dict[str, Array]


Check = Literal["hold 1", "predict the others"]


def checked(
    runs: Sequence[Sequence[Quantity]], kind: Kind, launches: int, check: Check
) -> Checked | None:
    """Every run is cut into parts of so many launches in a row. A part is a run of its own: its
    prior is that of all its times, or of all its ratios. Its intervals hold 1 where that is the
    truth, or predict the mean of the run's other launches, for which they are made wider: it errs
    too. None if nothing can be checked."""
    pools = [[each for each in run if each.kind == kind] for run in runs]
    third_of = thirds_by_spread([q for p in pools for q in p if q.equal or check != "hold 1"])
    rows = [
        (third_of[name], off, halves)
        for pool in pools
        for name, off, halves in _intervals(pool, launches, check)
    ]
    if not rows:
        return None
    third, off, halves = (np.array(each) for each in zip(*rows, strict=True))
    held = {rule: off <= halves[:, place, 1] for place, rule in enumerate(RULES)}
    half = {rule: halves[:, place, 0] for place, rule in enumerate(RULES)}
    return Checked(third, held, half)


def _intervals(
    pool: Sequence[Quantity], launches: int, check: Check
) -> Iterator[tuple[str, float, list[tuple[float, float]]]]:
    """The name, the distance of the mean from what is to be held, and for each rule half the width
    of the interval, and of the one that holds what errs too."""
    most = max((len(each.logs) for each in pool), default=0)
    for start in range(0, most - launches + 1, launches):
        end = start + launches
        here = [each for each in pool if len(each.logs) >= end]
        if len(here) < FEWEST_CELLS:
            continue
        logs = np.array([each.logs[start:end] for each in here])
        variances, freedom = logs.var(axis=-1, ddof=1), launches - 1
        prior = fit_prior(variances, freedom)
        halves = [rule(variances, freedom, prior) / np.sqrt(launches) for rule in RULES.values()]
        for place, each in enumerate(here):
            others = [*each.logs[:start], *each.logs[end:]]
            mean, wider = float(logs[place].mean()), 1.0
            if check == "predict the others":
                if not others:
                    continue
                mean -= float(np.mean(others))
                wider = float(np.sqrt(1.0 + launches / len(others)))
            elif not each.equal:
                continue
            yield each.name, abs(mean), [(h[place], h[place] * wider) for h in halves]
