"""Exhibits on real workers: what each small piece of a user's code gives, by backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.records.schema import ValuesLine
from xbench.registry import load_backend
from xbench.suites.claims import exhibit_data
from xbench.suites.claims.claim import Request
from xbench.suites.claims.show import show_exhibits
from xbench.suites.claims.sweeps import EVERYONE, REQUESTS, W, X, Z

ASKED = [each for each in REQUESTS if each.exhibit != "loss_curve"]
REGRESSION = 1.9999443292617798
EXACT: dict[str, dict[str, Any]] = {
    "quadratic": {"z": [11, 21], "loss": 25, "gradient": [8, 12]},
    "identities": {
        "add": [[6, 8], [10, 12]],
        "multiply": [[5, 12], [21, 32]],
        "matmul": [[19, 22], [43, 50]],
    },
    "derivatives": {"quadratic": 7, "several": [7, 11, 15], "chain": 6},
    "jacobian": {"jacobian": [[2, 0], [0, 4]]},
    "train_eval": {"train_changes": True, "eval_changes": False},
}
"""The same on every backend that has it."""

BY_BACKEND: dict[tuple[str, str], dict[str, Any]] = {
    ("views", "numpy"): {"reshape": True, "view": True, "squeeze": True},
    ("views", "torch"): {"reshape": True, "view": True, "squeeze": True},
    ("views", "tensorflow"): {"immutable": True},
    ("accumulation", "torch"): {"once": 4, "twice": 8, "after_zeroing": 4},
    ("accumulation", "tensorflow"): {"once": 4, "twice": 4},
    ("recording_off", "torch"): {"tracked": True, "detached": False, "no_grad": False},
    ("recording_off", "tensorflow"): {"tracked": True, "stopped": False, "outside": False},
    ("custom_called", "torch"): {"with": 1, "without": 0},
    ("saved_for_backward", "torch"): {"recorded_bytes": 100 * 20480 * 4, "unrecorded_bytes": 0},
    ("module_parameters", "torch"): {"registered": ["linear.weight", "linear.bias"], "plain": []},
    ("module_parameters", "tensorflow"): {"registered": ["bias", "weight"], "plain": []},
}
Gallery = Callable[[str], dict[str, ValuesLine]]


def _param(backend: str, *more: str) -> Any:
    marks = () if backend == "numpy" else pytest.mark.framework
    return pytest.param(backend, *more, marks=marks)


def asked(exhibit: str) -> pytest.MarkDecorator:
    """The test runs on every backend that is asked for this exhibit."""
    (request,) = (each for each in ASKED if each.exhibit == exhibit)
    return pytest.mark.parametrize("backend", [_param(each) for each in request.backends])


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: Any) -> Gallery:
    """By backend, everything it is asked for, shown by one worker of it."""

    @cache
    def shown(backend: str) -> dict[str, ValuesLine]:
        if not load_backend(backend).probe().installed:
            pytest.skip(f"{backend} is not installed")
        settings = Settings(5, tmp_path_factory.mktemp(f"exhibits-{backend}"), ())
        for folder in (settings.scratch, settings.logs):
            folder.mkdir(parents=True)
        wanted = [replace(each, backends=(backend,)) for each in ASKED if backend in each.backends]
        wanted.append(Request("no_such", (backend,)))
        with Workers(settings, 0, 2, lambda facts: None) as workers:
            lines = list(show_exhibits(workers, wanted))
        return {line.name: line for line in lines}

    return shown


@pytest.mark.parametrize("backend", [_param(each) for each in EVERYONE])
def test_every_exhibit_that_a_backend_is_asked_for_is_there(gallery: Gallery, backend: str) -> None:
    lines = gallery(backend).items()
    reasons = {name: line.reason for name, line in lines if line.status != "ok"}
    assert reasons.pop("no_such") == f"{backend} has no exhibit 'no_such'"
    assert not reasons


@pytest.mark.parametrize(
    ("backend", "exhibit"),
    [
        _param(backend, each.exhibit)
        for each in ASKED
        for backend in each.backends
        if each.exhibit in EXACT or (each.exhibit, backend) in BY_BACKEND
    ],
)
def test_small_exhibits_give_exact_values(gallery: Gallery, backend: str, exhibit: str) -> None:
    found = gallery(backend)[exhibit].values
    assert found == (EXACT.get(exhibit) or BY_BACKEND[exhibit, backend])


@asked("elementwise_sum")
def test_the_gradients_of_a_product_and_a_sum(gallery: Gallery, backend: str) -> None:
    found = gallery(backend)["elementwise_sum"].values
    exact = (np.array(X) * np.array(W) + np.array(Z)).sum()
    assert found["sum"] == pytest.approx(exact, rel=1e-14)
    assert (found["dx"], found["dw"], found["dz"]) == (W, X, [[1.0] * 4] * 3)


@asked("regression")
def test_the_regression_ends_at_the_printed_value(gallery: Gallery, backend: str) -> None:
    found = gallery(backend)["regression"].values["w"]
    assert found == pytest.approx(REGRESSION, abs=1e-6)
    if backend == "numpy":
        assert found == REGRESSION


@asked("plane")
def test_descent_finds_the_plane(gallery: Gallery, backend: str) -> None:
    found = gallery(backend)["plane"].values
    assert [*found["w"], found["b"]] == pytest.approx([*exhibit_data.PLANE, 0.0], abs=1e-5)


@asked("naive_bce")
def test_only_the_hand_written_loss_on_large_pixels_is_no_number(
    gallery: Gallery, backend: str
) -> None:
    found = gallery(backend)["naive_bce"].values
    assert found["naive_255"] == "nan"
    assert 0 <= found["step_of_nan"] < 20
    assert 0.1 < found["naive_1"] < 0.3  # 20 steps learn some of the random labels
    assert 0.1 < found["stable_255"] < 0.7


@asked("mixed_devices")
def test_tensors_of_two_devices_do_not_mix(gallery: Gallery, backend: str) -> None:
    error = gallery(backend)["mixed_devices"].values["error"]
    assert "cpu" in error
    assert "meta" in error
    assert "\n" not in error


@asked("seeded_net")
def test_a_seed_gives_the_printed_net(gallery: Gallery, backend: str) -> None:
    found = gallery(backend)["seeded_net"].values
    assert found["y"] == pytest.approx([-0.8470, -0.8817, -0.9164], abs=5e-5)
    assert found["mse"] == pytest.approx(1.2068, abs=5e-5)


def test_seeded_data_are_what_they_say() -> None:
    pixels, labels = exhibit_data.pixels(50, 784, 5)
    assert (pixels.min(), pixels.max(), pixels.dtype) == (0, 255, "float32")
    assert (pixels > 0).mean() == pytest.approx(exhibit_data.INKED, abs=0.02)
    assert set(labels.ravel()) == {0, 1}
    assert (labels.shape, labels.dtype) == ((50, 1), "float32")
    net = exhibit_data.start(784, 64, 5)
    assert {name: each.shape for name, each in net.items()} == {
        "w1": (784, 64),
        "b1": (64,),
        "w2": (64, 1),
        "b2": (1,),
    }
    assert abs(net["w1"]).max() <= 1 / 28
    assert abs(net["w2"]).max() <= 1 / 8
    x, y = exhibit_data.plane(5)
    np.testing.assert_allclose(y[:, 0], x @ np.array(exhibit_data.PLANE), rtol=1e-5, atol=1e-5)
    assert all((one == two).all() for one, two in zip((x, y), exhibit_data.plane(5), strict=True))
