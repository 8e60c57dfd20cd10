"""Do intervals that borrow strength from a run's other cells hold the truth?

    python tests/tools/moderated_variance.py [--trials 4000] [--cells 54] [--launches 3 4 5 8]
    python tests/tools/moderated_variance.py --runs RUN [RUN …] [--launches 3] [--equal-sides]

The rules are those of `helpers/moderated.py`. Printed for each: coverage in percent of 95 %
intervals, over all cells and over the third of the cells with the smallest, the middle and the
largest spread; then widths as a share of t's, the median and the geometric mean.

Without runs: simulated ones, a row for each of `WORLDS`; thirds are by each run's true spreads. A
last table: for each rule the lowest coverage of any third, the smallest and largest median width,
and in how many worlds the rule is good enough (`LEAST_COVERAGE`, `MOST_WIDTH`).

With runs (folders, or their `run.jsonl`): d0, s0 and widths of their times and ratios, then the
intervals of parts of so many launches. Ratios of equal cells (a backend and its `twin`; with
--equal-sides the sides of an A/B) are to hold 1; times and ratios are to predict the mean of the
run's other launches. Thirds are by spread over all runs given, so give many runs of one plan.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tests_on_path  # noqa: F401

from helpers.moderated import NEARLY_INFINITE, RULES, Array, Prior, fit_prior
from helpers.moderated_runs import (
    FEWEST_CELLS,
    THIRDS,
    Check,
    Kind,
    Quantity,
    checked,
    moments,
    quantities,
)

SEED = 20261
LEAST_COVERAGE, MOST_WIDTH = 93.0, 2.0 / 3.0
"""What a rule is taken for: at least so many percent in each third, at most this share of t's
median width."""

LEGEND = "coverage in percent, of the smallest, middle and largest third; median and mean width"


# Simulated runs: how cells spread over launches, and what shape a cell's launches have.


@dataclass(frozen=True, slots=True)
class World:
    """`spreads(rng, runs, cells)` are standard deviations of the cells; `launches(rng, shape)`
    draws of mean 0, to be multiplied by them; `common` is the share of the variance that the cells
    of a launch have in common."""

    spreads: Callable[[np.random.Generator, int, int], Array]
    launches: Callable[[np.random.Generator, tuple[int, ...]], Array]
    common: float = 0.0


def log_normal(sd: float) -> Callable[[np.random.Generator, int, int], Array]:
    """Spreads around 1 % whose logarithms have this standard deviation; 0: all equal."""
    return lambda rng, runs, cells: 0.01 * np.exp(sd * rng.standard_normal((runs, cells)))


def two_groups(share: float) -> Callable[[np.random.Generator, int, int], Array]:
    """This share of the cells spreads by 10 %, the others by 1 %."""
    return lambda rng, runs, cells: np.tile(
        np.where(np.arange(cells) < round(share * cells), 0.10, 0.01), (runs, 1)
    )


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Launches as t assumes them."""
    return rng.standard_normal(shape)


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Student's t with 4 degrees of freedom."""
    return rng.standard_t(4, shape)


