"""What a run with a target still lacks, from journals made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.journals import NUMPY, TORCH, WORKER, group, header, taken, write
from xbench.analysis.ratios import undecided_groups
from xbench.analysis.summary import summarise
from xbench.engine.schedule import figures, missing, precise
from xbench.records.read import read_run


def test_a_ratio_is_judged_where_cells_are_compared_and_a_time_where_not(tmp_path: Path) -> None:
    both = [group(n, taken(NUMPY, 1000 + n, 1000), taken(TORCH, 2000, 2000)) for n in range(5)]
    found = figures(read_run(write(tmp_path / "both", header(NUMPY, TORCH), *both)))
    assert [each.name.split(",")[0] for each in found] == ["torch eager against numpy eager"]
    lone = [group(n, taken(NUMPY, 1000 + n, 1000)) for n in range(5)]
    alone = figures(read_run(write(tmp_path / "lone", header(NUMPY), *lone)))
    assert [each.name for each in alone] == [NUMPY.id]
    assert len(alone[0].logs) == 5


def test_a_run_ends_at_a_look_once_everything_is_known_well_enough(tmp_path: Path) -> None:
    lines = [group(n, taken(NUMPY, *[1000 + 100 * n] * 7)) for n in range(5)]
    run = read_run(write(tmp_path, header(NUMPY), *lines))
    assert precise(run, 5, target=0.9)
    assert not precise(run, 4, target=0.9)  # no look
    assert not precise(run, 5, target=0.02)
    (sentence,) = missing(run, 0.02)
    assert sentence.startswith(f"{NUMPY.id}: ±")
    assert "after 5 launches, target ±2 %" in sentence


@pytest.mark.parametrize(
    ("factors", "undecided"),
    [
        ((2.0, 2.01, 1.99), False),
        ((1.001, 0.999, 1.0), False),  # the same within 2 %
        ((1.3, 0.8, 1.1), True),
        ((2.0, 1.6, 1.7), True),  # decided at 95 %, but a look asks for more
    ],
)
def test_a_group_is_undecided_while_its_fastest_cell_is_not_known(
    factors: tuple[float, ...], undecided: bool, tmp_path: Path
) -> None:
    lines = [
        group(n, taken(NUMPY, *[1000 + n] * 7), taken(TORCH, *[round(each * (1000 + n))] * 7))
        for n, each in enumerate(factors)
    ]
    run = read_run(write(tmp_path, header(NUMPY, TORCH), *lines))
    assert undecided_groups(run, 0.999) == ([lines[0].group] if undecided else [])


def test_a_worker_that_works_beside_others_is_told_by_its_share(tmp_path: Path) -> None:
    line = taken(NUMPY, 1000, 1000, 1000)
    line.timed.idle_cpu_ns = [900, 0, 500]  # before the first burst it was warming up
    cells = summarise(read_run(write(tmp_path, header(NUMPY), WORKER, group(0, line))))
    assert cells[0].restless == pytest.approx(0.25)
