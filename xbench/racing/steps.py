"""From a contender to the step that a worker times: with its arguments, and in its mode."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.extensions import resolve
from xbench.racing.contenders import CompiledByTorch, NamedFunction, SourceLine
from xbench.racing.payload import SIZE, TOKEN, Race, Sent, Workload
from xbench.racing.sending import function_of
from xbench.racing.trees import Fixed, Leaf, Tree, put_together, results

Call = Callable[[Tensors], Any]
"""Tensors by name -> what the contender returns for the arguments that are made of them."""


def race_step(backend: Backend, spec: Spec, variant: Variant) -> Step:
    """The step of one contender at one size."""
    race: Race = backend.race()  # type: ignore[attr-defined]  # a `RaceAdapter`
    sent: Sent = backend.sent  # type: ignore[attr-defined]
    width = spec[SIZE]
    call, traces = contender_call(backend, race, sent, width, variant)
    names = tuple(race.workloads[width].expected)
    if sent.may_return_nothing or names == ("y",):
        return Step(_single(call), traces=traces)
    return Step(_several(call), traces=traces)


def _single(call: Call) -> Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]:
    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, {"y": call(batch)}

    return run


def _several(call: Call) -> Callable[[Tensors, Tensors], tuple[Tensors, Tensors]]:
    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        return state, results(call(batch))

    return run


def contender_call(
    backend: Backend, race: Race, sent: Sent, width: int, variant: Variant
) -> tuple[Call, Callable[[], int]]:
    """The contender as it is timed, and how often it was traced; `setup` is run, outside the clock.

    Raises: whatever the contender's own code does."""
    work, trees = race.workloads[width], race.trees(width)
    function = _made(race.thing(sent.file), work, trees)
    if sent.framework != "numpy":
        device = backend.policy.device  # type: ignore[attr-defined]
        function = _of_framework(sent.framework, "placed")(function, device)
    if sent.one_source:
        function = _with_namespace(function, sent.framework)
    if sent.setup:
        function = _with_state(function, race, sent, backend, work, trees)
    if not sent.asked or variant.mode == "eager":
        return _of_tensors(function, work, trees), _own_traces(function, sent, variant)
    return _compiled(sent.framework, variant, function, work, trees)


def _made(thing: Any, work: Workload, trees: tuple[Tree, ...]) -> Any:
    match thing:
        case SourceLine():
            named = zip(work.names, trees, strict=True) if work.names else ()
            known = {name: each.value for name, each in named if isinstance(each, Fixed)}
            return function_of(thing.code, thing.setup, work.names, known)
        case NamedFunction() | CompiledByTorch():
            return thing.made()
    return thing


def _with_namespace(function: Any, framework: str) -> Any:
    """A function of `xp` and its arguments, with the framework's namespace for `xp`."""
    xp = namespace_of(framework)
    return lambda *arguments, **named: function(xp, *arguments, **named)


def namespace_of(framework: str) -> Any:
    """The framework by the names of the Python array API standard."""
    if framework == "numpy":
        import array_api_compat.numpy

        return array_api_compat.numpy
    return _of_framework(framework, "namespace")()


def _of_framework(framework: str, name: str) -> Any:
    return resolve(f"xbench.backends.{framework}_functions:{name}")


def _with_state(
    function: Any,
    race: Race,
    sent: Sent,
    backend: Backend,
    work: Workload,
    trees: tuple[Tree, ...],
) -> Any:
    """The contender with what its `setup` made of the arguments as its first argument."""
    operands = {name: race.array(each.file) for name, each in work.operands.items()}
    tensors = {name: backend.put(each) for name, each in operands.items()}
    state = _of_tensors(race.thing(sent.setup), work, trees)(tensors)
    return lambda *arguments, **named: function(state, *arguments, **named)


def _of_tensors(function: Any, work: Workload, trees: tuple[Tree, ...]) -> Call:
    """The contender as a function of tensors by name. Arguments that are arrays cost as much as in
    a user's own call; others are put together once for each set of tensors, not for each call."""
    if not work.names and trees and all(isinstance(each, Leaf) for each in trees):
        names = [each.name for each in trees if isinstance(each, Leaf)]
        if len(names) == 1:
            (name,) = names
            return lambda batch: function(batch[name])
        pick = itemgetter(*names)
        return lambda batch: function(*pick(batch))
    return _put_together_once(function, work.names, trees)


def _put_together_once(function: Any, names: tuple[str, ...], trees: tuple[Tree, ...]) -> Call:
    seen: Tensors | None = None
    positional: list[Any] = []
    named: Tensors = {}

    def call(batch: Tensors) -> Any:
        nonlocal seen, positional, named
        if batch is not seen:
            made = [put_together(each, batch) for each in trees]
            positional, named = ([], dict(zip(names, made, strict=True))) if names else (made, {})
            seen = batch
        return function(*positional, **named)

    return call


def _own_traces(function: Any, sent: Sent, variant: Variant) -> Callable[[], int]:
    """How often what a user compiled himself was traced, where it tells. What torch compiled does
    not tell, but torch does."""
    if sent.framework == "torch" and variant.mode == "compiled":
        graphs: Callable[[], int] = _of_framework("torch", "graphs")
        return graphs
    for name in ("_cache_size", "experimental_get_tracing_count"):
        count = getattr(function, name, None)
        if callable(count):
            return lambda: int(count())
    return lambda: 0


def _compiled(
    framework: str, variant: Variant, function: Any, work: Workload, trees: tuple[Tree, ...]
) -> tuple[Call, Callable[[], int]]:
    """The contender as one function of its arrays, compiled by its framework: what is no array is
    a constant to the compiler."""
    names = tuple(name for name in work.operands if name != TOKEN)
    pick: Callable[[Tensors], tuple[Any, ...]] = lambda batch: tuple(map(batch.get, names))  # noqa: E731
    flat = _of_arrays(function, names, work, trees)
    made, traces = _of_framework(framework, "compiled")(flat, variant.mode)
    return lambda batch: made(*pick(batch)), traces


def _of_arrays(
    function: Any, names: tuple[str, ...], work: Workload, trees: tuple[Tree, ...]
) -> Any:
    """The contender as a function of its arrays by position: itself where that is what it is, so
    that a compiler sees no more than the user's own code."""
    if not work.names and all(isinstance(each, Leaf) for each in trees):
        return function

    def flat(*tensors: Any) -> Any:
        batch = dict(zip(names, tensors, strict=True))
        made = [put_together(each, batch) for each in trees]
        return (
            function(**dict(zip(work.names, made, strict=True))) if work.names else function(*made)
        )

    return flat
