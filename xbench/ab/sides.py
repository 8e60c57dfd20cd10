"""Both sides of an A/B, ready to be started, and the rows that each of them has."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xbench.ab.asked import HERE, POLICIES, Asked
from xbench.ab.git import worktree
from xbench.errors import CellFailed, UsageError, WorkerDied
from xbench.launch.environment import worker_environment
from xbench.launch.process import PACKAGES, Process
from xbench.launch.side import Side
from xbench.plan.build import Row
from xbench.plan.files import load_suite_file
from xbench.plan.select import Selection
from xbench.registry import load_suite, suite_paths
from xbench.worker.survey import rows_of

USUAL = {"mode": "eager", "allocator": "reuse", "threads": "all"}
"""What a side has along an axis that the other side's policy sets, unless the user selects it."""

_LIMIT_S = 180.0
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A side, the rows it has, and, where its selection failed altogether, why."""

    side: Side
    rows: list[Row] = field(default_factory=list)
    problem: str = ""
    hint: str = ""


@contextmanager
def standing(asked: Mapping[str, Asked], folder: Path) -> Iterator[dict[str, Side]]:
    """Both sides by name, with a worktree in `folder` for each revision, gone afterwards.

    Raises: UsageError if git cannot make one."""
    with ExitStack() as stack:
        found: dict[str, Side] = {}
        for name, one in asked.items():
            side = Side(name, python=one.python)
            if one.top is not None:
                place = stack.enter_context(worktree(one.top, one.commit, folder / name))
                side = replace(side, moved=(one.top, place.resolve()))
                where = {key: str(side.folder(Path(path))) for key, path in PACKAGES.items()}
                side = replace(side, packages=where | {"xbench": PACKAGES["xbench"]})
            found[name] = side
        yield found


def selected(selection: Selection, asked: Mapping[str, Asked], name: str) -> Selection:
    """The selection of one side: its own policy, and along an axis that only the other side's sets
    what the user selects, or else the usual. Raises: UsageError if that is no single value."""
    policy = policy_of(selection, asked, name)
    return replace(selection, axes=selection.axes | {key: (each,) for key, each in policy.items()})


def policy_of(selection: Selection, asked: Mapping[str, Asked], name: str) -> dict[str, str]:
    """Along the axes that a side's policy sets, what one side has. Raises: UsageError."""
    found: dict[str, str] = {}
    for axis in (axis for axis in POLICIES if any(axis in one.policy for one in asked.values())):
        named = selection.named(axis) or (USUAL[axis],)
        if len(named) > 1 or _WILD & set(named[0]):
            raise UsageError(
                f"{axis} is what the sides differ in; --{axis} {' '.join(named)} selects several",
                f"name one, or leave it out ({USUAL[axis]})",
            )
        found[axis] = asked[name].policy.get(axis, named[0])
    return found


def survey(
    side: Side, selection: Selection, devices: tuple[str, ...], cores: int, folder: Path
) -> Surveyed:
    """Ask a side what it has. A suite file that its revision has not is left out.

    Raises: UsageError if its interpreter lacks a package, or its sources do not work."""
    files = {name: side.place(Path(name)) for name in selection.suites if name.endswith(".py")}
    gone = [name for name, path in files.items() if side.moved and not path.is_file()]
    suites = [str(files.get(name, name)) for name in selection.suites if name not in gone]
    ready = replace(side, suites=tuple(str(files[name]) for name in files if name not in gone))
    missing = f"it has no suite file {' '.join(gone)}" if gone else ""
    if gone and not suites:
        return Surveyed(ready, problem=missing, hint="commit it, or name another revision")
    reply = _ask(ready, folder, {
        "side": side.name, "preset": asdict(selection.preset), "suites": suites,
        "axes": selection.axes, "devices": devices, "cores": cores,
    })  # fmt: skip
    if "problem" in reply:
        return Surveyed(ready, problem=reply["problem"], hint=reply["hint"])
    ready = replace(ready, backends=reply["backends"], adapters=reply["adapters"])
    return Surveyed(ready, rows_of(reply["rows"]), missing)


def _ask(side: Side, folder: Path, question: dict[str, Any]) -> dict[str, Any]:
    environment = side.environment(worker_environment({}, "reuse", folder))
    log = folder / f"survey-{side.name}.log"
    process = Process(
        "xbench.worker.survey:main", {}, environment, log, python=side.python,
        packages=side.packages,
    )  # fmt: skip
    try:
        reply = process.call("survey", _LIMIT_S, **question)
    except (WorkerDied, CellFailed) as error:
        raise UsageError(
            f"{side.name}: {error.message}",
            "its suites and backends must work with this xbench, "
            f"under {side.python or sys.executable}",
        ) from None  # fmt: skip
    finally:
        process.kill()
    if "lacks" in reply:
        python = side.python or sys.executable
        raise UsageError(
            f"{side.name}: the interpreter {python} has no {reply['lacks']}, which workers import",
            f"{python} -m pip install {reply['lacks']}",
        )
    return reply


def load_ops(selection: Selection, side: Side) -> None:
    """Make known here what a side's suites add: ops, whose cost is planned with."""
    for file in side.suites:
        load_suite_file(Path(file))
    for name in suite_paths():
        if any(fnmatchcase(name, each) for each in selection.suites):
            load_suite(name)


def described(asked: Asked) -> str:
    """What a side is called in a verdict."""
    short = f" ({asked.commit[:12]})" if asked.commit else ""
    return ("as it is here" if asked.text == HERE else asked.text) + short
