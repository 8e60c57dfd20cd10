"""Races through the engine: what is measured is true; what is wrong is refused with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xbench.analysis.ratios import compare_cells
from xbench.analysis.summary import CellSummary, summarise
from xbench.racing.contenders import SourceLine
from xbench.racing.outcome import Outcome
from xbench.racing.race import Options, run_race
from xbench.reports.race_results import RaceResult

STORED: dict[Any, Any] = {}


def race(contenders: Any, args: Any, budget: str = "4s", **more: Any) -> Outcome:
    return run_race(contenders, Options(args=args, budget=budget, **more))


def by_name(outcome: Outcome) -> dict[str, CellSummary]:
    names = {each.backend: each.name for each in outcome.contenders}
    return {names[cell.plan.key.backend]: cell for cell in summarise(outcome.run)}


def ratio(outcome: Outcome, name: str, other: str) -> float:
    (found,) = (
        each if each.cell.key.backend == name else each.inverse
        for each in compare_cells(outcome.run, summarise(outcome.run))
        if {each.cell.key.backend, each.reference.key.backend} == {name, other}
    )
    return found.ratio.value


def waits(milliseconds: float) -> Any:
    def wait(x: Any) -> Any:
        end = time.perf_counter_ns() + int(milliseconds * 1e6)
        while time.perf_counter_ns() < end:
            pass
        return x

    return wait


@pytest.mark.alone
def test_a_tenth_more_is_a_tenth_more() -> None:
    found = race({"one": waits(1.0), "more": waits(1.1)}, (np.ones(3),), "8s")
    judged = RaceResult(found).ratio("more", "one")
    assert judged.value == pytest.approx(1.10, rel=0.05)
    assert judged.low is not None  # a busy machine makes the interval wider, not wrong
    assert judged.high is not None
    assert 0.98 * judged.low <= 1.10 <= 1.02 * judged.high
    assert found.checked == "agree"
    assert all(cell.status == "ok" and cell.low_s for cell in by_name(found).values())


def boom(x: Any) -> Any:
    def inner(y: Any) -> Any:
        return y / undefined_name  # type: ignore[name-defined]  # noqa: F821

    return inner(x)


def from_store(x: Any) -> Any:
    return STORED.setdefault(x.shape, x * 2)


def wrong_once(x: Any) -> Any:
    y = x * 2
    y[123, 45] += 0.1
    return y


def test_who_disagrees_or_fails_gets_no_time_and_a_reason() -> None:
    """One race of many contenders, since each race starts processes."""
    refused: dict[str, tuple[Any, str, str]] = {
        "boom": (boom, "crashed", "NameError: name 'undefined_name' is not defined"),
        "none": (lambda x: None, "invalid", "it returns nothing"),
        "takes": (lambda x, y: x, "crashed", "it does not take the arguments that args gives"),
        "slow": (lambda x: time.sleep(100), "timeout", "the first calls did not end within"),
        "writes": (lambda x: np.add(x, x, out=x), "invalid", "it writes to its arguments (a0)"),
        "missing": (SourceLine("x", "import not_there"), "crashed", "No module named 'not_there'"),
        "shape": (lambda x: x[:2] * 2, "invalid", "has the shape (2, 1000)"),
        "dtype": (lambda x: (x * 2).astype("float32"), "invalid", "is float32, and that of double"),
        "random": (lambda x: np.random.rand(3), "invalid", "check={'random': 'random by design'}"),
        "ends": (lambda x: os._exit(3), "crashed", "exit status 3"),
        "wrong": (wrong_once, "invalid", "differs from double at [123, 45]: "),
        "stored": (from_store, "invalid", "it gave the result of the call before, a stored one"),
    }
    contenders: dict[str, Any] = {"double": lambda x: x * 2, "sum": lambda x: x + x}
    contenders |= {name: function for name, (function, _, _) in refused.items()}
    names = tuple(contenders)
    x = np.random.default_rng(0).random((1000, 1000))
    found = by_name(race(contenders, (x,), "8s"))
    assert tuple(found) == names
    assert found["double"].status in ("ok", "imprecise", "skipped")
    for name, (_, status, reason) in refused.items():
        assert (found[name].status, found[name].time_s) == (status, None), found[name].reason
        assert reason in found[name].reason
    assert ": return y / undefined_name" in found["boom"].reason


def test_declared_randomness_and_state_are_measured() -> None:
    def make(x: Any) -> Any:
        return {"calls": 0}

    def counted(state: Any, x: Any) -> Any:
        state["calls"] += 1
        return x * state["calls"]

    outcome = race(
        {"counted": counted, "random": lambda x: np.random.rand(3), "argmax": np.argmax},
        (np.arange(3.0),),
        setup={"counted": make},
        check={"random": "random by design", "argmax": "another question"},
    )
    found = by_name(outcome)
    assert {name: cell.status for name, cell in found.items() if cell.time_s is None} == {}
    assert {each.name: each.unchecked for each in outcome.contenders} == {
        "counted": "its results change from call to call: compared on the first call only",
        "random": "random by design",
        "argmax": "another question",
    }


def test_a_script_needs_no_guard_and_leaves_nothing(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "import numpy as np, time, xbench\n"
        "began = time.monotonic()\n"
        "found = xbench.race({'a': lambda x: x + x, 'b': lambda x: 2 * x},\n"
        "    args=lambda n: (np.ones(n),), over=[10, 1000], budget='2s')\n"
        "xbench.race({'a': np.sin}, args=(np.ones(3),), budget='1s')\n"
        "print(len(found.outcome.run.header.cells))\n"
    )
    inside = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": os.getcwd()}
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, str(script)], env=inside, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["4"]
    assert [*(tmp_path / "tmp").iterdir()] == []


def test_a_call_may_read_a_small_part_of_its_operands() -> None:
    """New operands of 8 MB leave no cache, which is no sign of stored results."""
    found = race(
        {"sum": lambda x: x[:1000].sum(), "mean": lambda x: x[:1000].mean() * 1000},
        (np.random.default_rng(0).random(10**6),),
        launches=1,
    )
    assert {cell.status for cell in by_name(found).values()} == {"ok"}


def test_in_this_process_at_once() -> None:
    outcome = race(
        {"one": waits(0.1), "two": waits(0.2), "wrong": lambda x: x + 1},
        (np.ones(3),),
        "0.5s",
        fresh=False,
    )
    found = by_name(outcome)
    assert ratio(outcome, "two", "one") == pytest.approx(2.0, rel=0.25)
    assert found["one"].low_s is None
    assert not outcome.fresh
    assert found["wrong"].reason.startswith("differs from one at [0]: 2 against 1")


@pytest.mark.framework
def test_one_source_is_verified_on_every_framework() -> None:
    def softmax(xp: Any, x: Any) -> Any:
        e = xp.exp(x - xp.max(x, axis=1, keepdims=True))
        return e / xp.sum(e, axis=1, keepdims=True)

    def args(n: int) -> Any:
        return (np.random.default_rng(0).random((n, n), dtype="float32"),)

    outcome = race(
        softmax, args, "12s", over=[64], backends=["numpy", "torch", "tensorflow"], launches=1
    )
    found = by_name(outcome)
    assert outcome.checked == "verified"
    assert {name: cell.status for name, cell in found.items()} == dict.fromkeys(found, "ok")
    assert [*found] == ["numpy", "torch", "tensorflow"]


@pytest.mark.framework
def test_a_module_gets_tensors_and_names_missing_are_said() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Linear(8, 8)
    weight, bias = (each.detach().numpy() for each in net.parameters())
    outcome = race(
        {"module": net, "numpy": lambda x: x @ weight.T + bias},
        (np.ones((4, 8), "float32"),),
        "8s",
        launches=1,
    )
    assert [each.framework for each in outcome.contenders] == ["torch", "numpy"]
    assert {cell.status for cell in by_name(outcome).values()} == {"ok"}
