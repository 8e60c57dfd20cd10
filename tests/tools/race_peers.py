"""Comparisons whose answer is known, by `timeit`, `torch.utils.benchmark`, `perfplot` and
`xbench.race` in equal time, beside bursts of another process.

    python tests/tools/race_peers.py [--trials 10] [--seconds 10] [--quiet] [--tools timeit xbench]

Printed for each comparison and tool: the root mean square and the worst of the error of the ratio,
how far trials scatter, how many intervals held the truth, and the seconds of a trial. Each trial is
a process of its own, as a person runs a script. `perfplot` is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path
from statistics import fmean, pstdev

from tests_on_path import TESTS

COMPARISONS = {
    "busy waits of 1.10 and 1.00 ms": (
        1.10,
        """
import time
def wait(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds > 0
given = ()
def one():
    return wait(1.10e-3)
def other():
    return wait(1.00e-3)
""",
    ),
    "22 and 20 sines of 10 000 numbers": (
        1.10,
        """
import numpy as np
given = (np.linspace(0.0, 1.0, 10_000),)
def one(x):
    y = x
    for _ in range(22):
        y = np.sin(x)
    return y
def other(x):
    y = x
    for _ in range(20):
        y = np.sin(x)
    return y
""",
    ),
    "the same product twice": (
        1.0,
        """
import numpy as np
given = (np.random.rand(128, 128),)
def one(x):
    return x @ x
def other(x):
    return x @ x
""",
    ),
}
"""By name: the true ratio of `one` over `other`, and the code that makes both."""

TOOLS = {
    "timeit": """
import timeit
def median(function):
    timer = timeit.Timer(lambda: function(*given))
    number, took = timer.autorange()
    found = timer.repeat(max(int(seconds / 2 / took), 1), number)
    return min(found) / number
found = median(one) / median(other), None, None
""",
    "torch.utils.benchmark": """
import torch
from torch.utils.benchmark import Timer
def median(function):
    timer = Timer("function(*given)", globals={"function": function, "given": given})
    return timer.blocked_autorange(min_run_time=seconds / 2).median
found = median(one) / median(other), None, None
""",
    "perfplot": """
import perfplot
def with_arguments(function):
    return lambda _: function(*given)
shown = perfplot.bench(setup=lambda n: n, kernels=[with_arguments(one), with_arguments(other)],
                       n_range=[1], equality_check=None, target_time_per_measurement=seconds / 2)
found = shown.timings_s[0][0] / shown.timings_s[1][0], None, None
""",
    "xbench.race": """
import xbench
ratio = xbench.race({"one": one, "other": other}, args=given, budget=seconds).ratio("one", "other")
found = ratio.value, ratio.low, ratio.high
""",
}
"""By name: the code that makes `found` (the ratio, and its interval) in so many `seconds`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """ln(measured / true), whether the interval held the truth (None without one), seconds."""

    error: float
    covered: bool | None
    seconds: float


def trial(code: str, truth: float, tool: str, seconds: float) -> Trial:
    """One comparison by one tool, in a process of its own."""
    script = f"seconds = {seconds}\n{code}\n{TOOLS[tool]}\nimport json; print(json.dumps(found))"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=TESTS.parent,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    took = time.monotonic() - began
    value, low, high = json.loads(done.stdout.splitlines()[-1])
    covered = None if low is None else low <= truth <= high
    return Trial(log(value / truth), covered, took)


def line(tool: str, trials: list[Trial]) -> str:
    """A line of the table."""
    errors = [each.error for each in trials]
    rms = sqrt(fmean(error * error for error in errors))
    worst = max(map(abs, errors))
    known = [each.covered for each in trials if each.covered is not None]
    held = f"{sum(known)} of {len(known)}" if known else "–"
    seconds = fmean(each.seconds for each in trials)
    return (
        f"  {tool:22} {100 * rms:7.2f} % {100 * worst:7.2f} % {100 * pstdev(errors):7.2f} % "
        f"{held:>9} {seconds:7.1f} s"
    )


def bursts(quiet: bool) -> AbstractContextManager[object]:
    """The process that disturbs, or nothing."""
    if quiet:
        return nullcontext()
    burn = Path(__file__).with_name("burn.py")
    return subprocess.Popen([sys.executable, str(burn)], stdin=subprocess.PIPE)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0, help="of one trial, for both sides")
    parser.add_argument("--quiet", action="store_true", help="without bursts beside")
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=list(TOOLS))
    options = parser.parse_args()
    there = [
        tool
        for tool in options.tools
        if tool != "perfplot" or importlib.util.find_spec("perfplot") is not None
    ]
    with bursts(options.quiet):  # its input is closed at the end, which ends it
        for name, (truth, code) in COMPARISONS.items():
            print(f"{name}, true ratio {truth:g}")
            print(f"  {'tool':22} {'RMS':>9} {'worst':>9} {'spread':>9} {'held':>9} {'trial':>9}")
            found: dict[str, list[Trial]] = {tool: [] for tool in there}
            for _ in range(options.trials):  # tools in turn: each meets the same weather
                for tool in there:
                    found[tool].append(trial(code, truth, tool, options.seconds))
            for tool in there:
                print(line(tool, found[tool]), flush=True)


if __name__ == "__main__":
    main()
