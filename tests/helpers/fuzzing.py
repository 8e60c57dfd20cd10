"""Damaged inputs for a case, and what came of each."""

from __future__ import annotations

import os
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from helpers.damage import damaged
from helpers.fuzz_cases import Case
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
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
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
