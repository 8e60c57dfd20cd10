"""Checks for skipped work take no more time and memory than there is, and say what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest

from helpers.launches import idle_launch
from helpers.made_keys import cell_of, worker_key
from xbench.contracts import Spec
from xbench.engine import lazy_work
from xbench.engine.burst import Burst
from xbench.engine.cell import CellWork
from xbench.engine.launch import LaunchContext, RunCeilings
from xbench.engine.lazy_work import NO_ROOM, LazyWorkChecks, varied_calls
from xbench.engine.refusals import operand_and_result_bytes
from xbench.engine.timed_checks import AGAIN, TimedChecks
from xbench.errors import CellFailed
from xbench.ops import get_op
from xbench.plan.cell import Cell
from xbench.process.messages import KeptReply, NewOperandsReply, Request, VariedReply
from xbench.records.schema import CeilingsLine, CellLine, Figure, Samples

MS = 1_000_000
CELL = cell_of(Spec("elementwise", (("n", 100), ("w", 512)), "float32"), worker_key())
VARIED = VariedReply(usual_ns=[MS], kept_ns=[MS], new_ns=[MS], same=[])
DONE: dict[str, object] = {
    "keep_results": KeptReply(3, MS, late_ns=[1] * 3, placed_ns=[1] * 3),
    "new_operands": NewOperandsReply(MS, again_ns=[MS, MS], same=[]),
    "vary_calls": VARIED,
}
"""What an honest worker replies; of an iterator, each time the next."""


def checked(
    monkeypatch: pytest.MonkeyPatch, folder: Path, free_bytes: int, calls: int = 2
) -> tuple[str, list[str]]:
    """What is said to be unchecked of a cell with bursts of so many calls of a millisecond, and
    what its worker was asked."""
    asked: list[str] = []

    def ask(launch: LaunchContext, cell: Cell, request: Request[object], expect_s: float) -> object:
        asked.append(request.action)
        found = DONE[request.action]
        return next(found) if isinstance(found, Iterator) else found

    monkeypatch.setattr(LaunchContext, "ask", ask)
    monkeypatch.setattr(lazy_work, "available_bytes", lambda: free_bytes)
    line = CellLine(key=CELL.key, calls=calls, lead_in=1, timed=Samples(wall_ns=[calls * MS] * 5))
    return LazyWorkChecks(idle_launch(folder, [CELL])).check(CELL, line), asked


def test_with_room_and_time_everything_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said, asked = checked(monkeypatch, tmp_path, 1 << 34)
    assert said == ""
    assert set(asked) == {"keep_results", "new_operands", "vary_calls"}


def test_what_does_not_fit_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    each = sum(operand_and_result_bytes(CELL.spec))
    assert checked(monkeypatch, tmp_path, 2 * each) == (NO_ROOM, ["keep_results"])
    said, asked = checked(monkeypatch, tmp_path, 5 * each)
    assert said == NO_ROOM
    assert "new_operands" in asked
    assert "vary_calls" not in asked


def test_calls_that_are_timed_alone_are_not_varied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A framework that stores half of its work is then found by its calls on new operands."""
    said, asked = checked(monkeypatch, tmp_path, 1 << 34, calls=1)
    assert said == ""
    assert set(asked) == {"keep_results", "new_operands"}
    half = NewOperandsReply(2 * MS, again_ns=[MS, MS], same=[])
    monkeypatch.setitem(DONE, "new_operands", half)
    assert checked(monkeypatch, tmp_path, 1 << 34)[0] == ""
    with pytest.raises(CellFailed, match="stored results"):
        checked(monkeypatch, tmp_path, 1 << 34, calls=1)


def test_a_fault_is_no_matter_of_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(DONE, "vary_calls", replace(VARIED, new_ns=[20 * MS]))
    with pytest.raises(CellFailed, match="every call must compute its own"):
        checked(monkeypatch, tmp_path, 1 << 34)


SLOW = NewOperandsReply(20 * MS, again_ns=[MS, MS], same=[])
"""The call on new operands was late: another program had the core, or the results are stored."""


def test_one_usual_call_on_new_operands_clears_a_cell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    replies = chain(repeat(SLOW, 10), repeat(DONE["new_operands"]))
    monkeypatch.setitem(DONE, "new_operands", replies)
    said, asked = checked(monkeypatch, tmp_path, 1 << 34)
    assert said == ""
    assert asked.count("new_operands") == 11


def test_a_cell_whose_new_operands_are_always_slow_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(DONE, "new_operands", SLOW)
    with pytest.raises(CellFailed, match="stored results"):
        checked(monkeypatch, tmp_path, 1 << 34)


@pytest.mark.parametrize(
    ("call_ns", "burst", "expected"),
    [
        (1_000, 5000, 16),
        (MS, 5, 4),
        (MS, 2, 4),
        (MS // 2, 7, 6),
    ],
)
def test_calls_are_varied_in_even_numbers(call_ns: int, burst: int, expected: int) -> None:
    assert varied_calls(call_ns, burst) == expected


@pytest.mark.parametrize(("now_ns", "refused"), [(3 * MS, False), (MS // 2, True)])
def test_a_fast_cell_is_timed_again_beside_its_ceilings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, now_ns: int, refused: bool
) -> None:
    """Bursts of a calm moment are not judged by ceilings of a busy one, which look too low: here
    moving the cell's bytes seems to take 4 ms."""
    moved = get_op(CELL.spec.op).cost(CELL.spec).min_bytes
    line = CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="",
        bandwidth=Figure(best=moved / 4e-3, spread=0.0, repeats=5),
    )
    measured: list[str] = []

    def again(line: CeilingsLine) -> CeilingsLine:
        measured.append("ceilings")
        return line

    def burst(
        self: CellWork, cell: Cell, burst: Burst, into: Samples, read_placed: bool = False
    ) -> None:
        measured.append("burst")
        into.wall_ns.append(now_ns)

    monkeypatch.setattr(CellWork, "burst", burst)
    timed = CellLine(key=CELL.key, calls=1, lead_in=1, timed=Samples(wall_ns=[MS // 2] * 7))
    launch = idle_launch(tmp_path, [CELL], RunCeilings([line], again))
    problem = TimedChecks(launch, CellWork(launch))._too_fast(CELL, timed)
    assert (problem is not None) == refused
    once = ["ceilings"] + ["burst"] * 7
    assert measured == (AGAIN if refused else 1) * once
