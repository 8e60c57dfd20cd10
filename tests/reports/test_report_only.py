"""`xbench report --only`: which cells are left, and what is left of all that rests on several."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_runs import VARIANTS, benchmark_json, carried, families, plan, write_run
from helpers.reporting import measured, refused, rows
from xbench.cli import main
from xbench.errors import UsageError
from xbench.reports.sources import load, select


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two ops at two widths, five cells each, and one that crashed."""
    bad = plan("op1 100×w", 99, VARIANTS[0], status="crashed", reason="segmentation fault")
    return write_run(tmp_path / "run", [*families(2, (512, 2048)), bad])


def test_only_keeps_cells_by_id_op_family_or_backend(run: Path) -> None:
    source = load(run, None)
    for pattern, count in (
        ("op0", 10),
        ("op1 100×w", 11),
        ("*-w2048/*", 10),
        ("torch", 8),
        ("op?", 21),
        ("*w99*", 1),
    ):
        (kept,) = select([source], [pattern])
        assert len(kept.cells) == count
        assert f"only {count} of 21 rows are shown, by --only {pattern}" in kept.notes
    assert len(select([source], ["op0", "torch"])[0].cells) == 14
    assert select([source], []) == [source]


def test_only_keeps_a_ratio_where_both_cells_remain(run: Path) -> None:
    source = load(run, None)
    (kept,) = select([source], ["torch"])
    assert {each.axis for each in kept.comparisons} == {"mode"}
    assert len(kept.comparisons) == 4
    (both,) = select([source], ["torch", "numpy"])
    assert len(both.comparisons) == 8
    ids = {cell.id for cell in both.cells}
    assert all({each.cell.id, each.reference.id} <= ids for each in both.choices)
    assert {line.worker.backend for line in both.workers} == {"torch", "numpy"}


def test_only_keeps_a_crossover_whose_widths_all_remain(tmp_path: Path) -> None:
    cells = [
        plan(
            "op 100×w",
            width,
            VARIANTS[1],
            device=device,
            group=f"{width}{device}",
        )
        for width in (512, 2048)
        for device in ("cpu", "cuda:0")
    ]
    source = load(write_run(tmp_path / "gpu", cells), None)
    assert [each.device for each in source.crossovers] == ["cuda:0"]
    for pattern, kept in (("op", 1), ("op/n100-w512/*", 0), ("*/cpu/*", 0)):
        assert len(select([source], [pattern])[0].crossovers) == kept


def test_only_reaches_every_file(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run), "--format", "csv", "--only", "op1", "numpy"]) == 0
    found = measured(capsys.readouterr().out)
    assert {(row["op"], row["backend"]) for row in found} >= {("op0", "numpy"), ("op1", "torch")}
    assert ("op0", "torch") not in {(row["op"], row["backend"]) for row in found}
    assert any(row["status"] == "crashed" for row in found)
    assert len(rows(run / "report" / "cells.csv")) == len({row["id"] for row in found})


@pytest.mark.parametrize(
    ("pattern", "near"), [("op", "op0"), ("TORCH", "torch"), ("tensorflo", "tensorflow"), ("", "")]
)
def test_only_that_matches_nothing_names_what_is_near(
    run: Path, capsys: pytest.CaptureFixture[str], pattern: str, near: str
) -> None:
    said = refused(capsys, run, "--only", "numpy", pattern)
    assert f"no cell matches {pattern!r}" in said
    assert near in said.partition("Hint")[2]
    assert not (run / "report").exists()


def test_only_chooses_among_other_peoples_benchmarks(tmp_path: Path) -> None:
    stats = carried(1)["stats"]
    names = [{"name": name, "group": "g", "stats": stats} for name in ("test_a", "test_b")]
    (tmp_path / "saved.json").write_text(benchmark_json(names))
    (kept,) = select([load(tmp_path / "saved.json", None)], ["*_b"])
    assert [each.name for each in kept.benchmarks] == ["test_b"]
    with pytest.raises(UsageError, match="no cell matches 'c'") as caught:
        select([kept], ["c"])
    assert "test_b" in caught.value.hint


def test_a_result_after_only_is_named_as_the_mistake_it_is(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"--only took {run} for a pattern" in refused(capsys, "--only", "op0", run)
