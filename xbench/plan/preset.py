"""A preset: what `xbench run` measures on every axis the user does not name, and how long for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xbench.contracts import Mode


@dataclass(frozen=True, slots=True)
class Preset:
    """Patterns may hold * and ?. `compiled_ops` are the ops also run in mode `compiled`."""

    name: str
    about: str
    suites: tuple[str, ...]
    ops: tuple[str, ...]
    families: tuple[str, ...]
    widths: tuple[int, ...]
    dtypes: tuple[str, ...]
    threads: tuple[str, ...]
    modes: tuple[Mode, ...]
    compiled_ops: tuple[str, ...]
    gradients: Literal["default", "all"]
    launches: int
    group_s: float
    """Seconds of rounds a group gets in each launch (at least the smallest number of rounds)."""

    every_gradient: tuple[str, ...] = ()
    """Families in which every gradient is measured, whatever `gradients` says."""
