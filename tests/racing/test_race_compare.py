"""Whether results agree: honest ones do, and one wrong entry in a million does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xbench.ops.base import Block
from xbench.oracle.check import Answer
from xbench.racing import compare

Array = np.ndarray[Any, Any]


def given(
    name: str, values: Array, operands: int = 1 << 20, moved: Array | None = None
) -> compare.Given:
    bounds = {"y": compare.bound_of(values, str(values.dtype), operands, moved)}
    return compare.Given(name, {"y": values}, {"y": str(values.dtype)}, bounds)


def moved(function: Callable[[Array], Array], x: Array) -> Array:
    """The result with operands changed as the first look changes them."""
    signs = np.random.default_rng(0).integers(0, 2, x.shape) * 2 - 1
    return np.asarray(function((x * (1.0 + 2.0**-12 * signs)).astype(x.dtype)))


def one_by_one(x: Array) -> Array:
    return np.asarray(np.cumsum(x, axis=-1, dtype=x.dtype)[..., -1])


@pytest.mark.parametrize("seed", range(5))
def test_a_sum_that_cancels_agrees_with_one_in_another_order(seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal(1_000_000).astype("float32")
    pairwise = np.asarray(x.sum())
    found = given("numpy", pairwise, x.size, moved(np.sum, x))
    assert compare.difference(given("loop", one_by_one(x)), found) is None


def test_products_of_2048_agree_in_blocks() -> None:
    a, b = np.random.default_rng(0).random((2, 512, 2048), dtype="float32")
    whole = a @ b.T
    blocks = np.add.reduce([a[:, k : k + 64] @ b[:, k : k + 64].T for k in range(0, 2048, 64)])
    found = given("numpy", whole, 2 * a.size)
    assert compare.difference(given("blocks", blocks), found) is None


def test_one_wrong_entry_in_a_million_is_found() -> None:
    right = np.random.default_rng(0).random((1000, 1000), dtype="float32")
    wrong = right.copy()
    wrong[123, 45] += 0.1
    said = compare.difference(given("one", wrong), given("numpy", right))
    assert said is not None
    assert said.startswith("differs from numpy at [123, 45]: ")
    assert "(1 entry differs of 1000000, " in said


def test_shapes_dtypes_and_parts_must_be_the_same() -> None:
    right = given("numpy", np.ones(3, "float32"))
    shape = compare.difference(given("one", np.ones((3, 1), "float32")), right)
    assert shape == "has the shape (3, 1), and that of numpy is (3,): make both the same"
    dtype = compare.difference(given("one", np.ones(3)), right)
    assert dtype is not None
    assert dtype.startswith("is float64, and that of numpy is float32")
    two = compare.Given("two", {"y.0": np.ones(3), "y.1": np.ones(3)}, {}, {})
    parts = compare.difference(two, right)
    assert parts is not None
    assert parts.startswith("gives the parts 0, 1, and numpy gives one result")


def test_what_is_not_finite_must_be_in_the_same_places() -> None:
    right = np.array([1.0, np.nan, np.inf, -np.inf])
    assert compare.difference(given("one", right.copy()), given("numpy", right)) is None
    for place, value in ((0, np.nan), (1, 0.0), (2, -np.inf)):
        wrong = right.copy()
        wrong[place] = value
        said = compare.difference(given("one", wrong), given("numpy", right))
        assert said is not None
        assert f"[{place}]" in said


def test_whole_numbers_must_be_equal() -> None:
    right = np.arange(10)
    assert compare.difference(given("one", right.copy()), given("numpy", right)) is None
    said = compare.difference(given("one", np.where(right == 7, 8, right)), given("numpy", right))
    assert said == "differs from numpy at [7]: 8 against 7 (1 entry differs of 10)"


def test_most_decide_and_between_two_the_first() -> None:
    right, wrong = np.ones(3), np.zeros(3)
    named = {"a": wrong, "b": right, "c": right}
    best, others = compare.majority([given(name, each) for name, each in named.items()])
    assert (best, [*others]) == (1, [0])
    best, others = compare.majority([given("a", wrong), given("b", right)])
    assert (best, [*others]) == (0, [1])


def test_an_entry_without_a_bound_may_be_anything() -> None:
    """What is no finite number was compared before; the oracle asks nothing of it."""
    answer = Answer((3,), None)
    bound = np.array([1e-6, np.inf, 1e-6])
    answer.add(Block("y", np.array([1.0, 0.0, 3.0]), bound))
    assert answer.problem("y", {"y": np.array([1.0, np.nan, 3.0])}) is None
    wrong = answer.problem("y", {"y": np.array([1.0, np.nan, 4.0])})
    assert wrong is not None
    assert "1 of 3 values differ" in wrong
    unbounded = answer.problem("y", {"y": np.array([1.0, 0.0, np.nan])})
    assert unbounded == "y holds 1 values that are not finite"
