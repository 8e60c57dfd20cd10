"""Who is there: backends and suites by name, as data. Nothing is imported until it is asked for.

A third party adds a backend or a suite through the entry points `xbench.backends` and
`xbench.suites`; a user adds an op in a suite file with `add_op` and `implements`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from xbench.contracts import Backend, Factory, Probe, Variant
from xbench.errors import UsageError, XbenchError
from xbench.extensions import resolve
from xbench.ops import OPS, Op
from xbench.text import PLAIN_NAME, is_plain, near, one_line

if TYPE_CHECKING:
    from xbench.ops.suite import Preset, Suite, Sweep

# What other packages bring: backends and suites under entry points, by name.
#
# A package that claims a built-in name, cannot be imported, or brings what is no backend or suite
# is left out and named; everything else works on.


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


# Backends, suites and ops by name.

BACKENDS = {
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    "torch": "xbench.backends.torch_backend:TorchBackend",
    "tensorflow": "xbench.backends.tensorflow_backend:TensorflowBackend",
    "jax": "xbench.backends.jax_backend:JaxBackend",
}
OPTIONAL = {"jax"}
"""Where such a backend is not installed, only who asked for it is told so."""

SUITES = {
    "elementwise": "xbench.suites.elementwise:SUITE",
    "matmul": "xbench.suites.matmul:SUITE",
    "mlp": "xbench.suites.mlp:SUITE",
    "ceilings": "xbench.suites.ceilings:SUITE",
    "transfers": "xbench.suites.transfers:SUITE",
    "notebooks": "xbench.suites.claims.sweeps:SUITE",
}
PRESETS = "xbench.suites.presets:PRESETS"
_FACTORIES: dict[tuple[str, str], Factory] = {}
_for_now: dict[str, str] = {}


def backend_paths() -> dict[str, str]:
    """Backend name to "module:Class", built-in ones first."""
    return BACKENDS | _plugins("xbench.backends", BACKENDS).paths | _for_now


@contextmanager
def in_one_run(op: Op, backends: Mapping[str, str]) -> Iterator[None]:
    """Have an op, and backends that implement it alone, known while the block runs. In that time
    they take the place of what has the same name."""
    before = OPS.get(op.name)
    OPS[op.name] = op
    _for_now.update(backends)
    try:
        yield
    finally:
        _for_now.clear()
        del OPS[op.name]
        if before is not None:
            OPS[op.name] = before


def suite_paths() -> dict[str, str]:
    """Suite name to "module:attribute", built-in ones first."""
    return SUITES | plugin_suites()


def plugin_suites() -> dict[str, str]:
    """The suites that other packages bring; their modules may bring ops as well, so that workers
    and the oracle load them too."""
    return _plugins("xbench.suites", SUITES).paths


def left_out() -> tuple[str, ...]:
    """What other packages offer and cannot be had, a sentence each."""
    groups = ("xbench.backends", BACKENDS), ("xbench.suites", SUITES)
    return tuple(line for group, taken in groups for line in _plugins(group, taken).left_out)


def load_backend(name: str) -> Backend:
    """A new adapter object; its framework is not imported. Raises: UsageError."""
    paths = backend_paths()
    if name not in paths:
        raise UsageError(f"no backend is called {name!r}", near(name, paths))
    backend: Backend = resolve(paths[name])()
    return backend


def load_suite(name: str) -> Suite:
    """A suite by name. Raises: UsageError."""
    paths = suite_paths()
    if name not in paths:
        raise UsageError(f"no suite is called {name!r}", near(name, paths))
    suite: Suite = resolve(paths[name])
    return suite


def add_op(op: Op) -> Op:
    """Make a user's op known, for planning, oracle and workers.

    Raises: UsageError if its name is taken, or is no plain one."""
    if not is_plain(op.name):
        raise UsageError(f"an op cannot be called {op.name[:80]!r}", f"use {PLAIN_NAME}")
    if op.name in OPS:
        raise UsageError(f"an op called {op.name!r} exists already", "choose another name")
    OPS[op.name] = op
    return op


def implements(op: str, backend: str) -> Callable[[Factory], Factory]:
    """Decorator: this factory is how `backend` runs `op`; the plan checks the op's name."""

    def register(factory: Factory) -> Factory:
        _FACTORIES[op, backend] = factory
        return factory

    return register


def check_implementations() -> None:
    """Whether users' factories are for ops there are (a backend may be one that is not installed
    here). Raises: UsageError."""
    for op, backend in _FACTORIES:
        if op not in OPS:
            raise UsageError(f"implements({op!r}, {backend!r}): no such op", near(op, OPS))


def factory_of(backend: Backend, op: str) -> Factory:
    """The factory of an op on an opened backend: a user's, else the adapter's own."""
    return _FACTORIES.get((op, backend.name)) or backend.ops[op]


def not_installed(name: str, probe: Probe) -> str | None:
    """None if the backend of that name can be imported here, else why not and how to get it."""
    return None if probe.installed else f"{name} is not installed; {probe.hint}"


