"""What a run prints at its end: how it fits a terminal, and what more time would bring."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import exp
from pathlib import Path

import msgspec
import pytest

from helpers.made_runs import families, header, write_run
from helpers.made_sources import NUMPY, TF_COMPILED, TORCH, TORCH_COMPILED, cell, ratio, source
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.records.read import Run
from xbench.records.schema import Footer, GroupLine
from xbench.reports.assemble import make_report, write_report
from xbench.reports.formats.answer_text import PIPED, render_answer
from xbench.reports.prose import more_time as proposals
from xbench.reports.prose.answer_table import answer_table
from xbench.reports.prose.answers import more_time, trust_in_short
from xbench.reports.prose.more_time import LaunchTimes, needed

WAYS = (NUMPY, TORCH, TORCH_COMPILED, TF_COMPILED)
BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


class _Terminal:
    def isatty(self) -> bool:
        return True


def _on_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", _Terminal())


def test_the_default_run_fits_thirty_lines_of_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And its longest sentences are of three clauses."""
    run = write_run(tmp_path, families(4, (512, 20480, 204800)))
    write_report([run], run / "report", None, output_format="answer")
    printed = capsys.readouterr()
    lines = printed.out.splitlines() + printed.err.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines[:-1])) <= PIPED
    assert "\x1b" not in printed.out
    assert lines[-1] == f"report: {run / 'report' / 'index.html'}"


def _busy() -> list[CellSummary]:
    return [
        cell(way, time_s, width, family=f"operation_{number} 100×w")
        for number in range(2)
        for width in (512, 204800)
        for way, time_s in (
            (NUMPY, 1.5e-4),
            (TORCH, 1.2e-4),
            (TORCH_COMPILED, 1e-4),
            (TF_COMPILED, 2e-4),
        )
    ]


def _open(cells: list[CellSummary]) -> list[Comparison]:
    """Every pair undecided."""
    return [
        ratio(one, other, 0.8, 1.3)
        for one, other in combinations(cells, 2)
        if one.plan.group == other.plan.group
    ]


