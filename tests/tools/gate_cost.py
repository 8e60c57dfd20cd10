"""What a gate costs, by the number of cells and stored runs: time and memory.

    python tests/tools/gate_cost.py [--sizes 200x20 2000x200]

Runs are made up; each gate is a fresh process. Nothing is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.made_history import Made, steady, write_run
from xbench.process.child import ROOT

SIZES = ("200x20", "2000x200")
LINE_BYTES = 1400
"""Of a real run's `summary.jsonl`."""


def names(count: int) -> list[str]:
    """Ids of so many cells."""
    return [
        f"mlp_train/n{number}-c10-h512-i784/float32/torch/cpu/eager/autograd/tall"
        for number in range(count)
    ]


def make(folder: Path, cells: int, runs: int) -> None:
    """Stored runs of equal cells, and one more."""
    steady(folder, runs, names(cells))
    write_run(folder, runs, {each: Made(1e-3) for each in names(cells)})
    for file in folder.glob("*/summary.jsonl"):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            line["padding"] = "x" * (LINE_BYTES - 620)
        text = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)
        file.write_text(text)


def gate(folder: Path) -> tuple[float, float, int]:
    """Seconds, those of the processor, and the most bytes held."""
    command = [sys.executable, "-m", "xbench", "gate", "--baseline", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, process.returncode
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description="What a gate costs.")
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="CELLSxRUNS")
    print("| cells | runs | seconds | CPU s | peak MB |\n| ---: | ---: | ---: | ---: | ---: |")
    for size in parser.parse_args().sizes:
        cells, runs = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch), cells, runs)
            seconds, cpu, peak = gate(Path(scratch))
        print(f"| {cells} | {runs} | {seconds:.2f} | {cpu:.2f} | {peak / 1e6:.0f} |", flush=True)


if __name__ == "__main__":
    main()
