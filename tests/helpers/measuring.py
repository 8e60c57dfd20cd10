"""Real runs for tests: the suite of defects on NumPy and its twins, in worker processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers.places import HELPERS, ROOT, TESTS
from xbench import registry
from xbench.analysis.summary import CellSummary
from xbench.engine.progress import PlainProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.suites.presets import PRESETS

DEFECTS = str(HELPERS / "defects.py")
BACKENDS = {
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    "second": "helpers.twins:Second",
    "third": "helpers.twins:Third",
    "coarse": "helpers.twins:Coarse",
    "elsewhere": "helpers.twins:Elsewhere",
}
Measured = tuple[Run, dict[tuple[str, str], CellSummary]]


def measure(
    folder: Path,
    ops: tuple[str, ...],
    backends: tuple[str, ...] = ("numpy",),
    launches: int = 1,
    seed: int = 5,
    suite: str = DEFECTS,
    memory: bool = False,
    budget_s: float | None = None,
    variables: Mapping[str, str] | None = None,
) -> Measured:
    """Measure ops for a moment on one thread. Returns: the run, and summaries by op and backend."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "BACKENDS", BACKENDS)
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{ROOT}")
        patch.syspath_prepend(TESTS)
        axes = {"op": ops, "backend": backends}
        rows = build_rows(Selection(PRESETS["smoke"], (suite,), axes), ("cpu",), 1)
        plan = make_plan(rows, launches, 0.02, 1, 1 << 33, memory=memory)
        made = make_run_folder(folder, f"run-{seed}-{len(list(folder.iterdir()))}")
        settings = Settings(
            seed, made, (suite,), timeout_s=4.0, budget_s=budget_s, variables=variables or {}
        )
        header = make_header(plan, made.name, "smoke", ["xbench", "run"], seed)
        run, summaries = run_plan(plan, settings, header, PlainProgress(plan))
    return run, {(cell.plan.key.op, cell.plan.key.backend): cell for cell in summaries}
