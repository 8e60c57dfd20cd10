"""Stored runs that are not what they should be: each is an error with a next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.stored_runs import cell_line, head_line, name, write_stored
from xbench.errors import RecordError
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.tracking.stored import find_runs, read_stored

GOOD = {name(1): [1e-3, 1.1e-3], name(2): [2e-3, 2.1e-3]}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A good one."""
    return write_stored(tmp_path / "20260102T030405Z-abcdef", GOOD)


def test_a_good_run_is_read(run: Path) -> None:
    for path in (run, run / JOURNAL, run / SUMMARY):
        found = read_stored(path)
        assert list(found.cells) == list(GOOD)
        assert found.cells[name(1)].launch_s == GOOD[name(1)]
        assert found.versions["torch"] == {"version": "2.12.0"}
        assert found.machine_key == "0123456789ab"


def summary(**changes: object) -> str:
    """One line of a summary."""
    return json.dumps(cell_line(name(1), GOOD[name(1)], **changes))


def truncated(run: Path) -> None:
    text = (run / SUMMARY).read_text()
    (run / SUMMARY).write_text(text[: len(text) // 4])


Damage = Callable[[Path], object]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "truncated": (truncated, "line 1"),
    "foreign journal": (lambda run: (run / JOURNAL).write_text('{"benchmarks": []}\n'), JOURNAL),
    "foreign summary": (lambda run: (run / SUMMARY).write_text("[1, 2]\n"), "line 1"),
    "not JSON": (lambda run: (run / JOURNAL).write_bytes(b"\x89PNG\r\n\xff"), "no xbench journal"),
    "NaN": (lambda run: (run / SUMMARY).write_text(summary(time_s=float("nan"))), "line 1"),
    "infinite": (lambda run: (run / SUMMARY).write_text(summary(launch_s=[1e999])), "line 1"),
    "negative": (lambda run: (run / SUMMARY).write_text(summary(launch_s=[-1.0])), "not positive"),
    "text": (lambda run: (run / SUMMARY).write_text(summary(time_s="1 ms")), "line 1"),
    "ok without a time": (lambda run: (run / SUMMARY).write_text(summary(time_s=None)), "status"),
    "twice": (lambda run: (run / SUMMARY).write_text(f"{summary()}\n{summary()}\n"), "twice"),
    "empty summary": (lambda run: (run / SUMMARY).write_text(""), "no cells"),
    "empty journal": (lambda run: (run / JOURNAL).write_text(""), "no xbench journal"),
    "deep": (lambda run: (run / SUMMARY).write_text("[" * 10**5), "line 1"),
    "newer": (
        lambda run: (run / JOURNAL).write_text(json.dumps(head_line() | {"schema_version": 99})),
        "99",
    ),
    "older": (
        lambda run: (run / JOURNAL).write_text(json.dumps(head_line() | {"schema_version": 3})),
        "3; this xbench reads 4",
    ),
    "no summary": (lambda run: (run / SUMMARY).unlink(), "--resume"),
    "no journal": (lambda run: (run / JOURNAL).unlink(), "folder"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_no_run_is_refused_with_a_next_step(run: Path, name: str) -> None:
    damage, said = DAMAGES[name]
    damage(run)
    with pytest.raises(RecordError) as raised:
        read_stored(run)
    assert raised.value.hint
    assert str(run) in str(raised.value)
    assert said in str(raised.value)


def test_runs_are_found_oldest_first(tmp_path: Path) -> None:
    for each in ("20260103T000000Z-b", "20260102T000000Z-a"):
        write_stored(tmp_path / each, GOOD)
    (tmp_path / "no run").mkdir()
    assert [each.name[:8] for each in find_runs(tmp_path)] == ["20260102", "20260103"]
    with pytest.raises(RecordError):
        find_runs(tmp_path / "nowhere")
