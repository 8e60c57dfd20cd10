"""Times in the files of github-action-benchmark and Bencher: name and seconds, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from xbench.errors import RecordError
from xbench.records.files import LARGEST_LIST, UNREADABLE, check_size

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}
"""Of a unit; micro is written with either of two letters."""


class _Row(msgspec.Struct):
    name: str
    value: float
    unit: str


class _Metric(msgspec.Struct):
    value: float
    lower_value: float | None = None
    upper_value: float | None = None


_rows = msgspec.json.Decoder(list[_Row]).decode


def github_times(path: Path, data: bytes) -> Iterator[tuple[str, float]]:
    """Of the rows of github-action-benchmark's custom formats. Raises: RecordError for a file that
    is not whole, and for a row whose unit is no time: of it more may be better."""
    check_size(path, len(data), LARGEST_LIST)
    try:
        rows = _rows(data)
    except UNREADABLE as error:
        raise RecordError(f"{path} is no list of benchmarks: {error}", _ROWS) from None
    for row in rows:
        if row.unit not in SECONDS:
            raise RecordError(
                f"{path}: the unit of {row.name!r} is {row.unit!r}, which is no time",
                f"only rows in {', '.join(SECONDS)} can be compared; take the others out",
            )
        yield row.name, row.value * SECONDS[row.unit]


def bencher_times(path: Path, data: bytes) -> Iterator[tuple[str, float]]:
    """Of the measure `latency`, in ns. Raises: RecordError for a file that is not whole, names one
    thing twice or holds another measure: what unit it has, and which way is better, is not said."""
    check_size(path, len(data), LARGEST_LIST)
    try:
        found = json.loads(data, object_pairs_hook=_no_twice, parse_constant=_no_number)
        benchmarks = msgspec.convert(found, dict[str, dict[str, _Metric]])
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise RecordError(f"{path} is no Bencher Metric Format: {error}", _METRICS) from None
    for name, measures in benchmarks.items():
        if list(measures) != ["latency"]:
            raise RecordError(
                f"{path}: {name!r} has {', '.join(map(repr, measures)) or 'no measure'}",
                "only files whose benchmarks have `latency` and nothing else can be compared",
            )
        yield name, measures["latency"].value * SECONDS["ns"]


_ROWS = 'as customSmallerIsBetter has them: [{"name": "a", "value": 1.5, "unit": "ns"}]'
_METRICS = 'for instance {"a": {"latency": {"value": 1.5}}}'


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
