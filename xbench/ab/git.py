"""Git, as far as an A/B needs it: what a revision is, and a worktree of it for a while."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xbench.errors import UsageError

_LIMIT_S = 600.0
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
            top, "-c", f"core.hooksPath={os.devnull}", "worktree", "add", "--detach", "--quiet",
            str(place), commit,
        )  # fmt: skip
        if done is None or done.returncode:
            why = done.stderr.strip() if done else "git did not end"
            raise UsageError(f"git cannot check out {commit[:12]}: {why}", "see what git says")
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
            ["git", "-C", str(folder), *arguments], env=environment, capture_output=True,
            text=True, timeout=_LIMIT_S, check=False, start_new_session=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
