"""Reasons why a timed cell may have no number: made-up counters."""

from __future__ import annotations

import pytest

from xbench.engine.refuse import early_fence, too_many_threads, traced_again
from xbench.records.schema import CellLine, Samples

MS, US = 1_000_000, 1_000


def line(residual_ns: list[int], read_ns: int = 5 * US, wall_ns: int = 2 * MS) -> CellLine:
    timed = Samples(wall_ns=[wall_ns] * len(residual_ns), residual_ns=residual_ns)
    return CellLine(id="cell", calls=1, read_ns=read_ns, timed=timed)


@pytest.mark.parametrize(
    ("residual_ns", "wall_ns", "early"),
    [
        ([5 * US] * 20, 2 * MS, False),
        ([204 * US] * 20, 10 * MS, False),  # 199 µs more, and 2 % of the burst are 200
        ([206 * US] * 20, 10 * MS, True),
        ([104 * US] * 20, 2 * MS, False),  # never less than 100 µs
        ([106 * US] * 20, 2 * MS, True),
        ([5 * US] * 3 + [900 * US] * 17, 2 * MS, False),  # a busy machine delays many reads
        ([5 * US] * 2 + [900 * US] * 18, 2 * MS, True),
        ([5 * US] + [900 * US] * 6, 2 * MS, False),
        ([3 * MS] * 20, 200 * MS, False),
        ([], 2 * MS, False),
    ],
)
def test_a_fence_is_early_if_most_results_came_late(
    residual_ns: list[int], wall_ns: int, early: bool
) -> None:
    assert bool(early_fence(line(residual_ns, wall_ns=wall_ns))) is early


def test_what_is_slow_to_read_may_vary_by_as_much_and_more() -> None:
    """80 MB from a device: 6 ms, give or take one."""
    assert early_fence(line([7 * MS] * 20, 6 * MS, 4 * MS)) is None
    assert early_fence(line([25 * MS] * 20, 6 * MS, 4 * MS)) is not None


def test_an_early_fence_is_told_with_the_values() -> None:
    assert early_fence(line([505 * US] * 9)) == (
        "the fence returned early: results came 500 µs after the end of a burst of 2 ms"
    )


@pytest.mark.parametrize(
    ("cpu_ns", "threads", "refused"),
    [
        ([2 * MS] * 8, 1, False),
        ([2 * MS + 90 * US] * 8, 1, False),
        ([2 * MS + 110 * US] * 8, 1, True),
        ([4 * MS] * 8, 2, False),
        ([1 * MS] * 6 + [4 * MS] * 2, 1, True),  # most bursts were starved of cores
        ([1 * MS] * 7 + [4 * MS], 1, False),
    ],
)
def test_threads_are_counted_by_their_time(cpu_ns: list[int], threads: int, refused: bool) -> None:
    cell = CellLine(id="cell", timed=Samples(wall_ns=[2 * MS] * len(cpu_ns), cpu_ns=cpu_ns))
    assert bool(too_many_threads(cell, threads)) is refused


def test_no_time_is_no_evidence() -> None:
    assert too_many_threads(CellLine(id="cell"), 1) is None


def test_traces_are_counted() -> None:
    assert traced_again(3, 3) is None
    assert traced_again(3, 5) == "retraced or recompiled 2 times while timed"
