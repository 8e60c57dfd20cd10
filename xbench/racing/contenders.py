"""A user's functions as contenders: what each is, of which framework, and how it runs."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from types import CodeType, FunctionType, ModuleType
from typing import Any

from xbench.contracts import Mode
from xbench.errors import UsageError
from xbench.extensions import resolve
from xbench.text import shortened

FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow")
"""Whose arrays contenders may take; in the order of the table, where one function runs on all."""

ROOTS = {
    "numpy": "numpy",
    "torch": "torch",
    "torchvision": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
}
"""Packages, and whose arrays their functions take."""

_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A contender in source: an expression, or statements of which the last may be one. Its names
    are those that `setup`, source too, has made in the worker, and those of the arguments where
    they were given by name. `setup` knows arguments that are no arrays, such as a size."""

    code: str
    setup: str = ""


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A contender as "module:name", which is imported in the worker."""

    path: str

    def made(self) -> Any:
        """The function. Raises: ImportError, AttributeError."""
        return resolve_name(self.path)


@dataclass(frozen=True, slots=True)
class CompiledByTorch:
    """A function or module that torch.compile was given: what it compiled cannot be sent, so that
    the worker compiles it anew."""

    function: Any

    def made(self) -> Any:
        """Compiled, with torch's own settings."""
        return resolve("xbench.backends.torch_functions:compiled_again")(self.function)


def read_contender(given: object) -> Any:
    """A contender as it is sent: a callable, or an object that makes one in the worker.

    Raises: UsageError for what is neither callable nor text."""
    if isinstance(given, str):
        if _PATH.fullmatch(given.strip()):
            return NamedFunction(given.strip())
        try:
            ast.parse(given)
        except SyntaxError as error:
            raise UsageError(
                f"the contender {shortened(given, 80)!r} is no Python: {error.msg}",
                'give a callable, "module:name", or a line of source',
            ) from None
        return SourceLine(given)
    if isinstance(given, SourceLine | NamedFunction):
        return given
    if not callable(given):
        raise UsageError(
            f"a contender is {shortened(repr(given), 80)}, which cannot be called",
            'give a callable, "module:name", or a line of source',
        )
    original = getattr(given, "_torchdynamo_orig_callable", None)
    if type(given).__name__ == "OptimizedModule":
        original = getattr(given, "_orig_mod", None)
    return CompiledByTorch(original) if original is not None else given


# Of which framework a contender is, without importing any.


def framework_of(contender: Any) -> str | None:
    """The framework whose arrays a contender takes, as far as it tells: by what it is, by its
    annotations, by the module it is from, by the modules that its code names. None if nothing, or
    more than one, is told."""
    match contender:
        case CompiledByTorch():
            return "torch"
        case NamedFunction(path):
            return _of_name(path.partition(":")[0])
        case SourceLine(code, setup):
            return _only(_of_source(code, setup))
        case partial():
            return framework_of(contender.func)
    owner = getattr(contender, "__self__", None)
    told = (
        _by_class(contender),
        None if isinstance(owner, ModuleType) else _by_class(owner),
        _by_annotation(contender),
        _of_name(getattr(contender, "__module__", None)),
    )
    return next(filter(None, told), None) or _only(_of_code(_python_function(contender)))


def _of_name(module: object) -> str | None:
    """Whose a module is, by its name."""
    return ROOTS.get(module.partition(".")[0]) if isinstance(module, str) else None


def _python_function(contender: Any) -> object:
    """The function that a call of this runs."""
    if isinstance(contender, FunctionType):
        return contender
    return getattr(contender, "__func__", None) or vars(type(contender)).get("__call__")


def _by_class(thing: object) -> str | None:
    """By the classes it is of: a module of torch's, a jitted function, a ufunc."""
    for each in type(thing).__mro__:
        if (found := _of_name(each.__module__)) is not None:
            return found
    return None


def _by_annotation(contender: object) -> str | None:
    named = getattr(contender, "__annotations__", None)
    if not isinstance(named, Mapping):
        return None
    found: set[str] = set()
    for name, each in named.items():
        text = each if isinstance(each, str) else getattr(each, "__module__", "") or ""
        framework = ROOTS.get(text.partition(".")[0])
        if name != "return" and framework is not None:
            found.add(framework)
    return found.pop() if len(found) == 1 else None


def _only(found: Iterable[str]) -> str | None:
    """The one framework; NumPy counts only where no other is named."""
    named = set(found)
    others = named - {"numpy"}
    if len(others) == 1:
        return others.pop()
    return "numpy" if named == {"numpy"} else None


def _of_code(function: object) -> Iterator[str]:
    """Frameworks that the code of a function names, by its globals and closure."""
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, FunctionType):
        return
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    closed: dict[str, object] = {}
    for name, cell in cells:
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for name in _names(function.__code__):
        thing = closed.get(name, function.__globals__.get(name))
        if thing is not None and (framework := _of_thing(thing)) is not None:
            yield framework


def _names(code: CodeType) -> Iterator[str]:
    """Names that a code object and those inside it use."""
    yield from code.co_names
    yield from code.co_freevars
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


def _of_thing(thing: object) -> str | None:
    if isinstance(thing, ModuleType):
        return _of_name(thing.__name__)
    return _of_name(getattr(thing, "__module__", None)) or _by_class(thing)


def _of_source(code: str, setup: str) -> Iterator[str]:
    """Frameworks that source names, by the imports of its setup."""
    try:
        trees = ast.parse(setup), ast.parse(code)
    except SyntaxError:
        return
    known: dict[str, str] = {}
    for node in (each for tree in trees for each in ast.walk(tree)):
        if isinstance(node, ast.Import):
            for each in node.names:
                known[each.asname or each.name.partition(".")[0]] = each.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {each.asname or each.name: node.module for each in node.names}
    for node in ast.walk(trees[1]):
        if isinstance(node, ast.Name):
            root = known.get(node.id, node.id).partition(".")[0]
            if root in ROOTS:
                yield ROOTS[root]


def mode_of(contender: Any) -> Mode:
    """The mode in which a contender runs as it is: what its framework compiles is `compiled`, a
    `tf.function` without XLA is `graph`."""
    if isinstance(contender, CompiledByTorch):
        return "compiled"
    target = contender.func if isinstance(contender, partial) else contender
    module, name = type(target).__module__, type(target).__name__
    if name == "PjitFunction":
        return "compiled"
    if module.startswith("tensorflow") and hasattr(target, "get_concrete_function"):
        return "compiled" if getattr(target, "_jit_compile", False) else "graph"
    return "eager"
