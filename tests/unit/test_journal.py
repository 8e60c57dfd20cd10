"""Journals: what was written comes back, whatever happened to the file since."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helpers.journals import FOOTER, NUMPY, TORCH, WORKER, group, header, planned, taken, write
from xbench.analysis.summary import CellSummary, summarise
from xbench.engine.run_plan import write_summary
from xbench.errors import STATUSES, RecordError, Status, UsageError
from xbench.records.journal import JOURNAL, Journal, make_run_folder
from xbench.records.read import read_run
from xbench.records.schema import SCHEMA_VERSION

TIMES = ("time_s", "low_s", "high_s", "first_s", "build_s", "overhead", "faults_per_call")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A small complete journal of two launches."""
    launches = [group(n, taken(NUMPY, 1000, 1100, 900)) for n in range(2)]
    return write(tmp_path, header(NUMPY), WORKER, *launches, FOOTER)


def test_what_was_written_comes_back(journal: Path) -> None:
    run = read_run(journal)
    assert run.header == header(NUMPY)
    assert run.workers == [WORKER]
    assert run.groups == [group(n, taken(NUMPY, 1000, 1100, 900)) for n in range(2)]
    assert run.footer == FOOTER
    assert run.complete
    assert run.notes == []
    assert read_run(journal.parent).groups == run.groups


def test_lines_are_only_ever_appended(journal: Path) -> None:
    before = journal.read_bytes()
    again = Journal(journal)
    again.write(FOOTER)
    again.close()
    assert journal.read_bytes().startswith(before)
    assert journal.read_bytes().endswith(b"\n")


def test_two_cannot_write_one_journal(journal: Path) -> None:
    """Not even two of one process; the second is told, the first goes on."""
    first = Journal(journal)
    with pytest.raises(UsageError, match="another process is measuring"):
        Journal(journal)
    first.close()
    Journal(journal).close()


def test_what_two_have_measured_all_the_same_counts_once(tmp_path: Path) -> None:
    one, other = (group(0, taken(NUMPY, *times)) for times in ((1000, 1100), (7000, 9000)))
    run = read_run(write(tmp_path, header(NUMPY), WORKER, one, other, FOOTER))
    assert run.groups == [one]
    assert run.notes == ["1 groups are there twice; the first counts"]


def test_cut_off_at_any_byte_it_is_read_or_refused_in_words(journal: Path) -> None:
    whole = journal.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole)):
        journal.write_bytes(whole[:size])
        if size < ends[0]:
            with pytest.raises(RecordError) as caught:
                read_run(journal)
            assert caught.value.hint
            continue
        run = read_run(journal)
        kept = sum(end <= size for end in ends) - 1
        assert len(run.workers) + len(run.groups) + (run.footer is not None) == kept
        assert run.notes or size >= ends[-1]
        assert [cell.id for cell in summarise(run)] == [NUMPY.id]


def test_damage_in_the_middle_is_refused_with_the_line(journal: Path) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    for bad in (b"{]\n", b"\xff\xfe\n", b"\n", b'{"type":"group"}\n', b'{"type":"else"}\n', b"3\n"):
        journal.write_bytes(b"".join([*lines[:2], bad, *lines[2:]]))
        with pytest.raises(RecordError, match="line 3"):
            read_run(journal)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("hello\n", "no xbench journal|not an xbench journal"),
        ("[1, 2]\n", "not an xbench journal"),
        ('{"benchmarks": []}\n', "not an xbench journal"),
        ('{"type": "header"}\n', "schema version None"),
        (f'{{"type": "header", "schema_version": {SCHEMA_VERSION}}}\n', "line 1"),
        ('{"type": "header", "schema_version": 3}\n', "schema version 3; this xbench reads 4"),
        ('{"type": "header", "schema_version": "1"}\n', "schema version '1'"),
        ('{"type": "header", "schema_version": 99}\n', "schema version 99; this xbench reads 4"),
        ("\x00\x01\x02", "not an xbench journal"),
    ],
)
def test_foreign_older_and_newer_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / JOURNAL
    file.write_text(text)
    with pytest.raises(RecordError, match=said) as caught:
        read_run(file)
    assert str(file) in caught.value.message
    assert caught.value.hint


