"""The contract every backend must keep: bodies of tests, run on a real worker of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbench.cell import WorkerKey
from xbench.contracts import Mode, Spec, Variant
from xbench.engine.oracle import Oracle
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.launch.process import Process
from xbench.registry import load_backend
from xbench.workloads import OPS

LIMIT_S = 300.0
TRAINING_CALLS = 5
PRODUCTS = ("matmul", "linear", "linear_layer")


@dataclass(frozen=True, slots=True)
class Bench:
    """A worker of one backend and mode, and an oracle."""

    backend: str
    mode: Mode
    worker: Process
    oracle: Oracle
    scratch: Path
    facts: dict[str, Any]

    def problems(self, spec: Spec, gradient: str, calls: int) -> list[str]:
        """What the oracle finds wrong after `calls` calls; also asserts that only the first call
        of a cell traces or compiles."""
        params = {"op": spec.op, "params": list(spec.params), "dtype": spec.dtype}
        inputs = self.oracle.prepare(params)
        try:
            variant = [self.mode, gradient]
            self.worker.call("place", LIMIT_S, cell="c", spec=params, inputs=inputs)
            self.worker.call("load", LIMIT_S, cell="c", variant=variant)
            first = self.worker.call("burst", LIMIT_S, cell="c", calls=1, lead_in=0, shift_bytes=0)
            last = self.worker.call(
                "burst", LIMIT_S, cell="c", calls=calls, lead_in=1, shift_bytes=1 << 20
            )
            assert last["traces"] == first["traces"]
            assert last["wall_ns"] > 0
            file = str(self.scratch / "answer.npz")
            self.worker.call("answer", LIMIT_S, cell="c", file=file, digests=inputs["digests"])
            verdict = self.oracle.judge(inputs["id"], file, 1 + calls)  # the lead-in trains too
            found: list[str] = verdict["problems"]
            return found
        finally:
            self.worker.call("unload", LIMIT_S, cell="c")
            self.oracle.release(inputs["id"])


@contextmanager
def bench(backend: str, mode: Mode, folder: Path, suites: tuple[str, ...] = ()) -> Iterator[Bench]:
    """Start the processes, and end them."""
    settings = Settings(5, folder, suites)
    for name in (settings.scratch, settings.logs):
        name.mkdir(parents=True)
    key = WorkerKey(backend, "cpu", mode, "1", "ieee", "reuse")
    oracle = Oracle(settings)
    try:
        with Workers(settings, 0, 2, lambda facts: None) as workers:
            worker = workers.get(key)
            yield Bench(backend, mode, worker, oracle, settings.scratch, workers.facts[key])
    finally:
        oracle.close()


def small_specs(dtype: str) -> list[Spec]:
    """Every built-in op at small sizes, the networks with every loss, optimizer and bias."""
    specs = [OPS[op].spec(dtype, n=7, w=33) for op in ("noop", "copy", "triad", "elementwise")]
    specs.append(OPS["elementwise_grad"].spec(dtype, n=7, w=33))
    specs += [OPS[op].spec(dtype, m=5, k=60, n=17) for op in PRODUCTS]
    for sizes in (
        {"n": 20, "d": 1, "h": 40, "o": 1},
        {"n": 16, "d": 30, "h": 40, "o": 3, "bias": 0},
    ):
        specs += [OPS[op].spec(dtype, **sizes) for op in ("mlp_forward", "mlp_forward_recorded")]
        for loss, optimizer in (("mse", "adam"), ("sse", "sgd"), ("bce", "adam")):
            specs.append(OPS["mlp_backward"].spec(dtype, loss=loss, **sizes))
            specs.append(OPS["mlp_train"].spec(dtype, loss=loss, optimizer=optimizer, **sizes))
    return specs


def check_supported(backend: str, mode: Mode, op: str, dtype: str, gradient: Any) -> str | None:
    """The adapter's own word on a combination."""
    return load_backend(backend).supports(op, dtype, Variant(mode, gradient))
