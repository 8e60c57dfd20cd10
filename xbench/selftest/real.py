"""Running the real engine on the cases: worker processes, plan, journal, statistics."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
def own_backends() -> Iterator[None]:
    """The self-test's backends are known inside, and nowhere else."""
    registry.BACKENDS.update(OWN_BACKENDS)
    try:
        yield
    finally:
        for name in OWN_BACKENDS:
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
    with own_backends(), TemporaryDirectory(prefix="xbench-selftest-") as root:
        cores = this_machine().cores
        rows = build_rows(Selection(preset, (SUITE_FILE,), axes), ("cpu",), cores)
        plan = make_plan(rows, launches, group_s, cores, available_bytes(), rounds)
        run_id = new_run_id()
        folder = make_run_folder(Path(root).resolve(), run_id)
        header = make_header(plan, run_id, preset.name, ["xbench", "selftest"], seed)
        progress = LiveProgress(plan) if sys.stderr.isatty() else SilentProgress()
        return run_plan(plan, Settings(seed, folder, (SUITE_FILE,)), header, progress)
