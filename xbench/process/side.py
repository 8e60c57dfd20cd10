"""One side of an A/B, as its processes are started: interpreter, sources, environments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xbench.process.child import PACKAGES


@dataclass(frozen=True, slots=True)
class SideSetup:
    """`python` is the interpreter ("": ours), `packages` where our packages lie, `suites` users'
    files as this side has them. `moved`: a folder, and where its files are for this side (the top
    of a repository, and of a worktree of it). `backends` are "module:Class" by name, and `adapters`
    what each worker's adapter sets in its environment, by the key's id."""

    name: str
    python: str = ""
    packages: Mapping[str, str] = field(default_factory=lambda: PACKAGES)
    suites: tuple[str, ...] = ()
    moved: tuple[Path, Path] | None = None
    backends: Mapping[str, str] = field(default_factory=dict)
    adapters: Mapping[str, dict[str, str]] = field(default_factory=dict)

    def moved_path(self, path: Path) -> Path:
        """Where this side has what is at `path` here."""
        where = path.resolve()
        if self.moved is None or not where.is_relative_to(self.moved[0]):
            return where
        return self.moved[1] / where.relative_to(self.moved[0])

    def folder(self, path: Path) -> Path:
        """A folder as this side has it; where a revision has none, as with a virtual environment
        inside the repository, the one that is here."""
        there = self.moved_path(path)
        return there if there.is_dir() else path

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        """The same with this side's folders on PYTHONPATH."""
        path = environment.get("PYTHONPATH")
        if not path or self.moved is None:
            return environment
        placed = [str(self.folder(Path(each))) if each else "" for each in path.split(os.pathsep)]
        return environment | {"PYTHONPATH": os.pathsep.join(placed)}
