"""The same test bodies over every backend, op, dtype, mode and gradient, on real workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import contract
import pytest

from xbench.contracts import GRADIENTS, MODES, Mode, Variant
from xbench.launch.process import ROOT
from xbench.registry import BACKENDS, load_backend
from xbench.workloads import OPS, label

PAIRS = [(name, mode) for name in BACKENDS for mode in load_backend(name).probe().modes]

NOT_IN_NUMPY = ("linear_layer", "mlp_forward_recorded")


def _marks(backend: str) -> Any:
    return () if backend == "numpy" else pytest.mark.framework


@pytest.fixture(
    scope="module",
    params=[pytest.param(pair, id="-".join(pair), marks=_marks(pair[0])) for pair in PAIRS],
)
def bench(request: Any, tmp_path_factory: Any) -> Iterator[contract.Bench]:
    name, mode = request.param
    if not load_backend(name).probe().installed:
        pytest.skip(f"{name} is not installed")
    with contract.bench(name, mode, tmp_path_factory.mktemp(f"{name}-{mode}")) as found:
        yield found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", list(OPS))
def test_every_result_is_right(bench: contract.Bench, op: str, dtype: str) -> None:
    """Outputs, gradients and updated weights, after one call and after several."""
    if bench.backend == "numpy" and op in NOT_IN_NUMPY:
        assert contract.check_supported("numpy", bench.mode, op, dtype, "none")
        return
    checked = 0
    for spec in contract.small_specs(dtype):
        for gradient in OPS[op].gradients if spec.op == op else ():
            if contract.check_supported(bench.backend, bench.mode, op, dtype, gradient):
                continue
            for calls in (1, contract.TRAINING_CALLS) if OPS[op].trains else (1,):
                problems = bench.problems(spec, gradient, calls)
                assert not problems, f"{label(spec)} {gradient} x{calls}: {problems}"
            checked += 1
    assert checked


def test_the_worker_attests_what_was_asked(bench: contract.Bench) -> None:
    attest = bench.facts["attest"]
    assert attest["threads"] in (1, -1)
    assert attest["version"] == load_backend(bench.backend).probe().version
    assert bench.facts["fence_ns"] > 0
    assert bench.facts["environment"]["OMP_NUM_THREADS"] == "1"
    assert attest.get("precision_bits", 24) >= 22


@pytest.mark.parametrize("name", BACKENDS)
def test_supports_answers_for_every_combination(name: str) -> None:
    backend = load_backend(name)
    probe = backend.probe()
    for op in OPS.values():
        for dtype in ("float32", "float64", "float8"):
            for mode in MODES:
                for gradient in GRADIENTS:
                    reason = backend.supports(op.name, dtype, Variant(mode, gradient))
                    assert reason is None or len(reason) > 10
                    if mode not in probe.modes or dtype not in probe.dtypes:
                        assert reason
    assert backend.supports("no_such_op", "float32", Variant("eager", "none"))


@pytest.mark.parametrize("name", BACKENDS)
def test_the_default_gradient_is_supported(name: str) -> None:
    backend = load_backend(name)
    default = backend.probe().default_gradient
    for op in ("elementwise_grad", "mlp_backward", "mlp_train"):
        assert backend.supports(op, "float32", Variant("eager", default)) is None


_OWNERSHIP = """
from xbench.registry import load_backend
from xbench.contracts import Policy
import numpy as np, sys
backend = load_backend(sys.argv[1])
backend.open(Policy("cpu", sys.argv[2], 1, "ieee", "reuse"))
for shape in ((3,), (64, 64), (512, 512), ()):
    host = np.ones(shape, "float32")
    tensor = backend.put(host)
    host[...] = 7.0
    assert (backend.get(tensor) == 1.0).all(), shape
    assert backend.where(tensor) == ("cpu", "float32")
    frozen = np.ones(shape, "float64")
    frozen.flags.writeable = False
    assert backend.where(backend.put(frozen)) == ("cpu", "float64")
backend.fence({"x": tensor})
assert backend.classify(ValueError("no")) is None
assert backend.classify(MemoryError()) == "oom"
assert backend.memory().current_bytes > 1_000_000
print("owned")
"""


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "mode"),
    [pytest.param(*pair, marks=_marks(pair[0])) for pair in PAIRS if pair[1] == "eager"],
)
def test_put_owns_and_where_tells(name: str, mode: Mode) -> None:
    done = run_python(_OWNERSHIP, name, mode)
    assert done.stdout.strip().endswith("owned"), done.stderr


def test_a_users_op_runs_like_a_built_in_one(tmp_path: Path) -> None:
    suite = Path(__file__).parent / "data" / "softmax_suite.py"
    done = run_python(
        "import sys; from xbench.cli import main; sys.exit(main(sys.argv[1:]))",
        "run", "--suite", str(suite), "--backend", "numpy", "--width", "64", "300",
        "--launches", "2", "--out", str(tmp_path), "--no-report",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = next(tmp_path.glob("*/summary.jsonl")).read_text().splitlines()
    assert len(summary) == 2
    assert not any('"time_s":null' in line for line in summary), summary
