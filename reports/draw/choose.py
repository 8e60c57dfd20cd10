"""Which figures are drawn for print: the main ones, or all of what was selected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from reports.draw.charts import charts
from reports.draw.palette import colours
from reports.draw.phases import phases
from reports.draw.plots import Drawing, draw_all
from reports.draw.roofline import rooflines
from reports.model import Figure, Source
from reports.read.curves import Curve, Setting, curves, setting_of
from xbench.records.compare import Comparison

MOST = 10
"""Figures of a report in which nothing was selected."""

SHARES = {"time": 4, "speedup": 3, "roofline": 1, "phases": 1}
"""How many of each kind come first; what is left of `MOST` goes to the others, in this order."""

ORDER = (
    "time", "speedup", "speedup-modes", "roofline", "phases", "speedup-gradients",
    "speedup-allocators",
)  # fmt: skip
_LONGEST_SLUG = 80


def main_figures(
    sources: Sequence[Source], taken: set[str], everything: bool
) -> Callable[[], list[Figure]]:
    """Begin to draw the figures of these sources, `MOST` of them or `everything`; `taken` holds
    file names that are in use, and gets theirs. Returns: what waits for them."""
    found = list(_candidates(sources))
    chosen = found if everything else _main(found)
    look = colours(cell.plan.backend for source in sources for cell in source.cells)
    named = [(each.drawing, free_slug(each.name, taken)) for each in chosen]
    return draw_all(named, look)


class Candidate(NamedTuple):
    """A figure that there could be; `cells` of its curve say how much it has to show."""

    kind: str
    drawing: Drawing
    name: str
    cells: int


def _main(found: list[Candidate]) -> list[Candidate]:
    """The richest of each kind, as `SHARES` has it, filled up to `MOST`."""
    ranked = sorted(found, key=lambda each: (ORDER.index(each.kind), -each.cells))
    seen: Counter[str] = Counter()
    first: list[Candidate] = []
    for each in ranked:
        seen[each.kind] += 1
        if seen[each.kind] <= SHARES.get(each.kind, 0):
            first.append(each)
    rest = [each for each in ranked if each not in first]
    chosen = first + rest[: MOST - len(first)]
    return [each for each in found if each in chosen]


def _candidates(sources: Sequence[Source]) -> Iterator[Candidate]:
    """Curve by curve."""
    for source in sources:
        prefix = f"{source.name}-" if source.name else ""
        choices: dict[Setting, list[Comparison]] = {}
        for each in source.choices:
            choices.setdefault(setting_of(each.cell), []).append(each)
        for curve in curves(source.cells, source.comparisons, source.unpaired):
            where, cells = _where(curve), len(curve.cells)
            for chart in charts(curve, choices.get(curve.setting, [])):
                yield Candidate(chart.kind, chart, f"{prefix}{chart.kind}-{where}", cells)
            found = phases(curve)
            if found is not None:
                yield Candidate("phases", found, f"{prefix}phases-{where}", cells)
        for roofline in rooflines(source):
            name = f"{prefix}roofline-{roofline.about}"
            yield Candidate("roofline", roofline, name, len(source.cells))


def _where(curve: Curve) -> str:
    setting = curve.setting
    return " ".join((setting.family, setting.dtype, setting.device, f"t{setting.threads}"))


def free_slug(text: str, taken: set[str]) -> str:
    """A file name made of letters, digits, `-` and `_` only, not used before; now it is."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", text.replace("×", "x")).strip("-")[:_LONGEST_SLUG]
    name, count = plain, 1
    while name.lower() in taken:
        count += 1
        name = f"{plain}-{count}"
    taken.add(name.lower())
    return name
