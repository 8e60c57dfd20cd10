"""Running the real engine on cases whose answer is known: worker processes, plan, journal,
statistics."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from xbench import registry
from xbench.engine.header import make_header, new_run_id
from xbench.engine.run import run_plan
from xbench.engine.settings import Settings
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.preset import Preset
from xbench.plan.select import Selection
from xbench.progress import LiveProgress, SilentProgress
from xbench.records.journal import make_run_folder
from xbench.records.machine import available_bytes, this_machine
from xbench.records.read import Run
from xbench.records.summary import CellSummary
from xbench.selftest.known import SUITE_FILE

OWN_BACKENDS = {
    "twin": "xbench.selftest.twin:TwinBackend",
    "late": "xbench.selftest.late:LateBackend",
    "unfenced": "xbench.selftest.late:UnfencedBackend",
}


@contextmanager
def own_backends(backends: Mapping[str, str] = OWN_BACKENDS) -> Iterator[None]:
    """These backends (name to "module:Class") are known inside, and nowhere else."""
    registry.BACKENDS.update(backends)
    try:
        yield
    finally:
        for name in backends:
            registry.BACKENDS.pop(name, None)


def measure(
    axes: dict[str, tuple[str, ...]], threads: str,
    launches: int = 1, rounds: int | None = None, group_s: float = 0.0, seed: int = 5,
) -> tuple[Run, list[CellSummary]]:  # fmt: skip
    """Measure what `axes` select of the cases, eager and in float32; nothing stays on disk.

    `rounds`: of every group; None for as many as `group_s` buys."""
    preset = Preset(
        name="selftest", about="", suites=(SUITE_FILE,), ops=("*",), families=("*",), widths=(),
        dtypes=("float32",), threads=(threads,), modes=("eager",), compiled_ops=(),
        gradients="default", launches=launches, group_s=group_s,
    )  # fmt: skip
    return measured(Selection(preset, (SUITE_FILE,), axes), OWN_BACKENDS, rounds, seed)


def measured(
    selection: Selection, backends: Mapping[str, str], rounds: int | None, seed: int = 5
) -> tuple[Run, list[CellSummary]]:
    """Measure a selection for once, with backends of its own; nothing stays on disk."""
    preset = selection.preset
    files = tuple(name for name in selection.suites if name.endswith(".py"))
    with own_backends(backends), TemporaryDirectory(prefix=f"xbench-{preset.name}-") as root:
        cores = this_machine().cores
        rows = build_rows(selection, ("cpu",), cores)
        plan = make_plan(rows, preset.launches, preset.group_s, cores, available_bytes(), rounds)
        run_id = new_run_id()
        folder = make_run_folder(Path(root).resolve(), run_id)
        header = make_header(plan, run_id, preset.name, ["xbench", preset.name], seed)
        progress = LiveProgress(plan) if sys.stderr.isatty() else SilentProgress()
        return run_plan(plan, Settings(seed, folder, files), header, progress)
