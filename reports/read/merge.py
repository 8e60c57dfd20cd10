"""Several results on one page: their names, what differs between them, what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from reports.model import Source
from reports.read.curves import series_of, setting_of
from xbench.records.summary import CellSummary

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
