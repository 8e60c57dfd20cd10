"""The runs that every text format of the report is printed of: a small one and a hostile one."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from helpers.hostile import HOSTILE
from helpers.made_runs import VARIANTS, plan, write_run
from xbench.records.schema import CeilingsLine, CellPlan, Figure
from xbench.reports.assemble import write_report
from xbench.version import __version__

FILES = {
    "md": "report.md",
    "csv": "measurements.csv",
    "json": "report.json",
    "latex": "report.tex",
    "html": "report.html",
    "answer": "answer.txt",
}
TITLE = "Widths & <sizes>"
FAMILY = "op_a 100×w→1"
REASON = "=SUM(A1) | <b> a_b 50 % & {x} ~ ^ # $y$ \\z"


def small_cells() -> list[CellPlan]:
    """Two widths; one cell crashed with a reason full of signs, one measured in a part of its own,
    one refused."""
    found = [
        plan(FAMILY, width, variant)
        for width in (512, 2048)
        for variant in (*VARIANTS[:2], VARIANTS[4])
    ]
    apart = found.pop()
    found.append(plan(FAMILY, 2048, VARIANTS[4], group=f"{apart.group}#2"))
    found.append(plan(FAMILY, 2048, VARIANTS[2], status="crashed", reason=REASON))
    found.append(plan(FAMILY, 204800, VARIANTS[0], status="would_oom", reason="168 GB, 9 GB free"))
    return found


def small_run(folder: Path) -> Path:
    """The journal of those cells, with ceilings."""
    figure = Figure(1.5e11, 0.01, 5)
    ceilings = CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="2026-01-02T03:00:00+00:00",
        bandwidth=figure,
        compute=figure,
        fault_ns=Figure(700.0, 0.02, 5),
        page_bytes=4096,
    )
    return write_run(folder / "run", small_cells(), ceilings=[ceilings])


def hostile_run(folder: Path) -> Path:
    """A journal whose every text is hostile."""
    family = f"{HOSTILE} 100×w"
    cells = [plan(family, 512, VARIANTS[0]), plan(family, 512, (HOSTILE, "eager", "autograd"))]
    cells += [plan(family, 8192, (HOSTILE,) * 3, status="crashed", reason=f"[{HOSTILE}")]
    return write_run(folder / "run", cells, run_id=HOSTILE)


def printed(run: Path, form: str) -> str:
    """What the command prints in this format, the version left out."""
    with contextlib.redirect_stdout(io.StringIO()) as found:
        write_report([run], run.parent / "out", None, output_format=form, title=TITLE)
    return found.getvalue().replace(f'"xbench_version": "{__version__}"', '"xbench_version": "–"')
