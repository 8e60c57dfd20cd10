"""Every figure the notebooks print is a claim, and every claim is ruled on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from helpers.claim_worlds import GPU, cell, line, world
from helpers.made_keys import worker_key
from xbench.records.schema import ValuesLine
from xbench.suites.claims.claim import ClaimLine, Evidence
from xbench.suites.claims.notebook_001 import replays
from xbench.suites.claims.notebooks import NOTEBOOKS
from xbench.suites.claims.rulings import judge

STEPS = ("0", "419", "499")
EMPTY = Evidence([], [], [], [])
PRINTED = {
    "000": "numpy-cold numpy-steady tensorflow-cold tensorflow-steady torch-cold torch-steady "
    "tensorflow-against-numpy torch-against-numpy gradients quadratic quadratic-loss "
    "quadratic-gradient line",
    "001": "numpy-0 numpy-419 by-hand-499 autograd-0 autograd-499 custom-0 curves-equal "
    "custom-called flop gpu-50",
    "002": "cpu-512 cpu-20480 cpu-204800 gpu-512 gpu-20480 gpu-204800 ratio-512 ratio-20480 "
    "ratio-204800 crossover intensity never-compute-bound batches-time full-batch-accuracy "
    "mini-batch-accuracy net-30 scaled-accuracy bce-nan bce-scaled bce-stable step-net "
    "overfits-noise mixed-devices net-cpu net-gpu net-mse bump sin-exp sin-exp-bce split "
    "batch-one streamed inference-time inference-memory",
    "003": "linear-values linear-time-torch linear-time-tensorflow parameters no-grad-faster "
    "no-grad-leaner tape-less-faster tensorflow-graph-512 tensorflow-graph-20480 "
    "tensorflow-graph-204800 tensorflow-compiled-512 tensorflow-compiled-20480 "
    "tensorflow-compiled-204800 torch-compiled-512 torch-compiled-20480 torch-compiled-204800 "
    "train-eval plane",
    "004": "add multiply matmul reshape-shares view-shares squeeze-shares derivative-quadratic "
    "derivative-several derivative-chain jacobian accumulation zeroing detach no-grad regression "
    "regression-numpy devices",
}
"""The rows of the notebooks' pages, by notebook, written out by hand."""

ROWS = [f"{source}.{name}" for source, names in PRINTED.items() for name in names.split()]
FIGURES = {
    "000.tensorflow-cold": "5.257465 s",
    "000.quadratic-gradient": "[8, 12]",
    "001.numpy-0": "30262256.9",
    "001.numpy-419": "1.13e-05",
    "001.by-hand-499": "2.7596e-05",
    "001.autograd-0": "30005880",
    "001.autograd-499": "7.0838e-05",
    "001.custom-0": "29360216",
    "001.flop": "26.2 MFLOP",
    "002.cpu-512": "0.5374 s",
    "002.gpu-512": "1.4512 s",
    "002.cpu-20480": "3.8065 s",
    "002.gpu-20480": "1.3085 s",
    "002.cpu-204800": "65.3397 s",
    "002.gpu-204800": "2.0779 s",
    "002.ratio-512": "×0.37",
    "002.ratio-20480": "×2.91",
    "002.ratio-204800": "×31.4",
    "002.crossover": "2.7k to 5.2k",
    "002.net-mse": "1.2068",
    "002.full-batch-accuracy": "0.9981",
    "002.mini-batch-accuracy": "0.9949",
    "002.scaled-accuracy": "0.9997",
    "004.regression": "1.9999443292617798",
}
NEVER = {
    "000.line",
    "002.full-batch-accuracy",
    "002.mini-batch-accuracy",
    "002.scaled-accuracy",
    "002.net-gpu",
    "002.net-30",
    "002.step-net",
    "002.bump",
    "002.sin-exp",
    "002.sin-exp-bce",
    "002.split",
    "002.batch-one",
    "002.streamed",
}
"""What no measurement alone decides."""


def ruled(evidence: Evidence) -> dict[str, ClaimLine]:
    return {each.id: each for each in judge(NOTEBOOKS, evidence).claims}


def test_every_row_is_a_claim_and_no_id_stands_twice() -> None:
    ids = [claim.id for claim in NOTEBOOKS.claims]
    assert not set(ROWS) - set(ids)
    assert len(ids) == len(set(ids))
    assert {each.partition(".")[0] for each in set(ids) - set(ROWS)} <= {"mistake"}


def test_a_claim_says_what_was_printed() -> None:
    found = ruled(EMPTY)
    assert {name: found[name].printed for name in FIGURES} == FIGURES
    assert all(each.says and each.printed for each in found.values())


def test_without_evidence_nothing_is_measurable_and_each_reason_is_given() -> None:
    for each in ruled(EMPTY).values():
        assert each.ruling == "not measurable here", each.id
        assert len(each.why) > 10, each.id
    assert judge(NOTEBOOKS, EMPTY).plots == []


