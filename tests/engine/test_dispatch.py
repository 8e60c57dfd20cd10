"""What launching costs: an empty call and an operator, on NumPy and on backends that cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Factory, Mode, Policy, Step, Variant
from xbench.process.messages import CostsReply
from xbench.worker.launch_costs import launch_costs

NOTHING = CostsReply(0, 0)


class Broken(NumpyBackend):
    """Has a `noop` that raises."""

    name = "broken"

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {"noop": lambda *_: Step(self.fail)}

    def fail(self, *_: Any) -> Any:
        """What a step must not do."""
        raise RuntimeError("no such kernel")


class Poor(NumpyBackend):
    """Supports nothing."""

    name = "poor"

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return "no"


def opened(backend: NumpyBackend) -> NumpyBackend:
    """A backend as a worker has it."""
    backend.open(Policy("cpu", "eager", 1, "ieee", "reuse"))
    return backend


def test_a_call_and_its_operators_cost_something() -> None:
    found = launch_costs(opened(NumpyBackend()), "eager")
    assert found.dispatch_ns > 0
    assert found.operator_ns > 0


@pytest.mark.parametrize("mode", ["graph", "compiled"])
def test_a_mode_that_is_not_there_costs_nothing(mode: Mode) -> None:
    assert launch_costs(opened(NumpyBackend()), mode) == NOTHING


def test_a_backend_that_cannot_say_still_serves(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch_costs(opened(Broken()), "eager") == NOTHING
    assert "no such kernel" in capsys.readouterr().err
    assert launch_costs(opened(Poor()), "eager") == NOTHING
