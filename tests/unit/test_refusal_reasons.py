"""Reasons why a timed cell may have no number: made-up counters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.made_keys import cell_key
from xbench.analysis.bound import Least
from xbench.engine.refusals import (
    WAIT,
    early_fence,
    less_work_than_usual,
    lone_call,
    moving_ns,
    operand_and_result_bytes,
    returns_old_results,
    too_fast,
    too_many_threads,
    traced_again,
    unfinished_after_fence,
)
from xbench.ops import get_op
from xbench.process.messages import KeptReply, NewOperandsReply, VariedReply
from xbench.records.schema import CellLine, Samples

MS, US = 1_000_000, 1_000


def line(residual_ns: list[int], read_ns: int = 5 * US, wall_ns: int = 2 * MS) -> CellLine:
    timed = Samples(wall_ns=[wall_ns] * len(residual_ns), residual_ns=residual_ns)
    return CellLine(key=cell_key(), calls=1, read_ns=read_ns, timed=timed)


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
        "the fence returned early: results came 500 µs after the end of a burst of 2 ms; " + WAIT
    )


def test_what_finished_tensors_cost_to_read_as_well_is_no_early_fence() -> None:
    """After a burst over 32 MB any first reading took torch 170 µs, of whatever."""
    slow = line([170 * US] * 9)
    assert early_fence(slow) is not None
    slow.timed.placed_ns = [165 * US] * 8
    assert early_fence(slow) is None


def kept(late_ns: list[int], wall_ns: int = 2 * MS, placed_ns: int = 2 * US) -> KeptReply:
    """Every call's result was read."""
    return KeptReply(len(late_ns), wall_ns, late_ns, [placed_ns] * 9)


@pytest.mark.parametrize(
    ("late_ns", "wall_ns", "refused"),
    [
        ([2 * US] * 20, 2 * MS, False),
        ([5 * US] * 20, 2 * MS, False),  # 20 µs in all beyond twice the usual
        ([13 * US] * 20, 2 * MS, True),
        ([500 * US] * 2 + [2 * US], 600 * US, True),
        ([2 * US] * 199 + [300 * US], 2 * MS, False),  # one reading met another program
        ([600 * US] + [2 * US] * 9, 5 * MS, True),  # the first call's work was left out
        ([48 * MS, 48 * MS, 100 * US], 50 * MS, True),
        ([100 * US] * 3, 150 * MS, False),
    ],
)
def test_work_that_is_left_to_who_reads_is_refused(
    late_ns: list[int], wall_ns: int, refused: bool
) -> None:
    found = unfinished_after_fence(kept(late_ns, wall_ns))
    assert bool(found) is refused
    assert found is None or WAIT in found


def seen(new_ns: int, *again_ns: int, same: list[str] | None = None) -> NewOperandsReply:
    """One trial."""
    return NewOperandsReply(new_ns, [*again_ns], same or [])


def test_results_that_are_kept_between_calls_are_refused() -> None:
    assert returns_old_results([seen(57 * MS, 400)]) is not None
    assert returns_old_results([seen(13 * US, 400), seen(15 * US, 300)]) is not None
    assert returns_old_results([seen(20 * US, 9 * US)]) is None  # a nearer cache
    assert returns_old_results([seen(2 * US, 300)]) is None
    assert (
        returns_old_results([seen(90 * US, 10 * US), seen(14 * US, 9 * US)]) is None
    )  # once disturbed
    busy = [
        seen(9 * MS, 8 * MS, 7 * MS),
        seen(8 * MS, 2 * MS, 9 * MS),
        seen(9 * MS, 6 * MS, 8 * MS),
    ]
    assert returns_old_results(busy) is None  # one call was lucky
    assert "gave back the first one's y" in (returns_old_results([seen(10, 10, same=["y"])]) or "")


