"""`xbench selftest`: is the harness right on this machine, and how well does it see here?"""

from __future__ import annotations

import argparse
import sys

from xbench.cli import EXIT_FAILED
from xbench.cli.options import add_no_lock
from xbench.errors import UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Check xbench on this machine: measure cases whose answer is known, as a run measures. "
        "They are busy waits of known length, a known ratio, and devices that wait for unfinished "
        "work or hide it."
    )
    parser.epilog = "Exit status: 0 success; 2 wrong usage; 3 a check failed."
    parser.add_argument(
        "--aa",
        action="store_true",
        help="also compare equal things (A/A): it shows the rate of false alarms on this machine "
        "and the smallest effect that can be seen. Later reports carry the result",
    )
    parser.add_argument(
        "--trials", type=int, default=8, metavar="N", help="with --aa: number of runs (default 8)"
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=2,
        metavar="N",
        help="with --aa: number of pairs of commits without a change that `xbench ab` compares "
        "(default 2; needs git)",
    )
    add_no_lock(parser)
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Print a line a check. Returns: 0, 3 if a check failed."""
    from xbench.cli.measuring import end_cleanly_on_signals, hold_machine, refuse_windows

    refuse_windows()
    end_cleanly_on_signals()
    if options.trials < 1:
        raise UsageError(f"trials is {options.trials}", "at least 1; 8 are enough to tell")
    if options.pairs < 0:
        raise UsageError(f"pairs is {options.pairs}", "0 or more; 2 take about four minutes")
    with hold_machine(options):
        return 0 if _all_passed(options) else EXIT_FAILED


def _all_passed(options: argparse.Namespace) -> bool:
    from xbench.selftest.aa import LAUNCHES, aa_checks
    from xbench.selftest.no_change import no_change_checks
    from xbench.selftest.quick_checks import quick_checks

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
            about = f"no change: {options.pairs} pairs of equal commits, about two minutes each"
            print(about, file=sys.stderr)
        for check in no_change_checks(options.pairs) if options.pairs else ():
            print(check, flush=True)
            passed &= check.passed
    return passed
