"""Who passes the oracle: every correct single precision result, and no planted mistake.

NumPy's adapter computes; a result is compared whole, or as sample and projection where it is large
(the limit is lowered here, so that both are tried at sizes that take no time)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Spec, Variant
from xbench.ops import get_op
from xbench.oracle import digest
from xbench.oracle.check import judge
from xbench.oracle.digest import digest_results, load_samplings, make_samplings, save_samplings
from xbench.oracle.serve_oracle import Oracle
from xbench.process.messages import JudgeRequest, PrepareRequest

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]
Params = dict[str, int | str]
THIN: Params = {"n": 100, "d": 1, "o": 1}
THICK: Params = {"n": 64, "d": 50, "o": 10, "bias": 0}
CASES: dict[str, tuple[str, Params, str]] = {
    "elementwise": ("elementwise", {"n": 100}, "w"),
    "elementwise_grad": ("elementwise_grad", {"n": 100}, "w"),
    "triad": ("triad", {"n": 100}, "w"),
    "matmul": ("matmul", {"m": 64, "k": 200}, "n"),
    "linear": ("linear", {"m": 64, "k": 200}, "n"),
    "forward": ("mlp_forward", THIN, "h"),
    "backward-mse": ("mlp_backward", {**THIN, "loss": "mse"}, "h"),
    "backward-bce": ("mlp_backward", {**THIN, "loss": "bce"}, "h"),
    "backward-sse": ("mlp_backward", {**THICK, "loss": "sse"}, "h"),
    "train-adam": ("mlp_train", {**THIN, "optimizer": "adam", "loss": "mse"}, "h"),
    "train-sgd": ("mlp_train", {**THICK, "optimizer": "sgd", "loss": "sse"}, "h"),
}
SAMPLED = 2000


class Case:
    """A workload with NumPy's results after some calls."""

    def __init__(
        self,
        folder: Path,
        name: str,
        width: int,
        seed: int = 5,
        calls: int = 3,
        dtype: str = "float32",
    ) -> None:
        op, params, swept = CASES[name]
        self.spec: Spec = get_op(op).spec(dtype, **{**params, swept: width})
        self.folder = folder
        self.calls = calls
        self.oracle = Oracle(folder / "oracle", seed)
        self.files = self.oracle.prepare(PrepareRequest(self.spec))
        inputs = self.oracle.work[self.files.id].inputs
        self.batch = {each: array.copy() for each, array in inputs.batch.items()}
        state = {each: array.copy() for each, array in inputs.state.items()}
        step = FACTORIES[op](None, self.spec, Variant("eager", "manual"))  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            for _ in range(calls):
                state, outputs = step.run(state, self.batch)
        self.results: Arrays = {each: np.asarray(got) for each, got in (state | outputs).items()}

    def problems(self, results: Arrays | None = None) -> list[str]:
        """What the oracle says of results, sent as a worker sends them."""
        sent = digest_results(results or self.results, load_samplings(Path(self.files.samplings)))
        file = self.folder / "answer.npz"
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **sent)
        asked = JudgeRequest(self.files.id, str(file), self.calls)
        return self.oracle.judge(asked).problems


