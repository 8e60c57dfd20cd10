"""The verdict on one run against a folder of stored ones."""

from __future__ import annotations

from xbench.gate.baseline import Stored
from xbench.gate.differences import differences, side_of
from xbench.gate.finish import make_verdict
from xbench.gate.metrics import PEAK
from xbench.gate.model import Finding, Side, Verdict
from xbench.gate.rule import ENOUGH
from xbench.gate.stored import StoredRun

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
    candidate: StoredRun, stored: Stored, findings: list[Finding], *, confirming: bool,
    learning: bool, strict: bool,
) -> Verdict:  # fmt: skip
    """The document: `confirming`: regressions were, or would have been, measured again."""
    base, head = _base(stored), side_of(candidate)
    notes = [CONFIRMED if confirming else UNCONFIRMED, *stored.notes]
    notes += _no_memory(candidate, stored)
    count = len(stored.runs)
    if count < ENOUGH:
        notes.insert(0, _too_few(count, learning))
    return make_verdict(
        "gate", base, head, findings, differences=differences(base, head) if stored.runs else [],
        notes=notes, comparable=count >= ENOUGH, learning=learning, strict=strict,
    )  # fmt: skip


def _too_few(count: int, learning: bool) -> str:
    runs = "run" if count == 1 else "runs"
    told = f"{count} comparable {runs}, {ENOUGH} are needed before anything is judged"
    return f"learning: {told}" if learning else f"{told}; --learning makes that no failure"


def _no_memory(candidate: StoredRun, stored: Stored) -> list[str]:
    """Memory may grow unseen where it is no longer measured."""
    before = any(PEAK.name in each.values for each in stored.series.values())
    if not before or any(PEAK.value(cell) for cell in candidate.cells.values()):
        return []
    return ["stored runs hold peak memory, and this one does not: run it with --memory"]


def _base(stored: Stored) -> Side:
    """All stored runs as one side, in the environment of the newest."""
    name = str(stored.folder)
    if not stored.runs:
        return Side(name=name)
    newest = side_of(stored.runs[-1], name)
    return Side(
        name=name, runs=[run.head.run_id for run in stored.runs], machine_key=newest.machine_key,
        environment=newest.environment,
    )  # fmt: skip
