"""How the readers of result files take damaged ones: inputs tried, read, refused and failed.

    python tests/tools/fuzz.py [--examples 20000] [--only journal Bencher] [--keep FOLDER]

Refused: an error of xbench's own, with a next step. Whatever else is raised has failed; the first
input of each kind of failure is kept in the folder, with what was raised.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.fuzz_cases import cases, own_cache
from helpers.fuzz_commands import commands
from helpers.fuzzing import Tally, campaign


def keep(tally: Tally, name: str, folder: Path | None) -> None:
    """Write what failed into the folder; without one, tell it."""
    for number, (data, said) in enumerate(tally.failures.values()):
        if folder is None:
            print(said, file=sys.stderr)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{name.replace(' ', '-').replace(':', '')}-{number}"
        (folder / f"{stem}.bin").write_bytes(data)
        (folder / f"{stem}.txt").write_text(said, encoding="utf-8", errors="replace")


def main() -> int:
    """Print the table. Returns: 1 if anything failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--only", nargs="*", default=[""])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    failed = 0
    print(f"{'reader':<32}{'tried':>8}{'read':>8}{'refused':>8}{'failed':>8}{'kinds':>7}{'s':>8}")
    with tempfile.TemporaryDirectory() as name, own_cache(Path(name)):
        for case in [*cases(Path(name)), *commands(Path(name))]:
            if not any(each in case.name for each in options.only):
                continue
            began = time.perf_counter()
            tally = campaign(case, Path(name), options.examples)
            seconds = time.perf_counter() - began
            counts = [tally.counts[each] for each in ("tried", "read", "refused", "failed")]
            print(
                f"{case.name:<32}"
                + "".join(f"{each:>8}" for each in counts)
                + f"{len(tally.failures):>7}{seconds:>8.1f}",
                flush=True,
            )
            failed += tally.counts["failed"]
            keep(tally, case.name, options.keep)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
