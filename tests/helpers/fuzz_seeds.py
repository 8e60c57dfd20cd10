"""Small good files of every kind, to be damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from helpers.large_journals import ceilings, filled
from helpers.made_keys import worker_key
from helpers.made_runs import MACHINE, VARIANTS, benchmark_json, header, plan
from xbench.analysis.summary import summarise
from xbench.engine.run_plan import write_summary
from xbench.machine.nvml import GpuState
from xbench.records.aa_record import AaRecord, Figures
from xbench.records.journal import JOURNAL, SUMMARY, Journal
from xbench.records.read import read_run
from xbench.records.schema import Footer, GroupLine, MemoryLine, ValuesLine, WorkerLine
from xbench.suites.claims.claim import ClaimLine, PlotFile, PlotLine, PlotPoint
from xbench.suites.claims.rulings import Rulings, write_rulings
from xbench.tracking.baseline import Acceptance

LAUNCHES = 2
SHOWN = (ValuesLine(name="curve_manual", worker=worker_key(), values={"losses": [1.0, "nan"]}),)
RUN = "20260102T030405Z-abcdef"
ENVIRONMENT = {
    "machine": MACHINE,
    "machine_key": "abc",
    "os": "Linux-6.1",
    "python": "3.12.1",
    "libc": "2.36",
    "load_average": [0.1, 0.2, 0.3],
    "governor": "performance",
    "driver": "550",
    "git": {"commit": "c0ffee" * 7, "branch": "main", "dirty": True},
    "selftest": {
        "date": "2026-01-01",
        "launches": 3,
        "overall": {"comparisons": 16, "false_alarms": 0, "rms_log": 0.01, "smallest_log": 0.05},
    },
}
STATS = {
    "min": 0.5,
    "max": 0.7,
    "mean": 0.6,
    "stddev": 0.01,
    "rounds": 5,
    "median": 0.6,
    "iqr": 0.02,
    "data": [0.5, 0.6, 0.6, 0.6, 0.7],
}


def run_folder(
    folder: Path, run_id: str = RUN, preset: str = "quick", exhibits: Sequence[ValuesLine] = SHOWN
) -> Path:
    """A whole run, with its summary and rulings: every kind of line, a cell without a number."""
    chance = random.Random(3)
    cells = [plan("op 100×w", width, each) for width in (512, 2048) for each in VARIANTS[:3]]
    there = plan("op 100×w", 512, VARIANTS[1], device="cuda:0", group="op/gpu")
    refused = plan("op 100×w", 4096, VARIANTS[0], status="oom", reason="big")
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / JOURNAL)
    command = ["xbench", "run", "--preset", "smoke", "--backend", "numpy"]
    known: dict[str, Any] = {"run_id": run_id, "preset": preset, "environment": ENVIRONMENT}
    journal.write(header([*cells, there, refused], LAUNCHES, command=command, **known))
    journal.write(ceilings())
    for launch in range(LAUNCHES):
        for backend in ("numpy", "torch", "tensorflow"):
            blas = {"name": "openblas", "version": "0.3", "kernel": "Zen"}
            journal.write(
                WorkerLine(
                    launch=launch,
                    worker=worker_key(backend),
                    pid=1,
                    environment={},
                    open_ns=10**9,
                    fence_ns=500,
                    python="3.11",
                    dispatch_ns=300,
                    operator_ns=900,
                    attest={"version": "9.9", "blas": blas},
                )
            )
        for first in (0, 3, 6):
            lines = [filled(each, chance)[0] for each in [*cells, there][first : first + 3]]
            lines[0].latency = lines[0].timed
            journal.write(
                GroupLine(
                    group=[*cells, there][first].group,
                    launch=launch,
                    started_utc="2026-01-02",
                    inputs_sha256="0",
                    order=[[0, 1, 2]] * 7,
                    cells=lines,
                    canary_ns=[10**6] * 7,
                    gpus=[GpuState(device="cuda:0", slowed_by=["heat"], foreign_bytes=10**9)],
                )
            )
    journal.write(MemoryLine(key=cells[0].key, peak_bytes=10**8, calls=3, method="VmHWM"))
    for exhibit in exhibits:
        journal.write(exhibit)
    journal.write(Footer(ended_utc="2026-01-02T03:14:05+00:00", outcome="complete"))
    journal.close()
    write_summary(folder / SUMMARY, summarise(read_run(folder)))
    write_rulings(folder, rulings())
    return folder


def rulings() -> Rulings:
    """One of each."""
    claim = ClaimLine(
        id="001.a",
        source="001",
        says="it is so",
        printed="3 ms",
        ours="2 ms",
        ruling="reproduced",
        why="for a reason",
    )
    points = [PlotPoint(1.0, 2.0, 1.5, 2.5), PlotPoint(10.0, 3.0)]
    line = PlotLine(label="a", backend="numpy", points=points)
    plot = PlotFile(name="p", title="t", x_label="x", y_label="y", alt="said", lines=[line])
    return Rulings([claim], [plot])


def accepted() -> bytes:
    """Of one run that is there and one that is not."""
    made = [
        Acceptance(run=run, cells=["op*", "*"], reason="faster now", who="me", when_utc="2026")
        for run in (RUN, "gone")
    ]
    return b"".join(msgspec.json.encode(each) + b"\n" for each in made)


def ruled() -> bytes:
    """A claim's line."""
    return msgspec.json.encode(rulings().claims[0]) + b"\n"


def aa_record(machine_key: str) -> bytes:
    """What an A/A found."""
    figures = Figures(
        comparisons=9,
        false_alarms=0,
        margin_alarms=0,
        rms_log=0.01,
        worst_log=0.02,
        smallest_log=0.03,
    )
    record = AaRecord(
        date="2026-01-01",
        xbench_version="0.1.0",
        machine_key=machine_key,
        trials=3,
        launches=3,
        overall=figures,
        by_width={"512": figures},
    )
    return msgspec.json.encode(record)


def saved() -> bytes:
    """As pytest-benchmark saves two rows of its own."""
    rows = [
        {"name": name, "fullname": f"t.py::{name}", "group": None, "stats": STATS, "extra_info": {}}
        for name in ("one", "two")
    ]
    return benchmark_json(rows).encode()


def github() -> bytes:
    """Of github-action-benchmark."""
    rows = [
        {"name": name, "value": 1.5, "unit": unit, "range": "± 2", "extra": "x"}
        for name, unit in (("a", "ns"), ("b", "ms"))
    ]
    return json.dumps(rows).encode()


def bencher() -> bytes:
    """Bencher Metric Format."""
    metric = {"value": 1.5, "lower_value": 1.0, "upper_value": 2.0}
    return json.dumps({name: {"latency": metric} for name in "ab"}).encode()


PYPROJECT = b"""[project]
name = "x"

[tool.xbench]
effect = "5%"
margin = 0.02

[[tool.xbench.thresholds]]
cells = "op/*"
effect = 0.10
"""
SUITE = b"""from xbench.ops.suite import Suite, Sweep

SUITE = Suite("mine", "about", (Sweep("matmul", "a w", lambda w: {"m": w, "k": 2, "n": 2}),))
"""