@pytest.fixture(params=[False, True], ids=["whole", "sampled"])
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether results of more than a few entries are sampled."""
    if request.param:
        monkeypatch.setattr(digest, "FULL_ELEMENTS", SAMPLED)
        monkeypatch.setattr(digest, "SAMPLES", 10)  # the projection must find it alone
    return bool(request.param)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_a_correct_result_is_admitted(tmp_path: Path, name: str, dtype: str, limit: bool) -> None:
    for seed in (1, 2, 3):
        for width in (1, 130, 2048):
            case = Case(tmp_path, name, width, seed, dtype=dtype)
            assert case.problems() == [], (seed, width)


@pytest.mark.parametrize("name", ["backward-mse", "train-adam", "matmul"])
def test_a_correct_result_is_admitted_at_full_size(tmp_path: Path, name: str) -> None:
    """Large enough to be sampled without lowering the limit where the op has such outputs."""
    assert Case(tmp_path, name, 20480, calls=1).problems() == []


def spoiled(case: Case, name: str, place: Any, factor: float) -> Arrays:
    """The results with some entries of one tensor scaled."""
    changed = case.results[name].copy()
    changed[place] *= factor
    return case.results | {name: changed}


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("elementwise_grad", "dx", "dw"),
        ("train-adam", "m_w1", "v_w1"),
        ("backward-mse", "dw1", "dw2"),
    ],
)
def test_swapped_results_are_refused(
    tmp_path: Path, name: str, one: str, other: str, limit: bool
) -> None:
    case = Case(tmp_path, name, 3000)
    shape = case.results[one].shape
    swapped = {
        one: case.results[other].reshape(shape),
        other: case.results[one].reshape(case.results[other].shape),
    }
    assert len(case.problems(case.results | swapped)) >= 1


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("elementwise", "y"),
        ("matmul", "y"),
        ("backward-sse", "dw1"),
        ("backward-mse", "db1"),
        ("elementwise_grad", "dz"),
    ],
)
def test_one_wrong_column_is_refused(tmp_path: Path, name: str, output: str, limit: bool) -> None:
    case = Case(tmp_path, name, 3000)
    column = int(np.argmax(np.abs(np.atleast_2d(case.results[output])).sum(0)))
    for factor in (0.0, 1.2) if limit else (0.0, 1.01):  # by its projection alone if sampled
        assert case.problems(spoiled(case, output, (..., column), factor))


def test_one_wrong_hidden_unit_in_the_last_layers_gradient_is_refused(
    tmp_path: Path, limit: bool
) -> None:
    """dw2 is (hidden units, outputs): tall, where other large results are wide."""
    case = Case(tmp_path, "backward-sse", 3000)
    unit = int(np.argmax(np.abs(case.results["dw2"]).sum(1)))
    assert case.problems(spoiled(case, "dw2", unit, 0.0))


def test_a_transposed_weight_and_a_dropped_bias_are_refused(tmp_path: Path, limit: bool) -> None:
    product = Case(tmp_path, "matmul", 200)
    a, b = product.batch["a"], product.batch["b"]
    assert product.problems({"y": a @ b}) == []
    assert product.problems({"y": a @ b.T})
    linear = Case(tmp_path, "linear", 200)
    assert linear.problems({"y": linear.batch["x"] @ linear.batch["w1"]})


@pytest.mark.parametrize("bits", [11, 8])
def test_products_of_shortened_numbers_are_refused(tmp_path: Path, bits: int, limit: bool) -> None:
    """As tf32 (11 bits) and bfloat16 (8 bits) units would give them."""

    def shorten(values: Array) -> Array:
        mantissa, exponent = np.frexp(values)
        return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype("float32")

    case = Case(tmp_path, "matmul", 512)
    assert case.problems({"y": shorten(case.batch["a"]) @ shorten(case.batch["b"])})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(tmp_path: Path, value: float, limit: bool) -> None:
    case = Case(tmp_path, "matmul", 512)
    wrong = case.results["y"].copy()
    wrong[3, 4] = value
    with np.errstate(all="ignore"):
        (problem,) = case.problems({"y": wrong})
    assert "not finite" in problem


def test_another_shape_is_refused(tmp_path: Path, limit: bool) -> None:
    case = Case(tmp_path, "matmul", 512)
    y = case.results["y"]
    for wrong in (y.T, y[:-1], y[:, :-1], y[:, :1], y.ravel(), y[None], np.float32(3.0), y[:0]):
        (problem,) = case.problems({"y": np.asarray(wrong)})
        assert f"y has shape {np.shape(wrong)}, expected (64, 512)" in problem
    assert case.problems({"z": y}) == ["no y", "z is no output of this op"]


@pytest.mark.parametrize("name", ["train-adam", "train-sgd"])
def test_a_step_more_or_less_is_refused(tmp_path: Path, name: str, limit: bool) -> None:
    right, short = Case(tmp_path, name, 600, calls=3), Case(tmp_path, name, 600, calls=2)
    assert right.problems() == []
    assert right.problems(short.results)
    assert right.problems(right.results | {"w1": short.results["w1"]})


def test_keras_own_epsilon_is_another_optimiser(tmp_path: Path) -> None:
    """1e-7 instead of 1e-8 shows wherever a gradient is about as small."""
    case = Case(tmp_path, "train-adam", 600, calls=1)
    state = {each: case.results[each] for each in ("w1", "m_w1", "v_w1")}
    gradient = state["m_w1"].astype("float64") / 0.1
    start = case.oracle.work[case.files.id].inputs.state["w1"]
    moved = (start - 1e-3 * gradient / (abs(gradient) + 1e-7)).astype("float32")
    off = np.linalg.norm(moved - state["w1"]) / np.linalg.norm(start - state["w1"])
    assert bool(case.problems(case.results | {"w1": moved})) == bool(off > 1e-3)


def test_sampled_and_whole_comparison_agree(tmp_path: Path, monkeypatch: Any) -> None:
    case = Case(tmp_path, "matmul", 512)
    monkeypatch.setattr(digest, "FULL_ELEMENTS", SAMPLED)
    samplings = make_samplings({"y": (64, 512)}, 7)
    save_samplings(tmp_path / "samplings.npz", samplings)
    loaded = load_samplings(tmp_path / "samplings.npz")["y"]
    sample, projection = loaded.of(case.results["y"])
    wide = case.results["y"].astype("float64")
    np.testing.assert_array_equal(sample, wide[samplings["y"].rows, samplings["y"].columns])
    np.testing.assert_allclose(projection, samplings["y"].signs @ wide, rtol=1e-9, atol=1e-9)
    assert set(np.unique(loaded.signs)) == {-1.0, 1.0}
    assert len(np.unique(loaded.rows * 512 + loaded.columns)) == len(sample)
    assert judge({}, {}) == []
