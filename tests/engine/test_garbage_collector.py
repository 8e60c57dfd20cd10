"""The garbage collector: off while something is timed, and only then."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Spec, Step, Tensors
from xbench.process.messages import UnloadRequest
from xbench.worker.counters import measured
from xbench.worker.loaded_cell import LoadedCell
from xbench.worker.session import Session

SPEC = Spec("copy", (("n", 2), ("w", 3)), "float32")


class Ring:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _left_as_it_was() -> Iterator[None]:
    """Whatever a test finds, the next one starts with the collector on."""
    assert gc.isenabled()
    yield
    gc.enable()


def test_it_is_off_while_something_is_timed_and_on_afterwards() -> None:
    seen: list[bool] = []
    measured(lambda: seen.append(gc.isenabled()))
    assert seen == [False]
    assert gc.isenabled()


def test_it_is_on_again_when_the_work_raises() -> None:
    def fails() -> None:
        assert not gc.isenabled()
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        measured(fails)
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    measured(lambda: None)
    assert not gc.isenabled()


def test_garbage_made_meanwhile_is_not_collected_meanwhile() -> None:
    found: list[list[int]] = []

    def work() -> None:
        found.append([each["collections"] for each in gc.get_stats()])
        for _ in range(10 * gc.get_threshold()[0]):
            Ring()
        found.append([each["collections"] for each in gc.get_stats()])

    measured(work)
    before, after = found
    assert before == after


def loaded(run: Any) -> LoadedCell:
    """A loaded cell whose step is `run`."""
    given = {"x": np.zeros((2, 3), np.float32)}
    return LoadedCell(NumpyBackend(), SPEC, dict(given), given, {}, Step(run))


def test_every_timed_call_of_a_burst_runs_without_it() -> None:
    seen: list[bool] = []

    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        seen.append(gc.isenabled())
        return {}, {"y": batch["x"]}

    loaded(run).burst(calls=4, lead_in=1)
    assert seen[1:] == [False] * 4
    assert gc.isenabled()


def test_a_step_that_fails_in_a_burst_leaves_it_on() -> None:
    def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
        if not gc.isenabled():
            raise ArithmeticError
        return {}, {"y": batch["x"]}

    with pytest.raises(ArithmeticError):
        loaded(run).burst(calls=4, lead_in=1)
    assert gc.isenabled()


def test_what_a_cell_leaves_behind_is_collected_when_it_is_unloaded() -> None:
    session = Session(NumpyBackend())
    ring = Ring()
    gone = weakref.ref(ring)
    session.cells["cell"] = loaded(lambda state, batch, held=ring: (state, batch))
    del ring
    session.unload(UnloadRequest("cell"))
    assert gone() is None


OPEN = """
import gc, json, sys
from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Policy
from xbench.process.messages import OpenRequest
from xbench.worker.session import Session

policy = Policy(device="cpu", mode="eager", threads=1, math="ieee", allocator="reuse")
Session(NumpyBackend()).open(OpenRequest(policy, None))
framework = sys.modules["numpy"].__dict__
looked_at = any(each is framework for each in gc.get_objects())
print(json.dumps([gc.isenabled(), gc.get_freeze_count(), looked_at]))
"""


def test_the_frameworks_own_objects_are_frozen_once_it_is_open(checkout: dict[str, str]) -> None:
    """Later collections then pass over some ten thousand objects that will never be garbage."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    text = subprocess.check_output(
        [sys.executable, "-c", OPEN], env=checkout | threads, text=True, timeout=60
    )
    enabled, frozen, looked_at = json.loads(text)
    assert enabled
    assert frozen > 1000
    assert not looked_at
