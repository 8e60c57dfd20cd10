"""An adapter under examination: its worker, one oracle, and the engine's own way of asking."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xbench.contracts import Backend, Gradient, Mode, Policy, Spec, Variant
from xbench.engine.oracle import Oracle
from xbench.engine.settings import Settings
from xbench.errors import WorkerDied
from xbench.launch.environment import worker_environment
from xbench.launch.process import Process

LIMIT_S = 300.0
CELL = "cell"


def load(path: str) -> Backend:
    """A new adapter from "module:Class"; the working directory counts as a place of modules."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module, _, name = path.partition(":")
    backend: Backend = getattr(importlib.import_module(module), name)()
    return backend


@dataclass(slots=True)
class Subject:
    """One adapter in one mode on one device; `facts` are what its worker said when it opened."""

    path: str
    device: str
    mode: Mode
    worker: Process
    oracle: Oracle
    scratch: Path
    facts: dict[str, Any]

    @property
    def adapter(self) -> Backend:
        """A fresh object, as the parent has it: not opened."""
        return load(self.path)

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        """One question to the worker. Raises: CellFailed, WorkerDied."""
        return self.worker.call(action, LIMIT_S, **arguments)

    def burst(self, calls: int, read_placed: bool = False) -> dict[str, Any]:
        """One timed burst of the loaded cell, as the engine takes it."""
        lead_in = 0 if calls == 1 else 1
        return self.ask("burst", cell=CELL, calls=calls, lead_in=lead_in, read_placed=read_placed)

    @contextmanager
    def placed(self, spec: Spec, gradient: Gradient) -> Iterator[dict[str, Any]]:
        """A cell that was put, built and called once. Gives: the oracle's inputs, and `first_ns`,
        what that call took."""
        params = {"op": spec.op, "params": list(spec.params), "dtype": spec.dtype}
        inputs = self.oracle.prepare(params)
        try:
            self.ask("place", cell=CELL, spec=params, inputs=inputs)
            loaded = self.ask("load", cell=CELL, variant=[self.mode, gradient])
            yield inputs | {"first_ns": loaded["first"]["wall_ns"]}
        finally:
            with suppress(WorkerDied):  # what it died of is on its way
                self.ask("unload", cell=CELL)
            self.oracle.release(inputs["id"])

    def judged(self, inputs: dict[str, Any], calls: int) -> list[str]:
        """What the oracle finds wrong with the last burst, which ended after so many calls."""
        file = str(self.scratch / "answer.npz")
        self.ask("answer", cell=CELL, file=file, digests=inputs["digests"])
        problems: list[str] = self.oracle.judge(inputs["id"], file, calls)["problems"]
        return problems

    def refuses(self, op: str, dtype: str, gradient: Gradient) -> str | None:
        """The adapter's own word on a combination."""
        return self.adapter.supports(op, dtype, Variant(self.mode, gradient))


@contextmanager
def examined(path: str, device: str, mode: Mode, folder: Path) -> Iterator[Subject]:
    """Start the processes, and end them. Raises: CellFailed, WorkerDied if it does not open."""
    settings = Settings(5, folder)
    for each in (settings.scratch, settings.logs):
        each.mkdir(parents=True)
    policy = Policy(device, mode, 1, "ieee", "reuse")
    environment = worker_environment(load(path).env(policy), policy.allocator, settings.scratch)
    places = [str(Path.cwd()), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(places)
    worker = Process(
        "xbench.conformance.inside:main", {"backend": path, "suites": []}, environment,
        settings.logs / "worker.log", stoppable=False,
    )  # fmt: skip
    oracle = Oracle(settings)
    try:
        facts = worker.call("open", LIMIT_S, policy=asdict(policy), core=None)
        yield Subject(path, device, mode, worker, oracle, settings.scratch, facts)
    finally:
        worker.kill()
        oracle.close()
