"""Cells sorted into scaling curves: what shares a table and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xbench.records.compare import Comparison, Unpaired
from xbench.records.schema import CellPlan
from xbench.records.summary import CellSummary

BACKENDS = ("numpy", "torch", "tensorflow", "jax")
MODES = ("eager", "graph", "compiled")
GRADIENTS = ("none", "manual", "autograd", "custom")
ALLOCATORS = ("reuse", "system")
SIDES = ("", "base", "head")


class Series(NamedTuple):
    """One line of a figure: what stays the same along the widths."""

    backend: str
    mode: str
    gradient: str
    allocator: str
    side: str = ""

    @property
    def label(self) -> str:
        """`torch eager autograd`; without the gradient where there is none, with `system` where
        memory is not kept, with the side of an A/B."""
        parts = [self.backend, self.mode]
        parts += [] if self.gradient == "none" else [self.gradient]
        parts += [] if self.allocator == "reuse" else [self.allocator]
        return " ".join([*parts, self.side] if self.side else parts)

    @property
    def rank(self) -> tuple[tuple[int, str], ...]:
        """The same order everywhere: the known names as listed here, then others by name."""
        return (
            _rank(self.backend, BACKENDS),
            _rank(self.mode, MODES),
            _rank(self.gradient, GRADIENTS),
            _rank(self.allocator, ALLOCATORS),
            _rank(self.side, SIDES),
        )


class Setting(NamedTuple):
    """What all cells of a curve share."""

    family: str
    dtype: str
    device: str
    threads: str
    math: str

    @property
    def about(self) -> str:
        """`float32, cpu, all cores`; the math where it is not the usual one."""
        return f"{self.dtype}, {self.device}, {self._rest}"

    @property
    def elsewhere(self) -> str:
        """The same less the device: `float32, all cores`."""
        return f"{self.dtype}, {self._rest}"

    @property
    def _rest(self) -> str:
        threads = thread_label(self.threads)
        return threads if self.math == "ieee" else f"{threads}, {self.math}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A family in one setting: its cells by width and series, their comparisons likewise, and those
    that could not be made."""

    setting: Setting
    cells: list[CellSummary]
    comparisons: list[Comparison]
    unpaired: list[Unpaired]

    def over(self, *axes: str) -> list[Comparison]:
        """The comparisons along these axes."""
        return [each for each in self.comparisons if each.axis in axes]


def curves(
    cells: Sequence[CellSummary],
    comparisons: Sequence[Comparison],
    unpaired: Sequence[Unpaired],
) -> list[Curve]:
    """Every curve, in the order in which their first cells were planned."""
    found: dict[Setting, Curve] = {}
    for cell in sorted(cells, key=lambda each: (each.plan.width, series_of(each.plan).rank)):
        setting = setting_of(cell.plan)
        found.setdefault(setting, Curve(setting, [], [], [])).cells.append(cell)
    ordered = sorted(comparisons, key=lambda each: (each.cell.width, series_of(each.cell).rank))
    for comparison in ordered:
        found[setting_of(comparison.cell)].comparisons.append(comparison)
    for each in unpaired:
        found[setting_of(each.cell)].unpaired.append(each)
    return [found[setting] for setting in dict.fromkeys(setting_of(cell.plan) for cell in cells)]


def thread_label(threads: str) -> str:
    """`all cores`, `1 thread`, `4 threads`."""
    return {"all": "all cores", "1": "1 thread"}.get(threads, f"{threads} threads")


def series_of(plan: CellPlan) -> Series:
    """The line a cell belongs to."""
    return Series(plan.backend, plan.mode, plan.gradient, plan.allocator, plan.side or "")


def setting_of(plan: CellPlan) -> Setting:
    """The curve a cell belongs to."""
    return Setting(plan.family, plan.dtype, plan.device, plan.threads, plan.math)


def _rank(name: str, known: tuple[str, ...]) -> tuple[int, str]:
    return (known.index(name), "") if name in known else (len(known), name)
