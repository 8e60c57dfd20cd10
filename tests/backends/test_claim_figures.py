"""The two figures of the notebooks, as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.claim_worlds import GPU, line, world
from xbench.suites.claims.claim import Evidence
from xbench.suites.claims.claim_figures import MOST_POINTS, crossover_plot, loss_curves, thinned
from xbench.suites.claims.notebook_002 import crossing

EMPTY = Evidence([], [], [], [])


def test_nothing_is_drawn_of_nothing() -> None:
    assert loss_curves(EMPTY) is None
    assert crossover_plot(EMPTY) is None


def test_every_way_is_a_curve_that_begins_at_the_first_step_and_ends_at_the_last() -> None:
    plot = loss_curves(world())
    assert plot is not None
    assert [(line.backend, line.gradient) for line in plot.lines] == [
        ("numpy", "manual"),
        ("torch", "manual"),
        ("torch", "autograd"),
        ("torch", "custom"),
        ("tensorflow", "manual"),
        ("tensorflow", "autograd"),
    ]
    for each in plot.lines:
        assert len(each.points) <= MOST_POINTS
        assert (each.points[0].x, each.points[-1].x) == (1, 500)
        assert each.points[0].y == 3e7
        assert not each.published
    assert not plot.y_is_time
    assert all(each.label in plot.alt for each in plot.lines)


def test_losses_that_are_not_finite_are_left_out() -> None:
    here = world()
    lines = [
        line("curve_custom", "torch", {"losses": [2.0, "nan", 1.0]})
        if each.name == "curve_custom"
        else each
        for each in here.exhibits
    ]
    plot = loss_curves(replace(here, exhibits=lines))
    assert plot is not None
    (custom,) = (line for line in plot.lines if line.gradient == "custom")
    assert [point.y for point in custom.points] == [2.0, 1.0]


def test_the_crossover_tells_measured_from_published() -> None:
    plot = crossover_plot(world())
    assert plot is not None
    ours = {line.label: line for line in plot.lines if not line.published}
    assert list(ours) == [
        "numpy eager",
        "torch eager",
        "torch compiled",
        "tensorflow eager",
        "tensorflow compiled",
        f"torch eager on {GPU}",
    ]
    for each in ours.values():
        assert [point.x for point in each.points] == [512, 20480, 204800]
        assert all(point.low and point.low < point.y < (point.high or 0) for point in each.points)
    cpu, gpu = (line for line in plot.lines if line.published)
    assert [point.y for point in cpu.points] == pytest.approx([5.374e-4, 3.8065e-3, 6.53397e-2])
    assert [point.y for point in gpu.points] == pytest.approx([1.4512e-3, 1.3085e-3, 2.0779e-3])
    assert all(point.low is None for point in (*cpu.points, *gpu.points))
    assert plot.y_is_time
    assert "divided by 1000" in plot.alt


def test_only_what_was_measured_is_drawn() -> None:
    here = world()
    cells = [each for each in here.cells if each.plan.key.backend == "torch"]
    plot = crossover_plot(replace(here, cells=cells, gpus=()))
    assert plot is not None
    labels = ["torch eager", "torch compiled", "published, CPU", "published, GPU"]
    assert [line.label for line in plot.lines] == labels


def test_points_are_even_on_a_logarithmic_axis() -> None:
    assert thinned(0) == []
    assert thinned(1) == [0]
    assert thinned(3) == [0, 1, 2]
    places = thinned(500)
    assert places[:5] == [0, 1, 2, 3, 4]
    assert places[-1] == 499
    assert len(places) <= MOST_POINTS
    assert thinned(100_000)[-1] == 99_999


def test_a_crossing_lies_on_the_line_between_two_points() -> None:
    assert crossing((100, 10_000), (0.1, 10)) == pytest.approx(1000)
    assert crossing((1, 10, 100), (0.5, 1, 2)) == pytest.approx(10)
    assert crossing((1, 10), (2, 4)) is None
    assert crossing((1, 10), (0.2, 0.4)) is None
