"""What may be named as a side, and what is said of what may not; worktrees come and go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xbench.errors import UsageError
from xbench.tracking.ab_sides import Asked, parse_side, worktree


def git(folder: Path, *arguments: str) -> str:
    """Git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit with a file, on branch `main`."""
    top = (tmp_path / "repository").resolve()
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    (top / "file.txt").write_text("before")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "one")
    return top


@pytest.mark.parametrize("text", ["", ".", " . "])
def test_a_point_or_nothing_is_what_is_here(tmp_path: Path, text: str) -> None:
    assert parse_side(text, tmp_path, 4) == Asked(".")


def test_a_policy_may_set_several_axes(tmp_path: Path) -> None:
    asked = parse_side("mode=compiled, allocator=system,threads=1", tmp_path, 4)
    assert asked.policy == {"mode": "compiled", "allocator": "system", "threads": "1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed=1", "no policy is called 'speed'"),
        ("mode=fast", "no mode is called 'fast'"),
        ("threads=99", "threads is '99'"),
        ("allocator=", "no allocator is called ''"),
        ("mode=eager,mode=graph", "sets mode twice"),
        ("mode=eager,", "no policy is called ''"),
    ],
)
def test_an_unknown_policy_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_side(text, tmp_path, 4)
    assert caught.value.hint


def test_an_interpreter_is_a_file_or_an_environments_folder(tmp_path: Path) -> None:
    """A link stays: it is what makes a virtual environment."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    link = tmp_path / "env" / "bin" / "python"
    link.symlink_to(sys.executable)
    assert parse_side("env", tmp_path, 4).python == str(link)
    assert parse_side(str(link), tmp_path, 4).python == str(link)


def test_what_is_no_interpreter_is_refused(tmp_path: Path) -> None:
    for name, script, said in (
        ("silent", "exit 0", "it printed nothing"),
        ("old", "echo xbench 3 8", "is Python 3.8"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
        with pytest.raises(UsageError, match=said):
            parse_side(name, tmp_path, 4)
    with pytest.raises(UsageError, match=r"no interpreter at .*\(no bin/python in it\)"):
        parse_side(str(tmp_path), tmp_path, 4)
    with pytest.raises(UsageError, match=r"no interpreter at \./nowhere"):
        parse_side("./nowhere", tmp_path, 4)


def test_a_revision_is_one_of_the_repository_one_stands_in(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    for text in ("main", "HEAD", commit[:10]):
        assert parse_side(text, repository, 4) == Asked(text, commit=commit, top=repository)
    with pytest.raises(UsageError, match="has no such revision"):
        parse_side("v9", repository, 4)
    with pytest.raises(UsageError, match="has no such revision"):
        parse_side("--help", repository, 4)


def test_outside_a_repository_there_are_no_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="git finds no repository in"):
        parse_side("main", tmp_path, 4)


def test_a_worktree_holds_the_commit_and_is_gone_afterwards(
    repository: Path, tmp_path: Path
) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "file.txt").write_text("after")
    seen = []

    def interrupted() -> None:
        with worktree(repository, commit, tmp_path / "t") as place:
            seen.append((place / "file.txt").read_text())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["before"]
    assert not (tmp_path / "t").exists()
    assert git(repository, "worktree", "list").count("\n") == 0
    assert (repository / "file.txt").read_text() == "after"


def test_a_worktree_whose_folder_went_first_leaves_nothing_in_the_repository(
    repository: Path, tmp_path: Path
) -> None:
    with worktree(repository, git(repository, "rev-parse", "HEAD"), tmp_path / "t") as place:
        place.rename(tmp_path / "elsewhere")
    assert git(repository, "worktree", "list").count("\n") == 0
