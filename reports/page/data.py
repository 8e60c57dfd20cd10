"""What the page's scripts draw and show, as JSON: series, curves, ceilings, cells, ratios, bursts,
tables.

Every figure that a script shows comes as text, made by `reports/prose/numbers.py` as the tables'
are, in a column beside its value, which only says where it is drawn. `pack` makes the JSON fit for
a page.
"""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from xbench.analysis.bound import bandwidths, find_ceilings, moved_bytes
from xbench.analysis.interval import VERDICTS, opposite
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary, per_call_s
from xbench.records.schema import CeilingsLine, CellLine
from xbench.reports.curves import curves_of, series_of, setting_of, thread_label
from xbench.reports.draw.frame import PLOTLY_DASHES, PLOTLY_SYMBOLS, colours
from xbench.reports.model import Series, Shown, Source, Table
from xbench.reports.prose.names import backend_name
from xbench.reports.prose.numbers import digits, show_once, show_rate, show_ratio
from xbench.reports.prose.sentences import crossing_rows
from xbench.reports.sources import slow_rounds
from xbench.reports.tables.cells import show_cell_time
from xbench.text import show_bytes

# Result files as columns of values and texts: the shape of the data that the scripts read.
#
# Times are seconds of a call; null where there is no number. `reports/page/js/view.js` reads this.

Columns = dict[str, list[object]]
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
            "label": each.label,
            "backend": each.backend,
            "mode": each.mode,
            "colour": look[each.backend],
            "dash": PLOTLY_DASHES.get(each.mode, "longdashdot"),
            "symbol": PLOTLY_SYMBOLS.get(each.gradient, "triangle-down"),
            "hollow": each.allocator != "reuse",
        }
        for each in known
    ]


def curve_table(sources: Sequence[Source], places: Places) -> list[dict[str, object]]:
    """Each curve, and which of the ceilings hold for it; `places` numbers them by run and
    setting."""
    found: list[dict[str, object]] = []
    ceilings = 0
    for run, source in enumerate(sources):
        for curve in curves_of(source):
            places.of((run, curve.setting))
            line = find_ceilings(curve.cells[0].plan, source.ceilings)
            found.append(
                {
                    "run": run,
                    "op": curve.setting.family,
                    "setting": curve.setting.about,
                    "device": curve.setting.device,
                    "kind": curve.setting.elsewhere,
                    "ceilings": None if line is None else ceilings + source.ceilings.index(line),
                }
            )
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
            "text": _ceilings_text(line),
            "run": run,
        }
        for run, source in enumerate(sources)
        for line in source.ceilings
    ]


def _ceilings_text(line: CeilingsLine) -> str | None:
    """`51.2 GB/s of L3, 20.1 GB/s of memory, and 99.8 GFLOP/s`, if both kinds are known."""
    found = bandwidths(line)
    if not found or line.compute is None:
        return None
    speeds = [f"{digits(each * 1e-9, 3)} GB/s of {place}" for place, each in found.items()]
    return f"{', '.join(speeds)}, and {digits(line.compute.best * 1e-9, 3)} GFLOP/s"


def cell_columns(sources: Sequence[Source], curve: Places, series: Places) -> Columns:
    """Every cell of every run, refused ones too."""
    found: Columns = {}
    for run, source in enumerate(sources):
        for cell in source.cells:
            places = curve.of((run, setting_of(cell.plan))), series.of(series_of(cell.plan))
            for name, value in {**_values(cell, *places), **_texts(cell)}.items():
                found.setdefault(name, []).append(value)
    return found


def _values(cell: CellSummary, curve: int, series: int) -> dict[str, object]:
    plan = cell.plan
    return {
        "id": cell.id,
        "curve": curve,
        "series": series,
        "width": plan.width,
        "time": five_digits(cell.time_s),
        "low": five_digits(cell.low_s),
        "high": five_digits(cell.high_s),
        "launches": len(cell.launch_s),
        "calls": cell.calls,
        "first": five_digits(cell.first_s),
        "build": five_digits(cell.build_s),
        "open": five_digits(cell.open_s),
        "flop": plan.flop,
        "bytes": moved_bytes(plan),
        "bound": cell.bound,
        "predicted": plan.predicted_bytes,
        "peak": cell.peak_bytes,
    }


def _texts(cell: CellSummary) -> dict[str, str | None]:
    """The figures of a cell as the scripts show them."""
    peak = cell.peak_bytes
    return {
        "time_text": show_cell_time(cell),
        "first_text": show_once(cell.first_s),
        "build_text": show_once(cell.build_s),
        "open_text": show_once(cell.open_s),
        "rate_text": _rate_text(cell),
        "predicted_text": show_bytes(cell.plan.predicted_bytes),
        "peak_text": None if peak is None else show_bytes(peak),
    }


def _rate_text(cell: CellSummary) -> str | None:
    """`12.3 GFLOP/s · 0.250 FLOP/byte`; None of a cell that no roofline has."""
    flop, moved = cell.plan.flop, moved_bytes(cell.plan)
    if cell.time_s is None or flop <= 0 or moved <= 0:
        return None
    rate = show_rate(flop, cell.time_s, cell.low_s, cell.high_s, None)
    return f"{rate} GFLOP/s · {digits(flop / moved, 3)} FLOP/byte"


def pair_columns(sources: Sequence[Source]) -> Columns:
    """Ratios of the cells that were measured in the same rounds, each pair once: `cell`'s time over
    `base`'s, by their places in `cell_columns`. `texts` say it of `cell` and of `base`,
    side by side, since most differ in a word and pack well so."""
    found: Columns = {name: [] for name in _OF_PAIR}
    whole = sum(len(source.choices) for source in sources) <= MOST_PAIRS
    first = 0
    for source in sources:
        at = {cell.id: first + place for place, cell in enumerate(source.cells)}
        first += len(source.cells)
        for each in source.choices if whole else source.comparisons:
            _add(found, at, each)
    return found


