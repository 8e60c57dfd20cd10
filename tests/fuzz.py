"""How the readers of result files take damaged ones: inputs tried, read, refused and failed.

    python tests/fuzz.py [--examples 20000] [--only journal Bencher] [--keep FOLDER]

Refused: an error of xbench's own, with a next step. Whatever else is raised has failed; the first
input of each kind of failure is kept in the folder, with what was raised.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from damage import damaged
from fuzz_cases import Case, cases, own_cache
from fuzz_commands import commands
from hypothesis import HealthCheck, Phase, given, settings

from xbench.errors import XbenchError


@dataclass
class Tally:
    """What came of a case: counts, and one input for each place where it failed."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def add(self, came_of_it: str, data: bytes) -> None:
        """One input more."""
        self.counts["tried"] += 1
        kind = came_of_it if came_of_it in ("read", "refused") else "failed"
        self.counts[kind] += 1
        if kind == "failed":
            place = came_of_it.strip().rpartition("\n  File ")[2]
            smallest = self.failures.get(place, (data, came_of_it))
            self.failures[place] = min(smallest, (data, came_of_it), key=lambda each: len(each[0]))


def outcome(case: Case, folder: Path, data: bytes) -> str:
    """`read`, `refused`, or the traceback of what should not have been raised."""
    file = folder / case.file
    file.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if case.name == "suite file":
                warnings.simplefilter("ignore")
            case.read(folder)
    except XbenchError as error:
        if error.hint and error.message and "\n" not in error.hint:
            return "refused"
        return f"no hint, or several: {error}"
    except LookupError as error:
        if error.args == ("left out",):
            return "refused"
        return traceback.format_exc()
    except Exception:
        return traceback.format_exc()
    finally:
        file.write_bytes(case.good)
    return "read"


def campaign(case: Case, folder: Path, examples: int) -> Tally:
    """So many inputs, the same every time."""
    tally = Tally()

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(damaged(case.good))
    def one(data: bytes) -> None:
        tally.add(outcome(case, folder, data), data)

    assert outcome(case, folder, case.good) == "read", case.name
    one()
    return tally


def hold(case: Case, folder: Path, examples: int) -> None:
    """The case takes so many inputs, times XBENCH_FUZZ, and being cut off anywhere."""
    tally = campaign(case, folder, examples * int(os.environ.get("XBENCH_FUZZ", "1")))
    size = len(case.good)
    for end in range(0, size, -(-size // min(size, examples))):
        tally.add(outcome(case, folder, case.good[:end]), case.good[:end])
    assert not tally.failures, "\n".join(said for _, said in tally.failures.values())
    assert tally.counts["read"]


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
            print(f"{case.name:<32}" + "".join(f"{each:>8}" for each in counts)
                  + f"{len(tally.failures):>7}{seconds:>8.1f}", flush=True)  # fmt: skip
            failed += tally.counts["failed"]
            keep(tally, case.name, options.keep)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
