"""The two measurements of an A/B: all pairs, then the candidates alone, in fresh launches."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import msgspec
from msgspec import structs

from xbench.analysis.interval import Estimate, verdict
from xbench.analysis.ratios import SIDE, Comparison, compare_cells
from xbench.analysis.summary import CellSummary
from xbench.engine.progress import make_progress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.errors import Status
from xbench.keys import CellKey
from xbench.plan.build import Row
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan
from xbench.process.side import SideSetup
from xbench.records.journal import make_run_folder
from xbench.records.read import Run
from xbench.records.recorded_facts import framework_line, worker_facts
from xbench.text import show_seconds
from xbench.tracking.ab_sides import POLICIES, Asked, described
from xbench.tracking.thresholds import Threshold, Thresholds
from xbench.tracking.thresholds import judge as kind_of
from xbench.tracking.verdict import Finding, FindingKind, VerdictSide

# The rule of an A/B, and what it says of each pair.
#
# Slower is a cell whose paired estimate is at least the effect (5 %) slower *and* whose 95 %
# interval ends beyond the margin (2 %), and which is so again in fresh launches. No correction for
# many cells: the second measurement is one, and a far better one.

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
        _finding(pair, found, compared.get(pair.name), thresholds.of(pair.key)) for pair in pairs
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
        return structs.replace(first, reason=f"a candidate: it could not be measured again{why}")
    said = f"fresh launches gave {_ratio(again)}"
    if again.kind == "regressed" and again.launches >= FEWEST:
        return structs.replace(first, confirmed=True, reason=said)
    if again.launches < launches:
        few = f"{again.launches} of {launches} launches"
        return structs.replace(
            first, reason=f"a candidate: the budget ended {few} that would confirm it"
        )
    if again.high is None or again.high >= 1.0 + first.threshold:
        return structs.replace(
            first, reason=f"a candidate: {said}, which neither shows nor excludes it"
        )
    before = f"slower at first ({_ratio(first)}), not confirmed"
    return structs.replace(first, kind="inconclusive", confirmed=False, reason=f"{before}: {said}")


def _finding(
    pair: Pair, found: Mapping[str, CellSummary], compared: Comparison | None, threshold: Threshold
) -> Finding:
    base, head = _figures(pair.base, found), _figures(pair.head, found)
    ratio = compared.ratio if compared else None
    kind: FindingKind
    if ratio is not None:
        kind, reason = kind_of(ratio, threshold), _doubt(ratio, threshold)
    else:
        kind, reason = _without_ratio(pair, base, head)
    return Finding(
        cell=pair.name,
        kind=kind,
        base=base.time_s,
        head=head.time_s,
        ratio=ratio.value if ratio else None,
        low=ratio.low if ratio else None,
        high=ratio.high if ratio else None,
        launches=ratio.launches if ratio else 0,
        paired=ratio is not None,
        rule=RULE,
        threshold=threshold.effect,
        base_status=base.status,
        head_status=head.status,
        reason=reason,
    )


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


def _without_ratio(pair: Pair, base: _Figures, head: _Figures) -> tuple[FindingKind, str]:
    """The kind of a pair that has no ratio, and why."""
    if base.time_s is not None and head.time_s is not None:
        return "inconclusive", "its sides shared no rounds: they do not fit in memory together"
    if pair.head is None and (pair.base is None or pair.base.status is None):
        return "missing", "head has no such cell"
    if head.time_s is not None:
        return ("new", "") if pair.base is None else ("fixed", f"base: {base.reason}")
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
    beyond = verdict(ratio, threshold.margin) in ("faster", "slower")
    if beyond and kind_of(ratio, threshold) == "inconclusive":
        return f"beyond the margin of {threshold.margin:.0%}, below {threshold.effect:.0%}"
    return ""


def _ratio(found: Finding) -> str:
    interval = "" if found.low is None else f" [{found.low:.3f}, {found.high:.3f}]"
    return f"{found.ratio:.3f}×{interval} in {found.launches} launches"


# Which cells of both sides are compared, and the rows of a plan that holds them.


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell as both sides have it; None where one has not. `name` is the cell's id in an ordinary
    run: base's where it has the cell, since along a policy they differ."""

    name: str
    base: Row | None
    head: Row | None

    @property
    def key(self) -> CellKey:
        """The cell in an ordinary run, as base has it where it does."""
        row = self.base or self.head
        assert row is not None
        return replace(row.cell.key, side="")


