"""The suites under pytest: what is collected, measured, skipped and failed, and the file it leaves.

The one session that most tests look at measures two cells of NumPy and one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, median
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from helpers.sessions import ELEMENTWISE, Session
from xbench.analysis.summary import CellSummary, per_call_s, summarise
from xbench.keys import CellKey
from xbench.records.schema import CellPlan

MATMUL = "matmul/m64-k1000-n512/float32/{}/cpu/eager/none/tall"


@pytest.fixture
def fresh(tmp_path: Path) -> Session:
    """An empty folder."""
    return Session(tmp_path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Two cells of NumPy, a wrong one and one of a backend that is not there."""
    session = Session(tmp_path_factory.mktemp("session"))
    done = session.pytest(
        "--benchmark-only",
        "--benchmark-json=out.json",
        "--junitxml=out.xml",
        "--xbench-preset",
        "smoke",
        "-k",
        "matmul or (elementwise and numpy)",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    folder = session.run().folder
    assert f"xbench run: {folder}  (xbench report {folder})" in done.stdout
    assert "1 failed, 2 passed, 1 skipped" in done.stdout
    assert "WARNING" not in done.stdout
    return session


def rows(session: Session) -> dict[str, dict[str, Any]]:
    """The benchmarks of the session's file, by the id of the cell."""
    found = json.loads((session.folder / "out.json").read_text())
    return {row["param"]: row for row in found["benchmarks"]}


def outcomes(session: Session) -> dict[str, tuple[str, str]]:
    """How each test ended and why, by the id of the cell."""
    found = {}
    for case in ElementTree.parse(session.folder / "out.xml").iter("testcase"):
        ends = [(each.tag, each.get("message") or "") for each in case]
        found[case.attrib["name"].partition("[")[2][:-1]] = ends[0] if ends else ("passed", "")
    return found


def test_ids_say_what_a_cell_is_and_k_selects_by_them(fresh: Session) -> None:
    ids = fresh.collected()
    assert len(ids) == len(set(ids)) == 12
    assert fresh.collected("-k", "matmul/m64-k1000-n512 and numpy") == [MATMUL.format("numpy")]
    assert fresh.collected("-k", "numpy and none") == [
        each for each in ids if "/numpy/" in each and "/none/" in each
    ]
    assert fresh.collected("-k", "mlp_train and not numpy and not absent") == [
        each for each in ids if each.startswith("mlp_train/") and "/wrong/" in each
    ]
    assert not (fresh.folder / "xbench-results").exists()


def test_plain_pytest_measures_nothing(fresh: Session) -> None:
    done = fresh.pytest("--xbench-preset", "smoke")
    assert done.returncode == 0, done.stdout
    assert "12 skipped" in done.stdout
    assert not (fresh.folder / "xbench-results").exists()


def test_benchmarks_that_are_disabled_measure_nothing(fresh: Session) -> None:
    done = fresh.pytest("--benchmark-disable", "--xbench-preset", "smoke", "-k", "numpy")
    assert "4 skipped" in done.stdout, done.stdout
    assert not (fresh.folder / "xbench-results").exists()


def test_an_unknown_preset_is_a_usage_error(fresh: Session) -> None:
    done = fresh.pytest("--benchmark-only", "--xbench-preset", "smok")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "did you mean smoke?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_fails_with_the_reason(fresh: Session) -> None:
    (fresh.folder / "xbench-results").touch()
    done = fresh.pytest("--benchmark-only", "--xbench-preset", "smoke", "-k", "matmul and numpy")
    assert done.returncode == 1
    assert "cannot write results" in done.stdout
    assert "Traceback" not in done.stdout


def test_every_cell_ends_as_it_should(measured: Session) -> None:
    found = outcomes(measured)
    assert found.pop(MATMUL.format("numpy"))[0] == "passed"
    assert found.pop(ELEMENTWISE.format("numpy"))[0] == "passed"
    kind, reason = found.pop(MATMUL.format("absent"))
    assert kind == "skipped"
    assert reason.startswith("unsupported: absent is not installed")
    assert "pip install absent" in reason
    kind, reason = found.pop(MATMUL.format("wrong"))
    assert kind == "failure"
    assert reason.startswith("Failed: invalid: y: ")
    assert found == {}


def test_the_file_holds_every_round_of_the_journal_exactly(measured: Session) -> None:
    run, found = measured.run(), rows(measured)
    lines = {line.id: line for group in run.groups for line in group.cells if line.status == "ok"}
    assert found.keys() == lines.keys() == {MATMUL.format("numpy"), ELEMENTWISE.format("numpy")}
    for name, line in lines.items():
        stats = found[name]["stats"]
        assert stats["data"] == per_call_s(line)
        assert (stats["rounds"], stats["iterations"]) == (len(line.timed.wall_ns), line.calls)
        assert stats["min"] == min(per_call_s(line))
        assert stats["median"] == median(per_call_s(line))
        assert stats["mean"] == pytest.approx(fmean(per_call_s(line)))


def test_the_median_is_the_runs_own_figure(measured: Session) -> None:
    cells = {cell.id: cell for cell in summarise(measured.run())}
    for name, row in rows(measured).items():
        assert cells[name].launch_s == [row["stats"]["median"]]


def test_what_has_no_place_elsewhere_is_carried_along(measured: Session) -> None:
    cells = {cell.id: cell for cell in summarise(measured.run())}
    for name, row in rows(measured).items():
        carried, cell = row["extra_info"]["xbench"], cells[name]
        for field in set(CellSummary.__struct_fields__) - {"plan"}:
            assert carried[field] == getattr(cell, field), field
        assert msgspec.convert(carried["plan"], CellPlan) == cell.plan
        assert row["group"] == cell.plan.group


def test_workers_and_ceilings_count_towards_the_bound(measured: Session) -> None:
    for row in rows(measured).values():
        carried = row["extra_info"]["xbench"]
        assert carried["launch_share"] > 0
        assert carried["open_s"] > 0
        assert carried["bandwidth_fraction"] > 0


def test_the_journal_is_whole(measured: Session) -> None:
    run = measured.run()
    assert run.complete
    assert run.header.command == ["pytest"]
    assert len(run.header.cells) == 4
    assert (run.folder / "summary.jsonl").exists()


def test_the_report_reads_the_file(measured: Session) -> None:
    done = measured.python("xbench", "report", "out.json")
    assert done.returncode == 0, done.stderr
    assert "numpy eager" in done.stdout
    assert "matmul 64×1000×w" in done.stdout
    assert "2 of 2 cells verified and timed" in done.stdout
    assert (measured.folder / "out-report" / "index.html").exists()


def test_the_file_says_whose_run_it_is_and_what_has_no_row(measured: Session) -> None:
    own = json.loads((measured.folder / "out.json").read_text())["xbench"]
    header = measured.run().header
    assert own["run_id"] == header.run_id
    assert own["machine_key"] == header.environment["machine_key"]
    assert {
        msgspec.convert(each["key"], CellKey).id: each["status"] for each in own["left_out"]
    } == {
        MATMUL.format("wrong"): "invalid",
        MATMUL.format("absent"): "unsupported",
    }


def test_pytest_benchmark_reads_and_compares_the_file(measured: Session) -> None:
    done = measured.python("pytest_benchmark", "compare", "out.json", "--group-by=param")
    assert done.returncode == 0, done.stderr
    for name in rows(measured):
        assert name in done.stdout
    row = rows(measured)[MATMUL.format("numpy")]
    assert row["options"]["timer"] == "replayed"