def test_missing_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / JOURNAL):
        with pytest.raises(RecordError, match="cannot read"):
            read_run(path)


def test_a_second_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="second header"):
        read_run(write(tmp_path, header(NUMPY), header(NUMPY)))


def test_nan_is_no_json(journal: Path) -> None:
    text = journal.read_text()
    journal.write_text(text.replace('"overhead":0.0', '"overhead":NaN'))
    with pytest.raises(RecordError, match="line 3"):
        read_run(journal)


def test_unknown_fields_of_a_later_minor_version_are_ignored(journal: Path) -> None:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    expected = read_run(journal)

    def grow(value: Any) -> Any:
        if isinstance(value, dict) and "type" in value:
            return {"from_the_future": {"a": [1]}, **value}
        return value

    for line in lines:
        for cell in line.get("cells", []):
            cell["also_from_the_future"] = 3
    journal.write_text("".join(json.dumps(grow(line)) + "\n" for line in lines))
    assert read_run(journal) == expected


def test_a_run_without_an_end_says_so(tmp_path: Path) -> None:
    run = read_run(write(tmp_path, header(NUMPY), WORKER))
    assert not run.complete
    assert "did not end by itself" in run.notes[0]
    (cell,) = summarise(run)
    assert (cell.status, cell.time_s) == ("skipped", None)


@pytest.mark.parametrize("status", [each for each in STATUSES if each not in ("ok", "imprecise")])
def test_a_cell_that_failed_once_has_no_time(tmp_path: Path, status: Status) -> None:
    """Even where it was fine at another launch, and even if its line holds samples."""
    bad = taken(TORCH, 1000, 1100, 900, status=status)
    for number, lines in enumerate(
        ([taken(TORCH, 5, 5, 5), bad], [bad, taken(TORCH, 5, 5, 5)], [bad])
    ):
        groups = [group(n, line) for n, line in enumerate(lines)]
        run = read_run(write(tmp_path / str(number), header(TORCH), *groups, FOOTER))
        (cell,) = summarise(run)
        assert cell.status == status
        assert [getattr(cell, name) for name in TIMES] == [None] * len(TIMES)
        assert cell.launch_s == []


def test_what_the_plan_refused_keeps_its_reason(tmp_path: Path) -> None:
    refused = planned("tensorflow", "unsupported")
    (cell,) = summarise(read_run(write(tmp_path, header(refused), FOOTER)))
    assert (cell.status, cell.reason, cell.time_s) == ("unsupported", "for a reason", None)


@pytest.mark.parametrize("wall", [0, -5])
def test_times_that_are_not_positive_are_no_result(tmp_path: Path, wall: int) -> None:
    run = read_run(write(tmp_path, header(NUMPY), group(0, taken(NUMPY, wall, wall, wall)), FOOTER))
    (cell,) = summarise(run)
    assert (cell.status, cell.time_s, cell.launch_s) == ("invalid", None, [])


def test_a_cell_without_a_single_round_is_no_result(tmp_path: Path) -> None:
    run = read_run(write(tmp_path, header(NUMPY), group(0, taken(NUMPY)), FOOTER))
    (cell,) = summarise(run)
    assert cell.status != "ok"
    assert cell.time_s is None


def test_a_summary_on_disk_comes_back(journal: Path) -> None:
    cells = summarise(read_run(journal))
    write_summary(journal.parent / "summary.jsonl", cells)
    text = (journal.parent / "summary.jsonl").read_bytes()
    assert [msgspec.json.decode(each, type=CellSummary) for each in text.splitlines()] == cells
    assert cells[0].time_s == pytest.approx(1e-7)
    assert str(nan) not in text.decode()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write results") as caught:
        make_run_folder(tmp_path / "file", "run")
    assert "--out" in caught.value.hint
