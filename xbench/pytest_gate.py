"""`--xbench-gate=FOLDER`: a session of pytest judged as `xbench gate --confirm` judges a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xbench.engine.again import measure_again, only
from xbench.engine.run import Recording
from xbench.errors import XbenchError
from xbench.gate.gating import Again, gate
from xbench.gate.github import add_job_summary, annotation_lines
from xbench.gate.show import as_text
from xbench.gate.stored import StoredRun, read_stored
from xbench.gate.thresholds import read_thresholds
from xbench.progress import PlainProgress

SHOWN = pytest.StashKey[str]()
"""What the summary of the session says of it."""


def add_options(group: pytest.OptionGroup) -> None:
    """Add `--xbench-gate` and `--xbench-gate-learning`."""
    group.addoption(
        "--xbench-gate", type=Path, default=None, metavar="FOLDER",
        help="fail where a cell that was measured is slower than in the stored runs of FOLDER, by "
        "the rules of `xbench gate --confirm`",
    )  # fmt: skip
    group.addoption(
        "--xbench-gate-learning",
        action="store_true",
        help="fewer than 10 stored runs of this machine are no failure of the gate",
    )


def refuse_early(config: pytest.Config) -> None:
    """What would else be found out after everything was measured. Raises: pytest.UsageError."""
    folder: Path | None = config.getoption("xbench_gate")
    if folder is not None and not folder.is_dir():
        raise pytest.UsageError(f"--xbench-gate: {folder} is no folder; name that of stored runs")
    if folder is None and config.getoption("xbench_gate_learning"):
        raise pytest.UsageError("--xbench-gate-learning says nothing without --xbench-gate=FOLDER")


def judge(session: pytest.Session, recording: Recording | None, whole: bool) -> None:
    """Judge what was measured, if that was asked for, and fail the session unless it passes.
    `whole`: everything planned was measured, without which there is no verdict."""
    folder: Path | None = session.config.getoption("xbench_gate")
    if folder is None or session.config.option.collectonly:
        return
    if recording is None:
        shown, failed = "nothing was measured: did you leave out --benchmark-only?\n", True
    elif not whole:
        shown, failed = "not judged: the session ended before everything was measured\n", True
    else:
        shown, failed = _verdict(session.config, folder, recording)
    session.config.stash[SHOWN] = shown
    if failed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def show(reporter: pytest.TerminalReporter) -> None:
    """A section of the session's summary."""
    shown = reporter.config.stash.get(SHOWN, None)
    if shown is not None:
        reporter.section("xbench gate")
        reporter.write(shown)


def _verdict(config: pytest.Config, folder: Path, recording: Recording) -> tuple[str, bool]:
    """The text, and whether it fails."""
    again = _again(recording)
    try:
        verdict = gate(
            read_stored(recording.settings.folder), folder, read_thresholds(config.rootpath),
            again=again, learning=config.getoption("xbench_gate_learning"),
        )  # fmt: skip
        add_job_summary(verdict, os.environ)
    except (XbenchError, OSError) as error:
        return f"{error}\n", True
    lines = [as_text(verdict), *(f"{each}\n" for each in annotation_lines(verdict, os.environ))]
    return "".join(lines), verdict.exit_status != 0


def _again(recording: Recording) -> Again:
    """Measures cells of the session once more."""

    def measure(cells: set[str], memory: bool) -> StoredRun:
        part = only(recording.plan, cells, memory)
        settings, header = recording.settings, recording.header
        return read_stored(measure_again(part, settings, header, PlainProgress))

    return measure
