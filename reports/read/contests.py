"""The cells of a workload side by side, and who is known to be faster than whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.model import Source
from reports.read.curves import Setting, setting_of
from xbench.records.compare import Comparison
from xbench.records.schema import CellPlan
from xbench.records.summary import CellSummary


@dataclass(slots=True)
class Contest:
    """The cells of a workload that have a number, in the order of their times, and the ratio of
    every two of them that were measured in the same rounds, by their ids."""

    setting: Setting
    width: int
    cells: list[CellSummary] = field(default_factory=list)
    ratios: dict[tuple[str, str], Comparison] = field(default_factory=dict)

    def ratio(self, cell: CellSummary, other: CellSummary) -> Comparison | None:
        """`cell` over `other`; None if they were not measured in the same rounds."""
        found = self.ratios.get((cell.id, other.id))
        if found is None and (turned := self.ratios.get((other.id, cell.id))) is not None:
            found = self.ratios[cell.id, other.id] = turned.inverse
        return found

    def beats(self, cell: CellSummary, other: CellSummary) -> bool:
        """Whether `cell` is faster, by the verdict."""
        found = self.ratio(cell, other)
        return found is not None and found.verdict == "faster"

    def beats_all(self, cell: CellSummary, others: Sequence[CellSummary]) -> bool:
        """Whether `cell` is faster than each of these, by the verdicts; never than none."""
        return bool(others) and all(self.beats(cell, other) for other in others)

    @property
    def winner(self) -> CellSummary | None:
        """The cell that is faster than each of the others, if there is one."""
        for cell in self.cells:
            if self.beats_all(cell, [other for other in self.cells if other is not cell]):
                return cell
        return None

    @property
    def unbeaten(self) -> list[CellSummary]:
        """The cells that no other is known to be faster than."""
        return [
            cell for cell in self.cells if not any(self.beats(other, cell) for other in self.cells)
        ]


def contests(source: Source) -> dict[Setting, list[Contest]]:
    """Every workload of which a cell has a number, by curve, from the smallest width up."""
    found: dict[tuple[Setting, int, str], Contest] = {}
    for cell in sorted(source.cells, key=lambda each: (each.time_s or 0.0, each.id)):
        if cell.time_s is not None:
            place = _place(cell.plan)
            found.setdefault(place, Contest(*place[:2])).cells.append(cell)
    for each in source.choices:
        found[_place(each.cell)].ratios[each.cell.id, each.reference.id] = each
    curves: dict[Setting, list[Contest]] = {}
    for setting in dict.fromkeys(setting_of(cell.plan) for cell in source.cells):
        curves[setting] = []
    for place in sorted(found, key=lambda each: each[1:]):
        curves[place[0]].append(found[place])
    return {setting: each for setting, each in curves.items() if each}


def _place(plan: CellPlan) -> tuple[Setting, int, str]:
    """A workload; one that was measured in parts (`#1`, `#2` …) is one all the same."""
    return setting_of(plan), plan.width, plan.group.partition("#")[0]
