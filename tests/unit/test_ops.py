"""Workloads: costs against numbers worked out by hand, and inputs that are the same everywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xbench.contracts import Spec
from xbench.ops import OPS, get_op
from xbench.ops.base import Cost
from xbench.oracle.serve_oracle import Oracle
from xbench.process.messages import InputFiles, PrepareRequest, ReleaseRequest

THICK: dict[str, int | str] = {"n": 64, "d": 1000, "h": 100, "o": 10, "bias": 0}
THIN: dict[str, int | str] = {"n": 100, "d": 1, "h": 20480, "o": 1}
MB = 10**6


def spec(op: str, dtype: str = "float32", /, **params: int | str) -> Spec:
    """A checked spec."""
    return get_op(op).spec(dtype, **params)


@pytest.mark.parametrize(
    ("op", "flop", "least", "eager", "operators"),
    [
        ("noop", 0, 0, 0, 0),
        ("copy", 0, 2, 2, 1),
        ("triad", 2, 3, 5, 2),
        ("elementwise", 2, 4, 6, 2),
        ("elementwise_grad", 5, 6, 14, 6),
    ],
)
@pytest.mark.parametrize(("dtype", "item"), [("float32", 4), ("float64", 8)])
def test_streams_cost_per_entry(
    op: str, flop: int, least: int, eager: int, operators: int, dtype: str, item: int
) -> None:
    entries = 100 * 512
    expected = Cost(flop * entries, least * entries * item, eager * entries * item, operators)
    assert get_op(op).cost(spec(op, dtype, n=100, w=512)) == expected


def test_products_cost_by_hand() -> None:
    sizes: dict[str, int | str] = {"m": 64, "k": 1000, "n": 512}
    matmul = get_op("matmul").cost(spec("matmul", **sizes))
    assert matmul.flop == 65_536_000
    assert matmul.min_bytes == 4 * (64_000 + 512_000 + 32_768)
    linear = get_op("linear").cost(spec("linear", **sizes))
    assert linear.flop == 65_536_000 + 32_768
    assert linear.min_bytes == matmul.min_bytes + 4 * 512


def test_the_notebooks_network_takes_26_mflop_a_step() -> None:
    """N, D, H, O = 64, 1000, 100, 10 without biases: P = 101 000 parameters.

    forward 2·64·1000·100 + 2·64·100·10 = 12 928 000; gradients: that again, and for w2 twice."""
    products = 4 * 64 * 1000 * 100 + 6 * 64 * 100 * 10
    found = get_op("mlp_train").cost(spec("mlp_train", **THICK, optimizer="sgd", loss="sse"))
    assert products == 25_984_000
    assert found.flop == products + 4 * 6400 + 4 * 640 + 2 * 101_000
    assert found.flop == pytest.approx(26.2 * MB, rel=0.001)


def test_forward_and_backward_cost_by_hand() -> None:
    hidden, parameters = 100 * 20480, 3 * 20480 + 1
    forward = get_op("mlp_forward").cost(spec("mlp_forward", **THIN))
    assert forward.flop == 6 * hidden + 100
    assert forward.min_bytes == 4 * (100 + parameters + 100)
    assert forward.eager_bytes == forward.min_bytes + 16 * hidden
    backward = get_op("mlp_backward").cost(spec("mlp_backward", **THIN, loss="mse"))
    assert backward.flop == 14 * hidden + 400
    assert backward.min_bytes == 4 * (100 + 2 * parameters + 200)
    assert backward.eager_bytes == backward.min_bytes + 44 * hidden


def test_adam_and_gradient_descent_cost_by_hand() -> None:
    parameters = 3 * 20480 + 1
    backward = get_op("mlp_backward").cost(spec("mlp_backward", **THIN, loss="mse"))
    for optimizer, flop, fused, eager in (("adam", 14, 6, 10), ("sgd", 2, 2, 2)):
        step = get_op("mlp_train").cost(spec("mlp_train", **THIN, optimizer=optimizer, loss="mse"))
        assert step.flop == backward.flop + flop * parameters
        assert step.min_bytes == backward.min_bytes + 4 * fused * parameters
        assert step.eager_bytes == backward.eager_bytes + 4 * eager * parameters


def test_operators_by_hand() -> None:
    """x @ w1, + b1, relu, @ w2, + b2; the sums fall away without biases."""
    assert get_op("matmul").cost(spec("matmul", m=2, k=2, n=2)).operators == 1
    assert get_op("linear").cost(spec("linear", m=2, k=2, n=2)).operators == 2
    counts = {
        (sizes["d"], op, more.get("optimizer")): get_op(op)
        .cost(spec(op, **sizes, **more))
        .operators
        for sizes in (THIN, THICK)
        for op, more in (
            ("mlp_forward", {}),
            ("mlp_backward", {"loss": "mse"}),
            ("mlp_train", {"loss": "mse", "optimizer": "sgd"}),
            ("mlp_train", {"loss": "mse", "optimizer": "adam"}),
        )
    }
    assert list(counts.values()) == [5, 16, 16 + 8, 16 + 54, 3, 12, 12 + 4, 12 + 30]


@pytest.mark.parametrize("width", [512, 20480, 204800])
def test_the_thin_network_is_never_bound_by_arithmetic(width: int) -> None:
    """0.32 FLOP a byte eagerly, 12 if all were fused."""
    step = spec("mlp_train", n=100, d=1, h=width, o=1, optimizer="adam", loss="mse")
    found = get_op("mlp_train").cost(step)
    assert found.flop / found.eager_bytes == pytest.approx(0.32, abs=0.02)
    forward = get_op("mlp_backward").cost(spec("mlp_backward", **{**THIN, "h": width}, loss="mse"))
    assert forward.flop / forward.eager_bytes == pytest.approx(0.32, abs=0.02)


@pytest.mark.parametrize("op", OPS)
def test_fused_bytes_never_exceed_eager_ones(op: str) -> None:
    choices = dict(get_op(op).choices)
    sized = {name: choices.get(name, (7,))[0] for name in get_op(op).params}
    cost = get_op(op).cost(spec(op, **sized))
    assert 0 <= cost.min_bytes <= cost.eager_bytes


def sized(op: str, size: int = 6) -> Spec:
    """A small spec of any built-in op."""
    choices = dict(get_op(op).choices)
    return spec(op, **{name: choices.get(name, (size,))[-1] for name in get_op(op).params})


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_have_the_promised_shapes_and_dtype(op: str, dtype: str) -> None:
    made = Spec(op, sized(op).params, dtype)
    tensors, inputs = get_op(op).tensors(made), get_op(op).inputs(made, np.random.default_rng(5))
    for shapes, arrays in ((tensors.batch, inputs.batch), (tensors.state, inputs.state)):
        assert {name: array.shape for name, array in arrays.items()} == shapes
        assert {str(array.dtype) for array in arrays.values()} <= {dtype}
        assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("op", OPS)
def test_answers_have_the_promised_shapes(op: str) -> None:
    made = sized(op)
    tensors = get_op(op).tensors(made)
    inputs = get_op(op).inputs(made, np.random.default_rng(5))
    width: dict[str, int] = {}
    for block in get_op(op).expected(made, inputs, 1):
        assert block.exact.dtype == np.float64
        assert block.start == width.get(block.name, 0)
        width[block.name] = block.start + (block.exact.shape[-1] if block.exact.ndim else 0)
    shapes = tensors.outputs | tensors.state
    assert width == {name: shape[-1] if shape else 0 for name, shape in shapes.items()}


def prepared(folder: Path, seed: int, op: str = "mlp_train") -> InputFiles:
    """What the oracle says of a workload's inputs."""
    return Oracle(folder, seed).prepare(PrepareRequest(sized(op)))


