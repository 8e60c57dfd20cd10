"""What a race found: its run, and what the run's names mean to the user."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from xbench.contracts import Mode
    from xbench.records.read import Run


class TemporaryFolder:
    """A new folder that only this user can open. It goes when nobody has this object any more, or
    when the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="xbench-race-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


Checked = Literal["verified", "agree", "unchecked"]
"""`verified`: compared with the same source in float64; `agree`: compared with the others."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One function as it was measured. `name` is the user's; `backend` and `mode` are those of its
    cells' keys in the run. `framework` made its arguments: numpy, torch, tensorflow or jax.
    `unchecked` says why its results were not compared; empty where they were."""

    name: str
    backend: str
    mode: Mode
    framework: str
    unchecked: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """One of the sizes that were raced over. `given` is the user's object, None where there was a
    fixed tuple of arguments; `width` is that of its cells' plans; `shown` is how to write it."""

    given: object
    width: int
    shown: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished race. The run has a row for each contender and size, those without a time too,
    with status and reason. `fresh` is False where all ran in the caller's own process."""

    run: Run
    contenders: tuple[Contender, ...]
    sizes: tuple[Size, ...]
    checked: Checked
    fresh: bool = True
    folder: TemporaryFolder | None = None
    """Holds the run's journal."""
