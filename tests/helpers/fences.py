"""A JAX adapter without a fence beside the honest one, and runs of one cell of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.places import ROOT, TESTS
from xbench import registry
from xbench.analysis.summary import CellSummary
from xbench.backends.jax_backend import JaxBackend
from xbench.contracts import Tensors
from xbench.engine.progress import PlainProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.suites.presets import PRESETS

HONEST, HASTY = "jax", "hasty"
BACKENDS = {
    # NumPy sizes the process that takes ceilings.
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    HONEST: "xbench.backends.jax_backend:JaxBackend",
    HASTY: "helpers.fences:Hasty",
}
WIDTH = "700"


class Hasty(JaxBackend):
    """JAX without a fence."""

    name = HASTY

    def fence(self, tensors: Tensors) -> None:
        """Wait for nothing."""


@contextmanager
def planted() -> Iterator[None]:
    """The two adapters registered, here and in workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "BACKENDS", BACKENDS)
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{ROOT}")
        yield


def judged(backend: str, folder: Path, number: int) -> CellSummary:
    """The one cell of a run of one adapter."""
    axes: dict[str, tuple[str, ...]] = {
        "op": ("matmul",),
        "backend": (backend,),
        "width": (WIDTH,),
    }
    rows = build_rows(Selection(PRESETS["smoke"], ("matmul",), axes), ("cpu",), os.cpu_count() or 1)
    rows = [row for row in rows if row.cell.family.endswith("w×w×w")]
    plan = make_plan(rows, 1, 0.3, os.cpu_count() or 1, 1 << 33)
    made = make_run_folder(folder, f"{backend}-{number}")
    header = make_header(plan, made.name, "smoke", ["xbench", "run"], number)
    _, (summary,) = run_plan(plan, Settings(number, made), header, PlainProgress(plan))
    return summary
