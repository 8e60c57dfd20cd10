"""What a contender is: of which framework, in which mode, and what cannot be sent."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

from xbench.errors import UsageError
from xbench.racing.contenders import NamedFunction, SourceLine, framework_of, read_contender
from xbench.racing.request import read_arguments, read_contenders, read_time, slugs
from xbench.racing.sending import function_of, pickled
from xbench.racing.trees import Leaf, put_together, results, take_apart

LOCK = threading.Lock()


def locked(x: Any) -> Any:
    with LOCK:
        return x


@pytest.mark.parametrize(
    ("contender", "framework"),
    [
        (np.add, "numpy"),
        (np.sum, "numpy"),
        (lambda x: np.exp(x) + 1, "numpy"),
        (lambda x: x + x, None),
        (math.sin, None),
        (SourceLine("jnp.sum(x)", "import jax.numpy as jnp"), "jax"),
        (SourceLine("torch.sum(x)"), "torch"),
        (SourceLine("np.sum(x)", "import numpy as np"), "numpy"),
        (NamedFunction("torch.nn.functional:softmax"), "torch"),
        (NamedFunction("mine:softmax"), None),
    ],
)
def test_a_contender_says_whose_arrays_it_takes(contender: object, framework: str | None) -> None:
    assert framework_of(contender) == framework


def test_what_cannot_be_sent_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        pickled("the contender 'locked'", lambda x: locked(x) and LOCK.locked())
    assert "its 'LOCK' is a _thread.lock" in str(caught.value)
    assert "fresh=False" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "said"),
    [(3, "cannot be called"), ("x +", "is no Python: invalid syntax"), (None, "cannot be called")],
)
def test_what_is_no_contender_is_refused(given: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_contender(given)


def test_a_line_returns_its_last_expression() -> None:
    line = function_of("y = x * k\ny + 1", "k = n * 2", ("x", "n"), {"n": 3})
    assert line(x=1, n=3) == 7


def test_arguments_are_trees() -> None:
    x = np.ones(3)
    arrays: dict[str, Any] = {}
    tree = take_apart({"w": [x, 2], "name": "layer"}, "a0", arrays)
    assert [*arrays] == ["a0.w.0"]
    assert put_together(tree, {"a0.w.0": 5}) == {"w": [5, 2], "name": "layer"}
    assert take_apart(x, "a1", arrays) == Leaf("a1")
    assert [*results({"loss": 1.0, "parts": (x, None)})] == ["y.loss", "y.parts.0"]


@pytest.mark.parametrize(
    ("args", "over", "said"),
    [
        (lambda n: (np.ones(n),), None, "no sizes are given"),
        ((np.ones(3),), [1, 2], "args is no function of a size"),
        (lambda n: (np.ones(n),), [], "over holds no size"),
        (lambda n: (np.ones(n),), [2, 2], "names a size twice"),
        (lambda n: (np.ones(-n),), [2], r"args\(2\) raised ValueError: negative dimensions"),
        (lambda n: (np.ones(n),), [10**14], "does not fit into memory"),
    ],
)
def test_arguments_that_cannot_be_made_say_why(args: object, over: object, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_arguments(args, over, None)
    assert caught.value.hint


def test_names_that_are_no_contenders_are_refused() -> None:
    for where in ({"backends": {"b": "torch"}}, {"setup": {"b": print}}):
        wanted: dict[str, Any] = {"backends": None, "mode": None, "setup": None} | where
        with pytest.raises(UsageError, match="names 'b', no contender"):
            read_contenders({"a": np.add}, **wanted, default="numpy")
    with pytest.raises(UsageError, match="mode is 'fast'"):
        read_contenders({"a": np.add}, None, "fast", None, "numpy")


def test_times_and_names() -> None:
    assert [read_time(each) for each in ("20s", 2, "500ms", "2m", "0.5")] == [20, 2, 0.5, 120, 0.5]
    with pytest.raises(UsageError, match="budget is 'soon'"):
        read_time("soon")
    assert slugs(["a @ b", "a - b", "a/b"]) == ["a-b", "a---b", "a-b-2"]
