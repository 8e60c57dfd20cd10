"""An adapter under examination: its worker, one oracle, and the engine's own way of asking."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xbench.contracts import Backend, Gradient, Mode, Policy, Spec, Variant
from xbench.engine.oracle_client import OracleClient
from xbench.engine.settings import Settings
from xbench.errors import WorkerDied
from xbench.keys import CellKey
from xbench.ops import OPS
from xbench.process.child import ChildProcess
from xbench.process.environment import worker_environment
from xbench.process.messages import (
    AnswerRequest,
    BurstRequest,
    InputFiles,
    LoadRequest,
    OpenReply,
    OpenRequest,
    PutInputsRequest,
    Reading,
    Request,
    UnloadRequest,
)

R = TypeVar("R")

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
    worker: ChildProcess
    oracle: OracleClient
    scratch: Path
    facts: OpenReply

    @property
    def adapter(self) -> Backend:
        """A fresh object, as the parent has it: not opened."""
        return load(self.path)

    @property
    def key(self) -> CellKey:
        """What its loaded cell is called in a line that nobody keeps."""
        return CellKey(CELL, {}, "", self.path, self.device, self.mode, "none", "all")

    def ask(self, request: Request[R]) -> R:
        """One question to the worker. Raises: CellFailed, WorkerDied."""
        return self.worker.ask(request, LIMIT_S)

    def burst(self, calls: int, read_placed: bool = False) -> Reading:
        """One timed burst of the loaded cell, as the engine takes it."""
        lead_in = 0 if calls == 1 else 1
        return self.ask(BurstRequest(CELL, calls, lead_in, read_placed=read_placed))

    @contextmanager
    def placed(self, spec: Spec, gradient: Gradient) -> Iterator[tuple[InputFiles, int]]:
        """A cell that was put, built and called once. Gives: the oracle's inputs, and how many
        nanoseconds that call took."""
        inputs = self.oracle.prepare(spec)
        try:
            self.ask(PutInputsRequest(CELL, spec, inputs))
            loaded = self.ask(LoadRequest(CELL, Variant(self.mode, gradient)))
            yield inputs, loaded.first.wall_ns
        finally:
            with suppress(WorkerDied):  # what it died of is on its way
                self.ask(UnloadRequest(CELL))
            self.oracle.release(inputs.id)

    def judged(self, inputs: InputFiles, calls: int) -> list[str]:
        """What the oracle finds wrong with the last burst, which ended after so many calls."""
        file = str(self.scratch / "answer.npz")
        self.ask(AnswerRequest(CELL, file, inputs.samplings))
        return self.oracle.judge(inputs.id, file, calls).problems

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
    worker = ChildProcess(
        "xbench.conformance.examined_worker:main",
        {"backend": path, "suites": []},
        environment,
        settings.logs / "worker.log",
        stoppable=False,
    )
    oracle = OracleClient(settings)
    try:
        facts = worker.ask(OpenRequest(policy, core=None), LIMIT_S)
        yield Subject(path, device, mode, worker, oracle, settings.scratch, facts)
    finally:
        worker.kill()
        oracle.close()


# Every built-in op at small sizes.

STREAMS = ("noop", "copy", "triad", "elementwise", "elementwise_grad")
TRANSFERS = ("host_to_device", "device_to_host")
PRODUCTS = ("matmul", "linear", "linear_layer")
FORWARD = ("mlp_forward", "mlp_forward_recorded")
NETWORKS = (
    {"n": 20, "d": 1, "h": 40, "o": 1},
    {"n": 16, "d": 30, "h": 40, "o": 3, "bias": 0},
)
LOSSES = (("mse", "adam"), ("sse", "sgd"), ("bce", "adam"))


def specs_of(op: str, dtype: str) -> Iterator[Spec]:
    """The specs of one op: odd sizes, and the networks with every loss, optimizer and bias. None
    for an op that is not built in."""
    if op in (*STREAMS, *TRANSFERS):
        yield OPS[op].spec(dtype, n=7, w=33)
    elif op in PRODUCTS:
        yield OPS[op].spec(dtype, m=5, k=60, n=17)
    for sizes in NETWORKS:
        if op in FORWARD:
            yield OPS[op].spec(dtype, **sizes)
        for loss, optimizer in LOSSES:
            if op == "mlp_backward":
                yield OPS[op].spec(dtype, loss=loss, **sizes)
            elif op == "mlp_train":
                yield OPS[op].spec(dtype, loss=loss, optimizer=optimizer, **sizes)
