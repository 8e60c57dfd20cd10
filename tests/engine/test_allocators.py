"""Allocators side by side: in one plan, in the same rounds, in ratios that vary nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers.journals import FOOTER, group, header, planned, taken, write
from helpers.made_keys import rekeyed
from xbench.analysis.ratios import AXES, Comparison, compare_cells
from xbench.analysis.summary import summarise
from xbench.engine.progress import describe
from xbench.engine.schedule import figures
from xbench.plan.build import Row, build_rows
from xbench.plan.cell import Cell
from xbench.plan.plan import MEMORY_SHARE, Plan, make_plan
from xbench.plan.predict import FIXED_BYTES, input_bytes, predict
from xbench.plan.select import Selection
from xbench.records.read import Run, read_run
from xbench.records.schema import CellPlan
from xbench.suites.presets import PRESETS

BOTH = ("reuse", "system")
WALLS = {"numpy": 4000, "torch": 2000}
SLOWER = 3


def rows() -> list[Row]:
    """The quick preset's largest step, of every backend and mode it has, with both allocators."""
    axes = {"op": ("mlp_train",), "width": ("204800",), "allocator": BOTH}
    found = build_rows(Selection(PRESETS["quick"], (), axes), ("cpu",), 2)
    return [row for row in found if row.status is None]


def plan_of(found: list[Row], memory_bytes: int) -> Plan:
    return make_plan(found, 3, 1.5, 2, memory_bytes)


def need(cells: Sequence[Cell]) -> int:
    """Bytes that cells take together."""
    return sum(predict(cell, 2).held_bytes + FIXED_BYTES for cell in cells)


def but_for_allocator(cell: Cell) -> tuple[str, str, str]:
    return cell.worker.backend, cell.worker.mode, cell.key.gradient


def test_both_allocators_are_measured_in_the_same_rounds() -> None:
    plan = plan_of(rows(), 1 << 40)
    (whole,) = plan.groups
    assert whole.cells == tuple(row.cell for row in rows())
    assert len(whole.cells) == 2 * len({but_for_allocator(cell) for cell in whole.cells})
    assert len({cell.worker for cell in whole.cells}) == len(whole.cells)
    assert "system" not in whole.id


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_a_group_is_split_between_pairs_of_allocators(pairs: int) -> None:
    cells = [row.cell for row in rows()]
    room = input_bytes(cells[0].spec) + need(cells[: 2 * pairs]) + FIXED_BYTES
    parts = plan_of(rows(), int(room / MEMORY_SHARE)).groups
    assert [cell for part in parts for cell in part.cells] == cells
    for part in parts:
        assert input_bytes(part.spec) + need(part.cells) <= room
        found = [but_for_allocator(cell) for cell in part.cells]
        assert all(found.count(each) == 2 for each in found)
    assert len(parts[0].cells) == 2 * pairs


def test_a_pair_that_does_not_fit_is_measured_one_by_one() -> None:
    cells = [row.cell for row in rows()]
    room = input_bytes(cells[0].spec) + need(cells[:1]) + FIXED_BYTES // 2
    parts = plan_of(rows(), int(room / MEMORY_SHARE)).groups
    assert [part.cells for part in parts] == [(cell,) for cell in cells]


def test_another_allocator_is_another_plan() -> None:
    kept = [row for row in rows() if row.cell.worker.allocator == "reuse"]
    assert plan_of(kept, 1 << 40).hash != plan_of(rows(), 1 << 40).hash


def cells_of(backend: str) -> list[CellPlan]:
    """A cell with each allocator."""
    kept = planned(backend)
    return [kept, rekeyed(kept, allocator="system")]


def measured(folder: Path) -> Run:
    """Two backends with both allocators: `system` takes three times as long."""
    cells = [cell for backend in WALLS for cell in cells_of(backend)]
    lines = []
    for launch in range(3):
        found = []
        for cell in cells:
            wall = WALLS[cell.key.backend] * (SLOWER if cell.key.allocator == "system" else 1)
            found.append(taken(cell, *(wall + launch + n for n in range(3))))
        lines.append(group(launch, *found))
    return read_run(write(folder, header(*cells), *lines, FOOTER))


def compared(folder: Path, reference: str | None = None) -> dict[tuple[str, str], Comparison]:
    run = measured(folder)
    found = compare_cells(run, summarise(run), reference)
    return {(_short(each.cell), _short(each.reference)): each for each in found}


def _short(plan: CellPlan) -> str:
    return f"{plan.key.backend} {plan.key.allocator}"


def test_ratios_of_allocators_are_over_reuse_and_of_backends_within_one(tmp_path: Path) -> None:
    assert "allocator" in AXES
    found = compared(tmp_path)
    assert {pair: each.axis for pair, each in found.items()} == {
        ("numpy system", "numpy reuse"): "allocator",
        ("torch system", "torch reuse"): "allocator",
        ("torch reuse", "numpy reuse"): "backend",
        ("torch system", "numpy system"): "backend",
    }
    for pair, each in found.items():
        expected = SLOWER if each.axis == "allocator" else 0.5
        assert each.ratio.value == pytest.approx(expected, rel=0.01), pair
        assert each.ratio.low is not None
        assert each.ratio.launches == 3


def test_another_reference_backend_leaves_the_reference_allocator(tmp_path: Path) -> None:
    found = compared(tmp_path, reference="torch")
    assert ("numpy system", "torch system") in found
    assert ("torch system", "torch reuse") in found


def test_what_a_target_lacks_is_told_apart_by_allocator(tmp_path: Path) -> None:
    names = [each.name.split(",")[0] for each in figures(measured(tmp_path))]
    assert sorted(names) == [
        "numpy eager system against numpy eager reuse",
        "torch eager against numpy eager",
        "torch eager system against numpy eager system",
        "torch eager system against torch eager reuse",
    ]


def test_progress_tells_allocators_apart() -> None:
    lines = [taken(cell, 4000, 4000) for cell in cells_of("numpy")]
    kept, shipped = describe(group(0, *lines))
    assert kept.split() == ["numpy/cpu/eager/none", "400", "ns"]
    assert shipped.split() == ["numpy/cpu/eager/none/system", "400", "ns"]
