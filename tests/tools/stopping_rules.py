"""How often intervals hold the truth where a run stops because something is decided.

    python tests/tools/stopping_rules.py [--runs 60000]

Simulated: launches whose logarithms spread by 1. A run looks after each launch from the third on,
and stops when its verdict at the level of a look is not `inconclusive`; the interval shown then has
a level of its own. Coverage is the least over true ratios of 0 to 30 spreads and margins of 0 to 2.
Nothing is asserted: the table is for people.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import tests_on_path  # noqa: F401

from xbench.analysis.interval import LEVEL, t_quantile
from xbench.analysis.stopping import DECIDING_LEVEL, LOOK_LEVEL

RULES = ((LEVEL, LEVEL), (0.99, LEVEL), (LOOK_LEVEL, LEVEL), (LOOK_LEVEL, DECIDING_LEVEL))
"""The level of a look, and of the interval shown."""

FIRST = 3
MOST = (3, 4, 6, 8, 12, 20)
RATIOS = (0.0, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 30.0)
MARGINS = (0.0, 0.3, 1.0, 2.0)

Moments = dict[int, tuple["np.ndarray[tuple[int], np.dtype[np.float64]]", ...]]


def moments(runs: int) -> Moments:
    """By the number of launches: each run's mean, and its standard error."""
    values = np.random.default_rng(7).standard_normal((runs, MOST[-1]))
    return {
        n: (values[:, :n].mean(axis=1), values[:, :n].std(axis=1, ddof=1) / np.sqrt(n))
        for n in range(FIRST, MOST[-1] + 1)
    }


def coverage(
    known: Moments, ratio: float, margin: float, look: float, shown: float, most: int
) -> float:
    """Of one true ratio, whose logarithm is given in spreads, as the margin is."""
    running = np.ones(len(known[FIRST][0]), bool)
    held = 0
    for n in range(FIRST, most + 1):
        error, deviation = known[n]
        mean, half = ratio + error, t_quantile(0.5 + 0.5 * look, n - 1) * deviation
        apart = np.abs(mean) - half > margin
        same = np.abs(mean) + half < margin
        stops = running & (apart | same | (n == most))
        held += int(
            (stops & (np.abs(error) <= t_quantile(0.5 + 0.5 * shown, n - 1) * deviation)).sum()
        )
        running &= ~stops
    return held / len(running)


def table(runs: int) -> Iterator[str]:
    """A row a rule, a column the most launches of a run."""
    known = moments(runs)
    yield "| stops at | shows | " + " | ".join(f"{most} launches" for most in MOST) + " |"
    yield "| ---: " * (2 + len(MOST)) + "|"
    for look, shown in RULES:
        least = (
            min(
                coverage(known, ratio, margin, look, shown, most)
                for ratio in RATIOS
                for margin in MARGINS
            )
            for most in MOST
        )
        cells = " | ".join(f"{100 * each:.1f}" for each in least)
        yield f"| {100 * look:g} % | {100 * shown:g} % | {cells} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=60_000)
    for line in table(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
