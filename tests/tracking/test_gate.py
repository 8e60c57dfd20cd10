"""`xbench gate` and `xbench accept` in processes: exit statuses, and inputs that are not fine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.made_history import CELLS, Made, run_id, steady, tool, write_lines, write_run
from xbench.tracking.stored import read_stored

FINE = dict.fromkeys(CELLS, Made())
SLOW = FINE | {CELLS[0]: Made(1.3e-3)}


def gate(folder: Path, *options: str | Path) -> tuple[int, str]:
    """The newest run of a folder against the others."""
    return tool("gate", "--baseline", folder, *options, folder=folder)


def kinds(out: Path) -> dict[tuple[str, str], str]:
    """What `verdict.json` says, by cell and metric."""
    document = json.loads((out / "verdict.json").read_text())
    return {(each["cell"], each["metric"]): each["kind"] for each in document["findings"]}


def test_a_run_as_before_is_0_and_says_what_was_compared(tmp_path: Path) -> None:
    steady(tmp_path, 12)
    write_run(tmp_path, 20, FINE)
    status, said = gate(tmp_path, "--out", tmp_path / "out")
    assert status == 0, said
    assert "(12 runs)" in said
    assert run_id(20) in said
    assert set(kinds(tmp_path / "out").values()) <= {"same", "inconclusive"}


def test_a_slower_cell_is_a_candidate_and_no_failure_but_to_be_strict(tmp_path: Path) -> None:
    steady(tmp_path, 12)
    write_run(tmp_path, 20, SLOW)
    status, said = gate(tmp_path, "--out", tmp_path / "out")
    assert status == 0, said
    assert kinds(tmp_path / "out")[CELLS[0], "time"] == "regressed"
    assert "not confirmed" in said
    assert gate(tmp_path, "--strict")[0] == 4


@pytest.mark.parametrize("made", [Made(None, "oom"), Made(None, "invalid"), None])
def test_a_cell_that_lost_its_number_or_is_gone_is_3_until_accepted(
    tmp_path: Path, made: Made | None
) -> None:
    steady(tmp_path, 12)
    cells = {**FINE, CELLS[2]: made} if made else {each: FINE[each] for each in CELLS[:2]}
    for number in (20, 21):  # it does not become normal by being repeated
        write_run(tmp_path, number, {name: each for name, each in cells.items() if each})
        status, said = gate(tmp_path)
        assert status == 3, said
        assert CELLS[2] in said
    accepted = tool(
        "accept", run_id(21), "--reason", "no longer", "--baseline", tmp_path, folder=tmp_path
    )
    assert accepted[0] == 0, accepted
    write_run(tmp_path, 22, {name: each for name, each in cells.items() if each})
    assert gate(tmp_path)[0] == 0


def test_too_few_runs_are_4_and_while_learning_0_with_a_notice(tmp_path: Path) -> None:
    steady(tmp_path, 9)
    write_run(tmp_path, 20, SLOW)
    status, said = gate(tmp_path)
    assert status == 4, said
    assert "9 comparable runs, 10 are needed" in said
    status, said = gate(tmp_path, "--learning")
    assert status == 0, said
    assert "learning" in said


def test_runs_of_another_machine_are_no_baseline(tmp_path: Path) -> None:
    steady(tmp_path, 12, machine="elsewhere")
    write_run(tmp_path, 20, FINE)
    status, said = gate(tmp_path)
    assert status == 4, said
    assert "12 runs of other machines" in said


def test_a_run_that_measured_nothing_is_5(tmp_path: Path) -> None:
    steady(tmp_path, 12)
    write_run(tmp_path, 20, dict.fromkeys(CELLS, Made(None, "skipped")))
    assert gate(tmp_path)[0] == 5


def test_a_regression_stays_one_until_it_is_accepted(tmp_path: Path) -> None:
    steady(tmp_path, 12)
    for number in range(20, 35):
        write_run(tmp_path, number, SLOW)
    gate(tmp_path, "--out", tmp_path / "out")
    assert kinds(tmp_path / "out")[CELLS[0], "time"] == "regressed"
    done = tool(
        "accept",
        tmp_path / run_id(33),
        "--cell",
        CELLS[0],
        "--reason",
        "worth it",
        "--baseline",
        tmp_path,
        folder=tmp_path,
    )
    assert done[0] == 0, done
    gate(tmp_path, "--out", tmp_path / "out")
    assert kinds(tmp_path / "out")[CELLS[0], "time"] != "regressed"
    (line,) = (tmp_path / "accepted.jsonl").read_text().splitlines()
    accepted = json.loads(line)
    assert (accepted["run"], accepted["reason"]) == (run_id(33), "worth it")
    assert accepted["cells"] == [CELLS[0]]


def test_more_memory_is_a_finding_of_its_own_and_a_little_more_is_none(tmp_path: Path) -> None:
    steady(tmp_path, 12, peak=10_000_000)
    sizes = {CELLS[0]: 12_000_000, CELLS[1]: 10_900_000, CELLS[2]: 8_000_000}
    write_run(tmp_path, 20, {each: Made(1e-3, peak_bytes=size) for each, size in sizes.items()})
    gate(tmp_path, "--out", tmp_path / "out")
    found = kinds(tmp_path / "out")
    assert [found[each, "peak memory"] for each in CELLS] == ["regressed", "same", "improved"]
    assert {found[each, "time"] for each in CELLS} <= {"same", "inconclusive"}


def test_stored_runs_that_cannot_be_read_are_left_out_with_a_note(tmp_path: Path) -> None:
    steady(tmp_path, 15)
    first, second, third, *_ = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    (first / "summary.jsonl").write_text('{"plan":{"key":{"op":"a')
    (second / "run.jsonl").write_text("torn")
    twice = write_run(tmp_path, 30, FINE)
    (twice / "run.jsonl").write_bytes((third / "run.jsonl").read_bytes())
    write_run(tmp_path, 31, FINE)
    (tmp_path / "foreign.json").write_text("[[1, 2]]")
    status, said = gate(tmp_path)
    assert status == 0, said
    assert "(13 runs)" in said
    for name in (first.name, second.name, twice.name, "foreign.json"):
        assert any(name in line for line in said.splitlines() if "left out" in line), (name, said)


BAD_LINES: dict[str, Callable[[str], str]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "NaN": lambda text: text.replace('"time_s":0.001', '"time_s":NaN', 1),
    "mixed units": lambda text: text.replace('"time_s":0.001', '"time_s":"1 ms"', 1),
    "negative": lambda text: text.replace('"time_s":0.001', '"time_s":-0.001', 1),
    "duplicate": lambda text: text + text.splitlines()[0],
    "foreign": lambda text: '{"benchmarks": []}',
}


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_run_that_cannot_be_read_is_2_and_names_the_file(tmp_path: Path, what: str) -> None:
    steady(tmp_path, 12)
    run = write_run(tmp_path, 20, FINE)
    file = run / "summary.jsonl"
    file.write_text(BAD_LINES[what](file.read_text()))
    status, said = gate(tmp_path, run)
    assert status == 2, said
    assert str(file) in said
    assert "Traceback" not in said


def test_what_is_asked_wrongly_is_2(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    steady(tmp_path, 11)
    for arguments in (
        ("gate", "--baseline", tmp_path / "none"),
        ("gate", "--baseline", tmp_path / "empty"),
        ("gate", tmp_path / "none", "--baseline", tmp_path),
        ("accept", run_id(3), "--baseline", tmp_path),
        ("accept", run_id(3), "--reason", " ", "--baseline", tmp_path),
        ("accept", "unknown", "--reason", "why", "--baseline", tmp_path),
        ("accept", run_id(3), "--cell", "nothing", "--reason", "why", "--baseline", tmp_path),
    ):
        status, said = tool(*arguments, folder=tmp_path)
        assert status == 2, (arguments, said)
        assert "Traceback" not in said
    write_lines(tmp_path / "accepted.jsonl", [{"run": run_id(3)}])
    status, said = gate(tmp_path)
    assert status == 2, said
    assert "accepted.jsonl, line 1" in said


def test_thresholds_are_the_users(tmp_path: Path) -> None:
    steady(tmp_path, 12)
    write_run(tmp_path, 20, SLOW)
    (tmp_path / "pyproject.toml").write_text('[tool.xbench]\neffect = "40%"\n')
    assert gate(tmp_path, "--out", tmp_path / "out")[0] == 0
    assert "regressed" not in kinds(tmp_path / "out").values()


def test_the_runs_made_up_here_read_as_real_ones_do(tmp_path: Path) -> None:
    run = read_stored(write_run(tmp_path, 1, SLOW))
    assert run.cells[CELLS[0]].time_s == 1.3e-3
    assert run.versions["numpy"]["version"] == "2.4.6"