@pytest.mark.parametrize(
    ("kept_us", "new_us", "moving", "said"),
    [
        (10, 10, {"kept_ns": 0.0, "new_ns": 0.0}, ""),
        (16, 13, {"kept_ns": 0.0, "new_ns": 0.0}, ""),
        (25, 10, {"kept_ns": 5e3, "new_ns": 0.0}, "compute every call's result"),
        (25, 10, {"kept_ns": 20e3, "new_ns": 0.0}, ""),  # its results lie far away
        (10, 20, {"kept_ns": 0.0, "new_ns": 0.0}, "every call must compute its own"),
        (10, 20, {"kept_ns": 0.0, "new_ns": 9e3}, ""),
    ],
)
def test_calls_must_not_do_less_where_results_are_dropped_or_operands_repeat(
    kept_us: int, new_us: int, moving: dict[str, float], said: str
) -> None:
    kept_ns, new_ns = [4 * kept_us * US, 10 * MS], [4 * new_us * US, 10 * MS]
    varied = VariedReply([40 * US, 90 * US], kept_ns, new_ns, same=[])
    found = less_work_than_usual(varied, 4, moving) or ""
    assert bool(found) is bool(said)
    assert said in found
    assert "the very y of the call before" in (
        less_work_than_usual(replace(varied, same=["y"]), 4, moving) or ""
    )


def test_data_from_farther_away_may_take_longer() -> None:
    spec = get_op("elementwise").spec("float32", n=2, w=3)  # three operands, one result of 24 bytes
    assert operand_and_result_bytes(spec) == (72, 24)
    assert moving_ns(spec, 4e9, new_pages=False) == {"kept_ns": 18.0, "new_ns": 72.0}
    assert moving_ns(spec, 4e9, new_pages=True)["kept_ns"] > 18.0


def test_a_call_alone_may_take_what_launching_and_waiting_cost() -> None:
    def found(alone_ns: int, row_ns: int, fence_ns: int = US, wait_ns: int = 0) -> str | None:
        timed = Samples(wall_ns=[20 * row_ns] * 9)
        latency = Samples(wall_ns=[alone_ns] * 9, wait_ns=[wait_ns] * 9)
        return lone_call(CellLine(key=cell_key(), calls=20, timed=timed, latency=latency), fence_ns)

    assert found(940 * US, 7 * US) is not None
    assert found(180 * US, 7 * US) is None
    assert found(940 * US, 7 * US, wait_ns=800 * US) is None  # it had no core
    assert found(940 * US, 200 * US) is None
    assert found(940 * US, 7 * US, 180 * US) is None
    assert lone_call(CellLine(key=cell_key()), 1) is None


def test_a_call_faster_than_its_work_allows_is_refused() -> None:
    taken = CellLine(key=cell_key(), calls=10, timed=Samples(wall_ns=[10 * US] * 9))  # 1 µs a call
    assert too_fast(taken, Least(1.4e-6, "moving", 0.0)) is None
    assert too_fast(taken, Least(1.6e-6, "moving", 0.0)) is not None
    assert too_fast(taken, Least(1.6e-6, "moving", 0.2)) is None  # the ceiling is uncertain
    assert "moving 8 bytes takes 2 µs" in (too_fast(taken, Least(2e-6, "moving 8 bytes", 0)) or "")
    assert too_fast(taken, None) is None


def test_threads_are_judged_by_clocks_that_can_tell() -> None:
    """The process's clock learns of other threads at ticks: 2.67 threads in a burst of 2 ms."""
    lagging = Samples(wall_ns=[2 * MS] * 8, cpu_ns=[round(5.3 * MS)] * 8, cpu_exact=[0] * 8)
    assert too_many_threads(CellLine(key=cell_key(), timed=lagging), 2) is None
    lagging.cpu_exact = [1] * 8
    assert too_many_threads(CellLine(key=cell_key(), timed=lagging), 2) is not None
    long = Samples(wall_ns=[900 * MS] * 8, cpu_ns=[2400 * MS] * 8, cpu_exact=[0] * 8)
    assert too_many_threads(CellLine(key=cell_key(), timed=long), 2) is not None


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
    cell = CellLine(key=cell_key(), timed=Samples(wall_ns=[2 * MS] * len(cpu_ns), cpu_ns=cpu_ns))
    assert bool(too_many_threads(cell, threads)) is refused


def test_no_time_is_no_evidence() -> None:
    assert too_many_threads(CellLine(key=cell_key()), 1) is None


def test_traces_are_counted() -> None:
    assert traced_again(3, 3) is None
    assert "retraced or recompiled 2 times while timed: " in (traced_again(3, 5) or "")
