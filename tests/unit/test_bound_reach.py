"""What a cell could reach at most, from planted ceilings."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from xbench.analysis.bound import better, least_time, reach
from xbench.records.schema import CacheBandwidth, CeilingsLine, Figure, keep_latest

KB, MB = 1 << 10, 1 << 20
GB_PER_S = 1e9
LEVELS = [
    CacheBandwidth(level=1, size_bytes=64 * KB, bandwidth=Figure(400 * GB_PER_S, 0.1, 5)),
    CacheBandwidth(level=2, size_bytes=2 * MB, bandwidth=Figure(100 * GB_PER_S, 0.05, 5)),
]
LINE = CeilingsLine(
    device="cpu",
    dtype="float32",
    threads="all",
    allocator="reuse",
    measured_utc="",
    bandwidth=Figure(10 * GB_PER_S, 0.2, 5),
    caches=LEVELS,
    compute=Figure(1e11, 0.01, 5),
)


@pytest.mark.parametrize(
    ("size", "rate", "place"),
    [
        (1, 400, "L1"),
        (64 * KB, 400, "L1"),
        (1 << 40, 10, "memory"),
    ],
)
def test_data_of_one_level_move_at_its_speed(size: int, rate: float, place: str) -> None:
    found = reach(LINE, size)
    assert found is not None
    assert found.bytes_per_s == pytest.approx(rate * GB_PER_S, rel=1e-3)
    assert found.place == place


def test_what_fits_partly_moves_partly_as_fast() -> None:
    """Half of 128 kB in the first level, half in the second."""
    found = reach(LINE, 128 * KB)
    assert found is not None
    assert found.bytes_per_s == pytest.approx(2 / (1 / 400 + 1 / 100) * GB_PER_S)
    assert found.place == "L2"


def test_the_ceiling_never_rises_with_size() -> None:
    found = [reach(LINE, 1 << power) for power in range(1, 40)]
    rates = [each.bytes_per_s for each in found if each is not None]
    assert rates == sorted(rates, reverse=True)


def test_a_near_level_that_was_measured_slower_counts_as_fast_as_the_next() -> None:
    slow = replace(LEVELS[0], bandwidth=Figure(5 * GB_PER_S, 0.9, 5))
    found = reach(replace(LINE, caches=[slow, LEVELS[1]]), 32 * KB)
    assert found is not None
    assert found.bytes_per_s == pytest.approx(100 * GB_PER_S)


def test_cold_data_are_in_no_cache() -> None:
    found = reach(LINE, 32 * KB, warm=False)
    assert found is not None
    assert (found.bytes_per_s, found.place) == (10 * GB_PER_S, "memory")


def test_without_a_figure_there_is_no_ceiling() -> None:
    nothing = replace(LINE, caches=[], bandwidth=None, compute=None)
    assert reach(nothing, 100) is None
    assert reach(LINE, 0) is None
    assert least_time(1000, 1000, nothing) is None
    without_memory = reach(replace(LINE, bandwidth=None), 1 << 30)
    assert without_memory is not None
    assert without_memory.bytes_per_s > 0.0


def test_the_least_time_is_of_what_takes_longest() -> None:
    moving = least_time(1, 1 << 30, LINE)
    assert moving is not None
    assert moving.seconds == pytest.approx(0.107, rel=0.01)
    assert "memory reaches" in moving.because
    assert moving.spread == 0.2
    computing = least_time(10**9, 100, LINE)
    assert computing is not None
    assert computing.seconds == pytest.approx(0.01)
    assert "100 GFLOP/s" in computing.because


def test_of_two_lines_each_better_figure_is_kept() -> None:
    other = replace(
        LINE,
        bandwidth=Figure(12 * GB_PER_S, 0.0, 5),
        compute=Figure(5e10, 0.0, 5),
        caches=[LEVELS[0], replace(LEVELS[1], bandwidth=Figure(120 * GB_PER_S, 0.0, 5))],
    )
    found = better(LINE, other)
    assert (found.bandwidth, found.compute) == (other.bandwidth, LINE.compute)
    assert [level.bandwidth.best for level in found.caches] == [4e11, 1.2e11]


def test_a_line_measured_again_replaces_the_first() -> None:
    lines = [LINE, replace(LINE, threads="1")]
    again = replace(LINE, compute=None)
    keep_latest(lines, again)
    assert lines == [again, replace(LINE, threads="1")]
    keep_latest(lines, replace(LINE, dtype="float64"))
    assert len(lines) == 3
