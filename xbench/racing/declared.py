"""`@xbench.op`: one function of `xp` and its arguments as an op, for suites and what runs them.

Its exact answer is the function itself on NumPy in float64; how far a result may be from that is
measured as in a race (`compare.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xbench.contracts import Backend, Factory, Spec, Step, Tensors, Variant
from xbench.errors import UsageError
from xbench.extensions import resolve
from xbench.ops.base import ITEM_BYTES, Block, Cost, Inputs, Op, TensorShapes
from xbench.ops.suite import Suite, Sweep
from xbench.racing import compare
from xbench.racing.contenders import FRAMEWORKS
from xbench.racing.look import told
from xbench.racing.steps import namespace_of
from xbench.racing.trees import Leaf, Tree, put_together, result_array, results, take_apart
from xbench.registry import add_op, declare, implements, load_suite_file

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

F = TypeVar("F", bound=Callable[..., Any])
SIZE = "n"


@dataclass(frozen=True, slots=True)
class Declared:
    """A function with the arguments of each size, as the decorator got them."""

    name: str
    function: Callable[..., Any]
    args: Callable[[int], Any]
    over: tuple[int, ...]

    def trees(self, n: int) -> tuple[tuple[Tree, ...], Tensors]:
        """The arguments of one size, and their arrays by name. Raises: UsageError for an array of
        what is no float: every tensor of an op has the op's dtype."""
        import numpy as np

        np.random.seed(n % (1 << 32))  # the same in every process
        try:
            made = self.args(n)
        except Exception as error:
            raise UsageError(
                f"{self.name}: args({n}) raised {told(error)}", "repair args"
            ) from None
        arrays: Tensors = {}
        given = made if isinstance(made, tuple) else (made,)
        trees = tuple(take_apart(each, f"a{place}", arrays) for place, each in enumerate(given))
        wrong = [name for name, each in arrays.items() if np.asarray(each).dtype.kind != "f"]
        if wrong or not arrays:
            what = f"{wrong[0]} holds no floats" if wrong else "args gives no array"
            raise UsageError(f"{self.name}: {what}", "make it inside the function, or use race")
        return trees, {name: np.asarray(each) for name, each in arrays.items()}

    def call(self, xp: Any, trees: tuple[Tree, ...], tensors: Tensors) -> Any:
        """The function of these tensors."""
        return self.function(xp, *(put_together(each, tensors) for each in trees))


def declared(function: F, args: Callable[[int], Any], over: Iterable[int], name: str | None) -> F:
    """Make a function an op of its own name, and part of its file's suite; it stays what it is.

    Raises: UsageError where the name is taken, or sizes are no whole numbers."""
    sizes = tuple(over)
    if not sizes or any(type(each) is not int or each < 1 for each in sizes):
        raise UsageError(f"over is {sizes!r}", "whole numbers from 1 on, such as over=[64, 512]")
    mine = Declared(name or function.__name__, function, args, sizes)
    add_op(_op(mine))
    for backend in FRAMEWORKS:
        implements(mine.name, backend)(_factory(mine, backend))
    declare(Sweep(mine.name, f"{mine.name} n", lambda n: {SIZE: n}, sizes), mine)
    return function


def declared_in(path: Path) -> tuple[Declared, ...]:
    """What a file declares, in its order. Raises: UsageError."""
    suite: Suite = load_suite_file(path)
    return tuple(each for each in suite.declared if isinstance(each, Declared))


def _op(mine: Declared) -> Op:
    @cache
    def known(n: int) -> tuple[Tensors, dict[str, Array]]:
        """The arrays of one size, and the results on NumPy in float64."""
        trees, arrays = mine.trees(n)
        return arrays, _exact(mine, trees, arrays)

    def tensors(spec: Spec) -> TensorShapes:
        arrays, exact = known(spec[SIZE])
        batch = {name: each.shape for name, each in arrays.items()}
        return TensorShapes(batch, {name: each.shape for name, each in exact.items()})

    def cost(spec: Spec) -> Cost:
        touched = tensors(spec)
        entries = touched.elements("batch") + touched.elements("outputs")
        return Cost(0, 0, 2 * entries * ITEM_BYTES[spec.dtype])

    def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
        arrays, _ = known(spec[SIZE])
        return Inputs({name: each.astype(spec.dtype) for name, each in arrays.items()})

    def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
        trees, _ = mine.trees(spec[SIZE])
        yield from _answers(mine, trees, given.batch, spec.dtype)

    return Op(mine.name, (SIZE,), tensors, cost, inputs, expected)


def _exact(mine: Declared, trees: tuple[Tree, ...], arrays: Tensors) -> dict[str, Array]:
    """The results on NumPy in float64."""
    wide = {name: each.astype("float64") for name, each in arrays.items()}
    found = results(mine.call(namespace_of("numpy"), trees, wide))
    return {name: result_array(each) for name, each in found.items()}


def _answers(
    mine: Declared, trees: tuple[Tree, ...], given: Tensors, dtype: str
) -> Iterator[Block]:
    import numpy as np

    rng = np.random.default_rng(0)
    other = {
        name: compare.nudged(each.astype("float64"), dtype, rng) for name, each in given.items()
    }
    exact, moved = _exact(mine, trees, given), _exact(mine, trees, other)
    entries = sum(prod(each.shape) for each in given.values())
    for name, each in exact.items():
        bound = compare.bound_of(each, dtype, entries, moved.get(name))
        yield Block(name, each, np.broadcast_to(bound, each.shape))


def _factory(mine: Declared, framework: str) -> Factory:
    def make(backend: Backend, spec: Spec, variant: Variant) -> Step:
        trees, arrays = mine.trees(spec[SIZE])
        names = tuple(arrays)
        plain = all(isinstance(each, Leaf) for each in trees)
        xp = namespace_of(framework)
        whole = partial(mine.function, xp) if plain else _by_array(mine, xp, trees, names)
        function, traces = whole, _never
        if variant.mode != "eager":
            path = f"xbench.backends.{framework}_functions:compiled"
            function, traces = resolve(path)(whole, variant.mode)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            return state, results(function(*[batch[name] for name in names]))

        return Step(run, traces=traces)

    return make


def _never() -> int:
    return 0


def _by_array(
    mine: Declared, xp: Any, trees: tuple[Tree, ...], names: tuple[str, ...]
) -> Callable[..., Any]:
    def flat(*tensors: Any) -> Any:
        return mine.call(xp, trees, dict(zip(names, tensors, strict=True)))

    return flat
