"""`xbench ab` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.cli.late import RESULTS, late
from xbench.cli.parser_axes import add_axes, add_env, add_no_lock, folder, seconds

LAUNCHES = 7
Commands = argparse._SubParsersAction

_AB = (
    "Did head become slower than base? Both sides are measured in the same rounds. A SPEC is a "
    "python executable or a virtual environment's folder; a revision of this git repository; a "
    "policy (mode=compiled, allocator=system, threads=1; several joined by commas); or `.`, as it "
    "is here. A cell is slower if it is by 5 % or more, its 95 % interval lies beyond 2 %, and "
    "fresh launches find it again. Exit status: 0; 1 a confirmed regression; 2 usage; 3 a cell "
    "that base has, or could run, is gone or fails; 4 with --strict, undecided; 5 nothing measured."
)


def add_ab(commands: Commands[argparse.ArgumentParser]) -> None:
    """`xbench ab`."""
    parser = commands.add_parser("ab", help="did head become slower than base?", description=_AB)
    for name in ("base", "head"):
        parser.add_argument(f"--{name}", default=".", metavar="SPEC", help="default: as it is here")
    parser.add_argument("--preset", default="quick", metavar="NAME", help="smoke, quick or full")
    add_axes(parser)
    how = parser.add_argument_group("measuring")
    how.add_argument(
        "--launches",
        type=int,
        default=LAUNCHES,
        metavar="N",
        help=f"fresh processes a worker (default {LAUNCHES}); as many again to confirm",
    )
    how.add_argument(
        "--rounds", type=int, metavar="N", help="rounds a launch, 7 or more (default: by time)"
    )
    how.add_argument(
        "--group-budget",
        type=seconds,
        metavar="2s",
        help="time of rounds that the cells of a workload share in each launch",
    )
    how.add_argument(
        "--budget",
        type=seconds,
        metavar="10m",
        help="stop when this is spent; a third of it is kept to confirm",
    )
    how.add_argument("--seed", type=int, default=5, help="of data and orders (default 5)")
    add_env(how)
    add_no_lock(how)
    how.add_argument("--strict", action="store_true", help="an undecided cell is exit status 4")
    how.add_argument(
        "--out",
        type=folder,
        default=Path(RESULTS) / "ab",
        metavar="DIR",
        help=f"for runs and verdict.json (default {RESULTS}/ab)",
    )
    parser.set_defaults(handler=late("xbench.cli.ab"))
