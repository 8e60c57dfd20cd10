"""A run against the stored ones of its machine: a finding for each cell and metric.

A cell that had a number is expected until a run without it is accepted, and so is every cell that
runs of the same preset planned. Many cells make chance alarms likely; what controls them is the
confirmation: a regression counts only if a fresh measurement finds it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp
from pathlib import Path

import msgspec

from xbench.tracking.baseline import History, Series, read_baseline
from xbench.tracking.compare import differences, side_of
from xbench.tracking.rule import ENOUGH, INTERVAL, Judged
from xbench.tracking.stored import METRICS, PEAK, TIME, Metric, StoredCell, StoredRun
from xbench.tracking.thresholds import Threshold, Thresholds
from xbench.tracking.verdict import Finding, FindingKind, Verdict, VerdictSide, make_verdict

# The verdict on one run against a folder of stored ones.

CONFIRMED = (
    "many cells make false alarms likely: a regression counts only if a fresh measurement of the "
    "flagged cells finds it again; what slows the whole machine today it cannot tell from a slower "
    "program, `xbench ab` can"
)
UNCONFIRMED = (
    "not confirmed: sessions of one machine differ by 3 to 6 %, so a regression here is a "
    "candidate; --confirm measures the flagged cells again"
)


def verdict_on(
    candidate: StoredRun,
    stored: History,
    findings: list[Finding],
    *,
    confirming: bool,
    learning: bool,
    strict: bool,
) -> Verdict:
    """The document: `confirming`: regressions were, or would have been, measured again."""
    base, head = _base(stored), side_of(candidate)
    notes = [CONFIRMED if confirming else UNCONFIRMED, *stored.notes]
    notes += _no_memory(candidate, stored)
    count = len(stored.runs)
    if count < ENOUGH:
        notes.insert(0, _too_few(count, learning))
    return make_verdict(
        "gate",
        base,
        head,
        findings,
        differences=differences(base, head) if stored.runs else [],
        notes=notes,
        comparable=count >= ENOUGH,
        learning=learning,
        strict=strict,
    )


def _too_few(count: int, learning: bool) -> str:
    runs = "run" if count == 1 else "runs"
    told = f"{count} comparable {runs}, {ENOUGH} are needed before anything is judged"
    return f"learning: {told}" if learning else f"{told}; --learning makes that no failure"


def _no_memory(candidate: StoredRun, stored: History) -> list[str]:
    """Memory may grow unseen where it is no longer measured."""
    before = any(PEAK.name in each.values for each in stored.series.values())
    if not before or any(PEAK.value(cell) for cell in candidate.cells.values()):
        return []
    return ["stored runs hold peak memory, and this one does not: run it with --memory"]


def _base(stored: History) -> VerdictSide:
    """All stored runs as one side, in the environment of the newest."""
    name = str(stored.folder)
    if not stored.runs:
        return VerdictSide(name=name)
    newest = side_of(stored.runs[-1], name)
    return VerdictSide(
        name=name,
        runs=[run.head.run_id for run in stored.runs],
        machine_key=newest.machine_key,
        environment=newest.environment,
    )


def find(candidate: StoredRun, stored: History, thresholds: Thresholds) -> list[Finding]:
    """Every cell of the run, and of those expected that it does not have."""
    found: list[Finding] = []
    for cell in candidate.cells.values():
        found += _of_cell(cell, stored, thresholds.of(cell.plan))
    for name, series in stored.series.items():
        if name not in candidate.cells and _missing(candidate, stored, series):
            found.append(
                Finding(
                    cell=name,
                    kind="missing",
                    base_status=series.status,
                    rule="status",
                    reason="earlier runs of this preset measured it; it is not in the plan",
                )
            )
    return found


def confirm(
    findings: list[Finding], again: StoredRun, stored: History, thresholds: Thresholds
) -> list[Finding]:
    """The same findings, each regression with whether the fresh measurement found it again, by the
    same rule."""
    metrics = {each.name: each for each in METRICS}
    return [
        _confirmed(each, again.cells.get(each.cell), stored, metrics[each.metric], thresholds)
        if each.kind == "regressed"
        else each
        for each in findings
    ]


def _of_cell(cell: StoredCell, stored: History, threshold: Threshold) -> Iterator[Finding]:
    series = stored.series.get(cell.id)
    if series is None or TIME.value(cell) is None:
        yield _by_status(cell, stored, series)
        return
    for metric in METRICS:
        value = metric.value(cell)
        if value is not None and (metric is TIME or metric.name in series.values):
            yield _by_rule(cell, value, stored, metric, threshold)


def _by_status(cell: StoredCell, stored: History, series: Series | None) -> Finding:
    """Of a cell without a number on one side, or on both."""
    has = cell.time_s is not None
    kind: FindingKind = "not measured"
    if series is None:
        kind = "new" if has else "not measured"
    elif _expected(stored, series):
        kind = "broken"
    return Finding(
        cell=cell.id,
        kind=kind,
        head=cell.time_s,
        head_status=cell.status,
        rule="status",
        base_status=series.status if series else None,
        reason=cell.reason,
        launches=len(cell.launch_s),
    )


def _expected(stored: History, series: Series) -> bool:
    """Whether it had a number, and no run without one was accepted since."""
    timed = series.values.get(TIME.name)
    return timed is not None and timed.places[-1] >= stored.last_accepted(series.plan)


def _missing(candidate: StoredRun, stored: History, series: Series) -> bool:
    return candidate.head.preset in series.presets and _expected(stored, series)


def _by_rule(
    cell: StoredCell, value: float, stored: History, metric: Metric, threshold: Threshold
) -> Finding:
    known = stored.series[cell.id]
    if metric.name not in known.values:
        kind: FindingKind = "fixed" if metric is TIME else "new"
        return Finding(
            cell=cell.id,
            kind=kind,
            metric=metric.name,
            unit=metric.unit,
            better=metric.better,
            head=value,
            launches=_launches(metric, cell),
            rule="status",
            base_status=known.status,
            head_status=cell.status,
        )
    track, _ = stored.follow(cell.id, metric, threshold)
    judged = track.judge(metric.worse(value), threshold)
    finding = Finding(
        cell=cell.id,
        kind=judged.kind,
        metric=metric.name,
        unit=metric.unit,
        better=metric.better,
        head=value,
        launches=_launches(metric, cell),
        rule=judged.rule,
        threshold=threshold.effect,
        head_status=cell.status,
    )
    if judged.level is None:
        count = len(known.values[metric.name].values)
        return msgspec.structs.replace(
            finding, reason=f"{count} comparable runs; {ENOUGH} are needed"
        )
    return _with_ratio(finding, judged, metric, value)


def _launches(metric: Metric, cell: StoredCell) -> int:
    return 1 if metric is PEAK else len(cell.launch_s)


def _with_ratio(finding: Finding, judged: Judged, metric: Metric, value: float) -> Finding:
    level = judged.level
    assert level is not None
    base = metric.back(level.centre)
    half = level.limit(INTERVAL)
    ratio = value / base
    tiny = abs(value - base) < metric.least
    reason = ""
    if judged.rule == "anchor":
        reason = "against the pinned anchor; the rolling baseline has crept along"
    return msgspec.structs.replace(
        finding,
        kind="same" if tiny else judged.kind,
        base=base,
        ratio=ratio,
        low=ratio * exp(-half),
        high=ratio * exp(half),
        reason="" if tiny else reason,
    )


def _confirmed(
    finding: Finding,
    again: StoredCell | None,
    stored: History,
    metric: Metric,
    thresholds: Thresholds,
) -> Finding:
    value = metric.value(again) if again else None
    if again is None or value is None:
        why = f"no number when measured again: {again.status if again else 'not planned'}"
        return msgspec.structs.replace(finding, reason=_joined(finding.reason, why))
    second = _by_rule(again, value, stored, metric, thresholds.of(again.plan))
    held = second.kind == "regressed"
    said = f"measured again: {second.ratio or 0.0:.3f}×, {'it held' if held else 'it did not hold'}"
    return msgspec.structs.replace(finding, confirmed=held, reason=_joined(finding.reason, said))


def _joined(*parts: str) -> str:
    return "; ".join(each for each in parts if each)


# The gate: a run, the stored ones it is held against, and the fresh measurement that confirms.

Again = Callable[[set[str], bool], StoredRun]
"""Measures cells, by their ids, once more; their peak memory too if the second is true."""


def gate(
    candidate: StoredRun,
    folder: Path,
    thresholds: Thresholds,
    *,
    again: Again | None = None,
    learning: bool = False,
    strict: bool = False,
) -> Verdict:
    """Judge a run by the stored ones of its machine in `folder`. Without `again` a regression
    stays a candidate. Raises: RecordError if the folder cannot be read, and whatever `again`
    does."""
    stored = read_baseline(folder, candidate)
    findings = find(candidate, stored, thresholds)
    flagged = [each for each in findings if each.kind == "regressed"]
    if again is not None and flagged:
        memory = any(each.metric == PEAK.name for each in flagged)
        fresh = again({each.cell for each in flagged}, memory)
        findings = confirm(findings, fresh, stored, thresholds)
    return verdict_on(
        candidate,
        stored,
        findings,
        confirming=again is not None,
        learning=learning,
        strict=strict,
    )
