"""float16 and bfloat16: rounding, inputs, bounds that honest results pass and wrong ones do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from xbench.contracts import Spec, Variant
from xbench.ops import OPS, get_op
from xbench.ops.base import Inputs, normal
from xbench.ops.rounding import HALVES, UNIT_ROUNDOFF, rounded
from xbench.oracle.check import collect, judge
from xbench.plan.build import Row, build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.registry import load_backend, why_not
from xbench.suites.presets import PRESETS
from xbench.worker.cpu_ceilings import measure

Array = np.ndarray[Any, Any]
Results = dict[str, Array]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1.0, 1.0),
        (1.0 + 2.0**-8, 1.0),  # a tie, to even
        (1.0 + 3 * 2.0**-8, 1.0 + 2.0**-6),  # a tie, to even, upwards
        (1.0 + 2.0**-8 + 2.0**-23, 1.0 + 2.0**-7),
        (-1.0 - 2.0**-8 - 2.0**-23, -1.0 - 2.0**-7),
        (2.0**-133, 2.0**-133),  # the smallest
        (2.0**-134, 0.0),
        (3.4e38, float("inf")),
        (-0.0, -0.0),
    ],
)
def test_bfloat16_is_rounded_to_nearest_even(given: float, expected: float) -> None:
    (found,) = rounded(np.array([given], "float32"), "bfloat16")
    assert found == expected
    assert np.signbit(found) == np.signbit(expected)


def test_rounding_keeps_what_is_not_finite_and_what_is_rounded() -> None:
    odd = np.array([[np.inf, -np.inf], [np.nan, 7.0]], "float32")
    found = rounded(odd, "bfloat16")
    assert found.shape == (2, 2)
    assert np.array_equal(found, odd, equal_nan=True)
    values = np.random.default_rng(1).standard_normal(10_000, dtype="float32")
    for dtype in HALVES:
        once = rounded(values, dtype)
        assert np.array_equal(once, rounded(once.astype("float32"), dtype))
        off = abs(once.astype("float64") - values) / abs(values.astype("float64"))
        assert 0.9 < off.max() / UNIT_ROUNDOFF[dtype] <= 1.0


@pytest.mark.parametrize(("dtype", "held_as"), [("float16", "float16"), ("bfloat16", "float32")])
def test_inputs_hold_values_of_the_dtype_only(dtype: str, held_as: str) -> None:
    drawn = normal(np.random.default_rng(1), (37, 11), dtype)
    assert drawn.dtype == held_as
    assert 0.8 < drawn.astype("float64").std() < 1.2
    for op in (op for op in OPS.values() if not op.why_not_16_bits):
        made = spec(op.name, dtype)
        given = op.inputs(made, np.random.default_rng(1))
        for values in (given.batch | given.state).values():
            assert values.dtype == held_as
            assert np.array_equal(values, rounded(values.astype("float32"), dtype))


def spec(op: str, dtype: str, **sizes: int | str) -> Spec:
    """A spec of any op: the sizes given, else 24; the first of each choice."""
    choices = dict(get_op(op).choices)
    every = {name: choices.get(name, (24,))[0] for name in get_op(op).params}
    return get_op(op).spec(dtype, **{**every, **sizes})


def honest(made: Spec, given: Inputs) -> Results:
    """By NumPy in float32, each stored result rounded to the dtype."""

    def store(values: Array) -> Array:
        return rounded(np.asarray(values, "float32"), made.dtype).astype("float32")

    batch = {name: values.astype("float32") for name, values in given.batch.items()}
    if made.op == "elementwise":
        return {"y": store(store(batch["x"] * batch["w"]) + batch["z"])}
    if made.op == "matmul":
        return {"y": store(batch["a"] @ batch["b"])}
    if made.op == "linear":
        return {"y": store(store(batch["x"] @ batch["w1"]) + batch["b1"])}
    x, w1, w2 = (batch[name] for name in ("x", "w1", "w2"))
    h = np.maximum(store(store(x @ w1) + batch.get("b1", np.float32(0))), 0)
    y = store(store(h @ w2) + batch.get("b2", np.float32(0)))
    if made.op == "mlp_forward":
        return {"y": y}
    scale = np.float32(1.0 if made.text("loss") == "sse" else 1.0 / y.size)
    difference = store(y - batch["y"])
    e = store(2 * scale * difference)
    dh = store(e @ w2.T) * (h > 0)
    found = {
        "loss": store(scale * store(difference**2).sum()),
        "dw1": store(x.T @ dh),
        "dw2": store(h.T @ e),
    }
    biases = {"db1": store(dh.sum(0)), "db2": store(e.sum(0))} if made["bias"] else {}
    return found | biases


def verdict(made: Spec, given: Inputs, results: Results) -> list[str]:
    """What the oracle finds wrong."""
    op = get_op(made.op)
    answers = collect(op.expected(made, given, 1), op.tensors(made).outputs, {})
    return judge(answers, results)


SIZED: list[tuple[str, dict[str, int | str]]] = [
    ("elementwise", {"n": 100, "w": 512}),
    ("matmul", {"m": 64, "k": 1000, "n": 512}),
    ("matmul", {"m": 100, "k": 1, "n": 512}),
    ("linear", {"m": 64, "k": 1000, "n": 512}),
    ("mlp_forward", {"n": 100, "d": 1, "h": 20480, "o": 1}),
    ("mlp_forward", {"n": 64, "d": 1000, "h": 512, "o": 10, "bias": 0}),
    ("mlp_backward", {"n": 100, "d": 1, "h": 20480, "o": 1, "loss": "mse"}),
    ("mlp_backward", {"n": 64, "d": 1000, "h": 512, "o": 10, "bias": 0, "loss": "sse"}),
]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(("op", "sizes"), SIZED)
def test_float32_sums_rounded_once_stored_pass(
    op: str, sizes: dict[str, int | str], dtype: str
) -> None:
    made = spec(op, dtype, **sizes)
    given = get_op(op).inputs(made, np.random.default_rng(5))
    results = honest(made, given)
    assert all(np.isfinite(each).all() for each in results.values())
    assert verdict(made, given, results) == []


def coarse(values: Array) -> Array:
    """float16 values as a unit for bfloat16 would take them."""
    return rounded(values.astype("float32"), "bfloat16").astype(values.dtype)


def test_products_of_float16_by_bfloat16_units_are_refused() -> None:
    made = spec("matmul", "float16", m=64, k=1000, n=512)
    given = get_op("matmul").inputs(made, np.random.default_rng(5))
    wrong = Inputs({name: coarse(values) for name, values in given.batch.items()})
    (problem,) = verdict(made, given, honest(made, wrong))
    assert "by more than the rounding bound" in problem


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("op", ["matmul", "linear"])
def test_a_dropped_term_is_refused(op: str, dtype: str) -> None:
    made = spec(op, dtype, m=64, k=1000, n=512)
    given = get_op(op).inputs(made, np.random.default_rng(5))
    left = "a" if op == "matmul" else "x"
    dropped = given.batch | {left: given.batch[left].copy()}
    dropped[left][3, 500] = 0
    assert verdict(made, given, honest(made, Inputs(dropped)))


def _zeroed(results: Results) -> Results:
    return {name: np.zeros_like(each) for name, each in results.items()}


def _negated(results: Results) -> Results:
    return {n: -each if n.startswith("d") or n == "y" else each for n, each in results.items()}


def _doubled(results: Results) -> Results:
    return {name: 2 * each for name, each in results.items()}


def _shifted(results: Results) -> Results:
    return {name: np.roll(each, 1) if each.ndim else each for name, each in results.items()}


@pytest.mark.parametrize("wrong", [_zeroed, _negated, _doubled, _shifted])
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(("op", "sizes"), [each for each in SIZED if each[0].startswith("mlp")])
def test_a_wrong_network_is_refused_in_each_of_its_outputs(
    op: str, sizes: dict[str, int | str], dtype: str, wrong: Callable[[Results], Results]
) -> None:
    """Zeros, another sign, a factor of 2, a gradient of the neighbour's."""
    made = spec(op, dtype, **sizes)
    given = get_op(op).inputs(made, np.random.default_rng(5))
    results = honest(made, given)
    for name, values in wrong(results).items():
        if not np.array_equal(values, results[name]):
            assert verdict(made, given, results | {name: values}), name


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("backend", ["numpy", "torch", "tensorflow"])
@pytest.mark.parametrize(("op", "word"), [("mlp_train", "master"), ("elementwise_grad", "loss")])
def test_every_backend_refuses_alike(op: str, word: str, backend: str, dtype: str) -> None:
    adapter = load_backend(backend)
    refusal = why_not(adapter, op, dtype, Variant("eager", adapter.probe().default_gradient))
    assert refusal is not None
    reason = refusal.reason
    assert reason.startswith(f"{op} is not measured in {dtype}")
    assert word in reason
    if dtype in adapter.probe().dtypes:
        assert adapter.supports(op, dtype, Variant("eager", "manual")) == reason