class Refusal(NamedTuple):
    """Why a combination does not run. `adapter_failed`: since its adapter could not say."""

    reason: str
    adapter_failed: bool = False


def why_not(backend: Backend, op: str, dtype: str, variant: Variant) -> Refusal | None:
    """None if the combination runs, else the reason; knows users' ops too. A dtype in which an
    op's results could not be judged is refused here, whatever an adapter says."""
    unsound = OPS[op].why_not(dtype) if op in OPS else None
    if unsound:
        return Refusal(unsound)
    if (op, backend.name) not in _FACTORIES:
        return _asked(backend, op, dtype, variant)
    probe = backend.probe()
    if variant.mode not in probe.modes:
        return Refusal(f"{backend.name} has no {variant.mode} mode")
    return None if dtype in probe.dtypes else Refusal(f"{backend.name} does not run {dtype}")


def _asked(backend: Backend, op: str, dtype: str, variant: Variant) -> Refusal | None:
    """What an adapter says; one that cannot say runs nothing."""
    try:
        reason = backend.supports(op, dtype, variant)
    except Exception as error:  # an adapter may be anybody's
        said = f"{backend.name}: supports() raised {type(error).__name__}: {error}"
        return Refusal(said, adapter_failed=True)
    return None if reason is None else Refusal(str(reason))


def _plugins(group: str, built_in: Iterable[str]) -> Plugins:
    check = _backend_problem if group == "xbench.backends" else _suite_problem
    return plugins(group, frozenset(built_in), check)


def _backend_problem(name: str, offered: Any) -> str | None:
    """Why a class is no backend of that name; what it raises is told by the caller."""
    backend = offered()
    if backend.name != name:
        return f"it calls itself {backend.name!r}"
    probe = backend.probe()
    return None if isinstance(probe, Probe) else f"its probe() gave {probe!r:.80}, not a Probe"


def _suite_problem(name: str, offered: Any) -> str | None:
    """Why an object is no suite. Its module has been imported, and may have brought factories."""
    from xbench.ops.suite import Suite

    strays = [key for key in _FACTORIES if key[0] not in OPS]
    for key in strays:
        del _FACTORIES[key]
    if strays:
        return f"it implements {strays[0][0]!r}, and there is no such op"
    return None if isinstance(offered, Suite) else f"it is {offered!r:.80}, not a Suite"


# Users' suite files: Python files that define `SUITE`, and may define ops and their factories.


def load_suites(names: Iterable[str]) -> None:
    """Have users' ops known in this process: of files, and of modules as "module:attribute"."""
    for name in names:
        if name.endswith(".py"):
            load_suite_file(Path(name))
        else:
            resolve(name)


_loaded: dict[Path, Suite] = {}
_declared: list[tuple[Sweep, object]] = []
"""Sweeps, and what made them, of files that declare their functions as ops."""


def declare(sweep: Sweep, made_by: object) -> None:
    """Have a sweep be part of the suite of the file that is being loaded."""
    _declared.append((sweep, made_by))


def _suite_of(module: ModuleType, where: Path, declared: Sequence[tuple[Sweep, object]]) -> Any:
    """The file's `SUITE`; without one, what its functions are declared as."""
    from xbench.ops.suite import Suite

    found = getattr(module, "SUITE", None)
    if found is None and declared:
        sweeps, made_by = zip(*declared, strict=True)
        return Suite(where.stem, f"the ops of {where.name}", sweeps, made_by)
    return found


def load_suite_file(path: Path) -> Suite:
    """Run the file once and return its `SUITE`. Raises: UsageError, saying what is wrong."""
    from xbench.ops.suite import Suite

    where = path.resolve()
    if where in _loaded:
        return _loaded[where]
    if not where.is_file():
        raise UsageError(f"there is no suite file {path}", "give the path of a Python file")
    name = f"xbench_suite_{len(_loaded)}_{where.stem}"
    source = importlib.util.spec_from_file_location(name, where)
    if source is None or source.loader is None:
        raise UsageError(f"{path} is not a Python file", "its name must end in .py")
    module = importlib.util.module_from_spec(source)
    sys.modules[name] = module
    before = len(_declared)
    try:
        source.loader.exec_module(module)
    except XbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path}: {type(error).__name__}: {error}", "fix the file") from error
    suite = _suite_of(module, where, _declared[before:])
    if not isinstance(suite, Suite):
        hint = "declare a function with @xbench.op, or give SUITE = Suite(name, about, sweeps)"
        raise UsageError(f"{path} defines no SUITE", hint)
    _loaded[where] = suite
    return suite


def presets() -> dict[str, Preset]:
    """The built-in presets by name."""
    found: dict[str, Preset] = resolve(PRESETS)
    return found


def get_preset(name: str) -> Preset:
    """A preset by name. Raises: UsageError."""
    found = presets()
    if name not in found:
        raise UsageError(f"no preset is called {name!r}", near(name, found))
    return found[name]
