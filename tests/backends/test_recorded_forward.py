"""`mlp_forward_recorded` records, and `mlp_forward` does not: no oracle could tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xbench.registry import load_backend

_COMMON = """
import sys
import numpy as np
from xbench.contracts import Policy, Variant
from xbench.registry import load_backend
from xbench.ops import get_op

name, mode = sys.argv[1:]
backend = load_backend(name)
backend.open(Policy("cpu", mode, 1, "ieee", "reuse"))

def step_and_batch(op):
    spec = get_op(op).spec("float32", n=4, d=3, h=8, o=2)
    inputs = get_op(op).inputs(spec, np.random.default_rng(5))
    batch = {each: backend.put(values) for each, values in inputs.batch.items()}
    return backend.ops[op](backend, spec, Variant(mode, "none")), batch
"""
_TORCH = """
for op, recorded in (("mlp_forward", False), ("mlp_forward_recorded", True)):
    step, batch = step_and_batch(op)
    first = step.run({}, batch)[1]["y"]
    again = step.run({}, batch | {"w2": 2 * batch["w2"], "b2": 2 * batch["b2"]})[1]["y"]
    assert (first.requires_grad, again.requires_grad) == (recorded, recorded)
    assert not any(each.requires_grad for each in batch.values())
    np.testing.assert_allclose(backend.get(again), 2 * backend.get(first), rtol=1e-5)
    if recorded:
        first.sum().backward()
"""
_TENSORFLOW = """
import tensorflow as tf

watched = []
watch = tf.GradientTape.watch
tf.GradientTape.watch = lambda tape, tensors: (watched.append(len(tensors)), watch(tape, tensors))
for op, expected in (("mlp_forward", []), ("mlp_forward_recorded", [4])):
    step, batch = step_and_batch(op)
    watched.clear()
    step.run({}, batch)
    assert watched == expected, (op, watched)
"""
CODE = {"torch": _TORCH, "tensorflow": _TENSORFLOW}


COMPILED = pytest.mark.proof


@pytest.mark.framework
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=[COMPILED] if mode == "compiled" else [])
        for name in CODE
        for mode in load_backend(name).probe().modes
    ],
)
def test_only_the_recorded_forward_pass_records(
    checkout: dict[str, str], name: str, mode: str
) -> None:
    if not load_backend(name).probe().installed:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _COMMON + CODE[name], name, mode],
        capture_output=True,
        text=True,
        check=False,
        env=checkout,
    )
    assert done.returncode == 0, done.stderr
