"""A/A through the default preset: what a run that decides for itself says of equal cells.

    python tests/tools/aa_preset.py [--runs 20] [--width 512 20480] [--time 60] [--bursts]

Each run is the preset `quick` with NumPy, PyTorch and a twin of each, which is the same adapter
under another name, in eager mode. The true ratio of a cell and its twin is 1. A run makes three
launches, and more within --time seconds for workloads that are not decided, as the preset does.

Printed for each number of launches, for each cell and for all: how many intervals of ratios hold 1,
how many twins are called different, the RMS of ln ratio, and the median half-width. Printed then:
by how much the ratios of whole runs vary more than their launches say (1: no more), which is what a
cell keeps for a whole run. --bursts: a process in the background burns one core in random bursts,
1 s on average, 1.5 s apart. --keep DIR keeps the runs; --read DIR only reads kept ones."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from math import log, sqrt
from pathlib import Path
from statistics import fmean, median, variance
from typing import NamedTuple

import tests_on_path  # noqa: F401

from helpers.places import ROOT, TESTS
from xbench import registry
from xbench.analysis.ratios import ratios
from xbench.analysis.summary import summarise
from xbench.engine.progress import SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.plan.effort import Effort, plan_selection
from xbench.plan.select import Selection
from xbench.records.journal import JOURNAL, make_run_folder
from xbench.records.read import Run, read_run
from xbench.suites.presets import QUICK

TWINS = {
    "numpy": ("second", "helpers.twins:Second"),
    "torch": ("twin", "helpers.twin_torch:Twin"),
}
"""Name and "module:Class" of each backend's twin."""


class Equal(NamedTuple):
    """A cell and its twin in one run: the logs of their ratio by launch, the run's own estimate,
    and whether it calls them different."""

    cell: str
    logs: tuple[float, ...]
    ratio: float
    low: float
    high: float
    different: bool


def measure(number: int, widths: Sequence[str], time_s: float, keep: Path) -> Run:
    """One run of the preset, with twins."""
    names = [*TWINS, *(name for name, _ in TWINS.values())]
    axes = {"backend": tuple(names), "width": tuple(widths), "mode": ("eager",)}
    plan = plan_selection(Selection(QUICK, (), axes), Effort(budget_s=time_s))
    folder = make_run_folder(keep, f"aa-{number:03}").resolve()
    header = make_header(plan, folder.name, "quick", ["aa_preset"], number)
    run, _ = run_plan(plan, Settings(number, folder), header, SilentProgress())
    return run


def equals(run: Run) -> Iterator[Equal]:
    """The twins of a run that have an interval."""
    _, chosen = ratios(run, summarise(run))
    for each in chosen:
        one, other = each.cell.key, each.reference.key
        alike = (one.mode, one.gradient) == (other.mode, other.gradient)
        ratio = each.ratio
        if alike and TWINS.get(other.backend, ("",))[0] == one.backend and ratio.low is not None:
            assert ratio.high is not None
            name = f"{other.op} {each.cell.width} {other.backend} {other.mode}"
            different = each.verdict in ("faster", "slower")
            yield Equal(name, each.logs, ratio.value, ratio.low, ratio.high, different)


def row(name: str, found: Sequence[Equal]) -> str:
    """A line of the table."""
    held = sum(each.low <= 1.0 <= each.high for each in found)
    different = sum(each.different for each in found)
    rms = sqrt(fmean(log(each.ratio) ** 2 for each in found))
    half = median(log(each.high / each.low) / 2 for each in found)
    share = f"{held} ({held / len(found):.1%})"
    return f"| {name} | {len(found)} | {share} | {different} | {rms:.2%} | {half:.2%} |"


def kept_by_runs(found: Sequence[Equal]) -> float:
    """The variance of runs around 1, against what their launches say it is (pooled): 1 if launches
    are independent draws, above if something differs between equal cells for a whole run."""
    several = [each for each in found if len(each.logs) > 1]
    of_runs = fmean(len(each.logs) * fmean(each.logs) ** 2 for each in several)
    return of_runs / fmean(variance(each.logs) for each in several)


def show(runs: Sequence[Run]) -> None:
    """Print the table."""
    found = [each for run in runs for each in equals(run)]
    print("| launches | ratios | hold 1 | called different | RMS of ln ratio | half-width |")
    print("| --- | --- | --- | --- | --- | --- |")
    by_launches: dict[int, list[Equal]] = defaultdict(list)
    by_cell: dict[str, list[Equal]] = defaultdict(list)
    for each in found:
        by_launches[len(each.logs)].append(each)
        by_cell[each.cell].append(each)
    for count, mine in sorted(by_launches.items()):
        print(row(str(count), mine))
    for cell, mine in sorted(by_cell.items()):
        print(row(cell, mine))
    print(row("all", found))
    print(f"\nvariance of runs, against that of their launches: {kept_by_runs(found):.2f}")


def main() -> None:
    """Measure, or read, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first run")
    parser.add_argument("--width", nargs="+", default=["512", "20480"])
    parser.add_argument("--time", type=float, default=60.0, help="seconds of a run")
    parser.add_argument("--bursts", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--read", type=Path)
    options = parser.parse_args()
    if options.read is not None:
        show([read_run(each.parent) for each in sorted(options.read.glob(f"*/{JOURNAL}"))])
        return
    registry.BACKENDS = registry.BACKENDS | dict(TWINS.values())
    os.environ["PYTHONPATH"] = f"{TESTS}{os.pathsep}{ROOT}"
    keep = options.keep or Path(tempfile.mkdtemp(prefix="xbench-aa-preset-"))
    burn = [sys.executable, str(Path(__file__).with_name("burn.py"))]
    with subprocess.Popen(burn, stdin=subprocess.PIPE) if options.bursts else nullcontext():
        numbers = range(options.first, options.first + options.runs)
        runs = [measure(number, options.width, options.time, keep) for number in numbers]
    show(runs)
    print(f"runs: {keep}")


if __name__ == "__main__":
    main()
