"""`xbench selftest`: is the harness right on this machine, and how well does it see here?"""

from __future__ import annotations

import argparse
import sys

from xbench.cli.run import EXIT_FAILED, hold_machine
from xbench.cli.start import end_cleanly_on_signals, refuse_windows
from xbench.errors import UsageError
from xbench.selftest.aa import LAUNCHES, aa_checks
from xbench.selftest.no_change import no_change_checks
from xbench.selftest.quick_checks import quick_checks


def main(options: argparse.Namespace) -> int:
    """Print a line a check. Returns: 0, 3 if a check failed."""
    refuse_windows()
    end_cleanly_on_signals()
    if options.trials < 1:
        raise UsageError(f"trials is {options.trials}", "at least 1; 8 tell something")
    if options.pairs < 0:
        raise UsageError(f"pairs is {options.pairs}", "0 or more; 2 take some four minutes")
    with hold_machine(options):
        return 0 if _passed(options) else EXIT_FAILED


def _passed(options: argparse.Namespace) -> bool:
    passed = True
    for check in quick_checks():
        print(check, flush=True)
        passed &= check.passed
    if options.aa:
        about = f"A/A: {options.trials} trials of {LAUNCHES} launches, up to half a minute each"
        print(about, file=sys.stderr)
        for check in aa_checks(options.trials):
            print(check, flush=True)
            passed &= check.passed
        if options.pairs:
            about = f"no change: {options.pairs} pairs of equal commits, some two minutes each"
            print(about, file=sys.stderr)
        for check in no_change_checks(options.pairs) if options.pairs else ():
            print(check, flush=True)
            passed &= check.passed
    return passed
