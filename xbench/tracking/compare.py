"""Two stored runs, cell by cell. They were not measured in the same rounds, so that a regression
between them is never more than a candidate."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from xbench.analysis.interval import unpaired_ratio
from xbench.analysis.stopping import level_of
from xbench.records.recorded_facts import environment_facts, framework_line, machine_line
from xbench.text import one_line
from xbench.tracking.stored import LEAST_BYTES, StoredCell, StoredRun
from xbench.tracking.thresholds import ChangeKind, Threshold, Thresholds, judge
from xbench.tracking.verdict import (
    Difference,
    Finding,
    FindingKind,
    Verdict,
    VerdictSide,
    make_verdict,
)

# What a stored run was measured with, and in what two of them differ.

MISSING = "–"


def side_of(run: StoredRun, name: str = "") -> VerdictSide:
    """A run as one side of a comparison; its `name` is the run's id if none is given."""
    frameworks = {backend: framework_line(found) for backend, found in sorted(run.versions.items())}
    facts = dict(environment_facts(run.head.environment))
    environment = {"machine": facts.pop("machine", MISSING), **frameworks, **facts, **run.started}
    if run.head.xbench_version:
        environment["xbench"] = run.head.xbench_version
    return VerdictSide(
        name=one_line(name or run.head.run_id),
        runs=[one_line(run.head.run_id)],
        machine_key=run.machine_key,
        environment=environment,
    )


def differences(base: VerdictSide, head: VerdictSide) -> list[Difference]:
    """Whatever is not recorded as the same on both sides, in base's order, then head's."""
    labels = dict.fromkeys((*base.environment, *head.environment))
    pairs = [
        (label, base.environment.get(label, MISSING), head.environment.get(label, MISSING))
        for label in labels
    ]
    return [
        Difference(label=label, base=one, head=other) for label, one, other in pairs if one != other
    ]


UNPAIRED = (
    "not paired: the same cells measured on two occasions differ by 3 to 6 %, so a regression here "
    "is a candidate; `xbench ab` measures both sides in the same rounds"
)
NO_MACHINE = "neither file has a place for where it was measured: was it the same machine?"


def compare_runs(
    base: StoredRun, head: StoredRun, thresholds: Thresholds, *, strict: bool = False
) -> Verdict:
    """The verdict on two runs; of runs of different or unknown machines, that there is none."""
    sides = side_of(base), side_of(head)
    why = _not_comparable(base, head)
    findings = list(_findings(base, head, thresholds, why))
    notes = [why] if why else [UNPAIRED, *_no_interval(findings)]
    if not why and not base.machine_key:
        notes.append(NO_MACHINE)
    if base.head.run_id == head.head.run_id:
        notes.append("both sides are the same run")
    return make_verdict(
        "compare",
        *sides,
        findings,
        differences=differences(*sides),
        notes=notes,
        comparable=not why,
        strict=strict,
    )


def _not_comparable(base: StoredRun, head: StoredRun) -> str:
    """Why the two may not be compared; empty if they may."""
    unsaid = not base.head.environment and not head.head.environment
    if base.machine_key == head.machine_key and (base.machine_key or unsaid):
        return ""
    one, other = (
        f"{machine_line(run.head.environment)} (key {run.machine_key or 'not known'})"
        for run in (base, head)
    )
    why = f"not comparable: base was measured on {one}, head on {other}"
    if any(_has_no_name(run) for run in (base, head)):
        why += (
            "; a machine whose processor the system does not name is compared with itself only, "
            "since another without a name may be any other"
        )
    return why


def _has_no_name(run: StoredRun) -> bool:
    machine = run.head.environment.get("machine")
    return isinstance(machine, dict) and bool(machine.get("alone"))


def _findings(
    base: StoredRun, head: StoredRun, thresholds: Thresholds, why: str
) -> Iterator[Finding]:
    level = _level(base, head)
    for name, either in (base.cells | head.cells).items():
        before, after = base.cells.get(name), head.cells.get(name)
        threshold = thresholds.of(either.plan)
        if why or before is None or after is None or not (before.time_s and after.time_s):
            yield _without_ratio(name, before, after, why)
            continue
        yield _time(before, after, threshold, level)
        if before.peak_bytes and after.peak_bytes:
            yield _peak(before, before.peak_bytes, after.peak_bytes, threshold)


def _level(base: StoredRun, head: StoredRun) -> float:
    """A run that stopped by what it saw needs a higher one."""
    return max(level_of(run.head.launching, 1) for run in (base, head))


def _time(base: StoredCell, head: StoredCell, threshold: Threshold, level: float) -> Finding:
    logs = [[log(each) for each in side.launch_s or [side.time_s or 0.0]] for side in (head, base)]
    ratio = unpaired_ratio(logs[0], logs[1], level)
    return Finding(
        cell=base.id,
        kind=judge(ratio, threshold),
        base=base.time_s,
        head=head.time_s,
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        launches=ratio.launches,
        rule="Welch's t interval",
        threshold=threshold.effect,
        base_status=base.status,
        head_status=head.status,
    )


def _peak(cell: StoredCell, base: int, head: int, threshold: Threshold) -> Finding:
    """One reading a side has no interval: the estimate alone decides, if it is far enough off."""
    ratio = head / base
    effect, margin = 1.0 + threshold.effect, 1.0 + threshold.margin
    kind: ChangeKind = "inconclusive"
    if abs(head - base) < LEAST_BYTES or 1.0 / margin <= ratio <= margin:
        kind = "same"
    elif not 1.0 / effect < ratio < effect:
        kind = "regressed" if ratio > 1.0 else "improved"
    return Finding(
        cell=cell.id,
        kind=kind,
        metric="peak memory",
        unit="B",
        base=base,
        head=head,
        ratio=ratio,
        launches=1,
        rule="one reading a side, no interval",
        threshold=threshold.effect,
    )


def _without_ratio(
    cell: str, base: StoredCell | None, head: StoredCell | None, why: str
) -> Finding:
    """Whatever is known of a cell that has not a number on both sides, or may not be compared."""
    before, after = base.time_s if base else None, head.time_s if head else None
    kind: FindingKind = "inconclusive" if why and after else "not measured"
    reason = (head.reason if head else "") or (base.reason if base else "")
    if not why:
        kind = _change(base, head)
        if kind == "missing":
            reason = "not in head's plan"
    return Finding(
        cell=cell,
        kind=kind,
        base=before,
        head=after,
        rule="not comparable" if why else "status",
        base_status=base.status if base else None,
        head_status=head.status if head else None,
        reason=reason,
    )


def _change(base: StoredCell | None, head: StoredCell | None) -> FindingKind:
    """A cell that had no number and is gone is no loss: `not measured`, as if it had stayed."""
    had, has = bool(base and base.time_s), bool(head and head.time_s)
    if base is None:
        return "new"
    if had:
        return "broken" if head else "missing"
    return "fixed" if has else "not measured"


def _no_interval(findings: list[Finding]) -> list[str]:
    count = sum(
        each.metric == "time" and each.ratio is not None and each.low is None for each in findings
    )
    if not count:
        return []
    return [f"no interval for {count} of the cells: one launch on a side says nothing of chance"]
