"""`xbench run --resume`: take a run up again where it stopped."""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from xbench.cli.parser import make_parser
from xbench.errors import UsageError
from xbench.machine.surroundings import environment
from xbench.plan.plan import Plan
from xbench.process.environment import read_given, variables_of
from xbench.records.read import Run, read_run
from xbench.registry import backend_paths, load_backend
from xbench.text import one_line
from xbench.version import __version__

SAME = ("machine_key", "os", "libc", "python", "variables")
"""What must be as it was: figures of one run are of one machine and one environment."""


def open_run(path: Path) -> Run:
    """Read a run that is to be continued, and touch nothing.

    Raises: RecordError; UsageError if there is nothing left to do."""
    run = read_run(path)
    if run.header.command[:2] != ["xbench", "run"]:
        raise UsageError(
            f"{run.path} was not measured by `xbench run` but by {run.header.command[:2]}",
            "measure it again the way it was",
        )
    if run.complete:
        raise UsageError(f"{run.path} is complete", "start another with `xbench run`")
    return run


def asked_by(run: Run) -> argparse.Namespace:
    """The options that a run was started with. Raises: UsageError if its journal's command is none:
    it was changed, or another version has other options."""
    try:
        with redirect_stderr(io.StringIO()):
            return make_parser().parse_args(run.header.command[1:])
    except SystemExit:
        command = one_line(" ".join(run.header.command))
        raise UsageError(
            f"{run.path} was started by a command that this xbench does not know: {command}",
            "start a new run",
        ) from None


def check_same(run: Run, plan: Plan, asked: argparse.Namespace) -> None:
    """Refuse to continue another plan, or on another machine, or with other versions or variables.
    `asked` are the options that the run was started with.

    Raises: UsageError naming what differs."""
    if plan.hash != run.header.plan_hash:
        raise UsageError(
            f"the plan of {run.path} was {run.header.plan_hash}; the same command now plans "
            f"{plan.hash} ({_first_difference(run, plan)})",
            "give back what it had (suites, packages, free memory), or start a new run",
        )
    now = {**environment(), **variables_of(read_given(asked.env))}
    if run.header.xbench_version != __version__:
        raise UsageError(
            f"xbench was {run.header.xbench_version} when {run.path} began, and is {__version__}",
            f"install xbench {run.header.xbench_version} again, or start a new run",
        )
    for name in SAME:
        before = run.header.environment.get(name)
        if before != now[name]:
            raise UsageError(
                f"{name} was {before!r} when {run.path} began, and is {now[name]!r}",
                "continue it where it began, or start a new run",
            )
    for worker in run.workers:
        name, version = worker.worker.split("/")[0], worker.attest.get("version")
        installed = load_backend(name).probe().version if name in backend_paths() else None
        if _public(installed) != _public(version):
            raise UsageError(
                f"{name} was {version} when {run.path} began, and is {installed or 'gone'}",
                f"install {name} {version} again, or start a new run",
            )


def _public(version: Any) -> str | None:
    """Without the build (`+cu130`), which a package says of itself but not always its metadata."""
    return None if version is None else str(version).partition("+")[0]


def _first_difference(run: Run, plan: Plan) -> str:
    before = {cell.id: cell.status for cell in run.header.cells}
    now = {row.cell.id: row.status for row in plan.rows}
    for name in [*before, *now]:
        if before.get(name, "absent") != now.get(name, "absent"):
            was, became = (each.get(name, "absent") or "planned" for each in (before, now))
            return f"{name} was {was}, is {became}"
    return "the number of launches, rounds or seconds differs, or what fits into memory together"
