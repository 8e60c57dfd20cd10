"""What `xbench compare` costs beside `pytest-benchmark compare`, by the number of cells.

    python tests/tools/compare_cost.py [--cells 200 2000] [--runs 5]

Both compare two files of the same names, of 35 samples a cell: xbench as 5 launches of 7 rounds, in
a journal and its summary as a run writes them. Each figure is of fresh processes, taken in turns.
Nothing is asserted: the table is for people.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles, stdev
from typing import Any

import tests_on_path  # noqa: F401

from helpers.made_runs import VARIANTS, benchmark_json, families, write_run
from xbench.analysis.summary import summarise
from xbench.engine.run_plan import write_summary
from xbench.process.child import ROOT
from xbench.records.journal import SUMMARY
from xbench.records.read import read_run

LAUNCHES, ROUNDS = 5, 7
WIDTHS = tuple(512 * 2**power for power in range(8))
SIDES = ("base", "head")


def row(name: str, chance: random.Random) -> dict[str, Any]:
    """A benchmark as pytest-benchmark saves it."""
    data = sorted(1e-3 * chance.lognormvariate(0.0, 0.02) for _ in range(LAUNCHES * ROUNDS))
    first, middle, third = quantiles(data, n=4)
    stats = {
        "min": data[0],
        "max": data[-1],
        "mean": sum(data) / len(data),
        "stddev": stdev(data),
        "rounds": len(data),
        "median": middle,
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": 0,
        "stddev_outliers": 0,
        "outliers": "0;0",
        "ld15iqr": data[0],
        "hd15iqr": data[-1],
        "ops": 1.0 / middle,
        "total": sum(data),
        "data": data,
        "iterations": 1,
    }
    return {
        "group": None,
        "name": name,
        "fullname": f"bench.py::{name}",
        "params": None,
        "param": None,
        "extra_info": {},
        "options": {},
        "stats": stats,
    }


def write_files(folder: Path, count: int) -> None:
    """Two sides for each tool."""
    cells = families(count // len(WIDTHS) // len(VARIANTS), WIDTHS)
    chance = random.Random(3)
    machine = {"cpu": "Test CPU", "cores": 8, "ram_bytes": 64 * 10**9, "gpus": []}
    environment = {"machine": machine, "machine_key": "0123456789ab"}
    for side in SIDES:
        rows = [row(f"test_{cell.id.replace('/', '_')}", chance) for cell in cells]
        (folder / f"{side}.json").write_text(benchmark_json(rows), encoding="utf-8")
        run = write_run(
            folder / side, cells, LAUNCHES, ROUNDS, environment=environment, run_id=side
        )
        write_summary(run / SUMMARY, summarise(read_run(run)))


def seconds(folder: Path, command: Sequence[str]) -> float:
    """Of one process, from its start to its end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    script = Path(sys.executable).with_name("pytest-benchmark")
    commands = {
        "pytest-benchmark compare": [str(script), "compare", "base.json", "head.json"],
        "xbench compare": [sys.executable, "-m", "xbench", "compare", *SIDES],
    }
    print(f"{'cells':>6}  {'tool':<26}{'median s':>9}{'least s':>9}{'most s':>9}")
    for count in options.cells:
        with tempfile.TemporaryDirectory() as name:
            write_files(Path(name), count)
            taken: dict[str, list[float]] = {tool: [] for tool in commands}
            for _ in range(options.runs):
                for tool, command in commands.items():
                    taken[tool].append(seconds(Path(name), command))
        for tool, found in taken.items():
            print(
                f"{count:>6}  {tool:<26}{median(found):>9.2f}{min(found):>9.2f}{max(found):>9.2f}"
            )


if __name__ == "__main__":
    main()