@pytest.mark.parametrize("columns", [70, 80, 100, 200])
def test_a_table_is_shortened_and_not_wrapped(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    cells = _busy()
    report = make_report([source(cells, _open(cells))])
    _on_a_terminal(monkeypatch, columns)
    text = re.sub(r"\x1b\[[0-9;]*m", "", render_answer(report))
    head = text.splitlines()[1]
    rows = [line for line in text.splitlines() if line.startswith("operati") and "?" in line]
    assert len(rows) == 2
    assert head.startswith("operati")
    assert all(row.count("?") == 3 for row in rows)
    assert ("not decided: NumPy, PyTorch or TensorFlow" in text) == (columns == 200)
    assert all(len(line) <= columns for line in text.splitlines())


def test_colours_are_left_out_where_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = _busy()
    report = make_report([source(cells, _open(cells))])
    _on_a_terminal(monkeypatch, 80)
    assert "\x1b[33m" in render_answer(report)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = render_answer(report)
    assert "\x1b[33m" not in plain
    assert "? 100 µs" in plain


def _timed(seconds: float, *groups: str) -> Run:
    """Three launches of these groups, one after the other."""
    names = [(launch, group) for launch in range(3) for group in groups]
    at = [(BEGAN + timedelta(seconds=seconds * place)).isoformat() for place in range(len(names))]
    lines = [
        GroupLine(
            group=group, launch=launch, started_utc=when, inputs_sha256="", order=[], cells=[]
        )
        for (launch, group), when in zip(names, at, strict=True)
    ]
    ended = (BEGAN + timedelta(seconds=seconds * len(names))).isoformat()
    footer = Footer(ended_utc=ended, outcome="budget")
    first = header([], launching="deciding")
    return Run(Path("my runs/1/run.jsonl"), first, groups=lines, footer=footer)


def test_the_time_of_more_launches_is_that_of_those_there_were() -> None:
    times = LaunchTimes(_timed(10.0, "g0", "g1"))
    assert times.seconds({"g0": 4}) == pytest.approx(40.0)
    assert times.seconds({"g0": 4, "g1": 2}) == pytest.approx(60.0)
    assert times.seconds({"unknown": 1}) is None


def _with_logs(made: Comparison, *logs: float) -> Comparison:
    ratio_of = replace(made.ratio, value=exp(sum(logs) / len(logs)))
    return replace(made, ratio=ratio_of, logs=logs)


def test_more_launches_are_needed_the_nearer_a_ratio_lies_to_the_margin() -> None:
    made = ratio(cell(NUMPY), cell(TORCH), 0.5, 1.5)
    far = needed([_with_logs(made, 0.2, 0.3, 0.1)], 0.95)
    near = needed([_with_logs(made, 0.0, 0.1, 0.05)], 0.95)
    assert far is not None
    assert near is not None
    assert 1 <= far.launches < near.launches
    for hopeless in ([_with_logs(made, 0.1)], [None], []):
        assert needed(hopeless, 0.95) is None


def test_what_more_time_would_bring_is_said_with_the_command() -> None:
    small, large = [(cell(NUMPY, 1.0, width), cell(TORCH, 1.1, width)) for width in (512, 2048)]
    wide = _with_logs(ratio(small[0], small[1], 0.6, 1.1), -0.2, -0.3, -0.1)
    hopeless = _with_logs(ratio(large[0], large[1], 0.9, 1.1), -0.08, 0.02, 0.12)
    cells = [*small, *large]
    run = _timed(10.0, wide.group, hopeless.group)
    made = source(cells, [wide, hopeless], run=run)
    found = more_time(made)
    assert found is not None
    said = r"2 rows not decided: about \d+ more minutes? may decide 1 of them"
    assert re.fullmatch(said, found.text)
    assert re.fullmatch(r"xbench run --resume 'my runs/1' --budget \d+m", found.command)
    table = answer_table(made)
    assert table is not None
    assert re.fullmatch(r"not decided \(\d+ min more\)", table.rows[0].verdict[1])
    assert table.rows[1].verdict[1] == "not decided"
    assert more_time(source(cells, [wide, hopeless])) is None
    run.footer = Footer(ended_utc=run.footer.ended_utc, outcome="complete") if run.footer else None
    assert more_time(source(cells, [wide, hopeless], run=run)) is None  # it cannot go on


def test_what_takes_more_launches_than_a_run_makes_is_not_proposed() -> None:
    one, other = cell(NUMPY), cell(TORCH, 1.1)
    far = _with_logs(ratio(one, other, 0.6, 1.1), -0.23, 0.07, -0.08)
    made = source([one, other], [far], run=_timed(1.0, far.group))
    table = answer_table(made)
    assert table is not None
    assert table.rows[0].verdict[1] == "not decided (too close)"
    assert more_time(made) is None


def test_a_run_that_ended_before_its_launches_were_done_says_so() -> None:
    one, other = (msgspec.structs.replace(cell(way), launch_s=[1.0]) for way in (NUMPY, TORCH))
    left = cell(TORCH, None, 2048, status="skipped")
    made = source([one, other, left], run=_timed(1.0, one.plan.group))
    said = trust_in_short(made)
    assert said.startswith("1 of 3 launches; ")
    assert "1 cell without a number (1 not reached before the run ended)" in said
    found = more_time(made)
    assert found is not None
    assert found.text == "The run ended before all 3 launches were done; to go on"
    assert found.command == "xbench run --resume 'my runs/1'"


def test_the_time_proposed_has_room_for_all_that_the_run_still_measures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A row that is decided as shown gets launches until a stricter look has seen enough."""
    small, large = [(cell(NUMPY, 1.0, width), cell(TORCH, 1.1, width)) for width in (512, 2048)]
    wide = _with_logs(ratio(small[0], small[1], 0.6, 1.1), -0.2, -0.3, -0.1)
    shown = _with_logs(ratio(large[0], large[1], 0.5, 0.7), -0.5, -0.6, -0.4)
    run = _timed(60.0, wide.group, shown.group)
    made = source([*small, *large], [wide, shown], run=run)
    minutes = []
    for groups in ([wide.group], [wide.group, shown.group]):
        monkeypatch.setattr(proposals, "undecided_groups", lambda run, level, now=groups: now)
        found = more_time(made)
        assert found is not None
        minutes.append(int(found.command.split()[-1].removesuffix("m")))
    assert minutes[0] < minutes[1]
