"""Both sides of an A/B, ready to be started, and the rows that each of them has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from xbench.contracts import MODES
from xbench.errors import CellFailed, UsageError, WorkerDied
from xbench.keys import ALLOCATOR_POLICIES
from xbench.plan.build import Row
from xbench.plan.select import Selection, check_threads
from xbench.process.child import PACKAGES, ChildProcess
from xbench.process.environment import worker_environment
from xbench.process.side import SideSetup
from xbench.registry import load_suite, load_suite_file, suite_paths
from xbench.text import near
from xbench.tracking.survey import SurveyReply, SurveyRequest

# Git, as far as an A/B needs it: what a revision is, and a worktree of it for a while.

_GIT_LIMIT_S = 600.0
_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Set where a hook runs this; they name another tree than the folder's."""


def top_of(folder: Path) -> Path | None:
    """The top folder of the repository that a folder lies in; None if there is none, or no git."""
    done = _git(folder, "rev-parse", "--show-toplevel")
    return Path(done.stdout.strip()).resolve() if done and done.returncode == 0 else None


def commit_of(top: Path, revision: str) -> str | None:
    """The full hash of a revision's commit; None if the repository has none of that name."""
    name = f"{revision}^{{commit}}"
    done = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return done.stdout.strip() if done and done.returncode == 0 else None


@contextmanager
def worktree(top: Path, commit: str, place: Path) -> Iterator[Path]:
    """The files of a commit in a new folder, which is gone afterwards, however that comes.

    Submodules are not checked out and hooks do not run. Raises: UsageError if git cannot."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = _git(
            top,
            "-c",
            f"core.hooksPath={os.devnull}",
            "worktree",
            "add",
            "--detach",
            "--quiet",
            str(place),
            commit,
        )
        if done is None or done.returncode:
            why = done.stderr.strip() if done else "git did not end"
            raise UsageError(
                f"git cannot check out {commit[:12]}: {why}",
                f"try `git worktree add --detach FOLDER {commit[:12]}` by hand",
            )
        yield place
    finally:
        _git(top, "worktree", "remove", "--force", "--force", str(place))
        shutil.rmtree(place, ignore_errors=True)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """None if there is no git, or it did not end. In a session of its own: Ctrl-C is ours to
    answer, and what was begun is undone by us."""
    environment = {name: value for name, value in os.environ.items() if name not in _HOOKS}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_GIT_LIMIT_S,
            check=False,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


# What a side of an A/B is asked to be: an interpreter, a git revision, a policy, or what is here.
#
# | SPEC | side |
# | --- | --- |
# | `.`, or nothing | as it is here |
# | `mode=compiled`, `allocator=system,threads=1` | the same cells under another policy |
# | a python executable, or a virtual environment's folder | workers run under that interpreter |
# | anything else | a revision of the git repository that one stands in |

HERE = "."
OLDEST = (3, 11)
POLICIES: Mapping[str, tuple[str, ...]] = {
    "mode": MODES,
    "allocator": ALLOCATOR_POLICIES,
    "threads": (),
}
"""The axes of a policy and the values of each; threads are `all` or numbers."""

_PYTHON_LIMIT_S = 20.0
_KINDS = "`.`, a python executable, a virtual environment, a git revision, or a policy (mode=…)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A side as it was asked for; all empty: as it is here. `python` is an executable, `commit` one
    of the repository at `top`, `policy` holds values by axis."""

    text: str
    python: str = ""
    commit: str = ""
    top: Path | None = None
    policy: dict[str, str] = field(default_factory=dict)


def parse_side(text: str, folder: Path, cores: int) -> Asked:
    """What SPEC asks for, seen from a folder. Raises: UsageError with what it is not."""
    text = text.strip()
    if text in ("", HERE):
        return Asked(HERE)
    if "=" in text:
        return Asked(text, policy=_policy(text, cores))
    path = folder / Path(text).expanduser()
    python = path / "bin" / "python" if path.is_dir() else path
    if python.is_file() and os.access(python, os.X_OK):
        return Asked(text, python=_interpreter(text, python))
    if text.startswith(("/", "~", "./", "../")):
        raise UsageError(
            f"there is no interpreter at {text}" + (" (no bin/python in it)" * path.is_dir()),
            "name a python executable, or the folder of a virtual environment",
        )
    top = top_of(folder)
    if top is None:
        raise UsageError(
            f"{text!r} is no interpreter, and git finds no repository in {folder}",
            f"a side is {_KINDS}",
        )
    commit = commit_of(top, text)
    if commit is None:
        raise UsageError(
            f"{text!r} is no interpreter, and the repository {top} has no such revision",
            f"a side is {_KINDS}; a branch that is not here yet must be fetched first",
        )
    return Asked(text, commit=commit, top=top)


