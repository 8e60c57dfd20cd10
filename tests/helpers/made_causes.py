"""Made-up runs that show what holds cells back: ceilings, page faults, allocators."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec

from helpers.made_keys import rekeyed
from helpers.made_runs import VARIANTS, plan, write_run
from xbench.records.schema import CeilingsLine, CellPlan, Figure, Samples

CEILINGS = CeilingsLine(
    device="cpu",
    dtype="float32",
    threads="all",
    allocator="reuse",
    cached=True,
    measured_utc="2026-01-02T01:00:00+00:00",
    bandwidth=Figure(26.44e9, 0.05, 9),
    compute=Figure(151e9, 0.0, 9),
    fault_ns=Figure(2500.0, 0.2, 9),
)
TIMES = [10_000_000] * 9
KEPT = msgspec.structs.replace(CEILINGS, page_bytes=4096)
SHIPPED = msgspec.structs.replace(KEPT, allocator="system")


def planted(folder: Path) -> Path:
    """Three cells of 10 ms: one at 80 % of memory, one that faults, one that computes."""
    work = {"flop": 1000, "min_bytes": 1000, "eager_bytes": 1000, "operators": 2}
    near_memory = {**work, "eager_bytes": round(0.8 * 26.44e9 * 0.01)}
    near_compute = {**work, "flop": round(0.6 * 151e9 * 0.01)}
    cells = [
        plan("op 100×w", 512, VARIANTS[0], **near_memory),
        plan("op 100×w", 512, VARIANTS[1], **work),
        plan("op 100×w", 512, VARIANTS[2], **near_compute),
    ]
    faults = {"timed": Samples(wall_ns=TIMES, cpu_ns=TIMES, minor_faults=[1520] * 9)}
    quiet = {"timed": Samples(wall_ns=TIMES, cpu_ns=TIMES, minor_faults=[0] * 9)}
    changes = {cell.id: faults if cell.key.backend == "torch" else quiet for cell in cells}
    return write_run(folder, cells, changes=changes, ceilings=[CEILINGS])


def samples(milliseconds: float, cores: float, faults: list[int]) -> dict[str, Any]:
    """Of a cell's line: nine bursts."""

    def timed(chance: Random) -> Samples:
        centre = milliseconds * 1e6 * chance.lognormvariate(0.0, 0.001)
        walls = [round(centre + place * 10_000) for place in range(9)]
        cpu = [round(cores * wall) for wall in walls]
        return Samples(wall_ns=walls, cpu_ns=cpu, minor_faults=faults)

    return {"timed": timed}


def shipped(cell: CellPlan) -> CellPlan:
    """The same with memory given back."""
    return rekeyed(cell, allocator="system")


def at_204800(folder: Path) -> Path:
    """A big step: NumPy on one core, torch with both allocators, TensorFlow fused. A kept heap
    grows in one burst of nine."""
    work = {"flop": 1000, "min_bytes": 20_000_000, "eager_bytes": 900_000_000, "operators": 2}
    numpy, torch, fused = (
        plan("op 100×w", 204800, each, **work)
        for each in (VARIANTS[0], VARIANTS[1], ("tensorflow", "compiled", "autograd"))
    )
    slower = shipped(torch)
    changes = {
        numpy.id: samples(80, 1.1, [0] * 9),
        torch.id: samples(40, 2.0, [12] * 8 + [40_000]),
        slower.id: samples(120, 2.0, [60_000] * 9),
        fused.id: samples(10, 2.0, [0] * 9),
    }
    cells = [numpy, torch, slower, fused]
    return write_run(folder, cells, changes=changes, ceilings=[KEPT, SHIPPED])
