"""Cells in the order in which a report shows them: scaling curves, workloads whose cells compete,
and what several result files have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from string import ascii_uppercase
from typing import NamedTuple

from xbench.analysis.ratios import Comparison, Unpaired
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CellPlan
from xbench.reports.model import Series, Source


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


@lru_cache(maxsize=16)
def curves_of(source: Source) -> list[Curve]:
    """The curves of a result file, sorted once for all parts of a report."""
    return curves(source.cells, source.comparisons, source.unpaired)


def thread_label(threads: str) -> str:
    """`all cores`, `1 thread`, `4 threads`."""
    return {"all": "all cores", "1": "1 thread"}.get(threads, f"{threads} threads")


def series_of(plan: CellPlan) -> Series:
    """The line a cell belongs to."""
    key = plan.key
    return Series(key.backend, key.mode, key.gradient, key.allocator, key.side)


def setting_of(plan: CellPlan) -> Setting:
    """The curve a cell belongs to."""
    key = plan.key
    return Setting(plan.family, key.dtype, key.device, key.threads, key.math)


# The cells of a workload side by side, and who is known to be faster than whom.


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

    def ahead(self, side: Callable[[CellPlan], str]) -> CellSummary | None:
        """The cell that is faster than every cell of each other side, if there is one; `side` names
        what competes: the backend, say. Its own side may have cells as fast."""
        for cell in self.cells:
            own = side(cell.plan)
            if self.beats_all(cell, [other for other in self.cells if side(other.plan) != own]):
                return cell
        return None

    @property
    def unbeaten(self) -> list[CellSummary]:
        """The cells that no other is known to be faster than."""
        return [
            cell for cell in self.cells if not any(self.beats(other, cell) for other in self.cells)
        ]


@lru_cache(maxsize=16)
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
    return setting_of(plan), plan.width, plan.key.group_id


# Several results on one page: their names, what differs between them, what they have in common.

ABSENT = "not recorded"
WHEN = ("started, ended (UTC)", "written")
"""Labels of the facts that say when; no two results have the same."""


def name_sources(sources: Sequence[Source]) -> None:
    """Call several results `A`, `B` …; a single one needs no name."""
    for place, source in enumerate(sources):
        source.name = _letters(place) if len(sources) > 1 else ""


def measured_at(source: Source) -> str:
    """`2026-01-02T03:04`: when it was begun or written, as far as is known."""
    facts = dict(source.facts)
    return next((facts[label][:16] for label in WHEN if label in facts), ABSENT)


def differing(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Every fact that is not the same in all, but for when: its label, and its value in each."""
    facts = [_facts(source) for source in sources]
    found = {label: [each.get(label, ABSENT) for each in facts] for one in facts for label in one}
    return {
        label: values
        for label, values in found.items()
        if label not in WHEN and len(set(values)) > 1
    }


def machine_of(source: Source) -> str:
    """What two results of the same machine have in common: its key, or how it is described."""
    key = source.run.header.environment.get("machine_key") if source.run else None
    return key if isinstance(key, str) else source.machine


def common_cells(sources: Sequence[Source]) -> list[list[CellSummary | None]]:
    """The cells that two of these planned or more and one has a number of: what each has of them,
    None where it has not. By curve, width and series."""
    found: dict[str, list[CellSummary | None]] = {}
    for place, source in enumerate(sources):
        for cell in source.cells:
            found.setdefault(cell.id, [None] * len(sources))[place] = cell
    kept = [each for each in found.values() if _is_common(each)]
    plans = [next(cell.plan for cell in each if cell) for each in kept]
    curves = {setting_of(plan): place for place, plan in reversed([*enumerate(plans)])}
    order = sorted(
        range(len(kept)),
        key=lambda place: (
            curves[setting_of(plans[place])],
            plans[place].width,
            series_of(plans[place]).rank,
        ),
    )
    return [kept[place] for place in order]


def _is_common(cells: Sequence[CellSummary | None]) -> bool:
    there = [cell for cell in cells if cell is not None]
    return len(there) > 1 and any(cell.time_s is not None for cell in there)


def _facts(source: Source) -> dict[str, str]:
    """Values by label; a backend may be called as another fact is."""
    found: dict[str, str] = {}
    for label, value in source.facts:
        found[label] = f"{found[label]}; {value}" if label in found else value
    return found


def _letters(place: int) -> str:
    """`A` to `Z`, then `AA`, `AB` …"""
    rest, last = divmod(place, len(ascii_uppercase))
    return (_letters(rest - 1) if rest else "") + ascii_uppercase[last]
