"""What it costs that a journal's lines are on the disk before a run goes on.

    python tests/tools/journal_cost.py [FOLDER]

Lines of groups of six cells with 40 rounds are written to a journal in FOLDER (default: a new one
where temporary files lie), once as it is and once without waiting for the disk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import tests_on_path  # noqa: F401

from helpers.journals import NUMPY, group, header, taken
from xbench.records.journal import Journal

LINES, CELLS, ROUNDS = 200, 6, 40


def written(folder: Path, sync: Callable[[int], None]) -> list[float]:
    """Seconds of each line."""
    real = os.fsync
    vars(os)["fsync"] = sync
    journal = Journal(folder / "run.jsonl")
    try:
        journal.write(header(NUMPY))
        line = group(0, *(taken(NUMPY, *range(1_000_000, 1_000_000 + ROUNDS)),) * CELLS)
        seconds = []
        for _ in range(LINES):
            start = time.perf_counter()
            journal.write(line)
            seconds.append(time.perf_counter() - start)
        return seconds
    finally:
        journal.close()
        vars(os)["fsync"] = real


def main() -> None:
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    for name, sync in (("on the disk", os.fsync), ("with the kernel", lambda _: None)):
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            seconds = written(Path(folder), sync)
            size = (Path(folder) / "run.jsonl").stat().st_size / LINES
        high = quantiles(seconds, n=20)[-1]
        print(
            f"{name:16} median {1e3 * median(seconds):.2f} ms, 95 % below {1e3 * high:.2f} ms a "
            f"line of {size / 1e3:.0f} kB"
        )


if __name__ == "__main__":
    main()
