"""`xbench compare`: each exit status, and how often equal runs are called different.

A/A, simulated: two runs of 2000 cells, 5 launches a side, a spread of launches of 2 % and no shift
between the two occasions. Of ten such pairs (seeds 100 to 109) none of 20 000 cells was called
regressed and one improved (0.005 %); 98.6 % were inconclusive, since five launches tell ±3 % then.
With head 10 % slower, 99.85 % were called regressed. Real occasions also differ by 3 to 6 %, which
no interval from within a run knows: that is why nothing here is confirmed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

import pytest

from helpers.stored_runs import Cell, name, times, write_stored
from xbench.analysis.interval import unpaired_ratio
from xbench.cli import main
from xbench.process.child import ROOT
from xbench.tracking.compare import compare_runs
from xbench.tracking.stored import read_stored
from xbench.tracking.thresholds import Thresholds
from xbench.tracking.verdict import Verdict

STEADY = [1.0e-3, 1.001e-3, 1.002e-3, 1.003e-3, 1.004e-3]
SLOWER = [1.1 * each for each in STEADY]


def compare(
    folder: Path, base: Mapping[str, Cell], head: Mapping[str, Cell], *options: str, **of_head: Any
) -> tuple[int, str, str]:
    """Exit status, output and errors of the command on two runs; `of_head`: its environment."""
    write_stored(folder / "20260101T000000Z-base", base)
    write_stored(folder / "20260102T000000Z-head", head, **of_head)
    return command(folder, "20260101T000000Z-base", "20260102T000000Z-head", *options)


def command(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The same of whatever is named, called in this folder."""
    done = subprocess.run(
        [sys.executable, "-m", "xbench", "compare", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("base", "head", "options", "status", "said"),
    [
        (STEADY, STEADY, [], 0, "1 same"),
        (STEADY, STEADY, ["--strict"], 0, "1 same"),
        (STEADY, SLOWER, [], 0, "1 regressed (0 confirmed)"),
        (STEADY, SLOWER, ["--strict"], 4, "regressed?"),
        (SLOWER, STEADY, ["--strict"], 0, "1 improved"),
        ([1e-3], [2e-3], [], 0, "1 inconclusive"),
        ([1e-3], [2e-3], ["--strict"], 4, "no interval for 1"),
        ("oom", STEADY, [], 0, "1 fixed"),
        ("oom", "oom", [], 5, "1 not measured"),
        (STEADY, "crashed", [], 5, "its reason: crashed"),
    ],
)
def test_a_cell_and_the_exit_status(
    tmp_path: Path, base: Cell, head: Cell, options: list[str], status: int, said: str
) -> None:
    found, out, err = compare(tmp_path, {name(1): base}, {name(1): head}, *options)
    assert (found, err) == (status, "")
    assert said in out


def test_what_lost_its_number_is_named_before_all_else(tmp_path: Path) -> None:
    base = {name(number): STEADY for number in range(4)}
    head: dict[str, Cell] = {name(1): SLOWER, name(2): "crashed", name(3): STEADY, name(9): STEADY}
    status, out, _ = compare(tmp_path, base, head, "--out", "new")
    assert status == 3
    rows = [line.split()[:2] for line in out.splitlines() if "mlp_train" in line and "/" in line]
    assert rows[:3] == [["broken", name(2)], ["missing", name(0)], ["regressed?", name(1)]]
    assert "1 new" in out
    document = json.loads((tmp_path / "new" / "verdict.json").read_text())
    assert document["exit_status"] == 3
    assert document["counts"]["regressed"] == 1
    assert (tmp_path / "new" / "summary.md").read_text().startswith("<!-- xbench -->")


def test_another_machine_is_no_baseline(tmp_path: Path) -> None:
    status, out, _ = compare(tmp_path, {name(1): STEADY}, {name(1): SLOWER}, machine_key="ffff")
    assert status == 4
    assert "key 0123456789ab" in out
    assert "key ffff" in out
    assert "regressed" not in out


def test_what_differs_is_said(tmp_path: Path) -> None:
    cells = {name(1): STEADY}
    _, out, _ = compare(tmp_path, cells, cells, version="2.13.0", python="3.12.1")
    lines = [line.split() for line in out.splitlines()]
    assert ["torch", "2.12.0", "2.13.0"] in lines
    assert ["Python", "3.11.7", "3.12.1"] in lines


def test_errors_are_exit_status_2_with_a_hint(tmp_path: Path) -> None:
    run = write_stored(tmp_path / "run", {name(1): STEADY})
    (tmp_path / "torn").mkdir()
    for arguments in (
        ["nowhere", "run"],
        ["run", "torn"],
        ["run", "run", "--out", "run/run.jsonl"],
    ):
        status, _, err = command(tmp_path, *arguments)
        assert (status, "Hint:" in err) == (2, True), arguments
    assert command(tmp_path, "run")[0] == 2
    (tmp_path / "pyproject.toml").write_text("[tool.xbench]\nefect = 1\n")
    status, _, err = command(tmp_path, run.name, run.name)
    assert (status, "'efect'" in err) == (2, True)


def verdict(folder: Path, seed: int, shift: float = 1.0, cells: int = 2000) -> Verdict:
    """Of two runs made up by chance."""
    chance = random.Random(seed)
    base = write_stored(folder / f"base{seed}", times(chance, cells))
    head = write_stored(folder / f"head{seed}", times(chance, cells, by=shift))
    return compare_runs(read_stored(base), read_stored(head), Thresholds())


def test_equal_runs_are_hardly_ever_called_different(tmp_path: Path) -> None:
    found = [verdict(tmp_path, seed).counts for seed in range(3)]
    assert sum(each["regressed"] for each in found) <= 3  # of 6000: 0.05 %
    assert sum(each["improved"] for each in found) <= 3


def test_a_tenth_is_found(tmp_path: Path) -> None:
    assert verdict(tmp_path, 1, shift=1.1, cells=500).counts["regressed"] >= 480


def test_peak_memory_is_judged_by_one_reading(tmp_path: Path) -> None:
    megabyte = 1 << 20
    for peak, kind in ((100, "same"), (106, "regressed"), (104, "inconclusive"), (50, "improved")):
        base = write_stored(tmp_path / "a", {name(1): STEADY}, {"peak_bytes": 100 * megabyte})
        head = write_stored(tmp_path / "b", {name(1): STEADY}, {"peak_bytes": peak * megabyte})
        found = compare_runs(read_stored(base), read_stored(head), Thresholds()).findings
        assert [(each.metric, each.kind) for each in found] == [
            ("time", "same"),
            ("peak memory", kind),
        ]


def test_welchs_interval_is_scipys_but_for_whole_degrees_of_freedom() -> None:
    from scipy.stats import ttest_ind

    chance = random.Random(3)
    for _ in range(50):
        head, base = (
            [chance.gauss(0.1, spread) for _ in range(chance.randrange(2, 9))]
            for spread in (0.02, 0.05)
        )
        ours = unpaired_ratio(head, base)
        theirs = ttest_ind(head, base, equal_var=False).confidence_interval(0.95)
        assert ours.low is not None
        assert ours.high is not None
        assert log(ours.low) <= theirs.low + 1e-12
        assert log(ours.high) >= theirs.high - 1e-12
        assert log(ours.high / ours.low) <= 3.5 * (theirs.high - theirs.low)


def test_a_defect_of_our_own_does_not_look_like_a_regression(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("xbench.tracking.foreign.read_stored_or_foreign", broken)
    assert main(["compare", "a", "b"]) == 2
    assert "RuntimeError: a defect" in capsys.readouterr().err
