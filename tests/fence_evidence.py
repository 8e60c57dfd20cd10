"""How often a JAX adapter without a fence is refused, and an honest one is not: real runs.

    python tests/fence_evidence.py [--runs 20]

JAX computes a product of two 700 x 700 matrices long after the call has returned, on the CPU too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backends.jax_backend import JaxBackend
from suites.presets import PRESETS
from xbench import registry
from xbench.contracts import Tensors
from xbench.engine.header import make_header
from xbench.engine.run import run_plan
from xbench.engine.settings import Settings
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.progress import PlainProgress
from xbench.records.journal import make_run_folder
from xbench.records.summary import CellSummary

HERE = Path(__file__).parent
HONEST, HASTY = "jax", "hasty"
BACKENDS = {
    "numpy": "backends.numpy_backend:NumpyBackend",  # it sizes the process that takes ceilings
    HONEST: "backends.jax_backend:JaxBackend",
    HASTY: "fence_evidence:Hasty",
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
        patch.setenv("PYTHONPATH", f"{HERE}{os.pathsep}{HERE.parent}")
        yield


def judged(backend: str, folder: Path, number: int) -> CellSummary:
    """The one cell of a run of one adapter."""
    axes: dict[str, tuple[str, ...]] = {
        "op": ("matmul",), "backend": (backend,), "width": (WIDTH,),
    }  # fmt: skip
    rows = build_rows(Selection(PRESETS["smoke"], ("matmul",), axes), ("cpu",), os.cpu_count() or 1)
    rows = [row for row in rows if row.cell.family.endswith("w×w×w")]
    plan = make_plan(rows, 1, 0.3, os.cpu_count() or 1, 1 << 33)
    made = make_run_folder(folder, f"{backend}-{number}")
    header = make_header(plan, made.name, "smoke", ["xbench", "run"], number)
    _, (summary,) = run_plan(plan, Settings(number, made), header, PlainProgress(plan))
    return summary


def main() -> None:
    """Count, and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, planted():
        for backend in (HASTY, HONEST):
            cells = [judged(backend, Path(folder), number) for number in range(runs)]
            refused = [cell for cell in cells if cell.status == "invalid"]
            print(f"{backend}: {len(refused)} of {runs} refused", file=sys.stderr)
            for cell in refused[:3]:
                print(f"    {cell.reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
