"""Several results in one report: their names, what differs, and that nothing compares them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.made_runs import MACHINE, benchmark_json, carried, families, write_run
from helpers.made_sources import NUMPY, TORCH, cell, ratio, source
from xbench.reports.assemble import make_report, report_figures
from xbench.reports.curves import name_sources
from xbench.reports.model import Merged, Shown, Source
from xbench.reports.prose.answers import NOTHING_TO_COMPARE
from xbench.reports.sources import load
from xbench.reports.tables.full_tables import merge


def merged(*sources: Source) -> Merged:
    """Of several, which get their names."""
    name_sources(sources)
    found = merge(sources)
    assert found is not None
    return found


def described(machine: str = "Test CPU", numpy: str = "2.0", **facts: str) -> dict[str, Any]:
    """Fields of a source that say where and with what it was measured."""
    rows = {"machine": machine, "numpy": numpy, "Python": "3.11", **facts}
    return {"machine": machine, "facts": [*rows.items()]}


def test_one_result_has_no_name_and_nothing_beside_it(tmp_path: Path) -> None:
    report = make_report([load(write_run(tmp_path, families(1, (512,))), None)])
    assert report.merged is None
    assert [each.name for each in report.chapters] == [""]
    assert report.title == "NumPy, PyTorch and TensorFlow on Test CPU, 8 cores, 64 GB, no GPU"


def test_results_are_named_by_letters_with_title_machine_and_date(tmp_path: Path) -> None:
    other = {"machine": MACHINE | {"cpu": "Other CPU"}}
    runs = [
        write_run(tmp_path / "a", families(1, (512,))),
        write_run(tmp_path / "b", families(1, (512,)), run_id="b", environment=other),
    ]
    report = make_report([load(run, None) for run in runs], "Two machines")
    assert report.title == "Two machines"
    assert [each.name for each in report.chapters] == ["A", "B"]
    assert report.merged is not None
    assert report.merged.runs.rows == [
        (
            "A",
            "run 20260102T030405Z-abcdef, preset quick",
            "Test CPU, 8 cores, 64 GB, no GPU",
            "2026-01-02T03:04",
        ),
        ("B", "run b, preset quick", "Other CPU, 8 cores, 64 GB, no GPU", "2026-01-02T03:04"),
    ]
    names = list(report_figures(report)().files())
    assert len(set(names)) == len(names) > 2
    many = [source([]) for _ in range(28)]
    name_sources(many)
    assert [many[place].name for place in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]


def test_only_what_differs_has_a_row_and_what_is_not_known_says_so() -> None:
    one = source([], **described(numpy="2.0, BLAS openblas", load="0.1", written="2026-01-02"))
    other = source([], **described(numpy="2.1, BLAS mkl", written="2026-01-03"))
    table = merged(one, other).differs
    assert table is not None
    assert table.columns == ("what differs", "A", "B")
    assert table.rows == [
        ("numpy", "2.0, BLAS openblas", "2.1, BLAS mkl"),
        ("load", "0.1", "not recorded"),
    ]
    assert merged(one, one).differs is None


def test_other_machines_and_versions_are_reasons_not_to_compare() -> None:
    cells = [cell(NUMPY)]
    one, other = source(cells, **described()), source(cells, **described("Other CPU", "2.1"))
    third = source(cells, **described("Other CPU"))
    said = " ".join(merged(one, other, third).sentences)
    assert "Not the same machine, as far as is recorded: Test CPU (A); Other CPU (B and C)." in said
    assert "Not the same versions: NumPy 2.0 (A and C), 2.1 (B)." in said
    assert said.endswith("have to be measured in the same rounds, on one machine.")
    said = " ".join(merged(one, source(cells, **described())).sentences)
    assert "One machine and the same versions, as far as is recorded: what differs may be" in said
    assert said.endswith("have to be measured in the same rounds.")


def test_a_machine_is_the_same_if_its_key_is(tmp_path: Path) -> None:
    """A kernel that reserves more memory makes another description."""
    less = {"machine": MACHINE | {"ram_bytes": 63 * 10**9}, "machine_key": "k"}
    more = {"machine": MACHINE, "machine_key": "k"}
    sources = [
        load(write_run(tmp_path / name, families(1, (512,)), environment=each), None)
        for name, each in (("a", less), ("b", more))
    ]
    found = merged(*sources)
    assert "Not the same machine" not in " ".join(found.sentences)
    assert found.differs is not None
    assert [row[0] for row in found.differs.rows] == ["machine"]


def test_common_cells_stand_side_by_side_without_a_ratio() -> None:
    """Refused cells too, if the other has a number; a cell of one run only has no row."""
    one = source([cell(NUMPY, 2e-3), cell(TORCH, None), cell(NUMPY, 1.0, 2048)])
    other = source([cell(TORCH, 4e-3, status="imprecise"), cell(NUMPY, 1e-3)])
    table = merged(one, other).across
    assert table is not None
    assert table.columns == ("operation", "width", "cell", "A", "B")
    assert table.rows == [
        ("op 100×w", "512", "numpy eager manual", "2.0 ms [1.8, 2.2]", "1.00 ms [0.90, 1.10]"),
        ("op 100×w", "512", "torch eager autograd", "oom", "4.0 ms [3.6, 4.4] imprecise"),
    ]
    keys = [each.key for row in table.rows for each in row[3:] if isinstance(each, Shown)]
    assert keys == [2e-3, 1e-3, 4e-3]
    for words in ("faster", "slower", "×"):
        assert not any(words in text for row in table.rows for text in row[3:])


def test_settings_are_told_apart_and_nothing_in_common_is_no_table() -> None:
    both = [cell(NUMPY), cell(NUMPY, dtype="float64")]
    table = merged(source(both), source(both)).across
    assert table is not None
    assert [row[1] for row in table.rows] == ["float32, cpu, all cores", "float64, cpu, all cores"]
    assert merged(source([cell(NUMPY)]), source([cell(TORCH)])).across is None


def test_answers_and_wins_stay_within_a_run() -> None:
    """NumPy of one run against PyTorch of the other is no pair, however clear it may look."""
    slow = source([cell(NUMPY, 9.0), cell(NUMPY, 9.0, 2048)])
    numpy, torch = cell(NUMPY, 2.0), cell(TORCH, 1.0)
    fast = source([numpy, torch], [ratio(torch, numpy, 0.4, 0.6)])
    chapters = make_report([slow, fast]).chapters
    assert chapters[0].answers == [NOTHING_TO_COMPARE]
    assert chapters[0].wins is None
    assert len(chapters[1].answers) == 1


def test_a_pytest_benchmark_file_may_stand_beside_a_run(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text(benchmark_json([carried(512)]))
    run = write_run(tmp_path / "run", families(1, (512,)))
    report = make_report([load(run, None), load(file, None)])
    assert report.merged is not None
    assert report.merged.runs.rows[1][0::3] == ("B", "2026-01-02")
    assert report.chapters[1].answers == []
