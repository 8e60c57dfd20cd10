"""Estimators held against trials whose ratio is known, or 1."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from statistics import fmean

from helpers.candidates import CANDIDATES, Pair
from helpers.machines import Launch
from xbench.analysis.interval import over_launches
from xbench.analysis.ratios import rounds_of
from xbench.records.read import read_run

Trial = list[Launch]


def from_journal(path: Path) -> list[Trial]:
    """A trial for each group of two cells, with all launches in which both have times."""
    found: dict[str, Trial] = {}
    for group in read_run(path).groups:
        cells = [line for line in group.cells if line.status == "ok"]
        if len(cells) == 2:
            both = zip(*(each.timed.involuntary_switches for each in cells), strict=True)
            upper, lower = rounds_of(group, {each.id for each in cells}).values()
            launch = Launch(upper, lower, [sum(each) for each in both])
            found.setdefault(group.group, []).append(launch)
    return list(found.values())


def row(name: str, scenarios: dict[str, list[Trial]]) -> str:
    """One estimator's row: RMS, worst, coverage of each scenario, and the largest RMS."""
    columns, largest = [], 0.0
    for trials in scenarios.values():
        logs = [[CANDIDATES[name](Pair(launch)) for launch in trial] for trial in trials]
        means = [fmean(each) for each in logs]
        rms = 100.0 * sqrt(fmean(each * each for each in means))
        ends = [(each.low, each.high) for each in map(over_launches, logs)]
        held = [low <= 1.0 <= high for low, high in ends if low is not None and high is not None]
        covered = f"{100.0 * fmean(held):.0f}" if held else "–"
        columns.append(f"{rms:.2f} {100.0 * max(map(abs, means)):.1f} {covered}")
        largest = max(largest, rms)
    return "| ".join([f"| {name:48}", *(f"{each:13}" for each in columns), f"{largest:.2f} |"])