def make_pairs(base: Sequence[Row], head: Sequence[Row], policies: Iterable[str]) -> list[Pair]:
    """The cells of both sides, in head's order, then those that only base has; `policies` are the
    axes along which both sides of a pair may differ."""
    axes = set(policies)
    bases, heads = ({_alike(row.cell, axes): row for row in rows} for rows in (base, head))
    pairs = []
    for key in dict.fromkeys([*heads, *bases]):
        one, other = bases.get(key), heads.get(key)
        named = one or other
        assert named is not None
        name = named.cell.pair
        pairs.append(Pair(name, _paired(one, name), _paired(other, name)))
    return _only_both(pairs) if axes else pairs


def rows_to_measure(pairs: Iterable[Pair]) -> list[Row]:
    """Those of both sides, and those that are new; what head has no more has nobody to run it."""
    return [row for pair in pairs if pair.head is not None for row in (pair.base, pair.head) if row]


def _only_both(pairs: list[Pair]) -> list[Pair]:
    """Under a policy that one side of a pair does not offer, there is nothing to compare."""
    return [
        pair
        if pair.base and pair.head and pair.base.status is pair.head.status is None
        else Pair(pair.name, _refused(pair.base, pair.head), _refused(pair.head, pair.base))
        for pair in pairs
    ]


def _refused(row: Row | None, other: Row | None) -> Row | None:
    if row is None or row.status is not None:
        return row
    if other is None:
        return Row(row.cell, "unsupported", "the other side does not offer it")
    return Row(row.cell, other.status, f"on the other side: {other.reason}")


def _paired(row: Row | None, name: str) -> Row | None:
    return None if row is None else replace(row, cell=replace(row.cell, pair=name))


def _alike(cell: Cell, differing: Collection[str]) -> tuple[str, ...]:
    """What both cells of a pair have alike."""
    key = cell.key
    policy = [str(getattr(key, axis)) for axis in POLICIES if axis not in differing]
    return (key.workload_id, key.gradient, key.backend, key.device, key.math, *policy)


CONFIRM_SHARE = 1 / 3
"""Of a budget, what the first measurement leaves: a candidate that cannot be confirmed is none."""

ATTEMPTS = 2
"""How often a candidate is looked for again, until it is confirmed or excluded."""

BUSY = 0.5
"""A load beyond this share of the cores is said."""