def shifted(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A tenth of the launches lies 5 standard deviations off, on either side."""
    off = np.where(rng.random(shape) < 0.1, rng.choice((-5.0, 5.0), shape), 0.0)
    return rng.standard_normal(shape) + off


def slowed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A tenth of the launches is 5 standard deviations slower; the truth is the mean of all."""
    off = np.where(rng.random(shape) < 0.1, 5.0, 0.0)
    return rng.standard_normal(shape) + off - 0.5


WORLDS: dict[str, World] = {
    "equal": World(log_normal(0.0), normal),
    "log-normal 0.3": World(log_normal(0.3), normal),
    "log-normal 0.6": World(log_normal(0.6), normal),
    "log-normal 1.0": World(log_normal(1.0), normal),
    "half 1 %, half 10 %": World(two_groups(1 / 2), normal),
    "a sixth 10 %, others 1 %": World(two_groups(1 / 6), normal),
    "log-normal 0.6, launches t4": World(log_normal(0.6), heavy),
    "log-normal 0.6, a tenth shifted": World(log_normal(0.6), shifted),
    "log-normal 0.6, a tenth slower": World(log_normal(0.6), slowed),
    "log-normal 0.6, half in common": World(log_normal(0.6), normal, common=0.5),
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """In percent: of all cells, and of the thirds with the smallest, the middle and the largest
    spread. Widths as a share of t's: the median, and the geometric mean."""

    overall: float
    thirds: tuple[float, ...]
    median_width: float
    mean_width: float

    def __str__(self) -> str:
        thirds = " ".join(f"{each:.1f}" for each in self.thirds)
        return f"{self.overall:.1f}: {thirds}; {self.median_width:.2f} {self.mean_width:.2f}"


def coverage(held: Array, third: Array, half: Array, half_t: Array) -> Coverage:
    """From what each interval held, which third its cell is in, half its width, and half of t's."""
    shares = tuple(100.0 * float(held[third == each].mean()) for each in range(THIRDS))
    median = float(np.median(half) / np.median(half_t))
    mean = float(np.exp(np.mean(np.log(half / half_t))))
    return Coverage(100.0 * float(held.mean()), shares, median, mean)


def simulated(
    world: World, rng: np.random.Generator, shape: tuple[int, int, int]
) -> list[Coverage]:
    """Of each rule, over (runs, cells, launches)."""
    runs, cells, launches = shape
    spreads = world.spreads(rng, runs, cells)
    alone = world.launches(rng, shape)
    together = world.launches(rng, (runs, 1, launches))
    draws = np.sqrt(1.0 - world.common) * alone + np.sqrt(world.common) * together
    logs = spreads[..., None] * draws
    variances, off = logs.var(axis=-1, ddof=1), np.abs(logs.mean(axis=-1))
    prior = fit_prior(variances, launches - 1)
    ranks = spreads.argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
    third = ranks * THIRDS // cells
    halves = [rule(variances, launches - 1, prior) / np.sqrt(launches) for rule in RULES.values()]
    return [coverage(off <= half, third, half, halves[0]) for half in halves]


def print_row(cells: Sequence[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def print_heads(heads: Sequence[str]) -> None:
    print_row(heads)
    print_row(["---"] * len(heads))


def is_good(found: Coverage) -> bool:
    """Whether it reaches in one world what a rule is taken for."""
    return min(found.thirds) >= LEAST_COVERAGE and found.median_width <= MOST_WIDTH


def in_all(found: Sequence[Coverage]) -> str:
    """The lowest coverage, the range of median widths, and in how many worlds it is good."""
    least = min(min(each.thirds) for each in found)
    widths = [each.median_width for each in found]
    return f"{least:.1f}; {min(widths):.2f} to {max(widths):.2f}; {sum(map(is_good, found))}"


def print_simulated(trials: int, cells: int, counts: Sequence[int]) -> None:
    """The tables of simulated runs, and the last one."""
    rng = np.random.default_rng(SEED)
    overall: dict[str, list[str]] = {name: [] for name in RULES}
    for launches in counts:
        print(f"\n{launches} launches, {cells} cells, {trials} runs: {LEGEND}\n")
        print_heads(["spreads of the cells", *RULES])
        by_world: list[list[Coverage]] = []
        for name, world in WORLDS.items():
            by_world.append(simulated(world, rng, (trials, cells, launches)))
            print_row([name, *map(str, by_world[-1])])
        for rule, found in zip(RULES, zip(*by_world, strict=True), strict=True):
            overall[rule].append(in_all(found))
    print(f"\nLowest coverage; range of median widths; good enough in so many of {len(WORLDS)}\n")
    print_heads(["rule", *(f"{each} launches" for each in counts)])
    for rule, said in overall.items():
        print_row([rule, *said])


# Real runs: what their cells say of the prior, and how often each rule holds.


def print_priors(runs: Sequence[Sequence[Quantity]]) -> None:
    """d0, s0 and median widths of times and of ratios: of each run, then over runs."""
    print("Median over runs (smallest to largest); widths are medians of a run as a share of t's\n")
    others = [rule for rule in RULES if rule != "t"]
    print_heads(["of a run", "runs", "number", "launches", "s0 in percent", "d0", *others])
    kinds: tuple[Kind, ...] = ("time", "ratio")
    for kind in kinds:
        pools = [[each for each in run if each.kind == kind] for run in runs]
        pools = [pool for pool in pools if len(pool) >= FEWEST_CELLS]
        if not pools:
            continue
        of_runs = [moments(pool) for pool in pools]
        priors = [fit_prior(*each) for each in of_runs]
        shown = [
            middle_and_ends([len(pool) for pool in pools], 0),
            middle_and_ends([len(each.logs) for pool in pools for each in pool], 0),
            middle_and_ends([100.0 * float(np.sqrt(each.variance[0])) for each in priors]),
            middle_and_ends([float(each.freedom[0]) for each in priors]),
        ]
        for rule in others:
            both = zip(of_runs, priors, strict=True)
            shown.append(
                middle_and_ends([median_width(rule, *each, prior) for each, prior in both])
            )
        print_row([f"{kind}s", str(len(pools)), *shown])


def median_width(rule: str, variances: Array, freedom: Array, prior: Prior) -> float:
    """As a share of t's."""
    halves = [RULES[each](variances, freedom, prior) / np.sqrt(freedom + 1) for each in (rule, "t")]
    return float(np.median(halves[0]) / np.median(halves[1]))


def middle_and_ends(values: Sequence[float], digits: int = 2) -> str:
    """`1.53 (0.80 to 2.10)`: the median, the smallest and the largest; ∞ from `NEARLY_INFINITE`."""
    three = (float(np.median(values)), min(values), max(values))
    shown = ["∞" if each >= NEARLY_INFINITE else f"{each:.{digits}f}" for each in three]
    return shown[0] if three[1] == three[2] else f"{shown[0]} ({shown[1]} to {shown[2]})"


CHECKS: tuple[tuple[Kind, Check], ...] = (
    ("ratio", "hold 1"),
    ("ratio", "predict the others"),
    ("time", "predict the others"),
)


def print_checked(runs: Sequence[Sequence[Quantity]], launches: int) -> None:
    """A row for each check, as of simulated runs; nothing where nothing can be checked."""
    rows: list[list[str]] = []
    for kind, check in CHECKS:
        if found := checked(runs, kind, launches, check):
            of_t = found.half["t"]
            shown = [
                str(coverage(found.held[rule], found.third, found.half[rule], of_t))
                for rule in RULES
            ]
            rows.append([f"{kind}s {check}", str(len(of_t)), *shown])
    if rows:
        print(f"\nParts of {launches} launches: {LEGEND}\n")
        print_heads(["check", "intervals", *RULES])
        for row in rows:
            print_row(row)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--cells", type=int, default=54)
    parser.add_argument("--launches", type=int, nargs="+", default=[3, 4, 5, 8])
    parser.add_argument("--runs", type=Path, nargs="+", default=[])
    parser.add_argument("--equal-sides", action="store_true", help="the A/B's sides are one code")
    args = parser.parse_args()
    if not args.runs:
        print_simulated(args.trials, args.cells, args.launches)
        return
    runs = [quantities(path, args.equal_sides) for path in args.runs]
    print_priors(runs)
    for launches in args.launches:
        print_checked(runs, launches)


if __name__ == "__main__":
    main()
