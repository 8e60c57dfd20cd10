"""What other packages bring: backends and suites under entry points, by name.

A package that claims a built-in name, or whose module cannot be imported, is left out and named;
everything else works on.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
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


@cache
def plugins(group: str, taken: frozenset[str]) -> Plugins:
    """What is installed under an entry point; `taken` are the built-in names."""
    paths: dict[str, str] = {}
    left_out: list[str] = []
    for point in entry_points(group=group):
        problem = _problem(point, taken | paths.keys())
        if problem is None:
            paths[point.name] = point.value
        else:
            left_out.append(f"{_named(point, group)} is left out: {problem}")
    return Plugins(paths, tuple(left_out))


def resolve(path: str) -> Any:
    """What "module:attribute" names; importing it is the caller's wish."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _problem(point: EntryPoint, taken: Collection[str]) -> str | None:
    if not is_plain(point.name):
        return f"a name is {PLAIN_NAME}"
    if point.name in taken:
        return "another has that name"
    try:
        resolve(point.value)
    except Exception as error:  # a stranger's module may raise anything
        return f"{point.value} raised {type(error).__name__}: {error}"
    return None


def _named(point: EntryPoint, group: str) -> str:
    owner = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{group.partition('.')[2].removesuffix('s')} {one_line(point.name[:80])!r}{owner}"
