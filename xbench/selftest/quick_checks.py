"""The checks that take seconds: times that are known (truth), a ratio that is known (effect), and
a device whose fence does not wait (fence). Also how a known case is measured for a check."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from xbench import registry
from xbench.analysis.ratios import compare_cells
from xbench.analysis.summary import CellSummary
from xbench.engine.progress import LiveProgress, SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header, new_run_id
from xbench.machine.machine import available_bytes, this_machine
from xbench.ops.suite import Preset
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.selftest import known_cases
from xbench.selftest.known_cases import SUITE_FILE

# Running the real engine on cases whose answer is known: worker processes, plan, journal,
# statistics.

OWN_BACKENDS = {
    "twin": "xbench.selftest.virtual_device:TwinBackend",
    "late": "xbench.selftest.virtual_device:LateBackend",
    "unfenced": "xbench.selftest.virtual_device:UnfencedBackend",
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
    axes: dict[str, tuple[str, ...]],
    threads: str,
    launches: int = 1,
    rounds: int | None = None,
    group_s: float = 0.0,
    seed: int = 5,
) -> tuple[Run, list[CellSummary]]:
    """Measure what `axes` select of the cases, eager and in float32; nothing stays on disk.

    `rounds`: of every group; None for as many as `group_s` buys."""
    preset = Preset(
        name="selftest",
        about="",
        suites=(SUITE_FILE,),
        ops=("*",),
        families=("*",),
        widths=(),
        dtypes=("float32",),
        threads=(threads,),
        modes=("eager",),
        compiled_ops=(),
        gradients="default",
        launches=launches,
        group_s=group_s,
    )
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


ROUNDS = 15
FENCE_ROUNDS = 3
TRIES = 3
"""A busy machine can lengthen a busy wait, but not time and again; a wrong harness always errs."""

QUIET = "stop other programs and run it again; if it stays, trust no time taken on this machine"
BROKEN = "trust no number of xbench here, and report this line with your platform"
EARLY = "the fence returned early"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: what was seen, what would have been right, what to do if not."""

    name: str
    value: str
    allowed: str
    passed: bool
    advice: str

    def __str__(self) -> str:
        line = f"{self.name:33}  {self.value:26}  allowed: {self.allowed:20}"
        return f"{line}  passed" if self.passed else f"{line}  FAILED\n    next: {self.advice}"


def quick_checks() -> Iterator[Check]:
    """Truth, effect and fence, each check as it ends."""
    yield from known_times()
    yield from refusals()


def known_times() -> Iterator[Check]:
    """Truth and effect: busy waits of known length, and a known ratio between two backends.

    All are measured in one run; what failed is tried again, since others may use the machine."""
    ops = (*known_cases.SPINS_S, known_cases.EFFECT_OP)
    for left in reversed(range(TRIES)):
        axes = {"op": ops, "backend": ("numpy", "twin")}
        run, cells = measure(axes, "1", rounds=ROUNDS)
        checks = {
            op: _spin(op, cells) if op in known_cases.SPINS_S else _ratio(run, cells) for op in ops
        }
        yield from (each for each in checks.values() if each.passed or not left)
        ops = tuple(op for op, each in checks.items() if not each.passed)
        if not ops:
            return


def _spin(op: str, cells: Sequence[CellSummary]) -> Check:
    truth_s = known_cases.SPINS_S[op]
    low, high = known_cases.allowed(truth_s)
    unit, name = (1e-3, "ms") if truth_s >= 1e-3 else (1e-6, "µs")
    (cell,) = (each for each in cells if each.plan.key.op == op)
    seen = cell.reason if cell.time_s is None else f"{cell.time_s / unit:.3f} {name}"
    return Check(
        f"truth: a call of {truth_s / unit:g} {name}",
        seen,
        f"{low / unit:g} to {high / unit:g} {name}",
        cell.time_s is not None and low <= cell.time_s <= high,
        QUIET,
    )


def _ratio(run: Run, cells: list[CellSummary]) -> Check:
    found = [
        each for each in compare_cells(run, cells) if each.cell.key.op == known_cases.EFFECT_OP
    ]
    ratio = found[0].ratio.value if found else None
    right = ratio is not None and known_cases.EFFECT_LOW <= ratio <= known_cases.EFFECT_HIGH
    return Check(
        f"effect: {known_cases.EFFECT:.2f} times as long",
        "no ratio" if ratio is None else f"{ratio:.4f}",
        f"{known_cases.EFFECT_LOW} to {known_cases.EFFECT_HIGH}",
        right,
        QUIET,
    )


def refusals() -> Iterator[Check]:
    """Fence: hidden unfinished work gets no number in any cell, honest devices get all theirs."""
    backends = ("unfenced", "late", "numpy")
    axes = {"op": (known_cases.FENCE_OP,), "backend": backends}
    _, cells = measure(axes, "1", rounds=FENCE_ROUNDS)
    for backend in backends:
        mine = [cell for cell in cells if cell.plan.key.backend == backend]
        yield refused(backend, mine)


def refused(backend: str, cells: Sequence[CellSummary]) -> Check:
    """How many cells were refused: for their fence where it is defective, for anything if not."""
    total, defective = len(known_cases.FENCE_WIDTHS), backend == "unfenced"
    refused = [cell for cell in cells if cell.time_s is None]
    if defective:
        refused = [cell for cell in refused if cell.status == "invalid" and EARLY in cell.reason]
    others = {cell.reason for cell in cells if cell.time_s is None} if not defective else set()
    right = len(cells) == total and len(refused) == (total if defective else 0)
    what = {"unfenced": "a device without a fence", "late": "an asynchronous device"}
    return Check(
        f"fence: {what.get(backend, backend)}",
        f"{len(refused)} of {len(cells)} refused",
        f"{total if defective else 0} of {total}",
        right,
        "; ".join([BROKEN, *sorted(others)[:1]]),
    )