def plan(**axes: str) -> list[Row]:
    """The rows of preset quick with the given patterns."""
    chosen = {axis: tuple(text.split()) for axis, text in axes.items()}
    return build_rows(Selection(PRESETS["quick"], (), chosen), ("cpu",), 2)


def test_a_dtype_spelt_out_says_why_it_cannot_be() -> None:
    found = {
        (row.cell.worker.backend, row.cell.spec.op): row.reason
        for row in plan(op="mlp_train matmul", width="512", dtype="bfloat16", mode="eager")
    }
    assert found["numpy", "matmul"] == "NumPy has no bfloat16"
    assert "master weights" in found["numpy", "mlp_train"]
    assert not found.get(("torch", "matmul"))
    by_pattern = plan(op="mlp_train matmul", width="512", dtype="*16", backend="numpy")
    assert {row.cell.spec.op for row in by_pattern} == {"matmul"}


def test_numpys_float16_product_is_known_to_be_slow() -> None:
    rows = plan(op="matmul", width="204800", dtype="float16 float32", backend="numpy", mode="eager")
    planned = make_plan(rows, 1, 1.0, 2, 64 << 30)
    wide, half = sorted(planned.rows, key=lambda row: row.cell.spec.dtype == "float16")
    assert half.status == "skipped"
    assert wide.status is None


@pytest.mark.parametrize("dtype", HALVES)
def test_numpy_gives_no_ceiling_of_16_bit_products(dtype: str) -> None:
    found = measure(dtype, 1, 0.01, 1 << 30)
    assert found.compute is None
    assert found.matrix_n == 0
    assert f"no BLAS of NumPy's multiplies {dtype}" in found.reason
    if found.bandwidth is not None:
        assert found.bandwidth.best > 0
