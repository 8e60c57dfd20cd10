"""Commits that change nothing, compared as a user would: `xbench ab` must find no difference.

    python tests/tools/no_change.py [--pairs 20] [--bursts] [--backend numpy torch tensorflow]

Each pair is a small git repository of its own with two commits that execute the same bytecode, or
two virtual environments with the same packages (`xbench/selftest/no_change.py`). `xbench ab`
compares NumPy, PyTorch and TensorFlow on 100 x 4, 100 x 512 and 100 x 20480 float32; the true ratio
is 1. Printed for each cell: the RMS of ln ratio, how many first intervals miss 1, and miss it by
more than 1 %, how many cells seemed slower at first and how many were confirmed. --bursts: a
process in the background burns one core in random bursts, 1 s on average, 1.5 s apart."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from math import log, sqrt
from pathlib import Path
from statistics import fmean, median

from xbench.selftest.no_change import ENVIRONMENTS, KINDS, MISSED, WIDTHS, Found, compare_pair


def shown(found: Found) -> str:
    """A finding in a few words."""
    interval = f"[{found.low:.3f}, {found.high:.3f}]"
    return f"{found.name} {found.ratio:.3f} {interval}{' confirmed' * found.confirmed}"


def table(every: Sequence[Found]) -> str:
    """A row a cell, and one for all."""
    heads = (
        "cell",
        "intervals",
        "RMS",
        "median half-width",
        "miss 1",
        "by over 1 %",
        "slower at first",
        "confirmed",
    )
    rows = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    by_cell: dict[str, list[Found]] = defaultdict(list)
    for each in every:
        by_cell[each.name].append(each)
    for name, mine in (*sorted(by_cell.items()), ("all", [*every])):
        rms = sqrt(fmean(log(each.ratio) ** 2 for each in mine))
        half = median(log(each.high / each.low) / 2 for each in mine)
        counts = (
            sum(each.misses() for each in mine),
            sum(each.misses(MISSED) for each in mine),
            sum(each.flagged for each in mine),
            sum(each.confirmed for each in mine),
        )
        figures = " | ".join(map(str, counts))
        rows.append(f"| {name} | {len(mine)} | {rms:.2%} | {half:.2%} | {figures} |")
    return "\n".join(rows)


def main() -> None:
    """Make the pairs, compare each, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="seed of the first pair")
    parser.add_argument("--bursts", action="store_true")
    parser.add_argument("--width", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--backend", nargs="+", default=["numpy", "torch", "tensorflow"])
    parser.add_argument("--keep", type=Path, default=None, help="where the runs are kept")
    parser.add_argument("--ab", nargs=argparse.REMAINDER, default=[], help="more options of ab")
    options = parser.parse_args()
    keep = (options.keep or Path(tempfile.mkdtemp(prefix="xbench-no-change-"))).resolve()
    kinds, every = (*KINDS, ENVIRONMENTS), list[Found]()
    burn = [sys.executable, str(Path(__file__).with_name("burn.py"))]
    with subprocess.Popen(burn, stdin=subprocess.PIPE) if options.bursts else nullcontext():
        for seed in range(options.first, options.first + options.pairs):
            kind, start = kinds[seed % len(kinds)], time.monotonic()
            found = compare_pair(
                keep / f"pair-{seed:02}", seed, kind, options.backend, options.width, options.ab
            )
            every += found
            off = "; ".join(shown(each) for each in found if each.misses(MISSED))
            seconds = time.monotonic() - start
            print(f"{seed:2} {kind:12} {seconds:4.0f} s  {len(found)} cells  {off}", flush=True)
    print(f"\n{table(every)}\n\nruns: {keep}")


if __name__ == "__main__":
    main()
