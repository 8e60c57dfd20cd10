"""TF32 as a math mode: which cells there are, what the canary says, and how results are judged."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Spec
from xbench.errors import CellFailed, UsageError
from xbench.ops import OPS, get_op
from xbench.ops.base import Inputs
from xbench.oracle.check import collect, judge
from xbench.oracle.serve_oracle import Oracle
from xbench.plan.build import Row, build_rows
from xbench.plan.select import Selection
from xbench.process.child import ROOT
from xbench.process.messages import PrepareRequest
from xbench.registry import load_backend
from xbench.suites.presets import PRESETS
from xbench.worker.session import Session, _check_precision

Array = np.ndarray[Any, Any]


def plan(device: str = "cuda:0", **axes: str) -> list[Row]:
    """The rows of preset quick at width 512 on torch, with the given patterns."""
    chosen = {"backend": ("torch",), "device": (device,), "width": ("512",)}
    asked = chosen | {axis: tuple(text.split()) for axis, text in axes.items()}
    return build_rows(Selection(PRESETS["quick"], (), asked), (device,), 2)


def offered(rows: list[Row]) -> set[tuple[str, str, str]]:
    """Op, dtype and math of the cells that will be tried."""
    return {
        (row.cell.spec.op, row.cell.spec.dtype, row.cell.worker.math)
        for row in rows
        if row.status is None
    }


def test_only_products_of_float32_have_a_tf32_variant() -> None:
    rows = plan(op="matmul elementwise", dtype="float32 float64", math="*")
    assert offered(rows) == {
        ("matmul", "float32", "ieee"),
        ("matmul", "float32", "tf32"),
        ("matmul", "float64", "ieee"),
        ("elementwise", "float32", "ieee"),
        ("elementwise", "float64", "ieee"),
    }
    assert len(rows) == len({row.cell.id for row in rows})
    assert not [row for row in rows if row.cell.worker.math == "tf32" and row.status]


def test_without_the_option_there_is_ieee_only() -> None:
    assert {row.cell.worker.math for row in plan(op="matmul")} == {"ieee"}


def test_tf32_spelt_out_says_why_it_cannot_be() -> None:
    rows = plan(op="matmul elementwise", dtype="float32 bfloat16", math="ieee tf32")
    reasons = {
        (row.cell.spec.op, row.cell.spec.dtype): row.reason
        for row in rows
        if row.cell.worker.math == "tf32" and row.status
    }
    assert "multiplies no matrices" in reasons["elementwise", "float32"]
    assert "not bfloat16" in reasons["matmul", "bfloat16"]
    assert ("matmul", "float32") not in reasons


def test_a_cpu_has_no_tf32() -> None:
    rows = plan("cpu", op="matmul", math="ieee tf32")
    found = {row.cell.worker.math: (row.status, row.reason) for row in rows}
    assert found == {"ieee": (None, ""), "tf32": ("unsupported", "no TF32 on the cpu")}
    with pytest.raises(UsageError, match="no TF32 on the cpu"):
        plan("cpu", op="matmul", math="tf32")


def test_math_modes_are_never_measured_together() -> None:
    rows = plan(op="matmul", math="*")
    groups = {row.cell.worker.math: row.cell.key.group_id for row in rows}
    assert groups["tf32"] == f"{groups['ieee']}/tf32"


@pytest.mark.parametrize(
    ("math", "bits", "status"),
    [
        ("ieee", 24, ""),
        ("ieee", 11, "invalid"),
        ("tf32", 11, ""),
        ("tf32", 8, "invalid"),
        ("tf32", 24, "unsupported"),
    ],
)
def test_the_canary_decides(math: str, bits: int, status: str) -> None:
    if not status:
        _check_precision("torch", math, bits)
        return
    with pytest.raises(CellFailed) as caught:
        _check_precision("torch", math, bits)
    assert caught.value.status == status
    assert f"{bits} bits" in caught.value.message


def test_what_an_adapter_does_not_say_of_its_products_is_measured() -> None:
    session = Session(NumpyBackend())
    product = get_op("matmul").spec("float32", m=3, k=4, n=5)
    session._check_products(product, "eager")
    assert session.bits == 24
    session.math = "tf32"
    for _ in range(2):  # each cell that rests on it
        with pytest.raises(CellFailed, match="no TF32 here"):
            session._check_products(product, "eager")
    session.bits = 1  # wrong rather than coarse: the oracle's to say
    session._check_products(product, "eager")


def test_inputs_do_not_depend_on_the_math(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path, 5)
    given = Spec("matmul", (("m", 3), ("k", 4), ("n", 5)), "float32")
    plain, coarse, again = (
        oracle.prepare(PrepareRequest(replace(given, math=math)))
        for math in ("ieee", "tf32", "ieee")
    )
    assert plain.sha256 == coarse.sha256
    assert plain.id != coarse.id
    assert again.id == plain.id


def cut(values: Array, bits: int, to_nearest: bool) -> Array:
    """float32 values kept to so many significant bits, to nearest even or towards 0."""
    dropped = 24 - bits
    if not dropped:
        return values
    held = np.ascontiguousarray(values).view("uint32")
    if to_nearest:
        held = held + ((1 << (dropped - 1)) - 1 + ((held >> dropped) & 1)).astype("uint32")
    found: Array = (held & np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)).view("float32")
    return found


def forward(given: Inputs, bits: int, to_nearest: bool = True) -> Array:
    """The network by products whose factors are cut; sums in float32."""
    batch = given.batch
    h = cut(batch["x"], bits, to_nearest) @ cut(batch["w1"], bits, to_nearest)
    h = np.maximum(h + batch.get("b1", np.float32(0)), 0)
    y: Array = cut(h, bits, to_nearest) @ cut(batch["w2"], bits, to_nearest)
    return y + batch.get("b2", np.float32(0))


def multiply(given: Inputs, bits: int, to_nearest: bool = True) -> Array:
    """a @ b with cut factors."""
    found: Array = cut(given.batch["a"], bits, to_nearest) @ cut(given.batch["b"], bits, to_nearest)
    return found


def problems(made: Spec, given: Inputs, y: Array) -> list[str]:
    """What the oracle finds wrong."""
    op = get_op(made.op)
    answers = collect(op.expected(made, given, 1), op.tensors(made).outputs, {})
    return judge(answers, {"y": y})


@pytest.mark.parametrize(
    ("op", "sizes", "compute"),
    [
        ("matmul", {"m": 64, "k": 1000, "n": 512}, multiply),
        ("mlp_forward", {"n": 100, "d": 1, "h": 20480, "o": 1}, forward),
        ("mlp_forward", {"n": 64, "d": 1000, "h": 2048, "o": 10, "bias": 0}, forward),
    ],
)
def test_11_bits_pass_as_tf32_and_as_nothing_else(
    op: str, sizes: dict[str, int | str], compute: Any
) -> None:
    """Rounded or cut off, which devices may do; 7 bits and zeros do not pass as TF32 either."""
    ieee = OPS[op].spec("float32", **sizes)
    tf32 = replace(ieee, math="tf32")
    given = OPS[op].inputs(ieee, np.random.default_rng(5))
    for to_nearest in (True, False):
        y = compute(given, 11, to_nearest)
        assert problems(tf32, given, y) == []
        assert problems(ieee, given, y)
    assert problems(ieee, given, compute(given, 24)) == []
    assert problems(tf32, given, compute(given, 24)) == []
    assert problems(tf32, given, compute(given, 7, to_nearest=False))
    assert problems(tf32, given, 0 * compute(given, 24))


_SETTINGS = {
    "torch": """
from xbench.backends import torch_host
assert torch_host.short_sums() == ["allow_fp16_reduced_precision_reduction",
    "allow_bf16_reduced_precision_reduction"], torch_host.short_sums()
for math in ("tf32", "ieee", "tf32"):
    torch_host.set_precision(math)
    assert set(torch_host.precisions().values()) == {math}
    assert torch_host.short_sums() == []
print("set")
""",
    "tensorflow": """
from xbench.contracts import Policy
from xbench.registry import load_backend
backend = load_backend("tensorflow")
backend.open(Policy("cpu", "eager", 1, "tf32", "reuse"))
facts = backend.attest()
assert facts["tf32"] is True and facts["precision_bits"] == 24, facts
print("set")
""",
}


@pytest.mark.framework
@pytest.mark.parametrize("name", _SETTINGS)
def test_the_math_mode_is_set_and_read_back(name: str) -> None:
    if not load_backend(name).probe().installed:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _SETTINGS[name]],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip().endswith("set"), done.stderr
