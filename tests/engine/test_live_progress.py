"""What a person sees while a run goes on: drawn again and again on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from pathlib import Path

import pytest

from xbench.engine.progress import (
    REFRESH_S,
    LiveProgress,
    PlainProgress,
    Progress,
    make_progress,
)
from xbench.errors import Status
from xbench.plan.build import build_rows
from xbench.plan.cell import Group
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import Selection
from xbench.records.read import read_run
from xbench.records.schema import CellLine, GroupLine, Samples
from xbench.suites.presets import PRESETS

ERASE = "\x1b[2K"
"""A frame begins by erasing the one before, line by line."""


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def frames(self) -> list[str]:
        """Everything that stood on the screen, one after another, without colours."""
        return [plain(frame) for frame in self.getvalue().split(ERASE) if plain(frame).strip()]

    @property
    def screen(self) -> str:
        """What stands there now."""
        return self.frames[-1]


def plain(text: str) -> str:
    """Text without control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As rich reads it off the environment."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def plan() -> Plan:
    """Four workloads of two backends in three launches."""
    axes = {"backend": ("numpy", "torch"), "mode": ("eager",)}
    rows = build_rows(Selection(PRESETS["smoke"], (), axes), ("cpu",), 2)
    return make_plan(rows, 3, 0.5, 2, 1 << 33)


@contextmanager
def watched(plan: Plan, done: Sequence[str] = ()) -> Iterator[tuple[Progress, Terminal]]:
    """What the engine gets where stderr is a terminal, and the terminal."""
    terminal = Terminal()
    with redirect_stderr(terminal), make_progress(plan, done) as progress:
        assert isinstance(progress, LiveProgress)
        yield progress, terminal


def line(group: Group, launch: int, status: Status = "ok", reason: str = "") -> GroupLine:
    """A group that was measured: calls of 12.5 µs, or none."""
    samples = Samples(wall_ns=[125_000] * 9)
    cells = [
        CellLine(key=cell.key, status=status, reason=reason, calls=10, timed=samples)
        for cell in group.cells
    ]
    return GroupLine(
        group=group.id, launch=launch, started_utc="", inputs_sha256="", order=[], cells=cells
    )


def test_what_runs_is_shown_with_how_much_is_left(plan: Plan) -> None:
    with watched(plan) as (live, terminal):
        live.starting("starting the workers of launch 1")
        assert "starting the workers of launch 1" in terminal.screen
        assert re.search(r"0 of 12 done, [\d.]+ (s|min) left", terminal.screen)
        cell = plan.groups[1].cells[0]
        live.doing("check", cell)
        assert re.search(rf"check +numpy/cpu/eager/\w+ +{cell.key.workload_id}", terminal.screen)
        assert "starting the workers" not in terminal.screen


def test_latest_figures_are_shown_and_replaced(plan: Plan) -> None:
    one, other = plan.groups[:2]
    with watched(plan) as (live, terminal):
        live.measured(line(one, 0))
        assert "1 of 12 done" in terminal.screen
        assert f"{one.id}, launch 1 alone, so far:" in terminal.screen
        assert terminal.screen.count("12.5 µs") == len(one.cells)
        live.measured(line(other, 1, "invalid", "y: 3 of 4 values differ"))
        assert "2 of 12 done" in terminal.screen
        assert f"{other.id}, launch 2" in terminal.screen
        assert re.search(r"numpy/cpu/eager/\w+ +invalid +y: 3 of 4 values differ", terminal.screen)
        assert "12.5 µs" not in terminal.screen
        assert one.id not in terminal.screen


def test_at_the_end_nothing_is_left(plan: Plan) -> None:
    with watched(plan) as (live, terminal):
        for launch in range(3):
            for group in plan.groups:
                live.measured(line(group, launch))
        assert re.search(r"12 of 12 done, 0(\.0+)? n?s left", terminal.screen)


def test_what_was_measured_before_counts_as_done(plan: Plan) -> None:
    with watched(plan, [group.id for group in plan.groups]) as (live, terminal):
        live.starting("starting the workers of launch 2")
        assert "4 of 12 done" in terminal.screen


def test_the_screen_is_not_drawn_at_every_burst(plan: Plan) -> None:
    began = time.monotonic()
    with watched(plan) as (live, terminal):
        for _ in range(1000):
            live.doing("time", plan.groups[0].cells[0])
        assert len(terminal.frames) <= 2 + (time.monotonic() - began) / REFRESH_S


def test_a_pipe_gets_plain_lines(plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    with make_progress(plan) as progress:
        assert isinstance(progress, PlainProgress)
        progress.starting("starting the workers of launch 1")
        progress.doing("time", plan.groups[0].cells[0])
        progress.measured(line(plan.groups[0], 0))
        progress.measured(line(plan.groups[1], 2, "oom", "out of memory"))
    text = capsys.readouterr().err
    heads = [each for each in text.splitlines() if each.startswith("[")]
    cells = [f"{each.cells[0].family}, width {each.cells[0].width}" for each in plan.groups[:2]]
    one, other = map(re.escape, cells)
    count = len(plan.groups[0].cells)
    left = r"\([\d.]+ (s|min) left\)"
    assert re.fullmatch(rf"\[1/12\] {one}, launch 1: {count} cells? measured {left}", heads[0])
    assert re.fullmatch(rf"\[2/12\] {other}, launch 3: 0 cells measured, . oom {left}", heads[1])
    assert len(heads) == len(text.splitlines()) == 2
    assert "µs" not in text
    assert "\x1b" not in text


def on_a_terminal(folder: Path, environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """A real run whose stderr is a terminal. Returns: the process, the terminal's other end."""
    ours, theirs = os.openpty()
    arguments = ["--preset", "smoke", "--backend", "numpy", "--op", "elementwise", "matmul"]
    process = subprocess.Popen(
        [sys.executable, "-m", "xbench", "run", *arguments, "--no-report"],
        cwd=folder,
        env=environment | {"TERM": "xterm", "COLUMNS": "120"},
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    return process, ours


def read_until(terminal: int, wanted: bytes | None) -> str:
    """What arrives up to these bytes, or until the other end is closed."""
    found = b""
    with suppress(OSError):  # so Linux says that nobody writes any more
        while wanted is None or wanted not in found:
            part = os.read(terminal, 1 << 16)
            if not part:
                break
            found += part
    return plain(found.decode())


def test_a_real_run_is_drawn_on_a_real_terminal(tmp_path: Path, checkout: dict[str, str]) -> None:
    process, terminal = on_a_terminal(tmp_path, checkout)
    text = read_until(terminal, None)
    os.close(terminal)
    assert process.wait() == 0, text
    for said in (
        "2 cells in 2 groups",
        "starting the workers of launch 1",
        "0 of 2 done",
        "1 of 2 done",
        "2 of 2 done",
        "numpy/cpu/eager/none",
    ):
        assert said in text
    assert "[1/2]" not in text


def test_a_terminal_that_is_closed_does_not_end_the_run(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    process, terminal = on_a_terminal(tmp_path, checkout)
    read_until(terminal, b"0 of 2 done")
    os.close(terminal)
    process.wait()
    (folder,) = (tmp_path / "xbench-results").iterdir()
    run = read_run(folder)
    assert run.complete
    assert len(run.groups) == 2
