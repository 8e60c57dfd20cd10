"""What may be said of two cells of a workload: the verdict of their ratio, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.read.contests import Contest
from reports.say.names import listed
from reports.say.numbers import percent, show_factor
from xbench.records.bound import Bound
from xbench.records.compare import Comparison
from xbench.records.summary import CellSummary
from xbench.stats.verdict import MARGIN

CAUSES: dict[Bound, str] = {
    "bandwidth": "memory traffic",
    "compute": "arithmetic",
    "launch": "launching operators",
    "allocation": "page faults",
}


def has_interval(each: Comparison) -> bool:
    """Whether the ratio rests on launches enough to say anything."""
    return each.ratio.low is not None and each.ratio.high is not None


def sure_factor(each: Comparison | None) -> float:
    """The factor between two cells that the whole interval supports; 1 where none is."""
    if each is None or each.ratio.low is None or each.ratio.high is None:
        return 1.0
    return {"slower": each.ratio.low, "faster": 1.0 / each.ratio.high}.get(each.verdict, 1.0)


@dataclass(frozen=True, slots=True)
class Clauses:
    """Clauses about the cells of one workload, by the names of all of them."""

    contest: Contest
    names: dict[str, str]

    def name(self, cell: CellSummary) -> str:
        """What the cell is called."""
        return self.names[cell.id]

    def faster(self, cell: CellSummary, other: CellSummary) -> str:
        """`1.6× [1.2, 2.0] faster than compiled PyTorch`: `cell` is known to be."""
        factor, ends = _factor(self.contest.ratios[cell.id, other.id])
        return f"{factor}× {ends} faster than {self.name(other)}"

    def between(self, cell: CellSummary, other: CellSummary, doing: str = "") -> str:
        """`NumPy is 5.7× [2.1, 15] slower than PyTorch`, `NumPy takes [0.9, 1.1] times as long as
        PyTorch`: whatever is known. `doing` is what they may take the same time for."""
        one, two = self.name(cell), self.name(other)
        ratio = self.contest.ratio(cell, other)
        if ratio is None:
            together = cell.plan.group == other.plan.group
            why = "were not measured in the same rounds" if together else "did not fit in memory"
            return f"{one} and {two} {why}{'' if together else ' together'}"
        if not has_interval(ratio):
            return f"there is no interval of {one} against {two}"
        factor, ends = _factor(ratio)
        if ratio.verdict == "inconclusive":
            return f"{one} takes {ends} times as long as {two}"
        if ratio.verdict == "same":
            return f"{one} and {two} take the same time{doing} within {percent(MARGIN)} {ends}"
        return f"{one} is {factor}× {ends} {ratio.verdict} than {two}"

    def causes(self, cells: Sequence[CellSummary]) -> str:
        """`both are bound by memory traffic`, `A is bound by arithmetic, B by page faults`; nothing
        of those that nothing measured explains."""
        bounds: dict[Bound, list[str]] = {}
        for cell in cells:
            if cell.bound:
                bounds.setdefault(cell.bound, []).append(self.name(cell))
        parts: list[str] = []
        for bound, names in bounds.items():
            everybody = len(names) == len(cells) > 1
            who = ("both" if len(names) == 2 else "all") if everybody else listed(names)
            verb = "" if parts else " is bound" if len(names) == 1 else " are bound"
            parts.append(f"{who}{verb} by {CAUSES[bound]}")
        return ", ".join(parts)


def _factor(each: Comparison) -> tuple[str, str]:
    return show_factor(each.ratio, each.verdict)
