"""What starting costs, in the printed report: sums done by hand."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from helpers.journals import FOOTER, write
from helpers.made_runs import VARIANTS, cell_line, header, plan
from helpers.pages import written
from helpers.reporting import one_line, report, rows
from xbench.records.schema import CellLine, CellPlan, GroupLine, Line, Samples

NUMPY, EAGER, GRAPH, COMPILED = (
    plan("op 100×w", 512, variant)
    for variant in (VARIANTS[0], VARIANTS[1], ("torch", "graph", "autograd"), VARIANTS[4])
)
MS = 1_000_000
STARTS_MS = {NUMPY.id: 3, EAGER.id: 3, GRAPH.id: 503, COMPILED.id: 10_003}
CALLS_MS = {
    NUMPY.id: (4.0, 4.0, 4.0),
    EAGER.id: (3.0, 3.0, 3.0),
    GRAPH.id: (3.1, 2.9, 3.0),
    COMPILED.id: (1.0, 1.1, 0.9),
}
ALONE_NS = (10_000, 20_000, 40_000)
CAPTION_MODES = "op 100×w: when leaving eager mode pays"
CAPTION_ALONE = "op 100×w: a call alone (latency), and among others in a row (throughput)"


def slow(cell: CellPlan, launch: int) -> CellLine:
    """A cell timed call by call; only the first launch starts cold."""
    first = STARTS_MS[cell.id] * MS if launch == 0 else 4 * MS
    wall = [round(CALLS_MS[cell.id][launch] * MS)] * 9
    return cell_line(cell, Random(7), 1, first_ns=first, timed=Samples(wall_ns=wall))


def short(cell: CellPlan, launch: int) -> CellLine:
    """A cell of 12 µs, timed by ten calls in a row, and alone."""
    alone = Samples(wall_ns=[ALONE_NS[launch]] * 7 + [9 * MS])
    timed = Samples(wall_ns=[120_000] * 9)
    return cell_line(cell, Random(7), 1, calls=10, timed=timed, latency=alone)


def made_up(folder: Path, *cells: CellPlan, alone: bool = False, launches: int = 3) -> Path:
    """A run of these cells; with `alone`, the first is short."""
    lines: list[Line] = [header(cells, launches)]
    for launch in range(launches):
        found = [
            short(cell, launch) if alone and cell is cells[0] else slow(cell, launch)
            for cell in cells
        ]
        group = GroupLine(
            group=cells[0].group,
            launch=launch,
            started_utc="",
            inputs_sha256="",
            order=[],
            cells=found,
        )
        lines.append(group)
    return write(folder, *lines, FOOTER).parent


def table(text: str, caption: str) -> list[str]:
    """The rows of the table under a caption, without its head."""
    block = text.partition(caption)[2].lstrip("*\n ").partition("\n\n")[0]
    return [line for line in block.splitlines() if line.startswith("|")][2:]


def test_break_even_is_printed_with_its_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """10 s more to start, 2 ms less a call; by the launches 1.75 to 2.25 ms."""
    text = report(made_up(tmp_path, NUMPY, EAGER, GRAPH, COMPILED), capsys)
    graph, compiled = table(text, CAPTION_MODES)
    assert [each.strip() for each in compiled.strip("|").split("|")] == [
        "512",
        "torch compiled autograd",
        "10 s",
        "2.0 ms",
        "5 000 calls [4 500, 5 800]",
    ]
    assert "torch graph autograd" in graph
    assert "never" in graph
    page = written(tmp_path / "report")
    assert "When leaving eager mode pays" in page
    assert "5 000 calls [4 500, 5 800]" in page


def test_one_launch_promises_no_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = report(made_up(tmp_path, EAGER, COMPILED, launches=1), capsys)
    (compiled,) = table(text, CAPTION_MODES)
    assert compiled.split("|")[-2].strip() == "5 000 calls [1, never]"


def test_without_another_mode_there_is_no_break_even(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CAPTION_MODES not in report(made_up(tmp_path, NUMPY, EAGER), capsys)


def test_a_call_alone_stands_beside_calls_in_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The geometric mean of the launches' medians; what is timed call by call has no row."""
    text = report(made_up(tmp_path, NUMPY, EAGER, alone=True), capsys)
    (alone,) = table(text, CAPTION_ALONE)
    assert [each.strip() for each in alone.strip("|").split("|")] == [
        "512",
        "numpy eager manual",
        "20 µs",
        "12 µs",
    ]
    assert "12.0 µs" in one_line(text, "512", "numpy eager manual", "reference")
    found = {each["backend"]: each["latency_s"] for each in rows(tmp_path / "report" / "cells.csv")}
    assert float(found["numpy"]) == pytest.approx(20e-6)
    assert found["torch"] == ""
    page = written(tmp_path / "report")
    assert "A call alone" in page


def test_without_short_calls_there_is_no_latency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CAPTION_ALONE not in report(made_up(tmp_path, NUMPY, EAGER), capsys)
