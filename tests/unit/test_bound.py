"""What is said to hold a cell back, from planted figures."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from helpers.made_keys import rekeyed, worker_key
from helpers.made_runs import VARIANTS, plan
from xbench.analysis.bound import (
    CEILING_SHARE,
    FLOOR_SHARE,
    Bound,
    Timing,
    explain,
    find_ceilings,
    launch_cost_s,
    name_bound,
)
from xbench.records.schema import CacheBandwidth, CeilingsLine, CellPlan, Figure, WorkerLine

CEILINGS = CeilingsLine(
    device="cpu",
    dtype="float32",
    threads="all",
    allocator="reuse",
    measured_utc="",
    bandwidth=Figure(20e9, 0.01, 5),
    compute=Figure(100e9, 0.01, 5),
    fault_ns=Figure(250.0, 0.01, 5),
    cache_bytes=1 << 20,
)


def planned(flop: int, eager_bytes: int, **changes: Any) -> CellPlan:
    """A cell of this much work, whose mode moves `eager_bytes`."""
    fields = {"flop": flop, "min_bytes": eager_bytes // 2, "eager_bytes": eager_bytes}
    return plan("op 100×w", 512, VARIANTS[0], **(fields | changes))


def worker(dispatch_ns: int, operator_ns: int) -> WorkerLine:
    """A worker that opened, with what launching costs it."""
    return WorkerLine(
        launch=0,
        worker=worker_key(),
        pid=1,
        environment={},
        open_ns=1,
        fence_ns=1,
        python="",
        attest={},
        dispatch_ns=dispatch_ns,
        operator_ns=operator_ns,
    )


@pytest.mark.parametrize(
    ("flop", "moved", "time_s", "faults", "launch_s", "bound"),
    [
        (80_000_000, 2_000_000, 1e-3, 0.0, None, "compute"),
        (1_000_000, 18_000_000, 1e-3, 0.0, None, "bandwidth"),
        (1_000_000, 18_000_000, 1e-3, 1600.0, None, "allocation"),
        (1_000, 8_000, 10e-6, 0.0, 6e-6, "launch"),
        (1_000_000, 2_000_000, 1e-3, 0.0, 1e-6, ""),
        (0, 0, 1e-3, 0.0, None, ""),
    ],
)
def test_each_bound_is_named(
    flop: int, moved: int, time_s: float, faults: float, launch_s: float | None, bound: Bound
) -> None:
    timing = Timing(time_s, 1.0, faults)
    assert explain(planned(flop, moved), timing, CEILINGS, launch_s).bound == bound


def test_rates_and_shares_are_those_of_the_cost_model() -> None:
    found = explain(planned(40_000_000, 10_000_000), Timing(1e-3, 1.0, 400.0), CEILINGS, 1e-4)
    assert found.gflop_per_s == pytest.approx(40.0)
    assert found.gbyte_per_s == pytest.approx(10.0)
    assert found.compute_fraction == pytest.approx(0.4)
    assert found.bandwidth_fraction == pytest.approx(0.5)
    assert found.allocation_share == pytest.approx(400 * 250e-9 / 1e-3)
    assert found.launch_share == pytest.approx(0.1)


@pytest.mark.parametrize(("mode", "rate"), [("eager", 10.0), ("graph", 5.0), ("compiled", 5.0)])
def test_a_fused_mode_is_charged_with_the_bytes_it_must_move(mode: str, rate: float) -> None:
    cell = planned(1, 10_000_000, mode=mode)
    assert explain(cell, Timing(1e-3, 1.0, 0.0), None, None).gbyte_per_s == pytest.approx(rate)


def test_page_faults_on_several_cores_count_against_all_of_them() -> None:
    shares = [
        explain(planned(1, 1), Timing(1e-3, cores, 1600.0), CEILINGS, None).allocation_share
        for cores in (0.5, 1.0, 2.0)
    ]
    assert shares == pytest.approx([0.4, 0.4, 0.2])


def test_data_that_fit_a_cache_are_held_against_its_ceiling() -> None:
    level = CacheBandwidth(level=2, size_bytes=1 << 20, bandwidth=Figure(80e9, 0.01, 5))
    cached = replace(CEILINGS, caches=[level])
    small, timing = planned(1, 800_000), Timing(20e-6, 1.0, 0.0)
    found = explain(small, timing, cached, None)
    assert found.bandwidth_fraction == pytest.approx(0.5)
    assert found.place == "L2"
    assert found.bound == "bandwidth"
    cold = explain(rekeyed(small, cache="cold"), timing, cached, None)
    assert cold.bandwidth_fraction == pytest.approx(2.0)
    assert cold.place == "memory"
    large = explain(planned(1, 1 << 24), Timing(1e-3, 1.0, 0.0), cached, None)
    assert large.place == "memory"


@pytest.mark.parametrize(
    ("compute", "bandwidth", "allocation", "launch", "bound"),
    [
        (CEILING_SHARE, None, None, None, "compute"),
        (CEILING_SHARE - 0.01, None, None, FLOOR_SHARE - 0.01, ""),
        (3.0, 0.9, None, None, "compute"),
        (0.6, 1.04, 0.0, 0.4, "bandwidth"),
        (0.6, 0.7, FLOOR_SHARE, 0.9, "allocation"),
        (0.1, 0.6, 0.0, 0.7, "launch"),
        (None, None, None, None, ""),
    ],
)
def test_of_the_shares_past_their_threshold_the_largest_gives_the_name(
    compute: float | None,
    bandwidth: float | None,
    allocation: float | None,
    launch: float | None,
    bound: Bound,
) -> None:
    assert name_bound(compute, bandwidth, allocation, launch) == bound


def test_without_ceilings_there_are_rates_but_no_bound() -> None:
    found = explain(planned(80_000_000, 18_000_000), Timing(1e-3, 1.0, 1e5), None, None)
    assert found.gflop_per_s == pytest.approx(80.0)
    assert found.compute_fraction is found.bandwidth_fraction is found.allocation_share is None
    assert found.bound == ""
    unknown = CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="",
        reason="the worker ended",
        compute=Figure(0.0, 0.0, 1),
    )
    assert explain(planned(8, 8), Timing(1e-3, 1.0, 9.0), unknown, None).compute_fraction is None


def test_launching_costs_a_call_and_its_operators() -> None:
    workers = [worker(1000, 200), worker(3000, 600), worker(2000, 400)]
    assert launch_cost_s(planned(1, 1, operators=5), workers) == pytest.approx(4e-6)
    assert launch_cost_s(planned(1, 1, operators=0), workers) == pytest.approx(2e-6)
    assert launch_cost_s(planned(1, 1), workers) is None
    assert launch_cost_s(planned(1, 1, operators=5), [worker(0, 0)]) is None


@pytest.mark.parametrize("axis", ["device", "dtype", "threads", "allocator"])
def test_ceilings_hold_for_their_own_cells_only(axis: str) -> None:
    cell = planned(1, 1)
    assert find_ceilings(cell, [CEILINGS]) is CEILINGS
    assert find_ceilings(planned(1, 1, **{axis: "other"}), [CEILINGS]) is None
