"""`xbench selftest --aa`: commits that change nothing must not be found slower."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from xbench.registry import load_backend
from xbench.selftest.aa import NOISY, most_alarms
from xbench.selftest.checks import BROKEN, Check
from xbench.selftest.no_change import KINDS, MISSED, Found, compare_pair

BACKENDS = ("numpy", "torch", "tensorflow")
MISS_RATE = 0.05
"""Of first intervals; that they miss 1 at all is due to them being 95 % intervals."""


def no_change_checks(pairs: int) -> Iterator[Check]:
    """Compare so many pairs by `xbench ab`; nothing stays on disk."""
    backends = [name for name in BACKENDS if load_backend(name).probe().installed]
    found: list[Found] = []
    problem = ""
    with TemporaryDirectory(prefix="xbench-no-change-") as root:
        for number in range(pairs):
            kind = KINDS[-1 - number % len(KINDS)]  # everything at once comes first
            folder = Path(root).resolve() / str(number)
            try:
                found += compare_pair(folder, number, kind, backends)
            except RuntimeError as error:
                problem = str(error).strip().splitlines()[-1]
                break
    yield Check(
        "no change: comparisons", str(len(found)), "1 or more", bool(found),
        problem or BROKEN,
    )  # fmt: skip
    if found:
        yield from judged(found)


def judged(found: list[Found]) -> Iterator[Check]:
    """How many first intervals miss the truth, and how many alarms fresh launches confirmed."""
    missed = sum(each.misses(MISSED) for each in found)
    most = most_alarms(len(found), MISS_RATE)
    yield Check(
        f"no change: beyond {MISSED:.0%}", f"{missed} of {len(found)}", f"at most {most}",
        missed <= most, NOISY,
    )  # fmt: skip
    confirmed = sum(each.confirmed for each in found)
    yield Check(
        "no change: called slower", f"{confirmed} of {len(found)}", "0", confirmed == 0, BROKEN
    )
