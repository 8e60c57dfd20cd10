"""Which groups each launch of a deciding run is for, and what ended it; no process is started."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from helpers.made_runs import header, plan
from xbench.engine import run_plan
from xbench.engine.progress import SilentProgress
from xbench.engine.run_plan import RunInProgress
from xbench.engine.schedule import Schedule
from xbench.engine.settings import Settings, make_header
from xbench.plan.build import build_rows
from xbench.plan.cell import Group
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.read import Run
from xbench.records.schema import Footer, GroupLine
from xbench.suites.presets import PRESETS


def test_what_a_launch_holds_already_takes_none_of_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a run that goes on: a launch of its own is behind the shorter group."""
    axes = {"backend": ("numpy",), "op": ("matmul",), "width": ("512", "20480")}
    rows = build_rows(Selection(PRESETS["quick"], (), axes), ("cpu",), 2)
    planned = make_plan(rows, 3, 0.7, 2, 1 << 36, time_s=20.0)
    first = make_header(planned, "run", "quick", ["xbench", "run"], 5)
    running = RunInProgress(planned, Settings(5, tmp_path), first, SilentProgress())
    running.journal.close()
    short, long = planned.groups
    done = {(group.id, launch) for group in planned.groups for launch in range(3)}
    schedule = Schedule(planned, 5, None, done | {(short.id, 3)}, {short.id: 8.0, long.id: 15.0})
    undecided = {short.id, long.id}
    monkeypatch.setattr(run_plan, "undecided_groups", lambda run, level: [*undecided])

    def order(launch: int) -> tuple[list[Group] | None, bool]:
        """With all of the time left; and whether something found no time, so far."""
        schedule.started = time.monotonic()
        return running._order(planned.groups, launch, schedule), schedule.exhausted

    assert order(2) == ([], False)
    assert order(3) == ([long], False)
    assert order(4) == ([short], True)
    undecided.clear()
    assert order(5) == (None, True)


@pytest.mark.parametrize(
    ("outcome", "backends", "launches", "launching"),
    [
        ("budget", 2, 3, "fixed"),
        ("complete", 2, 3, "deciding"),
        ("complete", 1, 3, "fixed"),
        ("budget", 2, 4, "deciding"),
    ],
)
def test_a_run_that_stopped_since_all_was_decided_has_looked(
    tmp_path: Path, outcome: str, backends: int, launches: int, launching: str
) -> None:
    ways = [(name, "eager", "none") for name in ("numpy", "torch")[:backends]]
    cells = [plan("matmul 64×1000×w", 512, way) for way in ways]
    made = header(cells, 3, launching="deciding")
    lines = [
        GroupLine(
            group=cells[0].group, launch=n, started_utc="", inputs_sha256="", order=[], cells=[]
        )
        for n in range(launches)
    ]
    footer = Footer(ended_utc="", outcome=outcome)
    run = Run(tmp_path, made, groups=[*lines, lines[0]], footer=footer)
    assert run.launching == launching
