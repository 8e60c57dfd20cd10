"""What other packages bring: backends and suites under entry points, by name.

A package that claims a built-in name, cannot be imported, or brings what is no backend or suite is
left out and named; everything else works on.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from xbench.text import PLAIN_NAME, is_plain, one_line


@dataclass(frozen=True, slots=True)
class Plugins:
    """Name to "module:attribute", and a sentence for each that is left out."""

    paths: dict[str, str]
    left_out: tuple[str, ...]


Check = Callable[[str, Any], str | None]
"""Name and what it names -> why it cannot be used, or None. May raise anything."""


@cache
def plugins(group: str, taken: frozenset[str], check: Check) -> Plugins:
    """What is installed under an entry point; `taken` are the built-in names."""
    paths: dict[str, str] = {}
    left_out: list[str] = []
    for point in entry_points(group=group):
        problem = _problem(point, taken | paths.keys(), check)
        if problem is None:
            paths[point.name] = point.value
        else:
            left_out.append(f"{_named(point, group)} is left out: {problem}")
    return Plugins(paths, tuple(left_out))


def resolve(path: str) -> Any:
    """What "module:attribute" names; importing it is the caller's wish."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _problem(point: EntryPoint, taken: Collection[str], check: Check) -> str | None:
    if not is_plain(point.name):
        return f"a name is {PLAIN_NAME}"
    if point.name in taken:
        return "another has that name"
    try:
        return check(point.name, resolve(point.value))
    except Exception as error:  # a stranger's module may raise anything
        return one_line(f"{point.value} raised {type(error).__name__}: {error}")[:500]


def _named(point: EntryPoint, group: str) -> str:
    owner = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{group.partition('.')[2].removesuffix('s')} {one_line(point.name[:80])!r}{owner}"
