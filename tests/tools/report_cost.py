"""What a report costs, by the number of cells: time, memory, the size of its page.

    python tests/tools/report_cost.py [--cells 1250 2500 5000 10000 20000] [--keep FOLDER]

Each journal is made up: curves of ten widths and five variants, groups of five cells, five launches
of seven rounds, every list of samples filled as a run fills it. Each report is a fresh process.
Nothing is asserted: the table is for people. `--keep` leaves journals and reports in a folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.large_journals import write_journal
from xbench.process.child import ROOT
from xbench.records.journal import JOURNAL

CELLS = (1250, 2500, 5000, 10000, 20000)
MEGA = 1e6
COLUMNS = ("cells", "journal MB", "seconds", "s / 1000 cells", "CPU s", "peak MB", "page MB")


def report(run: Path, out: Path) -> tuple[float, float, int]:
    """Write a run's report in a fresh process.

    Returns: seconds; those of processors, its own processes' too; the most bytes that it held in
    memory."""
    command = [sys.executable, "-m", "xbench", "report", str(run), "--out", str(out)]
    began = time.perf_counter()
    silent, piped = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=silent, stderr=piped) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the report of {run} ended with {process.returncode}: {said}")
    cpu = usage.ru_utime + usage.ru_stime
    return seconds, cpu, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(folder: Path, count: int) -> tuple[str, ...]:
    """A row of the table."""
    run, out = folder / f"run-{count}", folder / f"report-{count}"
    if not run.exists():
        write_journal(run, count)
    seconds, cpu, peak = report(run, out)
    return (
        str(count),
        f"{(run / JOURNAL).stat().st_size / MEGA:.1f}",
        f"{seconds:.1f}",
        f"{1000 * seconds / count:.2f}",
        f"{cpu:.1f}",
        f"{peak / MEGA:.0f}",
        f"{(out / 'index.html').stat().st_size / MEGA:.1f}",
    )


def main(counts: Sequence[int], folder: Path) -> None:
    """Print the table, a row as soon as it is known."""
    print(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---:' for _ in COLUMNS)} |")
    for count in counts:
        print(f"| {' | '.join(measure(folder, count))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a report costs, by the number of cells.")
    parser.add_argument("--cells", type=int, nargs="+", default=CELLS, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep journals and reports")
    asked = parser.parse_args()
    if asked.keep:
        main(asked.cells, asked.keep)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(asked.cells, Path(scratch))
