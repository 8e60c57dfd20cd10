"""A cell's burst is settled by trying: made-up times, no worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.launches import idle_launch
from helpers.made_keys import cell_of, worker_key
from xbench.contracts import Spec
from xbench.engine.burst import Burst, choose_burst
from xbench.engine.calibration import Calibration
from xbench.engine.cell import CellWork
from xbench.engine.launch import LaunchContext
from xbench.engine.quiet import FreeCores, WaitBudget
from xbench.plan.cell import Cell
from xbench.process.messages import ReadCostReply
from xbench.records.schema import CellLine, Samples

CELL = cell_of(Spec("matmul", (("m", 64), ("k", 1000), ("n", 512)), "float32"), worker_key())
TWIN = cell_of(CELL.spec, CELL.worker, "manual")
FENCE_NS, READ_NS = 200, 5_000
Times = Callable[[int, int], float]
"""Nanoseconds of one call in the n-th burst, of so many calls."""


def calibration(folder: Path) -> Calibration:
    """Of one group, in a launch without a worker."""
    launch = idle_launch(folder, [CELL, TWIN], fence_ns=FENCE_NS)
    return Calibration(launch, CellWork(launch))


def settle(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    single_ns: float,
    times: Times,
    disturbed: int = 0,
    wait_s: float = 1.0,
    pending_ns: float = 0.0,
) -> tuple[Burst, int]:
    """The burst that is kept, and how many were tried; the first waited 0.9 of their time.

    `pending_ns`: of each call, what is still to be done when the fence returns."""
    tried: list[int] = []

    def burst(work: CellWork, cell: Cell, chosen: Burst, into: Samples) -> SimpleNamespace:
        tried.append(chosen.calls)
        wall = round(times(len(tried), chosen.calls) * chosen.calls)
        return SimpleNamespace(
            wall_ns=wall,
            wait_ns=round(0.9 * wall) if len(tried) <= disturbed else 0,
            residual_ns=READ_NS + round(pending_ns * chosen.calls),
        )

    monkeypatch.setattr(CellWork, "burst", burst)
    monkeypatch.setattr(LaunchContext, "ask", lambda *_: ReadCostReply(READ_NS))
    line = CellLine(key=CELL.key)
    free_cores = FreeCores(2, 2, WaitBudget(wait_s), count=lambda: 1)
    found = calibration(folder)._calibrate(CELL, line, single_ns, free_cores)
    assert line.calibration_calls == tried
    return found, len(tried)


@pytest.mark.parametrize("call_ns", [300.0, 40e3, 150e3, 900e3, 3e6, 90e6])
def test_a_call_that_is_as_long_as_it_seemed_keeps_its_burst(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call_ns: float
) -> None:
    found, tried = settle(monkeypatch, tmp_path, call_ns + FENCE_NS, lambda *_: call_ns)
    wanted = choose_burst(call_ns, FENCE_NS, trains=False)
    assert (found.calls, found.lead_in, found.read_ns) == (wanted.calls, wanted.lead_in, READ_NS)
    assert tried <= 3


def test_one_try_is_enough_for_a_call_that_is_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert settle(monkeypatch, tmp_path, 90e6, lambda *_: 90e6) == (Burst(1, 0, READ_NS), 1)


def test_a_warm_up_that_was_disturbed_leaves_no_short_burst(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """As once seen: 50 ms and 30 ms beside another program, then 0.6 ms cold, in truth 0.15."""
    seen = [51e6, 28e6, 32e6, 0.6e6, 0.5e6]
    found, _ = settle(
        monkeypatch, tmp_path, 51e6, lambda n, calls: (seen[n:] or [150e3])[0], disturbed=2
    )
    wanted = choose_burst(150e3, FENCE_NS, trains=False)
    assert (found.calls, found.lead_in) == (wanted.calls, wanted.lead_in)


@pytest.mark.parametrize(("wait_s", "tries"), [(0.0, 3), (0.1, 3), (9.0, 20)])
def test_where_nothing_is_ever_calm_trying_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wait_s: float, tries: int
) -> None:
    """Each try of 280 ms waits for 252; what is left of it is still a long call."""
    found = settle(monkeypatch, tmp_path, 280e6, lambda *_: 280e6, disturbed=99, wait_s=wait_s)
    assert found == (Burst(1, 0, READ_NS), tries)


def test_of_starved_tries_the_waiting_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside a program that never ends: 1.5 ms of work, 13.5 of waiting, in every try."""
    found, _ = settle(monkeypatch, tmp_path, 51e6, lambda *_: 15e6, disturbed=999, wait_s=0.0)
    wanted = choose_burst(1.5e6, FENCE_NS, trains=False)
    assert (found.calls, found.lead_in) == (wanted.calls, wanted.lead_in)


@pytest.mark.parametrize("disturbed", [0, 999])
def test_a_fence_that_does_not_wait_gets_no_ever_longer_burst(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, disturbed: int
) -> None:
    """As once seen: 13 us to queue a call of 300, less by the hundred; 10 000 took 6 s."""
    found, tried = settle(
        monkeypatch, tmp_path, 13e3, lambda *_: 4e3, disturbed, wait_s=0.0, pending_ns=300e3
    )
    assert found.calls == choose_burst(13e3, FENCE_NS, trains=False).calls
    assert tried <= 3


def test_a_clock_that_shows_nothing_ends_at_the_longest_burst(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    found, _ = settle(monkeypatch, tmp_path, 1e3, lambda *_: 0.0)
    assert found.calls == 10_000


def settled_as(folder: Path, *calls: int) -> tuple[Calibration, dict[str, CellLine]]:
    """Two equal cells whose bursts of so many calls were timed: 0.4 ms a call, or disturbed."""
    found, lines = calibration(folder), dict[str, CellLine]()
    for cell, each in zip((CELL, TWIN), calls, strict=True):
        walls = [each * 400_000, each * 9_000_000, each * 410_000]
        timed = Samples(**{name: list(walls) for name in Samples.__struct_fields__})
        found.launch.bursts[cell.id] = Burst(each, each, READ_NS)
        lines[cell.id] = CellLine(
            key=cell.key,
            calls=each,
            lead_in=each,
            read_ns=READ_NS,
            timed=timed,
        )
    return found, lines


def test_a_burst_that_proves_far_too_short_is_settled_by_what_was_timed(tmp_path: Path) -> None:
    """As once seen: starved whenever it was tried, one of two equal steps kept a single call."""
    found, lines = settled_as(tmp_path, 1, 5)
    assert found.resettle([CELL, TWIN], lines)
    assert {burst.calls for burst in found.launch.bursts.values()} == {5}
    for line in lines.values():
        assert (line.calls, line.read_ns, line.timed.wall_ns) == (5, READ_NS, [])
    assert lines[CELL.id].calibration_calls == [1, 1, 1]
    assert lines[CELL.id].calibration.wall_ns == [400_000, 9_000_000, 410_000]


@pytest.mark.parametrize("calls", [(5, 5), (10, 5), (20, 20)])
def test_bursts_that_are_long_enough_stay(tmp_path: Path, calls: tuple[int, int]) -> None:
    found, lines = settled_as(tmp_path, *calls)
    assert not found.resettle([CELL, TWIN], lines)
    assert [line.calls for line in lines.values()] == list(calls)
    assert all(len(line.timed.wall_ns) == 3 for line in lines.values())
