"""How a user's own code comes to a worker: functions by value, and source that is run there.

Nothing else of xbench is pickled or run from text. What is read here was written by the same user's
process a moment before, into a folder that only he can open."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from xbench.errors import UsageError
from xbench.text import shortened


def function_of(
    code: str, setup: str, names: tuple[str, ...], known: Mapping[str, Any]
) -> Callable[..., Any]:
    """The function of arguments of these names that `code` is the body of; its last expression is
    what it returns. `setup` is run now, and knows what is `known`.

    Raises: whatever the setup does."""
    scope = {"__name__": "__xbench_line__", **known}
    exec(compile(setup, "<setup>", "exec"), scope)  # noqa: S102  the user's own source
    body = ast.parse(code).body
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    arguments = ast.parse(f"def line({', '.join(names)}): pass").body[0]
    assert isinstance(arguments, ast.FunctionDef)
    arguments.body = body or [ast.Pass()]
    whole = ast.fix_missing_locations(ast.Module([arguments], []))
    exec(compile(whole, f"<{shortened(code, 60)}>", "exec"), scope)  # noqa: S102
    found: Callable[..., Any] = scope["line"]
    return found


def send_by_value(name: str) -> None:
    """Have what a module of this name holds go to workers whole: they cannot import it."""
    cloudpickle.register_pickle_by_value(sys.modules[name])


def unpickled(data: bytes) -> Any:
    """What was pickled. Raises: whatever its making does, as where a package is missing."""
    return cloudpickle.loads(data)


def pickled(what: str, thing: Any) -> bytes:
    """A contender, or what else a worker needs, by value. Raises: UsageError naming what in it
    cannot be sent."""
    try:
        found: bytes = cloudpickle.dumps(thing)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        inside = _culprit(thing)
        raise UsageError(
            f"{what} cannot be sent to a process: {inside or reason}",
            "make that in `setup`, which runs in the worker, or race with fresh=False",
        ) from None
    return found


def _culprit(thing: Any) -> str:
    """Which variable of a function, or attribute of an object, cannot be pickled."""
    function = getattr(thing, "__func__", thing)
    held: dict[str, object] = {}
    if isinstance(function, FunctionType):
        inside = inspect.getclosurevars(function)
        held = {**inside.globals, **inside.nonlocals}
    owner = getattr(thing, "__self__", thing)
    if not isinstance(owner, FunctionType | ModuleType):
        held |= getattr(owner, "__dict__", {})
    for name, value in held.items():
        try:
            cloudpickle.dumps(value)
        except Exception:
            kind = type(value)
            return f"its {name!r} is a {kind.__module__}.{kind.__qualname__}, which stays here"
    return ""


def source_lines(thing: Any) -> dict[str, dict[int, str]]:
    """The lines of a function and of those inside it, by its name and the line's number; none where
    its file cannot be read."""
    code = getattr(inspect.unwrap(thing) if callable(thing) else thing, "__code__", None)
    found: dict[str, dict[int, str]] = {}
    waiting = [code] if isinstance(code, CodeType) else []
    while waiting:
        each = waiting.pop()
        numbers = {number for _, _, number in each.co_lines() if number}
        lines = {number: linecache.getline(each.co_filename, number).strip() for number in numbers}
        found[each.co_name] = {number: line for number, line in lines.items() if line}
        waiting += [inner for inner in each.co_consts if isinstance(inner, CodeType)]
    return found


def import_paths() -> list[str]:
    """Where this process looks for modules; a worker looks there after its own places."""
    return [os.path.abspath(each or ".") for each in sys.path]
