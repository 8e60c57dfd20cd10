"""Everything the page's scripts draw and sort, packed."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from reports.model import Shown, Source, Table
from reports.page.columns import (
    VERDICTS,
    Places,
    ceilings_table,
    cell_columns,
    curve_table,
    pair_columns,
    series_table,
)
from reports.page.samples import samples
from reports.read.curves import Series
from reports.say.crossings import crossing_rows
from reports.say.names import backend_name
from xbench.stats.verdict import MARGIN


def page_data(sources: Sequence[Source], tables: Sequence[Table]) -> bytes:
    """The page's data as JSON."""
    curve, series = Places(), Places()
    curves = curve_table(sources, curve)
    cells = cell_columns(sources, curve, series)
    return msgspec.json.encode(
        {
            "margin": MARGIN,
            "runs": [{"name": source.name} for source in sources],
            "names": _names(sources),
            "verdicts": VERDICTS,
            "inverse": {"faster": "slower", "slower": "faster"}
            | {each: each for each in ("same", "inconclusive")},
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
        each.reference.backend
        for source in sources
        for each in source.comparisons
        if each.axis == "backend"
    )
    return next(found, None)


def _names(sources: Sequence[Source]) -> dict[str, str]:
    backends = {cell.plan.backend for source in sources for cell in source.cells}
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
        "caption": table.caption, "heads": table.heads, "right": sorted(table.right),
        "wraps": sorted(table.wraps), "rows": table.rows, "keys": keys,
    }  # fmt: skip


def _key(text: str) -> float | None:
    return text.key if isinstance(text, Shown) else None
