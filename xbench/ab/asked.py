"""What a side of an A/B is asked to be: an interpreter, a git revision, a policy, or what is here.

| SPEC | side |
| --- | --- |
| `.`, or nothing | as it is here |
| `mode=compiled`, `allocator=system,threads=1` | the same cells under another policy |
| a python executable, or a virtual environment's folder | workers run under that interpreter |
| anything else | a revision of the git repository that one stands in |
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xbench.ab.git import commit_of, top_of
from xbench.cell import ALLOCATOR_POLICIES
from xbench.contracts import MODES
from xbench.errors import UsageError
from xbench.plan.select import check_threads
from xbench.text import near

HERE = "."
OLDEST = (3, 11)
POLICIES: Mapping[str, tuple[str, ...]] = {
    "mode": MODES, "allocator": ALLOCATOR_POLICIES, "threads": (),
}  # fmt: skip
"""The axes of a policy and the values of each; threads are `all` or numbers."""

_LIMIT_S = 20.0
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


def read_side(text: str, folder: Path, cores: int) -> Asked:
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
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False
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