@pytest.mark.parametrize("name", [row for row in ROWS if row not in NEVER])
def test_judges_rule_both_ways(name: str) -> None:
    assert RIGHT[name].ruling == "reproduced", RIGHT[name]
    if name != "004.devices":  # a GPU that is not there proves nothing
        assert WRONG[name].ruling == "contradicted", WRONG[name]
    assert "\n" not in RIGHT[name].why + WRONG[name].why


def test_what_no_measurement_decides_is_said() -> None:
    assert {name for name in ROWS if RIGHT[name].ruling == "not measurable here"} == NEVER
    assert "--mnist" in RIGHT["002.scaled-accuracy"].why


RIGHT, WRONG = ruled(world()), ruled(world(right=False))


def test_without_a_gpu_its_rows_say_so_and_the_crossover_stays_open() -> None:
    here = world()
    cells = [each for each in here.cells if each.plan.key.device != GPU]
    found = ruled(replace(here, cells=cells, gpus=()))
    for name in ("001.gpu-50", "002.gpu-512", "002.ratio-20480", "002.crossover", "004.devices"):
        assert found[name].ruling == "not measurable here"
        assert "no GPU was measured" in found[name].why
    assert "3k for our CPU against the published GPU" in found["002.crossover"].ours
    assert found["002.cpu-20480"].ruling == "reproduced"


def test_times_say_their_interval_and_what_they_are_made_of() -> None:
    assert RIGHT["002.cpu-512"].ours.startswith("537 ms (537 ms to 538 ms), extrapolated")
    assert "not paired" in RIGHT["002.batches-time"].ours
    assert "start-up" in WRONG["000.tensorflow-steady"].why
    assert "factor 3" in RIGHT["002.cpu-512"].why


@pytest.mark.parametrize("launches", [1, 3])
def test_what_an_interval_does_not_decide_is_inconclusive(launches: int) -> None:
    here = world()
    wide = [
        msgspec.structs.replace(
            each,
            launch_s=each.launch_s[:launches],
            **(ends if each.time_s else {}),
        )
        for each in here.cells
        for ends in ({"low_s": (each.time_s or 0) / 9, "high_s": (each.time_s or 0) * 9},)
    ]
    if launches == 1:
        wide = [msgspec.structs.replace(each, low_s=None, high_s=None) for each in wide]
    found = ruled(replace(here, cells=wide))
    assert "inconclusive" in found["002.cpu-512"].why
    assert found["002.cpu-512"].ruling == "not measurable here"
    if launches == 1:
        for name in ("002.inference-time", "002.ratio-512", "002.crossover", "001.gpu-50"):
            assert "inconclusive: one launch" in found[name].why


def test_whatever_an_exhibit_gives_it_never_ends_the_command() -> None:
    here = world()
    for spoil in (lambda value: "nan", lambda value: None, lambda value: True):
        lines = [
            line(each.name, each.worker.backend, spoiled(each.values, spoil))
            for each in here.exhibits
        ]
        assert len(ruled(replace(here, exhibits=lines))) == len(NOTEBOOKS.claims)
    bare = [line(each.name, each.worker.backend, {}) for each in here.exhibits]
    assert ruled(replace(here, exhibits=bare))["004.jacobian"].ruling == "not measurable here"


def spoiled(value: Any, spoil: Any) -> Any:
    """Every leaf replaced."""
    if isinstance(value, dict):
        return {name: spoiled(each, spoil) for name, each in value.items()}
    if isinstance(value, list):
        return [spoiled(each, spoil) for each in value]
    return spoil(value)


def test_an_exhibit_that_failed_gives_its_reason() -> None:
    failed = ValuesLine(
        name="jacobian", worker=worker_key("torch"), status="unsupported", reason="not installed"
    )
    found = ruled(replace(EMPTY, exhibits=[failed]))["004.jacobian"]
    assert (found.ruling, found.why) == ("not measurable here", "not installed")


def test_one_backend_that_differs_is_named() -> None:
    here = world()
    odd = line("quadratic", "torch", {"z": [11, 22], "loss": 25, "gradient": [8, 12]})
    lines = [
        odd if (each.name, each.worker.backend) == ("quadratic", "torch") else each
        for each in here.exhibits
    ]
    found = ruled(replace(here, exhibits=lines))["000.quadratic"]
    assert found.ruling == "contradicted"
    assert found.why == "torch: another value"
    assert found.ours == "[11, 21] (numpy, tensorflow); [11, 22] (torch)"


def test_the_stored_replays_hold_every_printed_step() -> None:
    stored = replays()
    assert stored["replays"] == 200
    ranges = [stored[dtype][step] for dtype in ("float32", "float64") for step in STEPS]
    assert all(low < high for low, high in ranges)
    assert 0 < stored["residual_rounding"] < 0.1


def test_a_cell_of_another_status_is_missing_with_its_reason() -> None:
    sick = cell("linear", "torch", None, status="oom", m=16, k=10, n=5)
    found = ruled(replace(EMPTY, cells=[sick]))["003.linear-values"]
    assert "torch: oom: for a reason" in found.why
