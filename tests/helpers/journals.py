"""Small made-up journals, for tests of whatever reads one."""

from __future__ import annotations

from pathlib import Path

from helpers.made_keys import cell_key, worker_key
from xbench.errors import Status
from xbench.records.journal import JOURNAL, Journal
from xbench.records.schema import (
    SCHEMA_VERSION,
    CellLine,
    CellPlan,
    Footer,
    GroupLine,
    Header,
    Line,
    Samples,
    WorkerLine,
)


def planned(backend: str, status: Status | None = None) -> CellPlan:
    """A cell of the header."""
    return CellPlan(
        key=cell_key("matmul", backend, params={"m": 2, "k": 2, "n": 2}),
        group="matmul/m2-k2-n2/float32/cpu/tall",
        family="matmul w×w×w",
        width=2,
        default_gradient=True,
        flop=16,
        min_bytes=48,
        eager_bytes=48,
        predicted_s=1e-6,
        predicted_bytes=48,
        status=status,
        reason="" if status is None else "for a reason",
    )


def header(*cells: CellPlan) -> Header:
    """A journal's first line."""
    return Header(
        schema_version=SCHEMA_VERSION,
        xbench_version="0.1.0",
        run_id="20260101T000000Z-abcdef",
        started_utc="2026-01-01T00:00:00+00:00",
        preset="smoke",
        command=["xbench", "run"],
        seed=5,
        launches=20,
        group_s=0.5,
        plan_hash="0" * 16,
        cells=list(cells),
        environment={"os": "é"},
    )


def taken(cell: CellPlan, *wall_ns: int, status: Status = "ok") -> CellLine:
    """A cell's line with bursts of ten calls."""
    samples = Samples(**{name: list(wall_ns) for name in Samples.__struct_fields__})
    return CellLine(key=cell.key, status=status, calls=10, first_ns=9, build_ns=8, timed=samples)


def group(launch: int, *cells: CellLine) -> GroupLine:
    """One group in one launch."""
    return GroupLine(
        group="matmul/m2-k2-n2/float32/cpu/tall",
        launch=launch,
        inputs_sha256="0",
        started_utc="2026-01-01T00:00:01+00:00",
        order=[[0]] * 3,
        cells=list(cells),
    )


NUMPY, TORCH = planned("numpy"), planned("torch")
WORKER = WorkerLine(
    launch=0,
    worker=worker_key(),
    pid=7,
    environment={},
    open_ns=5_000_000,
    fence_ns=90,
    python="3.11.7",
    attest={"threads": 2},
)
FOOTER = Footer(ended_utc="2026-01-01T00:00:02+00:00", outcome="complete")


def write(folder: Path, *lines: Line) -> Path:
    """A journal of these lines."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / JOURNAL)
    for line in lines:
        journal.write(line)
    journal.close()
    return folder / JOURNAL
