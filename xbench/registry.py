"""Who is there: backends and suites by name, as data. Nothing is imported until it is asked for.

A third party adds a backend or a suite through the entry points `xbench.backends` and
`xbench.suites`; a user adds an op in a suite file with `add_op` and `implements`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Factory, Probe, Variant
from xbench.errors import UsageError
from xbench.plugins import Plugins, plugins, resolve
from xbench.text import PLAIN_NAME, is_plain, near
from xbench.workloads import OPS, Op

if TYPE_CHECKING:
    from xbench.claims.model import ClaimSet
    from xbench.plan.suite import Suite

BACKENDS = {
    "numpy": "backends.numpy_backend:NumpyBackend",
    "torch": "backends.torch_backend:TorchBackend",
    "tensorflow": "backends.tensorflow_backend:TensorflowBackend",
    "jax": "backends.jax_backend:JaxBackend",
}
OPTIONAL = {"jax"}
"""Where such a backend is not installed, only who asked for it is told so."""

SUITES = {
    "elementwise": "suites.elementwise:SUITE",
    "matmul": "suites.matmul:SUITE",
    "mlp": "suites.mlp:SUITE",
    "ceilings": "suites.ceilings:SUITE",
    "transfers": "suites.transfers:SUITE",
    "notebooks": "suites.notebooks:SUITE",
}
ERRS = "supports() raised"
CLAIMS = {"notebooks": "suites.notebooks:CLAIMS"}
_FACTORIES: dict[tuple[str, str], Factory] = {}


def backend_paths() -> dict[str, str]:
    """Backend name to "module:Class", built-in ones first."""
    return BACKENDS | _plugins("xbench.backends", BACKENDS).paths


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


def load_claims(name: str) -> ClaimSet:
    """A list of claims by name. Raises: UsageError."""
    if name not in CLAIMS:
        raise UsageError(f"no list of claims is called {name!r}", near(name, CLAIMS))
    claims: ClaimSet = resolve(CLAIMS[name])
    return claims


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


def why_not(backend: Backend, op: str, dtype: str, variant: Variant) -> str | None:
    """None if the combination runs, else the reason; knows users' ops too. A dtype in which an
    op's results could not be judged is refused here, whatever an adapter says."""
    unsound = OPS[op].why_not(dtype) if op in OPS else None
    if unsound:
        return unsound
    if (op, backend.name) not in _FACTORIES:
        return _asked(backend, op, dtype, variant)
    probe = backend.probe()
    if variant.mode not in probe.modes:
        return f"{backend.name} has no {variant.mode} mode"
    return None if dtype in probe.dtypes else f"{backend.name} does not run {dtype}"


def _asked(backend: Backend, op: str, dtype: str, variant: Variant) -> str | None:
    """What an adapter says; one that cannot say runs nothing."""
    try:
        reason = backend.supports(op, dtype, variant)
    except Exception as error:  # an adapter may be anybody's
        return f"{backend.name}: {ERRS} {type(error).__name__}: {error}"
    return None if reason is None else str(reason)


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
    from xbench.plan.suite import Suite

    strays = [key for key in _FACTORIES if key[0] not in OPS]
    for key in strays:
        del _FACTORIES[key]
    if strays:
        return f"it implements {strays[0][0]!r}, and there is no such op"
    return None if isinstance(offered, Suite) else f"it is {offered!r:.80}, not a Suite"
