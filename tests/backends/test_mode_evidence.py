"""A cell ran in the mode that it is called by, or has no number: the framework's counters tell."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from xbench.analysis.summary import CellSummary
from xbench.contracts import Mode, Spec, Step
from xbench.engine.progress import SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.errors import CellFailed
from xbench.ops import get_op
from xbench.plan.build import build_rows
from xbench.plan.plan import make_plan
from xbench.plan.select import Selection
from xbench.records.journal import make_run_folder
from xbench.registry import load_suites
from xbench.suites.presets import PRESETS
from xbench.worker.mode_evidence import check_mode, made

COMPILES = pytest.mark.proof  # takes half a minute
NEEDS_JAX = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)

SPEC = get_op("elementwise").spec("float32", n=2, w=3)


class Framework:
    """Has made so much, and says what is switched."""

    name = "framework"

    def __init__(self, counts: Mapping[str, int] | None, switched: Sequence[str] = ()) -> None:
        if counts is not None:
            self.made = lambda: counts
        self.switches = lambda: list(switched)


def said(counts: Mapping[str, int] | None, mode: Mode, traces: int = 0, op: Spec = SPEC) -> str:
    """What is said of a cell whose first call left these counts, which began at 0."""
    backend: Any = Framework(counts, ["A_SWITCH=1"])
    step = Step(lambda state, batch: (state, batch), traces=lambda: traces)
    try:
        check_mode(backend, mode, op, step, dict.fromkeys(counts or {}, 0))
    except CellFailed as error:
        return f"{error.status}: {error.message}"
    return ""


@pytest.mark.parametrize(
    ("counts", "mode", "traces", "text"),
    [
        ({"graphs": 1, "compiled": 1}, "compiled", 0, ""),
        ({"graphs": 0, "compiled": 0}, "eager", 0, ""),
        ({"graphs": 1, "compiled": 0}, "graph", 0, ""),
        ({"graphs": 3, "compiled": 0}, "eager", 0, ""),  # a framework's own helpers
        ({"compiled": 0}, "compiled", 5, "unsupported: mode compiled: framework compiled nothing"),
        ({"graphs": 0}, "graph", 5, "unsupported: mode graph: framework traced no graph"),
        ({"graphs": 1, "compiled": 1}, "graph", 0, "mode graph was asked for, and framework"),
        ({"compiled": 2}, "eager", 0, "compiled 2 functions"),
        ({"compiled": 2, "breaks": 1}, "compiled", 0, "invalid: framework broke the graph 1 times"),
        (None, "compiled", 1, ""),
        (None, "graph", 1, ""),
        (None, "eager", 0, ""),
        (None, "compiled", 0, "nothing shows that framework did it"),
    ],
)
def test_counters_decide(
    counts: Mapping[str, int] | None, mode: Mode, traces: int, text: str
) -> None:
    found = said(counts, mode, traces)
    assert text in found
    assert bool(found) is bool(text)


def test_code_that_an_earlier_cell_compiled_may_be_shared() -> None:
    step = Step(lambda state, batch: (state, batch))
    calm: Any = Framework({"compiled": 0})
    check_mode(calm, "compiled", SPEC, step, {"compiled": 0}, known=True)
    switched: Any = Framework({"compiled": 0}, ["A_SWITCH=1"])
    with pytest.raises(CellFailed, match="A_SWITCH=1"):
        check_mode(switched, "compiled", SPEC, step, {"compiled": 0}, known=True)


def test_a_refusal_names_the_setting_in_force() -> None:
    assert "in force: A_SWITCH=1 (remove that)" in said({"compiled": 0}, "compiled")


def test_an_op_without_work_has_nothing_to_compile() -> None:
    assert said({"compiled": 0}, "compiled", op=get_op("noop").spec("float32", n=2, w=3)) == ""


def test_an_adapter_without_counters_has_made_nothing_known() -> None:
    backend: Any = Framework(None)
    assert made(backend) == {}


def cell(
    folder: Path,
    backend: str,
    mode: str,
    source: str = "",
    variables: Mapping[str, str] | None = None,
) -> CellSummary:
    """One cell, measured for a moment; `source` is a user's suite file that workers load too."""
    suites: tuple[str, ...] = ()
    if source:
        (folder / "own.py").write_text(SUITE + source)
        suites = (str(folder / "own.py"),)
        load_suites(suites)
    op = ("own_blend",) if source else ("elementwise",)
    axes: dict[str, tuple[str, ...]] = {
        "op": op,
        "backend": (backend,),
        "mode": (mode,),
        "width": ("*",) if source else ("512",),
    }
    rows = build_rows(Selection(PRESETS["smoke"], suites, axes), ("cpu",), 1)
    plan = make_plan(rows, 1, 0.02, 1, 1 << 33)
    made_in = make_run_folder(folder, "run")
    header = make_header(plan, "run", "smoke", ["xbench", "run"], 5)
    settings = Settings(5, made_in, suites, variables=variables or {})
    (found,) = run_plan(plan, settings, header, SilentProgress())[1]
    return found


