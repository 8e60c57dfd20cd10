"""What is written is on the disk, whole, and never while something is timed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.journals import FOOTER, NUMPY, group, header, taken, write
from helpers.measuring import measure
from xbench.engine.run_plan import write_summary
from xbench.errors import StorageFailed, UsageError
from xbench.files import write_whole
from xbench.records.journal import Journal
from xbench.records.read import read_run
from xbench.reports.formats.report_files import write_files
from xbench.suites.claims.rulings import CLAIMS, Rulings, write_rulings
from xbench.tracking.baseline import ACCEPTED, accept, read_accepted


def test_nothing_is_written_while_a_burst_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is at rest again before the next burst: each write is waited for."""
    written: list[tuple[int, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        start = time.perf_counter_ns()
        real(descriptor)
        written.append((start, time.perf_counter_ns()))

    monkeypatch.setattr(os, "fsync", fsync)
    run, _ = measure(tmp_path, ("honest", "wrong_later"), ("numpy", "second"), launches=2)
    lines = run.journal.read_bytes().count(b"\n")
    assert len(written) > lines  # also the summary, and ceilings where the machine was calm
    cells = [cell for group in run.groups for cell in group.cells if cell.timed.start_ns]
    bursts = [
        (start, start + wall)
        for cell in cells
        for start, wall in zip(cell.timed.start_ns, cell.timed.wall_ns, strict=True)
    ]
    assert len(bursts) >= 28  # 7 rounds of 2 cells in 2 launches, at least
    assert not [w for w in written for b in bursts if w[0] < b[1] and b[0] < w[1]]


def test_a_line_is_on_the_disk_when_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    path = write(tmp_path, header(NUMPY), group(0, taken(NUMPY, 100)), FOOTER)
    lines = path.read_bytes().splitlines(keepends=True)
    assert synced == [len(b"".join(lines[:count])) for count in (1, 2, 3)]


WRITERS: dict[str, Callable[[Path], object]] = {
    "whole": lambda file: write_whole(file, b"new"),
    "summary": lambda file: write_summary(file, []),
    "report": lambda file: write_files(file.parent, {file.name: "new"}),
    "claims": lambda file: write_rulings(file.parent, Rulings()),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_file_is_there_whole_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, step: str
) -> None:
    """The disk fills up while its content is written, or just before it gets its name."""
    file = tmp_path / (CLAIMS if writer == "claims" else "file")
    file.write_bytes(b"old")

    def fails(*given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os if step == "fsync" else Path, step, fails)
    with pytest.raises((OSError, UsageError), match="No space left"):
        WRITERS[writer](file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path, writer: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "out"
    folder.mkdir()
    file = folder / (CLAIMS if writer == "claims" else "file")
    file.symlink_to(victim)
    WRITERS[writer](file)
    assert victim.read_bytes() == b"mine"
    assert not file.is_symlink()


def test_a_journal_that_cannot_be_written_keeps_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, header(NUMPY), group(0, taken(NUMPY, 100)))
    journal = Journal(path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space left on device") as raised:
        journal.write(group(1, taken(NUMPY, 100)))
    journal.close()
    assert f"xbench run --resume {tmp_path}" in raised.value.hint
    assert read_run(path).groups[0] == group(0, taken(NUMPY, 100))


def test_text_that_is_no_utf_8_costs_that_text_only(tmp_path: Path) -> None:
    """A file's name on the command line, a message of the system's about it."""
    failed = taken(NUMPY, 100, status="crashed")
    failed.reason = "cannot open b\udcff"
    path = write(tmp_path, header(NUMPY), group(0, failed))
    assert read_run(path).groups[0].cells[0].reason == "cannot open b?"


def test_an_acceptance_begins_a_line_of_its_own(tmp_path: Path) -> None:
    """An editor may have left the last line open."""
    accept(tmp_path, "one", ["*"], "first")
    file = tmp_path / ACCEPTED
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    accept(tmp_path, "two", ["*"], "second")
    assert [each.run for each in read_accepted(tmp_path)] == ["one", "two"]
