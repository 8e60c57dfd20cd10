"""`xbench gate`: a run against the stored ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.cli.report import newest_run
from xbench.errors import UsageError
from xbench.gate.baseline import Stored, read_baseline
from xbench.gate.candidate import confirm, find
from xbench.gate.finish import finish
from xbench.gate.metrics import PEAK
from xbench.gate.model import Finding
from xbench.gate.sides import read_side
from xbench.gate.stored import StoredRun
from xbench.gate.stored_gate import verdict_on
from xbench.gate.thresholds import Thresholds, read_thresholds


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: the exit status of the verdict."""
    thresholds = read_thresholds(Path.cwd())
    candidate = read_side(options.run or newest_run(options.baseline))
    stored = read_baseline(options.baseline, candidate)
    findings = find(candidate, stored, thresholds)
    if options.confirm:
        findings = _confirm(candidate, stored, findings, thresholds)
    verdict = verdict_on(
        candidate, stored, findings, confirming=options.confirm, learning=options.learning,
        strict=options.strict,
    )  # fmt: skip
    return finish(verdict, options.out)


def _confirm(
    candidate: StoredRun, stored: Stored, findings: list[Finding], thresholds: Thresholds
) -> list[Finding]:
    """Measure the flagged cells again, if there are any. Raises: UsageError, RecordError."""
    from xbench.cli.confirm import measure_again  # the engine, which a gate without it does without

    flagged = [each for each in findings if each.kind == "regressed"]
    if not flagged:
        return findings
    if not candidate.folder.is_dir():
        raise UsageError(
            f"{candidate.folder} is another tool's file, which --confirm cannot measure again",
            "leave out --confirm",
        )
    memory = any(each.metric == PEAK.name for each in flagged)
    again = measure_again(candidate.folder, {each.cell for each in flagged}, memory)
    return confirm(findings, again, stored, thresholds)
