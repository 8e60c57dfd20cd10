"""Crossovers: intervals that hold the truth, brackets where there is none, and nothing made up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from math import exp, log, nan

import pytest

from helpers.made_runs import VARIANTS, cell_line, plan
from xbench.analysis.crossover import Crossover, crossover, device_crossovers
from xbench.analysis.summary import CellSummary, summarise_cell
from xbench.records.schema import Samples

WIDTHS = (512, 1024, 2048, 4096, 8192, 16384)
TRUTH, TRIALS = 3000.0, 400
Curve = Callable[[float], float]
NOISE = (0.01, -0.012, 0.004, -0.006, 0.005)


def line(slope: float, truth: float = TRUTH) -> Curve:
    """The log ratio of two powers of the width."""
    return lambda width: slope * log(width / truth)


def costs(start: float, each: float, other_start: float, other_each: float) -> tuple[Curve, float]:
    """The log ratio of two series that each take a start and so much for every unit of width, and
    where they meet."""
    truth = (other_start - start) / (each - other_each)
    return lambda w: log((start + each * w) / (other_start + other_each * w)), truth


def simulate(
    curve: Curve, widths: Sequence[int] = WIDTHS, launches: int = 5, spread: float = 0.03
) -> list[Crossover]:
    """Runs in which each launch is off by chance at each width."""
    chance = random.Random(17)
    runs = [
        crossover(
            widths,
            [
                [curve(width) + chance.gauss(0.0, spread) for _ in range(launches)]
                for width in widths
            ],
        )
        for _ in range(TRIALS)
    ]
    return [each for each in runs if each is not None]


def held(runs: Sequence[Crossover], truth: float) -> int:
    """In how many of the runs that tell a width its interval holds the truth."""
    known = [(each.low, each.high) for each in runs if each.found == "width"]
    return sum(low is not None and high is not None and low <= truth <= high for low, high in known)


def logs_at(*means: float) -> list[list[float]]:
    """Five launches near each of these."""
    return [[mean + each for each in NOISE] for mean in means]


def of(widths: Sequence[int], logs: Sequence[Sequence[float]]) -> Crossover:
    found = crossover(widths, logs)
    assert found is not None
    return found


@pytest.mark.parametrize("launches", [3, 5, 10])
def test_intervals_hold_the_truth(launches: int) -> None:
    runs = simulate(line(0.5), launches=launches)
    assert Counter(each.found for each in runs) == {"width": TRIALS}
    assert held(runs, TRUTH) >= 0.93 * TRIALS
    assert {(each.below, each.above) for each in runs} == {("cell", "reference")}
    assert all(low < TRUTH < high for each in runs for low, high in each.brackets)
    assert all(len(each.brackets) == 1 for each in runs)


def test_intervals_are_little_wider_than_chance_asks_for() -> None:
    """The crossing's own spread is 0.03 / 0.5 / sqrt(5), times about 0.8 between two widths."""
    wide = sorted(log((each.high or 9e9) / (each.low or 1.0)) for each in simulate(line(0.5)))
    assert wide[TRIALS // 2] < 2 * 2.78 * 0.06 / 5**0.5 * 1.3


@pytest.mark.parametrize(
    "parts", [(5, 0.02, 40, 0.005), (10, 0.02, 100, 0.0005), (10, 0.02, 30, 0.012)]
)
@pytest.mark.parametrize("widths", [WIDTHS, (512, 2048, 8192, 32768), (512, 2048, 20480, 204800)])
def test_they_hold_it_where_curves_bend(
    parts: tuple[float, float, float, float], widths: tuple[int, ...]
) -> None:
    curve, truth = costs(*parts)
    runs = simulate(curve, widths, spread=0.02)
    assert sum(each.found == "width" for each in runs) >= 0.9 * TRIALS
    assert held(runs, truth) >= 0.93 * sum(each.found == "width" for each in runs)


@pytest.mark.parametrize("slope", [0.03, 0.05, 0.1])
@pytest.mark.parametrize("truth", [540.0, 2048.0, 3000.0, 16000.0])
def test_what_is_hard_to_see_is_seldom_told_wrongly(slope: float, truth: float) -> None:
    """Of all runs, whether they tell a width, two, or nothing."""
    runs = simulate(line(slope, truth))
    told = sum(each.found == "width" for each in runs)
    assert told - held(runs, truth) <= 0.06 * TRIALS
    beside = [each for each in runs for low, high in each.brackets if not low <= truth <= high]
    assert len(beside) <= 0.05 * TRIALS


def test_equal_curves_do_not_cross() -> None:
    found = Counter(each.found for each in simulate(lambda _: 0.0))
    assert found["unknown"] >= 0.97 * TRIALS
    assert found["width"] == 0


def test_a_crossing_between_widths_that_are_far_apart_has_no_width() -> None:
    """Without neighbours on both sides nobody knows how the curve bends."""
    for widths in ((512, 20480), (512, 20480, 204800), (16, 512, 20480)):
        found = of(widths, logs_at(*(line(0.5)(width) for width in widths)))
        assert (found.found, found.brackets) == ("between", ((512, 20480),))
        assert (found.width, found.low, found.high) == (None, None, None)


def test_the_estimate_is_the_geometric_mean_over_launches() -> None:
    widths, shifts = (1000, 2000, 4000, 8000), (0.05, -0.02, 0.01)
    found = of(widths, [[log(width / 2828.0) + each for each in shifts] for width in widths])
    assert found.width == pytest.approx(2828.0 * exp(-sum(shifts) / 3))
    half = 4.302652729696142 * 0.03511884584284246 / 3**0.5
    assert found.low == pytest.approx((found.width or 0.0) * exp(-half))
    assert found.high == pytest.approx((found.width or 0.0) * exp(half))
    assert found.launches == 3


def test_swapping_the_sides_swaps_who_is_faster_and_nothing_else() -> None:
    logs = logs_at(-0.9, -0.5, 0.3, 0.4)
    found = of((1, 2, 3, 4), logs)
    back = of((4, 3, 2, 1), [[-each for each in launches] for launches in reversed(logs)])
    assert (found.below, found.above) == (back.above, back.below) == ("cell", "reference")
    assert (back.found, back.brackets) == (found.found, found.brackets) == ("width", ((2, 3),))
    for name in ("width", "low", "high"):
        assert getattr(back, name) == pytest.approx(getattr(found, name))


def test_one_launch_tells_nothing() -> None:
    found = of(WIDTHS, [[line(0.5)(width)] for width in WIDTHS])
    assert found == Crossover("unknown", None, None, (), 1)


def test_what_is_faster_throughout_does_not_cross() -> None:
    assert of((1, 2, 3), logs_at(-0.2, -0.3, -0.1)) == Crossover("none", "cell", "cell", (), 5)
    assert of((1, 2), logs_at(0.2, 0.3)) == Crossover("none", "reference", "reference", (), 5)
    open_end = of((1, 2, 3), logs_at(-0.2, -0.1, 0.005))
    assert open_end == Crossover("unknown", "cell", "cell", (), 5)


def test_several_crossings_are_told_by_their_brackets() -> None:
    found = of((1, 2, 4, 8, 16), logs_at(-0.2, 0.2, 0.0, 0.3, -0.3))
    assert found == Crossover("several", "cell", "cell", ((1, 2), (8, 16)), 5)


def test_launches_that_cross_back_leave_the_bracket() -> None:
    logs = logs_at(-0.3, -0.2, 0.0, 0.0, 0.2, 0.3)
    logs[2][1], logs[3][1] = 0.03, -0.03
    assert of((1, 2, 3, 4, 5, 6), logs) == Crossover("between", "cell", "reference", ((2, 5),), 5)


def test_a_launch_that_is_zero_at_a_width_crosses_there_or_only_touches() -> None:
    logs = logs_at(-0.2, -0.1, 0.0, 0.1, 0.2)
    logs[2] = [0.0] * 5
    found = of((1, 2, 4, 8, 16), logs)
    assert (found.found, found.low) == ("width", None)
    assert found.width == pytest.approx(4.0)
    logs[3] = [0.0] * 5
    assert of((1, 2, 4, 8, 16), logs).found == "between"
    touching = of((1, 2, 4), [[-0.2, -0.21], [0.0, 0.0], [-0.2, -0.19]])
    assert (touching.found, touching.brackets) == ("unknown", ())


def test_launches_count_as_far_as_all_widths_have_them() -> None:
    logs = logs_at(*(line(0.5)(width) for width in WIDTHS))
    cut = [logs[0], logs[1][:3], *logs[2:]]
    assert of(WIDTHS, cut).launches == 3
    assert of(WIDTHS, cut).width == of(WIDTHS, [each[:3] for each in logs]).width
    assert of((*WIDTHS, 9), [*logs, []]) == of(WIDTHS, logs)


@pytest.mark.parametrize("widths", [(), (512,), (512, 1024)])
def test_there_is_no_crossover_of_less_than_two_widths(widths: tuple[int, ...]) -> None:
    assert crossover(widths, [[0.1, 0.2], []][: len(widths)]) is None


def test_what_is_no_width_and_no_logarithm_is_refused() -> None:
    for widths in ((512, 512), (0, 512), (-1, 3)):
        with pytest.raises(ValueError, match="no crossover over the widths"):
            crossover(widths, logs_at(0.1, 0.2))
    with pytest.raises(ValueError, match="no estimate"):
        crossover((1, 2), [[nan], [0.1]])


def cell(width: int, device: str, time_s: float, **changes: str) -> CellSummary:
    """A cell of three launches."""
    row = plan("op 100×w", width, VARIANTS[1], device=device, **changes)
    walls = [[round(time_s * 1e9 * (1.0 + off + each)) for each in NOISE] for off in NOISE[:3]]
    chance = random.Random(1)
    lines = [cell_line(row, chance, 5, timed=Samples(wall_ns=wall)) for wall in walls]
    return summarise_cell(row, lines)


def test_devices_are_compared_launch_by_launch() -> None:
    cells = [
        cell(width, device, 1e-5 * start + 1e-5 * each * width)
        for device, start, each in (("cpu", 10, 0.02), ("cuda:0", 100, 0.0005), ("mps", 200, 0.1))
        for width in WIDTHS
    ]
    fast, slow = device_crossovers(cells)
    assert (fast.device, slow.device) == ("cuda:0", "mps")
    assert fast.plan.key.device == "cpu"
    assert fast.plan.width == WIDTHS[0]
    found = fast.crossover
    assert (found.found, found.below, found.above) == ("width", "reference", "cell")
    assert found.brackets == ((4096, 8192),)
    assert found.width == pytest.approx(90 / 0.0195, rel=0.02)
    assert slow.crossover == Crossover("none", "reference", "reference", (), 3)


def test_only_the_same_on_another_device_is_compared() -> None:
    here = [cell(width, "cpu", 1e-4) for width in WIDTHS]
    other = [cell(width, "cuda:0", 1e-5, gradient="custom") for width in WIDTHS]
    lone = [cell(WIDTHS[0], "cuda:0", 1e-5)]
    refused = [summarise_cell(plan("op 100×w", 1024, VARIANTS[1], device="cuda:0"), [])]
    assert device_crossovers([*here, *other, *lone, *refused]) == []
    assert device_crossovers(other) == []
