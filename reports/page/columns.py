"""Result files as columns of numbers, as the page's scripts read them: the shape of its data.

Times are seconds of a call; null where there is no number. `reports/page/js/view.js` reads this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.draw.palette import PLOTLY_DASHES, PLOTLY_SYMBOLS, colours
from reports.model import Source
from reports.read.curves import Series, curves, series_of, setting_of, thread_label
from xbench.records.bound import find_ceilings, moved_bytes
from xbench.records.compare import Comparison
from xbench.records.reach import bandwidths
from xbench.records.summary import CellSummary
from xbench.stats.verdict import Verdict

Columns = dict[str, list[object]]
VERDICTS: tuple[Verdict, ...] = ("faster", "slower", "same", "inconclusive")
MOST_PAIRS = 100_000
"""So many ratios are in a page at most; beyond, only those that the tables show."""


class Places:
    """Numbers for what is said often, in the order of first appearance."""

    def __init__(self) -> None:
        self.found: dict[object, int] = {}

    def of(self, each: object) -> int:
        """Its number, a new one for what was not seen before."""
        return self.found.setdefault(each, len(self.found))


def series_table(found: Iterable[Series]) -> list[dict[str, object]]:
    """How each series is called and drawn."""
    known = list(found)
    look = colours(each.backend for each in known)
    return [
        {
            "label": each.label, "backend": each.backend, "mode": each.mode,
            "colour": look[each.backend], "dash": PLOTLY_DASHES.get(each.mode, "longdashdot"),
            "symbol": PLOTLY_SYMBOLS.get(each.gradient, "triangle-down"),
            "hollow": each.allocator != "reuse",
        }
        for each in known
    ]  # fmt: skip


def curve_table(sources: Sequence[Source], places: Places) -> list[dict[str, object]]:
    """Each curve, and which of the ceilings hold for it; `places` numbers them by run and
    setting."""
    found: list[dict[str, object]] = []
    ceilings = 0
    for run, source in enumerate(sources):
        for curve in curves(source.cells, [], []):
            places.of((run, curve.setting))
            line = find_ceilings(curve.cells[0].plan, source.ceilings)
            found.append(
                {
                    "run": run, "op": curve.setting.family, "setting": curve.setting.about,
                    "device": curve.setting.device, "kind": curve.setting.elsewhere,
                    "ceilings": None if line is None else ceilings + source.ceilings.index(line),
                }
            )  # fmt: skip
        ceilings += len(source.ceilings)
    return found


def ceilings_table(sources: Sequence[Source]) -> list[dict[str, object]]:
    """Bytes a second by place, and FLOP a second, that each machine reaches, in the order that
    `curve_table` counts."""
    return [
        {
            "label": f"{line.dtype}, {line.device}, {thread_label(line.threads)}",
            "bandwidths": bandwidths(line),
            "compute": line.compute.best if line.compute else None,
            "run": run,
        }
        for run, source in enumerate(sources)
        for line in source.ceilings
    ]


def cell_columns(sources: Sequence[Source], curve: Places, series: Places) -> Columns:
    """Every cell of every run, refused ones too."""
    found: Columns = {name: [] for name in _FIELDS}
    for run, source in enumerate(sources):
        for cell in source.cells:
            plan = cell.plan
            row = (
                cell.id, curve.of((run, setting_of(plan))), series.of(series_of(plan)), plan.width,
                short(cell.time_s), short(cell.low_s), short(cell.high_s), len(cell.launch_s),
                cell.calls, short(cell.first_s), short(cell.build_s), short(cell.open_s),
                plan.flop, moved_bytes(plan), cell.bound, plan.predicted_bytes, _peak(cell),
            )  # fmt: skip
            for name, value in zip(_FIELDS, row, strict=True):
                found[name].append(value)
    return found


_FIELDS = (
    "id", "curve", "series", "width", "time", "low", "high", "launches", "calls", "first", "build",
    "open", "flop", "bytes", "bound", "predicted", "peak",
)  # fmt: skip


def pair_columns(sources: Sequence[Source]) -> Columns:
    """Ratios of the cells that were measured in the same rounds, each pair once: `cell`'s time over
    `base`'s, by their places in `cell_columns`."""
    found: Columns = {
        name: [] for name in ("cell", "base", "value", "low", "high", "launches", "verdict")
    }
    whole = sum(len(source.choices) for source in sources) <= MOST_PAIRS
    first = 0
    for source in sources:
        at = {cell.id: first + place for place, cell in enumerate(source.cells)}
        first += len(source.cells)
        for each in source.choices if whole else source.comparisons:
            _add(found, at, each)
    return found


def _add(found: Columns, at: dict[str, int], each: Comparison) -> None:
    ratio = each.ratio
    row = (
        at[each.cell.id], at[each.reference.id], short(ratio.value, 7), short(ratio.low, 7),
        short(ratio.high, 7), ratio.launches, VERDICTS.index(each.verdict),
    )  # fmt: skip
    for column, value in zip(found.values(), row, strict=True):
        column.append(value)


def short(value: float | None, digits: int = 5) -> float | None:
    """As many digits as are ever shown, and a few more: the page is smaller by half."""
    return None if value is None else float(f"{value:.{digits}g}")


def _peak(cell: CellSummary) -> int | None:
    return getattr(cell, "peak_bytes", None)
