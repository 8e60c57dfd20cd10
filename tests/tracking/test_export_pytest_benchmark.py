"""`xbench export --format pytest-benchmark`, read by pytest-benchmark and by our own report."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from helpers.made_runs import families, plan, write_run
from xbench.analysis.summary import per_call_s, summarise
from xbench.cli import main
from xbench.records.read import read_run
from xbench.records.schema import CellPlan, Samples
from xbench.reports.formats.exports import carried
from xbench.reports.sources import load

FORMAT = ("--format", "pytest-benchmark")
STATS = {
    "min",
    "max",
    "mean",
    "stddev",
    "rounds",
    "median",
    "iqr",
    "q1",
    "q3",
    "ld15iqr",
    "hd15iqr",
    "iqr_outliers",
    "stddev_outliers",
    "outliers",
    "ops",
    "total",
    "iterations",
    "data",
}
ROW = {
    "group",
    "name",
    "fullname",
    "params",
    "param",
    "extra_info",
    "options",
    "stats",
}


def cells() -> list[CellPlan]:
    """Five with a number, one refused beforehand."""
    there = families(1, (512,))
    refused = plan("op9 100×w", 512, ("numpy", "eager", "manual"), status="would_oom", reason="big")
    return [*there, refused]


def export(folder: Path, name: str = "out.json") -> dict[str, Any]:
    """The file that a run is exported to, refusing what is no JSON."""
    file = folder.parent / name
    assert main(["export", str(folder), *FORMAT, "--output", str(file)]) == 0

    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    found: dict[str, Any] = json.loads(file.read_text(), parse_constant=refuse)
    return found


def compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest-benchmark's own reader."""
    return subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_row_holds_every_burst_and_what_pytest_benchmark_makes_of_it(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", cells())
    found, run = export(folder), read_run(folder)
    raw: dict[str, list[float]] = {}
    for group in run.groups:
        for line in group.cells:
            raw.setdefault(line.id, []).extend(per_call_s(line))
    assert {row["param"] for row in found["benchmarks"]} == raw.keys()
    for row in found["benchmarks"]:
        stats, data = row["stats"], raw[row["fullname"]]
        assert row.keys() == ROW
        assert stats.keys() == STATS
        assert stats["data"] == data
        assert (stats["min"], stats["max"], stats["rounds"]) == (min(data), max(data), 27)
        assert stats["median"] == median(data)
        assert stats["mean"] == pytest.approx(mean(data))
        assert row["params"]["backend"] in row["fullname"]
        assert all(isfinite(each) for each in stats.values() if isinstance(each, float))


def test_cells_without_a_number_are_listed_and_nowhere_else(tmp_path: Path) -> None:
    planned = cells()
    crashed = planned[0].id
    folder = write_run(
        tmp_path / "run",
        planned,
        changes={crashed: {"status": "crashed", "reason": "signal 9", "timed": Samples()}},
    )
    found = export(folder)
    assert crashed not in {row["name"] for row in found["benchmarks"]}
    assert len(found["benchmarks"]) == 4
    assert found["xbench"]["left_out"] == [
        {"key": asdict(planned[0].key), "status": "crashed", "reason": "signal 9"},
        {"key": asdict(planned[-1].key), "status": "would_oom", "reason": "big"},
    ]


def test_figures_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    """A call so short that its rate is beyond any number."""
    planned = cells()
    short = {"timed": Samples(wall_ns=[1] * 9), "calls": 10**308}
    found = export(write_run(tmp_path / "run", planned, changes={planned[1].id: short}))
    assert found["xbench"]["left_out"][-1]["key"] == asdict(planned[1].key)
    assert found["xbench"]["left_out"][-1]["status"] == "invalid"
    assert len(found["benchmarks"]) == 4


def test_times_beyond_all_numbers_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = {cells()[1].id: {"timed": Samples(wall_ns=[10**400] * 9)}}
    assert main(["export", str(write_run(tmp_path, cells(), changes=huge)), *FORMAT]) == 2
    assert "Expected `int` <= 9223372036854775807" in capsys.readouterr().err


def test_the_report_reads_back_what_the_run_said(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", cells())
    export(folder)
    known = {cell.id: carried(cell) for cell in summarise(read_run(folder)) if cell.time_s}
    source = load(tmp_path / "out.json", None)
    assert {cell.id: carried(cell) for cell in source.cells} == known
    assert source.launches == 3


def test_machine_and_commit_are_the_runs(tmp_path: Path) -> None:
    environment = {
        "machine": {"cpu": "Fast CPU", "cores": 6},
        "os": "Linux-6.1",
        "python": "3.12.1",
        "machine_key": "abc",
        "git": {"commit": "f" * 40, "branch": "main", "dirty": True},
    }
    found = export(write_run(tmp_path / "run", cells(), environment=environment))
    assert found["machine_info"]["cpu"] == {"brand_raw": "Fast CPU", "count": 6}
    assert found["machine_info"]["python_version"] == "3.12.1"
    assert found["commit_info"]["id"] == "f" * 40
    assert found["commit_info"]["dirty"] is True
    assert found["xbench"]["machine_key"] == "abc"


def test_an_environment_of_anything_is_no_error(tmp_path: Path) -> None:
    odd = {"machine": "none", "os": 3, "python": None, "git": ["x"], "machine_key": 7}
    found = export(write_run(tmp_path / "run", cells(), environment=odd))
    assert found["commit_info"]["id"] == "unversioned"
    assert found["machine_info"]["cpu"]["brand_raw"] == "unknown CPU"


def test_pytest_benchmark_compares_two_exports(tmp_path: Path) -> None:
    planned = cells()
    slow = {planned[0].id: {"timed": Samples(wall_ns=[10**9] * 9)}}
    export(write_run(tmp_path / "a", planned), "a.json")
    export(write_run(tmp_path / "b", planned, changes=slow), "b.json")
    between = compare(tmp_path, "a.json", "b.json", "--between", "min,median")
    assert between.returncode == 0, between.stderr
    changed = [line.count("+0.0%") for line in between.stdout.splitlines() if "%" in line]
    assert sorted(changed) == [0, 2, 2, 2, 2]
    assert "N/A" not in between.stdout


def test_pytest_benchmark_groups_by_our_axes_and_writes_csv(tmp_path: Path) -> None:
    export(write_run(tmp_path / "a", cells()), "a.json")
    done = compare(tmp_path, "a.json", "--group-by", "param:backend", "--csv", "out.csv")
    assert done.returncode == 0, done.stderr
    assert "backend=tensorflow': 2 tests" in done.stdout
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["name"] for row in rows) == sorted(each.id for each in cells()[:-1])
    assert {row["param:backend"] for row in rows} == {"numpy", "torch", "tensorflow"}
    assert all(float(row["median"]) > 0 for row in rows)


@pytest.mark.skipif(find_spec("pygal") is None, reason="pytest-benchmark draws with pygal")
def test_pytest_benchmark_draws_a_histogram(tmp_path: Path) -> None:
    export(write_run(tmp_path / "a", cells()), "a.json")
    done = compare(tmp_path, "a.json", "--histogram", "drawn/x")
    assert done.returncode == 0, done.stderr
    assert [each for each in (tmp_path / "drawn").iterdir() if "<svg" in each.read_text()]
