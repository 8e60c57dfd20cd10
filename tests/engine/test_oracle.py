"""The oracle's answers, against finite differences and a training loop written here in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xbench.contracts import Spec
from xbench.ops import get_op
from xbench.ops.base import Inputs

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
SIZES: dict[str, int | str] = {"n": 7, "d": 3, "h": 5, "o": 2}


def made(op: str, seed: int = 5, /, **params: int | str) -> tuple[Spec, Inputs]:
    """A double precision workload with its inputs."""
    spec = get_op(op).spec("float64", **params)
    return spec, get_op(op).inputs(spec, np.random.default_rng(seed))


def answer(spec: Spec, inputs: Inputs, calls: int = 1) -> Arrays:
    """The oracle's exact values, whole."""
    found: dict[str, list[Array]] = {}
    for block in get_op(spec.op).expected(spec, inputs, calls):
        found.setdefault(block.name, []).append(block.exact)
    return {
        name: parts[0] if parts[0].ndim == 0 else np.concatenate(parts, -1)
        for name, parts in found.items()
    }


def loss_of(kind: str, batch: Arrays) -> float:
    """The network's loss, written without a shared line."""
    total = 0.0
    for sample, target in zip(batch["x"], batch["y"], strict=True):
        hidden = [
            max(0.0, float(sample @ batch["w1"][:, j]) + (batch["b1"][j] if "b1" in batch else 0.0))
            for j in range(batch["w1"].shape[1])
        ]
        for k in range(batch["w2"].shape[1]):
            y = sum(h * w for h, w in zip(hidden, batch["w2"][:, k], strict=True))
            y += batch["b2"][k] if "b2" in batch else 0.0
            if kind == "bce":
                p = 1.0 / (1.0 + np.exp(-y))
                total -= target[k] * np.log(p) + (1 - target[k]) * np.log(1 - p)
            else:
                total += (y - target[k]) ** 2
    return float(total if kind == "sse" else total / batch["y"].size)


def slopes(kind: str, batch: Arrays, names: tuple[str, ...], step: float = 1e-6) -> Arrays:
    """Central differences of the loss in every parameter."""
    found = {}
    for name in names:
        slope = np.zeros_like(batch[name])
        for place in np.ndindex(slope.shape):
            moved = {each: array.copy() for each, array in batch.items()}
            moved[name][place] += step
            above = loss_of(kind, moved)
            moved[name][place] -= 2 * step
            slope[place] = (above - loss_of(kind, moved)) / (2 * step)
        found[name] = slope
    return found


@pytest.mark.parametrize("bias", [0, 1])
@pytest.mark.parametrize("loss", ["mse", "sse", "bce"])
def test_gradients_are_the_slopes_of_the_loss(loss: str, bias: int) -> None:
    spec, inputs = made("mlp_backward", **SIZES, loss=loss, bias=bias)
    names = ("w1", "b1", "w2", "b2") if bias else ("w1", "w2")
    exact = answer(spec, inputs)
    assert set(exact) == {"loss", *(f"d{name}" for name in names)}
    assert float(exact["loss"]) == pytest.approx(loss_of(loss, inputs.batch), rel=1e-12)
    for name, slope in slopes(loss, inputs.batch, names).items():
        np.testing.assert_allclose(exact[f"d{name}"], slope, rtol=1e-5, atol=1e-7)


def test_gradients_of_the_thin_network_are_the_slopes_of_its_loss() -> None:
    spec, inputs = made("mlp_backward", n=9, d=1, h=4, o=1, loss="mse")
    exact = answer(spec, inputs)
    for name, slope in slopes("mse", inputs.batch, ("w1", "b1", "w2", "b2")).items():
        np.testing.assert_allclose(exact[f"d{name}"], slope, rtol=1e-5, atol=1e-7)


def test_elementwise_gradients_are_the_slopes_of_the_sum() -> None:
    spec, inputs = made("elementwise_grad", n=3, w=4)
    batch, exact, step = inputs.batch, answer(spec, inputs), 1e-5
    assert float(exact["loss"]) == pytest.approx(
        sum(float(x * w + z) for x, w, z in zip(*(batch[k].flat for k in "xwz"), strict=True))
    )
    for name in "xwz":
        for place in np.ndindex(3, 4):
            ends = []
            for sign in (1, -1):
                moved = {each: array.copy() for each, array in batch.items()}
                moved[name][place] += sign * step
                ends.append(float((moved["x"] * moved["w"] + moved["z"]).sum()))
            slope = (ends[0] - ends[1]) / (2 * step)
            assert exact[f"d{name}"][place] == pytest.approx(slope, abs=1e-8)


