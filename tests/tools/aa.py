"""How far apart two identical cells are measured: xbench, and three other tools beside it.

    python tests/tools/aa.py [--trials 20] [--widths 512 20480] [--quiet] [--tools xbench torch ...]

One torch training step (100 x 1 -> H -> 1, Adam, mean squared error, eager) is measured as A and
as B, whose true ratio is 1, while a process in the background burns CPU in random bursts (1 s on
average, 1.5 s apart; --quiet: none). Printed for each tool and width: the RMS of |ln ratio| with
its 90 % range, the worst, how many intervals held the truth, and the seconds for both sides.
xbench's runs are kept in --keep DIR, for `tests/tools/estimators.py` to read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path

import aa_tools
import tests_on_path  # noqa: F401

from helpers.places import ROOT, TESTS
from xbench import registry
from xbench.analysis.ratios import compare_cells
from xbench.engine.progress import Progress, SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.machine.machine import available_bytes, this_machine
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.suites.presets import PRESETS

LAUNCHES, ROUNDS_S, BUDGET_S = 10, 1.0, 23.5
"""As many launches as the time buys, ten at most; ending the last workers takes a moment more."""


@dataclass(frozen=True, slots=True)
class Trial:
    """ln(A / B), whether the interval held 0 (None without one), seconds for both sides."""

    error: float
    covered: bool | None
    seconds: float


def xbench_trial(width: int, number: int, keep: Path) -> Trial:
    """Measure the step as `torch` and as `twin`, paired, in as many launches as fit."""
    start = time.monotonic()
    axes = {"op": ("mlp_train",), "width": (str(width),), "backend": ("torch", "twin")}
    rows = build_rows(Selection(PRESETS["quick"], (), axes | {"mode": ("eager",)}), ("cpu",), 1)
    cores = this_machine().cores
    plan = make_plan(rows, LAUNCHES, ROUNDS_S, cores, available_bytes())
    folder = make_run_folder(keep, f"{width}-{number:02}").resolve()
    header = make_header(plan, folder.name, "aa", ["aa"], number)
    progress: Progress = SilentProgress()
    settings = Settings(number, folder, budget_s=BUDGET_S)
    run, summaries = run_plan(plan, settings, header, progress)
    found = compare_cells(run, summaries)[0].ratio
    assert found.low is not None
    assert found.high is not None
    return Trial(log(found.value), found.low <= 1.0 <= found.high, time.monotonic() - start)


def tool_trial(measure: Callable[[int], float], width: int) -> Trial:
    """Measure the step twice with another tool, one after the other."""
    start = time.monotonic()
    error = log(measure(width) / measure(width))
    return Trial(error, None, time.monotonic() - start)


def rms_range(errors: list[float]) -> tuple[float, float, float]:
    """RMS and its 90 % range, errors being normal around 0 (chi-square of as many degrees)."""
    from scipy.stats import chi2

    count = len(errors)
    squares = sum(each * each for each in errors)
    low, high = (sqrt(squares / chi2.ppf(share, count)) for share in (0.95, 0.05))
    return sqrt(squares / count), low, high


def report(tool: str, width: int, trials: list[Trial]) -> None:
    """Print one row."""
    errors = [trial.error for trial in trials]
    rms, low, high = rms_range(errors)
    intervals = [trial.covered for trial in trials if trial.covered is not None]
    covered = f"{sum(intervals)} of {len(intervals)}" if intervals else "no interval"
    seconds = sum(trial.seconds for trial in trials) / len(trials)
    print(
        f"| {tool} | {width} | {rms:.2%} | {low:.2%} to {high:.2%} | {max(map(abs, errors)):.2%} "
        f"| {covered} | {seconds:.1f} |",
        flush=True,
    )


def main() -> None:
    """Run every tool at every width."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--widths", type=int, nargs="+", default=[512, 20480])
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--tools", nargs="+", default=["xbench", *aa_tools.TOOLS])
    parser.add_argument("--keep", type=Path, default=None)
    options = parser.parse_args()
    registry.BACKENDS = registry.BACKENDS | {"twin": "helpers.twin_torch:Twin"}
    os.environ["PYTHONPATH"] = f"{TESTS}{os.pathsep}{ROOT}"
    keep = options.keep or Path(tempfile.mkdtemp(prefix="xbench-aa-"))
    print("| tool | width | RMS | 90 % range | worst | covered | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    burn = [sys.executable, str(Path(__file__).with_name("burn.py"))]
    with nullcontext() if options.quiet else subprocess.Popen(burn, stdin=subprocess.PIPE):
        for tool in options.tools:
            for width in options.widths:
                numbers = range(options.trials)
                if tool == "xbench":
                    trials = [xbench_trial(width, number, keep) for number in numbers]
                else:
                    trials = [tool_trial(aa_tools.TOOLS[tool], width) for _ in numbers]
                report(tool, width, trials)
    print(f"\nraw rounds: {keep}")


if __name__ == "__main__":
    main()
