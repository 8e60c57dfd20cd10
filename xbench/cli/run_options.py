"""What the options of `xbench run` ask for: a plan, and how it is measured. Also a stored run's own
options, and whether they still ask for the same here."""

from __future__ import annotations

import argparse
import io
import sys
from contextlib import redirect_stderr
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.engine.settings import Settings
    from xbench.machine.lock import MachineLease
    from xbench.ops.suite import Preset
    from xbench.plan.plan import Plan
    from xbench.records.read import Run

SAME = ("machine_key", "os", "libc", "python", "variables")
"""What must be as it was where a run goes on: its figures are of one machine and environment."""


def plan_of(options: argparse.Namespace) -> tuple[Preset, Plan]:
    """The plan that these options ask for, on this machine. Raises: UsageError."""
    from xbench.cli.measuring import selection_of
    from xbench.plan.effort import Effort, plan_selection
    from xbench.registry import left_out

    for line in left_out():
        print(f"note: {line}", file=sys.stderr)
    selection = selection_of(options)
    effort = Effort(
        options.launches,
        options.rounds,
        options.target,
        options.group_budget,
        options.memory,
        options.budget,
    )
    return selection.preset, plan_selection(selection, effort)


def settings_of(options: argparse.Namespace, folder: Path, lease: MachineLease) -> Settings:
    """How the engine measures into `folder`, by these options of `run`."""
    from xbench.engine.settings import Settings
    from xbench.process.environment import read_given
    from xbench.registry import plugin_suites

    files = [str(Path(name).resolve()) for name in options.suite if name.endswith(".py")]
    of_other_packages = [
        path
        for name, path in plugin_suites().items()
        if any(fnmatchcase(name, pattern) for pattern in options.suite)
    ]
    return Settings(
        options.seed,
        folder.resolve(),
        (*files, *of_other_packages),
        budget_s=options.budget,
        fresh_ceilings=options.fresh_ceilings,
        unlocked=lease.unlocked,
        variables=read_given(options.env),
    )


def options_of(run: Run) -> argparse.Namespace:
    """The options that a run was started with. Raises: UsageError if its journal's command is none:
    it was changed, or another version has other options."""
    from xbench.cli.parser import make_parser
    from xbench.text import one_line

    try:
        with redirect_stderr(io.StringIO()):
            return make_parser().parse_args(run.header.command[1:])
    except SystemExit:
        command = one_line(" ".join(run.header.command))
        raise UsageError(
            f"{run.journal} was started by a command that this xbench does not know: {command}",
            "start a new run",
        ) from None


def check_unchanged(run: Run, plan: Plan, options: argparse.Namespace) -> None:
    """Refuse to measure another plan into a run, or on another machine, or with other versions or
    variables. `options` are those that the run was started with.

    Raises: UsageError naming what differs."""
    from xbench.machine.surroundings import machine_state
    from xbench.process.environment import read_given, run_variables
    from xbench.version import __version__

    if plan.hash != run.header.plan_hash:
        raise UsageError(
            f"the plan of {run.journal} was {run.header.plan_hash}; the same command now plans "
            f"{plan.hash} ({_first_difference(run, plan)})",
            "restore what it had (suites, packages, free memory), or start a new run",
        )
    now = {**machine_state(), **run_variables(read_given(options.env))}
    if run.header.xbench_version != __version__:
        raise UsageError(
            f"xbench was {run.header.xbench_version} when {run.journal} began, and is "
            f"{__version__} now",
            f"install xbench {run.header.xbench_version} again, or start a new run",
        )
    for name in SAME:
        before = run.header.environment.get(name)
        if before != now[name]:
            raise UsageError(
                f"{name} was {before!r} when {run.journal} began, and is {now[name]!r} now",
                "go on where it began, or start a new run",
            )
    _check_backends(run)


def _check_backends(run: Run) -> None:
    """Raises: UsageError where another version of a backend is installed than measured."""
    from xbench.registry import backend_paths, load_backend

    for worker in run.workers:
        name, version = worker.worker.backend, worker.attest.get("version")
        installed = load_backend(name).probe().version if name in backend_paths() else None
        if _without_build(installed) != _without_build(version):
            raise UsageError(
                f"{name} was {version} when {run.journal} began, and is {installed or 'gone'} now",
                f"install {name} {version} again, or start a new run",
            )


def _without_build(version: Any) -> str | None:
    """Without `+cu130`, say, which a package says of itself but not always its metadata."""
    return None if version is None else str(version).partition("+")[0]


def _first_difference(run: Run, plan: Plan) -> str:
    before = {cell.id: cell.status for cell in run.header.cells}
    now = {row.cell.id: row.status for row in plan.rows}
    for name in [*before, *now]:
        if before.get(name, "absent") != now.get(name, "absent"):
            was, became = (each.get(name, "absent") or "planned" for each in (before, now))
            return f"{name} was {was}, is {became}"
    return "the number of launches, rounds or seconds differs, or what fits into memory together"