CONFIRM_TIMES = 2.0
"""How much longer a cell is measured then: there are few, and a candidate is worth it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What both measurements share. `plan_of` makes a plan of rows, whose groups get so many times
    the usual time; `say` tells the user; runs go into folders of `out` named after `run_id`.
    `budget_s` is for both; `unlocked`: others may measure meanwhile; `variables` are the user's own
    for every worker of either side."""

    sides: Mapping[str, SideSetup]
    plan_of: Callable[[list[Row], float], Plan]
    thresholds: Thresholds
    out: Path
    run_id: str
    preset: str
    command: list[str]
    seed: int
    budget_s: float | None
    unlocked: bool
    variables: Mapping[str, str]
    say: Callable[[str], None]

    def compare(self, pairs: list[Pair]) -> tuple[list[Finding], list[Run], list[str]]:
        """Measure, judge, confirm. Returns: the findings, the runs that they rest on, and what a
        reader must know."""
        end = inf if self.budget_s is None else time.monotonic() + self.budget_s
        first_s = None if self.budget_s is None else self.budget_s * (1.0 - CONFIRM_SHARE)
        plan = self.plan_of(rows_to_measure(pairs), 1.0)
        run = self._measure(plan, self.run_id, self.seed, first_s)
        findings = judge(pairs, *run, self.thresholds)
        runs, notes = [run[0]], _notes(run[0])
        for attempt in range(1, ATTEMPTS + 1):
            flagged = [pair for pair in pairs if pair.name in _candidates(findings)]
            if not flagged:
                break
            plan = self.plan_of(rows_to_measure(flagged), CONFIRM_TIMES)
            least_s, left_s = plan.launch_s(), end - time.monotonic()
            if left_s < least_s:
                notes.append(f"no time was left to confirm: it takes {show_seconds(least_s)}")
                findings = confirm(findings, {}, plan.launches) if attempt == 1 else findings
                break
            self.say(f"again, in fresh launches: {', '.join(pair.name for pair in flagged)}")
            run_id, left = f"{self.run_id}-again{attempt}", None if left_s == inf else left_s
            again = self._measure(plan, run_id, self.seed + attempt, left)
            seen = {each.cell: each for each in judge(flagged, *again, self.thresholds)}
            findings = confirm(findings, seen, plan.launches)
            runs.append(again[0])
        return findings, runs, notes

    def _measure(
        self, plan: Plan, run_id: str, seed: int, budget_s: float | None
    ) -> tuple[Run, list[CellSummary]]:
        folder = make_run_folder(self.out, run_id).resolve()
        settings = Settings(
            seed,
            folder,
            self.sides["head"].suites,
            budget_s=budget_s,
            sides=self.sides,
            unlocked=self.unlocked,
            variables=self.variables,
        )
        header = make_header(plan, run_id, self.preset, self.command, seed, self.variables)
        return run_plan(plan, settings, header, make_progress(plan))


def _candidates(findings: list[Finding]) -> set[str]:
    return {each.cell for each in findings if each.kind == "regressed" and each.confirmed is None}


def _notes(run: Run) -> list[str]:
    """What about the first measurement makes its verdict weaker."""
    environment, found = run.header.environment, []
    load, cores = environment["load_average"][0], environment["machine"]["cores"]
    if load > BUSY * cores:
        found.append(f"the machine was busy when measuring began (load {load:.1f}, {cores} cores)")
    if run.footer is not None and run.footer.outcome == "budget":
        launches = len({line.launch for line in run.groups})
        found.append(
            f"the budget ended measuring after {launches} of {run.header.launches} launches"
        )
    return found


# The sides of an A/B as a verdict names them: what their workers read back.


def side_of(name: str, asked: Asked, policy: Mapping[str, str], runs: Sequence[Run]) -> VerdictSide:
    """One side: frameworks with versions and BLAS as its workers attested them, the interpreter's
    version, the variables that were chosen for its workers or decide speed, commit, and the
    `policy` along the axes that the sides may differ in."""
    header = runs[0].header
    facts: dict[str, str] = {}
    workers = [worker for run in runs for worker in run.workers if worker.worker.side == name]
    for worker in workers:
        facts.setdefault(worker.worker.backend, framework_line(worker.attest))
        facts.setdefault("Python", worker.python)
    facts |= worker_facts((worker.environment, worker.malloc) for worker in workers)
    facts |= {"interpreter": asked.python} if asked.python else {}
    facts |= {"commit": asked.commit or _commit(header.environment.get("git"))}
    facts |= policy
    return VerdictSide(
        name=described(asked),
        runs=[run.header.run_id for run in runs],
        machine_key=str(header.environment.get("machine_key") or ""),
        environment={label: value for label, value in facts.items() if value},
    )


def _commit(git: object) -> str:
    """Of the tree that one stands in, with what is not committed said."""
    if not isinstance(git, dict):
        return ""
    return f"{git['commit']} with changes" if git.get("dirty") else str(git["commit"])
