"""Smoke sweeps again and again in one process: what it holds must not grow.

    python tests/tools/soak.py --minutes 30

A sweep is `xbench run --preset smoke`, report included. After each: the process's resident memory,
open files, threads, and processes that are left of it. The first sweeps import and warm up; the
rest is told by its first and its last quarter, by the least in each: what lies on top of the heap
comes and goes, 10 MB of it. Exit status 1 if something grew.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil

from xbench.cli import main as xbench

WARM_UP = 3
MOST_GROWTH = 0.05
"""Of the resident memory, from the first quarter to the last."""

NAMES = ("MB resident", "open files", "threads", "processes left")


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds between two sweeps."""

    megabytes: float
    files: int
    threads: int
    children: int

    @classmethod
    def now(cls) -> Held:
        """Read it; of the processes it started, the watcher stays."""
        gc.collect()
        me = psutil.Process()
        children = [child for child in me.children(recursive=True) if child.status() != "zombie"]
        memory = me.memory_info().rss / 1e6
        return cls(memory, me.num_fds(), me.num_threads(), len(children))


def sweep(folder: Path) -> int:
    """One smoke sweep with its report; what it said is shown if it failed. Returns: the status."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = xbench(["run", "--preset", "smoke", "--out", str(folder)])
    if status:
        print(said.getvalue())
    return status


def quarters(held: list[Held]) -> list[tuple[str, float, float]]:
    """Each figure's name, and its least in the first quarter and in the last."""
    part = max(1, len(held) // 4)
    columns = list(zip(*map(astuple, held), strict=True))
    return [
        (name, min(column[:part]), min(column[-part:]))
        for name, column in zip(NAMES, columns, strict=True)
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    held: list[Held] = []
    end, failed = time.monotonic() + 60.0 * minutes, 0
    while time.monotonic() < end or len(held) < 4:
        with tempfile.TemporaryDirectory(prefix="xbench-soak-") as folder:
            failed += sweep(Path(folder)) != 0
        held.append(Held.now())
        print(f"{len(held):4d}  {held[-1]}", flush=True)
    told = quarters(held[WARM_UP:] or held)
    print(f"{len(held)} sweeps in {minutes:g} minutes, {failed} failed")
    for name, first, last in told:
        print(f"{name:15} {first:8.1f} at first, {last:8.1f} at last")
    (_, first, last), *others = told
    grew = last > (1.0 + MOST_GROWTH) * first or any(later > early for _, early, later in others)
    return 1 if grew or failed else 0


if __name__ == "__main__":
    sys.exit(main())