def test_forward_is_the_network() -> None:
    spec, inputs = made("mlp_forward", **SIZES)
    b = inputs.batch
    expected = [
        [float(np.maximum(x @ b["w1"] + b["b1"], 0) @ b["w2"][:, k] + b["b2"][k]) for k in range(2)]
        for x in b["x"]
    ]
    np.testing.assert_allclose(answer(spec, inputs)["y"], expected, rtol=1e-12)


def test_products_and_streams_are_what_they_say() -> None:
    for op in ("matmul", "linear"):
        spec, inputs = made(op, m=4, k=5, n=6)
        left, right, *bias = inputs.batch.values()
        expected = np.einsum("ik,kj->ij", left, right) + (bias[0] if bias else 0.0)
        np.testing.assert_allclose(answer(spec, inputs)["y"], expected, rtol=1e-12)
    for op in ("noop", "copy", "triad", "elementwise"):
        spec, inputs = made(op, n=4, w=20_000)  # several chunks
        b = inputs.batch
        formulas = {
            "triad": lambda b=b: b["x"] + 3 * b["w"],
            "elementwise": lambda b=b: b["x"] * b["w"] + b["z"],
        }
        expected = formulas[op]() if op in formulas else b["x"]
        np.testing.assert_allclose(answer(spec, inputs)["y"], expected, rtol=1e-14)


def trained(loss: str, optimizer: str, inputs: Inputs, steps: int, h: int) -> Arrays:
    """Parameters after some steps, from finite differences and the textbook's formulas."""
    names = [name for name in ("w1", "b1", "w2", "b2") if name in inputs.state]
    theta: Arrays = {name: inputs.state[name].copy() for name in names}
    m = {name: np.zeros_like(theta[name]) for name in names}
    v = {name: np.zeros_like(theta[name]) for name in names}
    for t in range(1, steps + 1):
        gradient = slopes(loss, inputs.batch | theta, tuple(names))
        for name in names:
            g = gradient[name]
            if optimizer == "sgd":
                theta[name] = theta[name] - 1e-4 / h * g
                continue
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.999 * v[name] + 0.001 * g * g
            corrected = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
            theta[name] = theta[name] - 1e-3 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    return theta


@pytest.mark.parametrize("bias", [0, 1])
@pytest.mark.parametrize(
    ("optimizer", "loss"), [("adam", "mse"), ("sgd", "sse"), ("adam", "bce"), ("sgd", "mse")]
)
def test_steps_are_those_of_a_loop_written_here(optimizer: str, loss: str, bias: int) -> None:
    spec, inputs = made("mlp_train", **SIZES, optimizer=optimizer, loss=loss, bias=bias)
    for steps in (1, 3):
        exact = answer(spec, inputs, steps)
        expected = trained(loss, optimizer, inputs, steps, 5)
        for name, values in expected.items():
            change = values - inputs.state[name]
            off = np.linalg.norm(exact[name] - values)
            assert off <= 1e-4 * np.linalg.norm(change), name
        before = trained(loss, optimizer, inputs, steps - 1, 5)
        assert float(exact["loss"]) == pytest.approx(loss_of(loss, inputs.batch | before), rel=1e-6)
        if optimizer == "adam":
            assert float(exact["t"]) == steps


def test_training_does_not_touch_the_inputs() -> None:
    spec, inputs = made("mlp_train", **SIZES, optimizer="adam", loss="mse")
    before = {name: array.copy() for name, array in (inputs.batch | inputs.state).items()}
    answer(spec, inputs, 3)
    for name, array in (inputs.batch | inputs.state).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("chunk", [8, 40])
def test_chunks_do_not_change_the_answer(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cases: dict[str, dict[str, int | str]] = {
        "mlp_backward": {"loss": "mse"},
        "mlp_train": {"optimizer": "adam", "loss": "mse"},
    }
    for op, more in cases.items():
        spec, inputs = made(op, n=4, d=3, h=33, o=2, **more)
        whole = answer(spec, inputs, 2)
        with monkeypatch.context() as patch:
            patch.setattr("xbench.ops.mlp_exact.CHUNK_ELEMENTS", chunk)
            for name, values in answer(spec, inputs, 2).items():
                np.testing.assert_allclose(values, whole[name], rtol=1e-10, atol=1e-13)