SUITE = """
from xbench.own_op import array_op, implements, step
from xbench.ops.suite import Suite, Sweep

try:
    array_op("own_blend", ("n",), {"x": ("n",)}, {"y": ("n",)}, lambda x: (x * x + 1, x * x + 1),
             terms="n")
except Exception:  # known already, in this process
    pass
SUITE = Suite("own", "", (Sweep("own_blend", "own", lambda w: {"n": w}, widths=(4096,)),))
"""
BREAKS = """
@implements("own_blend", "torch")
def blend(backend, spec, variant):
    import torch

    def run(x):
        y = x * x
        torch._dynamo.graph_break()
        return y + 1

    compiled = torch.compile(run)
    return step(lambda t: {"y": compiled(t["x"])})
"""
FORCED = """
@implements("own_blend", "torch")
def blend(backend, spec, variant):
    import torch

    torch.compiler.set_stance("force_eager")
    compiled = torch.compile(lambda x: x * x + 1)
    return step(lambda t: {"y": compiled(t["x"])})
"""
EAGERLY = """
@implements("own_blend", "tensorflow")
def blend(backend, spec, variant):
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    return step(tf.function(lambda t: {"y": t["x"] * t["x"] + 1}, jit_compile=True))
"""
PLAIN = """
@implements("own_blend", "tensorflow")
def blend(backend, spec, variant):
    import tensorflow as tf

    return step(tf.function(lambda t: {"y": t["x"] * t["x"] + 1}))
"""


@pytest.mark.framework
@pytest.mark.parametrize(
    ("backend", "mode", "source", "variables", "status", "text"),
    [
        (
            "torch",
            "compiled",
            "",
            {"TORCHDYNAMO_DISABLE": "1"},
            "unsupported",
            "torch compiled nothing at the first call; in force: TORCHDYNAMO_DISABLE=1",
        ),
        pytest.param(
            "torch", "compiled", FORCED, {}, "unsupported", "stance force_eager", marks=COMPILES
        ),
        pytest.param(
            "torch", "compiled", BREAKS, {}, "invalid", "torch broke the graph", marks=COMPILES
        ),
        ("tensorflow", "compiled", EAGERLY, {}, "unsupported", "run_functions_eagerly(True)"),
        (
            "tensorflow",
            "graph",
            PLAIN,
            {"TF_FUNCTION_JIT_COMPILE_DEFAULT": "1"},
            "unsupported",
            "mode graph was asked for, and tensorflow compiled",
        ),
        pytest.param(
            "tensorflow",
            "graph",
            "",
            {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2"},
            "unsupported",
            "in force: TF_XLA_FLAGS=--tf_xla_auto_jit=2",
            marks=COMPILES,
        ),
        pytest.param(
            "jax",
            "compiled",
            "",
            {"JAX_DISABLE_JIT": "1"},
            "unsupported",
            "jax compiled nothing at the first call; in force: JAX_DISABLE_JIT",
            marks=NEEDS_JAX,
        ),
    ],
)
def test_a_switch_that_undoes_a_mode_costs_the_cell_and_is_named(
    tmp_path: Path,
    backend: str,
    mode: str,
    source: str,
    variables: dict[str, str],
    status: str,
    text: str,
) -> None:
    found = cell(tmp_path, backend, mode, source, variables)
    assert found.status == status, found.reason
    assert text in found.reason
