"""Lines of source as contenders, in a shell and a notebook: what they use of a namespace."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from xbench.errors import UsageError
from xbench.racing.look import told
from xbench.racing.sending import function_of
from xbench.text import shortened


def named_lines(lines: Iterable[str], names: Iterable[str] = ()) -> dict[str, str]:
    """Each line by its name, which is the line itself where `names` has none for it, as source that
    returns something. Raises: UsageError for what is no Python, and a name that is there twice."""
    codes = [line.strip() for line in lines]
    given = list(names)
    if len(given) > len(codes):
        raise UsageError(
            f"{len(given)} names are given for {len(codes)} lines", "give one name a line, or fewer"
        )
    found: dict[str, str] = {}
    for code, name in zip(codes, [*given, *codes[len(given) :]], strict=True):
        if name in found:
            raise UsageError(
                f"two contenders are called {shortened(name, 80)!r}", "name them with --name"
            )
        found[name] = _returning(code)
    return found


def _returning(code: str) -> str:
    """The same source, which gives what it assigned last where it ends in that: `y = x + x`."""
    try:
        body = ast.parse(code).body
    except SyntaxError as error:
        raise UsageError(
            f"{shortened(code, 80)!r} is no Python: {error.msg}",
            "a contender is an expression or a statement, for instance 'x + x'",
        ) from None
    last = body[-1] if body else None
    target = last.targets[0] if isinstance(last, ast.Assign) else None
    return f"{code}\n{target.id}" if isinstance(target, ast.Name) else code


def names_used(codes: Iterable[str]) -> list[str]:
    """The names that source reads, in order."""
    nodes = (node for code in codes for node in ast.walk(ast.parse(code)))
    return list(dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name)))


def data_used(codes: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, object]:
    """What these lines take as arguments, by name: the values of a namespace that they read, but
    for modules, functions and classes."""
    used = {name: namespace[name] for name in names_used(codes) if name in namespace}
    return {name: value for name, value in used.items() if not is_code(value)}


def code_used(codes: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, object]:
    """The modules, functions and classes of a namespace that these lines read, by name."""
    used = {name: namespace[name] for name in names_used(codes) if name in namespace}
    return {name: value for name, value in used.items() if is_code(value)}


def is_code(value: object) -> bool:
    """Whether it is a module, a function, a class or what else can be called."""
    return isinstance(value, ModuleType) or callable(value)


def namespace_after(setup: str, known: Mapping[str, Any]) -> dict[str, object]:
    """The names that a setup has made, run here. Raises: UsageError with what it raised."""
    try:
        found: dict[str, object] = function_of("globals()", setup, (), known)()
    except SyntaxError as error:
        raise UsageError(
            f"the setup is no Python: {error.msg} (line {error.lineno})",
            "for instance -s 'import numpy as np; x = np.ones(10**6)'",
        ) from None
    except Exception as error:
        raise UsageError(
            f"the setup raised {told(error)}", "repair it: it is run as it is"
        ) from None
    return found