def test_inputs_follow_from_the_seed(tmp_path: Path) -> None:
    first, again = prepared(tmp_path / "a", 5), prepared(tmp_path / "b", 5)
    assert first.sha256 == again.sha256
    assert first.sha256 != prepared(tmp_path / "c", 6).sha256
    assert prepared(tmp_path / "d", 5, "matmul").sha256 != first.sha256


def test_inputs_are_the_same_bytes_in_another_process(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    made = json.dumps([list(pair) for pair in sized("mlp_train").params])
    code = (
        "import json, sys; from pathlib import Path; from xbench.oracle.serve_oracle import Oracle;"
        "from xbench.process.messages import PrepareRequest;"
        "from xbench.process.serve import received;"
        "spec = {'op': 'mlp_train', 'params': json.loads(sys.argv[1]), 'dtype': 'float32'};"
        "asked = received(PrepareRequest, {'spec': spec});"
        "print(Oracle(Path(sys.argv[2]), 5).prepare(asked).sha256)"
    )
    environment = checkout | {"PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", code, made, str(tmp_path / "other")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == prepared(tmp_path / "here", 5).sha256


def test_what_is_written_is_what_the_checksum_is_of(tmp_path: Path) -> None:
    reply = prepared(tmp_path, 5)
    found = hashlib.sha256()
    for files in (reply.batch, reply.state):
        for name, file in files.items():
            found.update(name.encode() + np.load(file).tobytes())
    assert found.hexdigest() == reply.sha256


def test_inputs_that_differ_from_the_launch_before_are_refused(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path, 5)
    given = PrepareRequest(Spec("copy", (("n", 3), ("w", 4)), "float32"))
    name = oracle.prepare(given).id
    oracle.release(ReleaseRequest(name))
    assert oracle.prepare(given).id == name
    oracle.checksums[name] = "another"
    oracle.work.clear()  # as when its files had to make room
    with pytest.raises(RuntimeError, match="differ from those of the launch before"):
        oracle.prepare(given)
