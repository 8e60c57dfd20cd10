"""The report as one JSON document, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from xbench.analysis.ratios import Unpaired
from xbench.analysis.summary import CellSummary
from xbench.extensions import SECTIONS
from xbench.reports.formats.columns import NOT_PAIRED, Pair, all_pairs, finite
from xbench.reports.model import Benchmark, Source
from xbench.text import readable
from xbench.version import __version__

DOCUMENT_VERSION = 1
"""Higher where a field changed its meaning or is gone; not for new fields."""


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """The time of the cell over that of its reference, which differs in `axis`; null where both did
    not fit in memory together, and the verdict is `not paired`."""

    group: str
    axis: str
    cell_id: str
    reference_id: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    launches: int
    verdict: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One result file. `facts` say where and how it was measured, `notes` what was missing or odd;
    `cells` are lines of `summary.jsonl`, refused ones too, each as `flat_cell` makes it. In the
    document the rows of each extension follow, under its name; an empty list where there are
    none."""

    title: str
    machine: str
    facts: dict[str, str]
    notes: list[str]
    launches: int | None
    cells: list[dict[str, Any]]
    comparisons: list[Ratio]
    benchmarks: list[Benchmark]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document."""

    xbench_version: str
    schema_version: int
    title: str | None
    runs: list[Result]


def json_document(sources: Sequence[Source], title: str | None) -> str:
    """All results in one `Document`. Numbers are finite, with at most 12 digits; else null."""
    document = Document(
        xbench_version=__version__,
        schema_version=DOCUMENT_VERSION,
        title=title,
        runs=[_result(source) for source in sources],
    )
    found = msgspec.to_builtins(document)
    for run, source in zip(found["runs"], sources, strict=True):
        run.update(_added(source))
    packed = msgspec.json.encode(_plain(found))
    text = msgspec.json.format(packed, indent=2).decode("utf-8")
    return "\n".join(map(_visible, text.split("\n"))) + "\n"


def _result(source: Source) -> Result:
    return Result(
        title=source.title,
        machine=source.machine,
        facts=dict(source.facts),
        notes=source.notes,
        launches=source.launches,
        cells=[*map(flat_cell, source.cells)],
        comparisons=[*map(_ratio, all_pairs(source.comparisons, source.unpaired))],
        benchmarks=source.benchmarks,
    )


def flat_cell(cell: CellSummary) -> dict[str, Any]:
    """A line of `summary.jsonl` in JSON's types. In its `plan` the id and the fields of the key
    stand beside the others, `side` where there is one."""
    found: dict[str, Any] = msgspec.to_builtins(cell)
    key = found["plan"].pop("key")
    if not key["side"]:
        del key["side"]
    found["plan"] = {"id": cell.id} | key | found["plan"]
    return found


def _added(source: Source) -> dict[str, Any]:
    there = source.added
    rows = {name: there[name].rows() if name in there else [] for name in SECTIONS}
    return {name: msgspec.to_builtins(each) for name, each in rows.items()}


def _ratio(pair: Pair) -> Ratio:
    ratio = None if isinstance(pair, Unpaired) else pair.ratio
    return Ratio(
        group=pair.cell.group,
        axis=pair.axis,
        cell_id=pair.cell.id,
        reference_id=pair.reference.id,
        ratio=ratio.value if ratio else None,
        ratio_low=ratio.low if ratio else None,
        ratio_high=ratio.high if ratio else None,
        launches=ratio.launches if ratio else 0,
        verdict=NOT_PAIRED if isinstance(pair, Unpaired) else pair.verdict,
    )


def _plain(found: Any) -> Any:
    """Numbers are rounded; half a character, which JSON may hold and UTF-8 may not, is replaced."""
    if isinstance(found, dict):
        return {_plain(name): _plain(each) for name, each in found.items()}
    if isinstance(found, list):
        return [_plain(each) for each in found]
    if isinstance(found, str):
        return readable(found)
    return finite(found) if isinstance(found, float) else found


def _visible(line: str) -> str:
    """What is not to be seen stands in texts only, and is escaped there."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