_OF_PAIR = (
    "cell",
    "base",
    "value",
    "low",
    "high",
    "launches",
    "verdict",
    "texts",
)


def _add(found: Columns, at: dict[str, int], each: Comparison) -> None:
    ratio = each.ratio
    row = (
        at[each.cell.id],
        at[each.reference.id],
        five_digits(ratio.value),
        five_digits(ratio.low),
        five_digits(ratio.high),
        ratio.launches,
        VERDICTS.index(each.verdict),
        _both_ways(each),
    )
    for column, value in zip(found.values(), row, strict=True):
        column.append(value)


def _both_ways(each: Comparison) -> tuple[str, str]:
    """The ratio as text, and the other way round: how many times faster the one is, the other is
    slower."""
    shown = show_ratio(each.ratio, each.verdict)
    if each.verdict in ("faster", "slower"):
        return shown, shown.replace(each.verdict, opposite(each.verdict))
    turned = each.inverse
    return shown, show_ratio(turned.ratio, turned.verdict)


def five_digits(value: float | None) -> float | None:
    """To five digits, which are as many as a place in a plot needs: the page is smaller by half."""
    return None if value is None else float(f"{value:.5g}")


# Raw bursts for the page, as many as it can hold.

MOST_SAMPLES = 150_000
"""Bursts in a page, at about 3 bytes each; the cells of the plan's beginning come first."""

SCALE = 10_000
"""A burst is written as its distance from the cell's time, in parts of so many."""

Launches = list[dict[str, list[int]]]


def samples(sources: Sequence[Source]) -> dict[int, Launches]:
    """By the cell's place: for each launch `parts`, its bursts in the order taken as distances from
    the cell's time, and `slow`, the rounds before which the machine itself was slow."""
    found: dict[int, Launches] = {}
    first, left = 0, MOST_SAMPLES
    for source in sources:
        lines = _lines(source)
        for place, cell in enumerate(source.cells):
            taken = lines.get(cell.id, [])
            count = sum(len(line.timed.wall_ns) for line, _ in taken)
            if cell.time_s is None or not count or count > left:
                continue
            left -= count
            found[first + place] = [
                {"parts": _parts(line, cell.time_s), "slow": slow} for line, slow in taken
            ]
        first += len(source.cells)
    return found


def _lines(source: Source) -> dict[str, list[tuple[CellLine, list[int]]]]:
    """The lines of each cell, launch by launch, with the slow rounds of their groups."""
    found: dict[str, list[tuple[CellLine, list[int]]]] = {}
    if source.run is None:
        return found
    slow = slow_rounds(source.run)
    for group in sorted(source.run.groups, key=lambda each: each.launch):
        for line in group.cells:
            if line.status == "ok":
                rounds = slow.get((group.group, group.launch), [])
                found.setdefault(line.id, []).append((line, rounds))
    return found


def _parts(line: CellLine, time_s: float) -> list[int]:
    return [round(SCALE * (each / time_s - 1.0)) for each in per_call_s(line)]


def page_data(sources: Sequence[Source], tables: Sequence[Table]) -> bytes:
    """The page's data as JSON."""
    curve, series = Places(), Places()
    curves = curve_table(sources, curve)
    cells = cell_columns(sources, curve, series)
    return msgspec.json.encode(
        {
            "runs": [{"name": source.name} for source in sources],
            "names": _names(sources),
            "verdicts": VERDICTS,
            "inverse": {each: opposite(each) for each in VERDICTS},
            "reference": _reference(sources),
            "first": _first(sources),
            "series": series_table(each for each in series.found if isinstance(each, Series)),
            "curves": curves,
            "ceilings": ceilings_table(sources),
            "cells": cells,
            "pairs": pair_columns(sources),
            "crossings": crossing_rows(sources),
            "samples": samples(sources),
            "tables": [_table(each) for each in tables],
        },
        enc_hook=str,  # of `Shown`, which is text
    )


def pack(data: bytes) -> str:
    """Compressed, as text without any character that means something in a page."""
    return b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def plotly_source() -> bytes:
    """The plotting library's script, from the installed package, which need not be imported."""
    found = find_spec("plotly")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "package_data" / "plotly.min.js").read_bytes()


def _reference(sources: Sequence[Source]) -> str | None:
    """The backend that ratios are over first."""
    found = (
        each.reference.key.backend
        for source in sources
        for each in source.comparisons
        if each.axis == "backend"
    )
    return next(found, None)


def _names(sources: Sequence[Source]) -> dict[str, str]:
    backends = {cell.plan.key.backend for source in sources for cell in source.cells}
    return {each: backend_name(each) for each in sorted(backends)}


def _first(sources: Sequence[Source]) -> str | None:
    """The operation that was run in most ways, which is shown first."""
    found = Counter(cell.plan.family for source in sources for cell in source.cells)
    return max(found, key=lambda name: found[name], default=None)


def _table(table: Table) -> dict[str, object]:
    """A table's texts, and by column the numbers behind them where there are any."""
    columns = [[_key(row[column]) for row in table.rows] for column in range(len(table.columns))]
    keys = {
        column: found
        for column, found in enumerate(columns)
        if any(each is not None for each in found)
    }
    return {
        "caption": table.caption,
        "heads": table.heads,
        "right": sorted(table.right),
        "wraps": sorted(table.wraps),
        "rows": table.rows,
        "keys": keys,
    }


def _key(text: str) -> float | None:
    return text.key if isinstance(text, Shown) else None