def _policy(text: str, cores: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        axis, _, value = (each.strip() for each in part.partition("="))
        if axis not in POLICIES:
            raise UsageError(
                f"{part.strip()!r}: no policy is called {axis!r}", near(axis, POLICIES)
            )
        if axis in found:
            raise UsageError(f"{text!r} sets {axis} twice", "give it one value")
        known = POLICIES[axis]
        if known and value not in known:
            raise UsageError(f"no {axis} is called {value!r}", near(value, known))
        found[axis] = value if known else check_threads((value,), cores)[0]
    return found


def _interpreter(text: str, python: Path) -> str:
    """Its path, absolute; links are kept, since they are what makes a virtual environment."""
    path = os.path.abspath(python)
    command = [path, "-c", "import sys; print('xbench', *sys.version_info[:2])"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PYTHON_LIMIT_S, check=False
        )
        said = done.stdout + done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    version = re.search(r"^xbench (\d+) (\d+)$", said, re.MULTILINE)
    if version is None:
        last = (said.strip().splitlines() or ["it printed nothing"])[-1]
        raise UsageError(f"{text} is no Python interpreter: {last}", f"a side is {_KINDS}")
    if (int(version[1]), int(version[2])) < OLDEST:
        raise UsageError(
            f"{text} is Python {version[1]}.{version[2]}; workers need {OLDEST[0]}.{OLDEST[1]}",
            "make its environment with a newer Python",
        )
    return path


USUAL = {"mode": "eager", "allocator": "reuse", "threads": "all"}
"""What a side has along an axis that the other side's policy sets, unless the user selects it."""

_LIMIT_S = 180.0
_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A side, the rows it has, and, where its selection failed altogether, why."""

    side: SideSetup
    rows: list[Row] = field(default_factory=list)
    problem: str = ""
    hint: str = ""


@contextmanager
def standing(asked: Mapping[str, Asked], folder: Path) -> Iterator[dict[str, SideSetup]]:
    """Both sides by name, with a worktree in `folder` for each revision, gone afterwards.

    Raises: UsageError if git cannot make one."""
    with ExitStack() as stack:
        found: dict[str, SideSetup] = {}
        for name, one in asked.items():
            side = SideSetup(name, python=one.python)
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
    side: SideSetup, selection: Selection, devices: tuple[str, ...], cores: int, folder: Path
) -> Surveyed:
    """Ask a side what it has. A suite file that its revision has not is left out.

    Raises: UsageError if its interpreter lacks a package, or its sources do not work."""
    files = {name: side.moved_path(Path(name)) for name in selection.suites if name.endswith(".py")}
    gone = [name for name, path in files.items() if side.moved and not path.is_file()]
    suites = [str(files.get(name, name)) for name in selection.suites if name not in gone]
    ready = replace(side, suites=tuple(str(files[name]) for name in files if name not in gone))
    missing = f"it has no suite file {' '.join(gone)}" if gone else ""
    if gone and not suites:
        return Surveyed(ready, problem=missing, hint="commit it, or name another revision")
    request = SurveyRequest(
        side.name, selection.preset, tuple(suites), selection.axes, devices, cores
    )
    reply = _ask(ready, folder, request)
    if reply.problem:
        return Surveyed(ready, problem=reply.problem, hint=reply.hint)
    ready = replace(ready, backends=reply.backends, adapters=reply.adapters)
    return Surveyed(ready, reply.rows, missing)


def _ask(side: SideSetup, folder: Path, request: SurveyRequest) -> SurveyReply:
    environment = side.environment(worker_environment({}, "reuse", folder))
    log = folder / f"survey-{side.name}.log"
    process = ChildProcess(
        "xbench.tracking.survey:main",
        {},
        environment,
        log,
        python=side.python,
        packages=side.packages,
    )
    try:
        reply = process.ask(request, _LIMIT_S)
    except (WorkerDied, CellFailed) as error:
        raise UsageError(
            f"{side.name}: {error.message}",
            "its suites and backends must work with this xbench, "
            f"under {side.python or sys.executable}",
        ) from None
    finally:
        process.kill()
    if reply.lacks:
        python = side.python or sys.executable
        raise UsageError(
            f"{side.name}: the interpreter {python} has no {reply.lacks}, which workers import",
            f"{python} -m pip install {reply.lacks}",
        )
    return reply


def load_ops(selection: Selection, side: SideSetup) -> None:
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
