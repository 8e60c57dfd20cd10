"""Which cells of two sides are compared; ids, groups and the plan of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from helpers.journals import NUMPY, group, header, taken, write
from helpers.made_keys import key_of, worker_key
from xbench.analysis.summary import summarise
from xbench.contracts import Spec
from xbench.errors import UsageError
from xbench.plan.build import Row
from xbench.plan.cell import Cell
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.process.side import SideSetup
from xbench.records.read import read_run
from xbench.records.schema import Footer
from xbench.suites.presets import PRESETS
from xbench.tracking.ab import judge, make_pairs, rows_to_measure
from xbench.tracking.ab_sides import Asked, selected
from xbench.tracking.thresholds import Thresholds

KEY = key_of(Spec("matmul", (("m", 2), ("k", 2), ("n", 2)), "float32"), worker_key())


def row(side: str, n: int = 2, status: str | None = None, **policy: str) -> Row:
    plain = replace(KEY, params={"m": 2, "k": 2, "n": n}, **policy)  # type: ignore[arg-type]
    cell = Cell(replace(plain, side=side), pair=plain.id)
    return Row(cell, status, "for a reason" if status else "")  # type: ignore[arg-type]


def test_a_side_stands_last_in_an_id_and_only_where_there_is_one() -> None:
    base = replace(KEY, side="base", allocator="system")
    assert replace(KEY, side="head").id.endswith("/none/tall/head")
    assert base.worker.id == "numpy/cpu/eager/tall/system/base"
    assert KEY.id == "matmul/m2-k2-n2/float32/numpy/cpu/eager/none/tall"


def test_a_journal_without_sides_names_none() -> None:
    line = msgspec.json.encode(header(NUMPY))
    assert line.count(b"side") == line.count(b'"side":""')
    assert b"pair" not in line


def test_both_sides_share_a_group_and_stay_together_where_memory_is_short() -> None:
    rows = [row(side, n) for n in (2,) for side in ("base", "head")]
    rows += [row(side, allocator="system") for side in ("base", "head")]
    (one,) = make_plan(rows, 1, 0.1, 2, 1 << 40).groups
    assert [cell.worker.side for cell in one.cells] == ["base", "head", "base", "head"]
    parts = make_plan(rows, 1, 0.1, 2, int(2.5 * (600 << 20))).groups
    assert [[cell.pair for cell in part.cells] for part in parts] == [
        [rows[0].cell.pair] * 2,
        [rows[2].cell.pair] * 2,
    ]


def test_what_only_head_has_is_measured_and_what_only_base_has_is_not() -> None:
    pairs = make_pairs([row("base"), row("base", 3)], [row("head"), row("head", 4)], [])
    assert [(each.base is None, each.head is None) for each in pairs] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert [each.cell.worker.side for each in rows_to_measure(pairs)] == ["base", "head", "head"]


def test_along_a_policy_a_cell_is_named_as_base_has_it() -> None:
    (pair,) = make_pairs([row("base")], [row("head", mode="compiled")], ["mode"])
    assert pair.name == "matmul/m2-k2-n2/float32/numpy/cpu/eager/none/tall"
    assert pair.base is not None
    assert pair.head is not None
    assert pair.head.cell.pair == pair.name
    assert pair.head.cell.id.endswith("/compiled/none/tall/head")


def test_a_policy_that_a_backend_does_not_offer_is_not_measured_at_all() -> None:
    head = row("head", status="unsupported", mode="compiled")
    pairs = make_pairs([row("base")], [head], ["mode"])
    assert [each.status for each in rows_to_measure(pairs)] == ["unsupported"] * 2


@pytest.mark.parametrize(("times", "kind"), [((1000, 1010), "same"), ((1000, 1200), "regressed")])
def test_a_stored_run_of_both_sides_is_judged(
    tmp_path: Path, times: tuple[int, int], kind: str
) -> None:
    pairs = make_pairs([row("base")], [row("head")], [])
    cells = [
        msgspec.structs.replace(NUMPY, key=each.cell.key, pair=each.cell.pair)
        for each in rows_to_measure(pairs)
    ]
    launches = [
        group(
            n,
            *(
                taken(cell, *[ns + 2 * n + 3 * (n % 2) * (ns == times[1])] * 3)
                for cell, ns in zip(cells, times, strict=True)
            ),
        )
        for n in range(5)
    ]
    run = read_run(write(tmp_path, header(*cells), *launches))
    (found,) = judge(pairs, run, summarise(run), Thresholds())
    assert (found.kind, found.launches, found.paired) == (kind, 5, True)
    assert found.ratio == pytest.approx(times[1] / times[0], rel=0.01)


def test_statuses_become_kinds(tmp_path: Path) -> None:
    base = [row("base"), row("base", 3), row("base", 5, "unsupported")]
    pairs = make_pairs(base, [row("head"), row("head", 4), row("head", 5, "unsupported")], [])
    cells = [
        msgspec.structs.replace(
            NUMPY,
            key=each.cell.key,
            status=each.status,
            pair=each.cell.pair,
        )
        for each in rows_to_measure(pairs)
    ]
    lines = [taken(cells[0], 1000, 1001), taken(cells[1], 0, status="crashed"), taken(cells[2], 9)]
    run = read_run(write(tmp_path, header(*cells), group(0, *lines)))
    found = judge(pairs, run, summarise(run), Thresholds())
    assert [each.kind for each in found] == ["broken", "new", "not measured", "missing"]


def test_what_the_budget_left_out_is_undecided(tmp_path: Path) -> None:
    pairs = make_pairs([row("base")], [row("head")], [])
    cells = [
        msgspec.structs.replace(NUMPY, key=each.cell.key, pair="p")
        for each in rows_to_measure(pairs)
    ]
    run = read_run(write(tmp_path, header(*cells), Footer(ended_utc="", outcome="budget")))
    (found,) = judge(pairs, run, summarise(run), Thresholds())
    assert (found.kind, found.head_status) == ("inconclusive", "skipped")
    assert "left out by the budget" in found.reason


@pytest.mark.parametrize("named", [("eager", "graph"), ("e*",)])
def test_an_axis_that_a_policy_sets_has_one_value_on_the_other_side(named: tuple[str, ...]) -> None:
    asked = {"base": Asked("."), "head": Asked("mode=compiled", policy={"mode": "compiled"})}
    selection = Selection(PRESETS["smoke"], (), {"mode": named})
    with pytest.raises(UsageError, match="mode is what the sides differ in"):
        selected(selection, asked, "base")
    plain = replace(selection, axes={})
    assert selected(plain, asked, "base").axes == {"mode": ("eager",)}
    assert selected(plain, asked, "head").axes == {"mode": ("compiled",)}


def test_a_worktree_stands_for_its_repository(tmp_path: Path) -> None:
    top, tree = tmp_path / "top", tmp_path / "tree"
    side = SideSetup("base", moved=(top, tree))
    assert side.moved_path(top / "a" / "b.py") == tree / "a" / "b.py"
    assert side.moved_path(tmp_path / "other.py") == tmp_path / "other.py"
    (tree / "src").mkdir(parents=True)
    assert side.environment({"PYTHONPATH": f"{top}/src:{top}/.venv:/else", "A": "b"}) == {
        "PYTHONPATH": f"{tree}/src:{top}/.venv:/else",
        "A": "b",
    }
