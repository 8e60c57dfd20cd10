"""Made-up journals of any size, every list of samples filled as a run fills it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from helpers.made_keys import worker_key
from helpers.made_runs import VARIANTS, cell_line, families, header
from xbench.records.journal import JOURNAL, Journal
from xbench.records.schema import (
    CeilingsLine,
    CellLine,
    CellPlan,
    Figure,
    Footer,
    GroupLine,
    Samples,
    WorkerLine,
)

LAUNCHES, ROUNDS, WARMUP, POOL = 5, 7, 4, 10
WIDTHS = tuple(512 * 2**power for power in range(10))
GROUP = len(VARIANTS)


def samples(wall_ns: Sequence[int], chance: random.Random) -> Samples:
    """All that is kept of bursts that took so long: two cores busy, no faults, an odd switch."""
    start = 400_000_000_000 + chance.randrange(10**9)
    return Samples(
        wall_ns=list(wall_ns),
        cpu_ns=[2 * wall - chance.randrange(wall // 10) for wall in wall_ns],
        minor_faults=[chance.choice((0, 0, 0, 3)) for _ in wall_ns],
        involuntary_switches=[chance.choice((0, 0, 1)) for _ in wall_ns],
        voluntary_switches=[0 for _ in wall_ns],
        start_ns=[start + 70_000_000 * place for place in range(len(wall_ns))],
        cpu_exact=[1 for _ in wall_ns],
        residual_ns=[chance.randrange(6_000, 12_000) for _ in wall_ns[::2]],
        placed_ns=[chance.randrange(6_000, 12_000) for _ in wall_ns[1::2]],
        idle_cpu_ns=[0 for _ in wall_ns],
        wait_ns=[chance.choice((0, 0, chance.randrange(30_000))) for _ in wall_ns],
    )


def filled(cell: CellPlan, chance: random.Random) -> tuple[CellLine, Sequence[int]]:
    """A cell's line with warm-up and every list of samples; its wall times once more."""
    line = cell_line(cell, chance, ROUNDS)
    wall = line.timed.wall_ns
    line.timed = samples(wall, chance)
    line.warmup = samples([2 * each for each in wall[:WARMUP]], chance)
    line.calibration, line.calibration_calls = samples(wall[:2], chance), [1, 1]
    line.read_ns, line.memory_bytes = 22_404, 53_702_656
    return line, wall


def write_journal(folder: Path, count: int) -> None:
    """A run of `count` cells. The lines of one curve are made with care and used for all, each time
    with other wall times."""
    chance = random.Random(11)
    curve = len(WIDTHS) * GROUP
    cells = families(-(-count // curve), WIDTHS)[:count]
    pool = [[filled(cell, chance) for _ in range(POOL)] for cell in families(1, WIDTHS)]
    folder.mkdir(parents=True)
    journal = Journal(folder / JOURNAL)
    journal.write(header(cells, LAUNCHES))
    journal.write(ceilings())
    for launch in range(LAUNCHES):
        for backend in ("numpy", "torch", "tensorflow"):
            journal.write(worker(launch, backend))
        for first in range(0, count, GROUP):
            places = range(first, min(first + GROUP, count))
            lines = []
            for place in places:
                line, usual = chance.choice(pool[place % curve])
                line.key = cells[place].key
                line.timed.wall_ns = [wall + int(chance.random() * (wall >> 6)) for wall in usual]
                lines.append(line)
            journal.write(group(cells[first].group, launch, lines, chance))
    journal.write(Footer(ended_utc="2026-01-02T03:14:05+00:00", outcome="complete"))
    journal.close()


def group(name: str, launch: int, lines: list[CellLine], chance: random.Random) -> GroupLine:
    """A group in one launch, with its canaries."""
    canary = [1_000_000 + int(chance.random() * 20_000) for _ in range(ROUNDS)]
    order = [list(range(len(lines)))] * ROUNDS
    return GroupLine(
        group=name,
        launch=launch,
        started_utc="2026-01-02T03:04:06+00:00",
        inputs_sha256="0" * 64,
        order=order,
        cells=lines,
        canary_ns=canary,
    )


def worker(launch: int, backend: str) -> WorkerLine:
    """A worker that opened."""
    return WorkerLine(
        launch=launch,
        worker=worker_key(backend),
        pid=1,
        environment={},
        open_ns=10**9,
        fence_ns=500,
        python="3.11",
        attest={"version": "9.9"},
        dispatch_ns=300,
        operator_ns=900,
    )


def ceilings() -> CeilingsLine:
    """What the made-up machine reaches at most."""
    return CeilingsLine(
        device="cpu",
        dtype="float32",
        threads="all",
        allocator="reuse",
        measured_utc="2026-01-02T03:04:05+00:00",
        bandwidth=Figure(2e10, 0.05, 9),
        compute=Figure(1e11, 0.02, 6),
        fault_ns=Figure(900.0, 0.1, 9),
        array_bytes=10**8,
        cache_bytes=10**7,
        matrix_n=2048,
        page_bytes=4096,
    )
