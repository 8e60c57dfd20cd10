"""The rule of an A/B, and what it says of each pair.

Slower is a cell whose paired estimate is at least the effect (5 %) slower *and* whose 95 % interval
ends beyond the margin (2 %), and which is so again in fresh launches. No correction for many cells:
the second measurement is one, and a far better one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from xbench.ab.pairs import Pair
from xbench.errors import Status
from xbench.gate.judge import judge as kind_of
from xbench.gate.model import Finding, Kind
from xbench.gate.thresholds import Threshold, Thresholds
from xbench.plan.build import Row
from xbench.records.compare import SIDE, Comparison, compare_cells
from xbench.records.read import Run
from xbench.records.summary import CellSummary
from xbench.stats.interval import Estimate

RULE = "paired"
FEWEST = 3
"""Launches below which a confirmation that the budget cut short confirms nothing."""


def judge(
    pairs: Iterable[Pair], run: Run, summaries: Sequence[CellSummary], thresholds: Thresholds
) -> list[Finding]:
    """A finding for each pair, unconfirmed."""
    found = {each.id: each for each in summaries}
    compared = {
        each.cell.pair: each for each in compare_cells(run, list(summaries)) if each.axis == SIDE
    }
    return [
        _finding(pair, found, compared.get(pair.name), thresholds.of(pair.name)) for pair in pairs
    ]


def confirm(
    findings: Iterable[Finding], again: Mapping[str, Finding], launches: int
) -> list[Finding]:
    """The findings, where each candidate was looked for again; `again` is what fresh launches,
    `launches` if the budget let them, found of the cells that were measured once more.

    One whose effect fresh launches exclude is inconclusive. One that they neither show nor exclude,
    or that could not be measured, stays a candidate."""
    return [
        _confirmed(each, again.get(each.cell), launches)
        if each.kind == "regressed" and each.confirmed is None
        else each
        for each in findings
    ]


def _confirmed(first: Finding, again: Finding | None, launches: int) -> Finding:
    if again is None or again.ratio is None:
        why = "" if again is None or not again.reason else f": {again.reason}"
        return replace(first, reason=f"a candidate: it could not be measured again{why}")
    said = f"fresh launches gave {_ratio(again)}"
    if again.kind == "regressed" and again.launches >= FEWEST:
        return replace(first, confirmed=True, reason=said)
    if again.launches < launches:
        few = f"{again.launches} of {launches} launches"
        return replace(first, reason=f"a candidate: the budget ended {few} that would confirm it")
    if again.high is None or again.high >= 1.0 + first.threshold:
        return replace(first, reason=f"a candidate: {said}, which neither shows nor excludes it")
    before = f"slower at first ({_ratio(first)}), not confirmed"
    return replace(first, kind="inconclusive", confirmed=False, reason=f"{before}: {said}")


def _finding(
    pair: Pair, found: Mapping[str, CellSummary], compared: Comparison | None, threshold: Threshold
) -> Finding:
    base, head = _figures(pair.base, found), _figures(pair.head, found)
    ratio = compared.ratio if compared else None
    kind: Kind
    if ratio is not None:
        kind, reason = kind_of(ratio, threshold), _doubt(ratio, threshold)
    else:
        kind, reason = _without_ratio(pair, base, head)
    return Finding(
        cell=pair.name, kind=kind, base=base.time_s, head=head.time_s,
        ratio=ratio.value if ratio else None, low=ratio.low if ratio else None,
        high=ratio.high if ratio else None, launches=ratio.launches if ratio else 0,
        paired=ratio is not None, rule=RULE, threshold=threshold.effect,
        base_status=base.status, head_status=head.status, reason=reason,
    )  # fmt: skip


class _Figures(msgspec.Struct, frozen=True):
    """Of one side of a pair. `status` is None where the side has no such cell."""

    time_s: float | None = None
    status: Status | None = None
    reason: str = ""


def _figures(row: Row | None, found: Mapping[str, CellSummary]) -> _Figures:
    if row is None:
        return _Figures()
    cell = found.get(row.cell.id)
    if cell is None:
        return _Figures(None, row.status, row.reason)
    return _Figures(cell.time_s, cell.status, cell.reason)


def _without_ratio(pair: Pair, base: _Figures, head: _Figures) -> tuple[Kind, str]:
    """The kind of a pair that has no ratio, and why."""
    if base.time_s is not None and head.time_s is not None:
        return "inconclusive", "its sides shared no rounds: they do not fit in memory together"
    if pair.head is None and (pair.base is None or pair.base.status is None):
        return "missing", "head has no such cell"
    if head.time_s is not None:
        return ("new", "") if pair.base is None else ("mended", f"base: {base.reason}")
    if "skipped" in (base.status, head.status) and _planned(pair.base) and _planned(pair.head):
        return "inconclusive", head.reason or base.reason  # no time was left for it
    if base.time_s is not None:
        return "broken", head.reason
    return "not measured", head.reason or base.reason


def _planned(row: Row | None) -> bool:
    return row is not None and row.status is None


def _doubt(ratio: Estimate, threshold: Threshold) -> str:
    """Why a ratio is not decided, where that is not plain from its interval."""
    if ratio.low is None or ratio.high is None:
        return f"{ratio.launches} launch tells nothing of its spread; more would"
    beyond = ratio.low > 1.0 + threshold.margin or ratio.high < 1.0 / (1.0 + threshold.margin)
    if beyond and kind_of(ratio, threshold) == "inconclusive":
        return f"beyond the margin of {threshold.margin:.0%}, below {threshold.effect:.0%}"
    return ""


def _ratio(found: Finding) -> str:
    interval = "" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]"
    return f"{found.ratio:.3f}×{interval} in {found.launches} launches"
