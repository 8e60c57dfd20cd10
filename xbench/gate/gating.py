"""The gate: a run, the stored ones it is held against, and the fresh measurement that confirms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xbench.gate.baseline import read_baseline
from xbench.gate.candidate import confirm, find
from xbench.gate.metrics import PEAK
from xbench.gate.model import Verdict
from xbench.gate.stored import StoredRun
from xbench.gate.stored_gate import verdict_on
from xbench.gate.thresholds import Thresholds

Again = Callable[[set[str], bool], StoredRun]
"""Measures cells, by their ids, once more; their peak memory too if the second is true."""


def gate(
    candidate: StoredRun, folder: Path, thresholds: Thresholds, *, again: Again | None = None,
    learning: bool = False, strict: bool = False,
) -> Verdict:  # fmt: skip
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
        candidate, stored, findings, confirming=again is not None, learning=learning,
        strict=strict,
    )  # fmt: skip
