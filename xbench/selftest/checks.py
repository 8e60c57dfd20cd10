"""The checks that take seconds: truth, effect, fence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xbench.records.compare import compare_cells
from xbench.records.read import Run
from xbench.records.summary import CellSummary
from xbench.selftest import known
from xbench.selftest.real import measure

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
    ops = (*known.SPINS_S, known.EFFECT_OP)
    for left in reversed(range(TRIES)):
        axes = {"op": ops, "backend": ("numpy", "twin")}
        run, cells = measure(axes, "1", rounds=ROUNDS)
        checks = {op: _spin(op, cells) if op in known.SPINS_S else _ratio(run, cells) for op in ops}
        yield from (each for each in checks.values() if each.passed or not left)
        ops = tuple(op for op, each in checks.items() if not each.passed)
        if not ops:
            return


def _spin(op: str, cells: Sequence[CellSummary]) -> Check:
    truth_s = known.SPINS_S[op]
    low, high = known.allowed(truth_s)
    unit, name = (1e-3, "ms") if truth_s >= 1e-3 else (1e-6, "µs")
    (cell,) = (each for each in cells if each.plan.op == op)
    seen = cell.reason if cell.time_s is None else f"{cell.time_s / unit:.3f} {name}"
    return Check(
        f"truth: a call of {truth_s / unit:g} {name}",
        seen,
        f"{low / unit:g} to {high / unit:g} {name}",
        cell.time_s is not None and low <= cell.time_s <= high,
        QUIET,
    )


def _ratio(run: Run, cells: list[CellSummary]) -> Check:
    found = [each for each in compare_cells(run, cells) if each.cell.op == known.EFFECT_OP]
    ratio = found[0].ratio.value if found else None
    right = ratio is not None and known.EFFECT_LOW <= ratio <= known.EFFECT_HIGH
    return Check(
        f"effect: {known.EFFECT:.2f} times as long",
        "no ratio" if ratio is None else f"{ratio:.4f}",
        f"{known.EFFECT_LOW} to {known.EFFECT_HIGH}",
        right,
        QUIET,
    )


def refusals() -> Iterator[Check]:
    """Fence: hidden unfinished work gets no number in any cell, honest devices get all theirs."""
    backends = ("unfenced", "late", "numpy")
    axes = {"op": (known.FENCE_OP,), "backend": backends}
    _, cells = measure(axes, "1", rounds=FENCE_ROUNDS)
    for backend in backends:
        mine = [cell for cell in cells if cell.plan.backend == backend]
        yield refused(backend, mine)


def refused(backend: str, cells: Sequence[CellSummary]) -> Check:
    """How many cells were refused: for their fence where it is defective, for anything if not."""
    total, defective = len(known.FENCE_WIDTHS), backend == "unfenced"
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
