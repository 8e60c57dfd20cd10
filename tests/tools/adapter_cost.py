"""What going through xbench costs: an adapter's step against a loop written by hand.

    python tests/tools/adapter_cost.py [numpy torch tensorflow]

For matmul 2048 x 2048 x 2048 and one Adam step of 100 x 1 -> 20480 -> 1, each backend runs in five
fresh processes with the environment a worker would have. Bursts of xbench's step
(`LoadedCell.burst`) and of the hand-written loop alternate in random order; printed are the medians
over the processes, and the ratio xbench / by hand: the geometric mean over processes of the median
of paired ratios, with its 95 % interval. Both sides hold the same arithmetic and settings.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from math import log
from pathlib import Path
from statistics import median
from typing import Any

import tests_on_path  # noqa: F401

from xbench.analysis.interval import over_launches
from xbench.contracts import Backend, Gradient, Mode, Policy, Spec, Variant
from xbench.keys import WorkerKey
from xbench.machine.machine import this_machine
from xbench.ops import OPS
from xbench.process.child import ROOT
from xbench.process.environment import worker_environment
from xbench.registry import BACKENDS, load_backend
from xbench.worker.loaded_cell import LoadedCell

LAUNCHES = 5
ROUNDS = 40
BURST_S = 0.03
Loop = Callable[[int], None]
"""Runs so many calls and returns when they are computed."""


def specs() -> list[Spec]:
    """The two workloads."""
    return [
        OPS["matmul"].spec("float32", m=2048, k=2048, n=2048),
        OPS["mlp_train"].spec("float32", n=100, d=1, h=20480, o=1, optimizer="adam", loss="mse"),
    ]


def main(names: list[str]) -> None:
    """Start the processes of each backend and sum them up."""
    print(f"{'backend':12}{'op':12}{'by hand':>12}{'xbench':>12}{'ratio':>8}  interval")
    for name in names or list(BACKENDS):
        found = [json.loads(_launch(name)) for _ in range(LAUNCHES)]
        for op in found[0]:
            theirs, ours = (median(each[op][side] for each in found) for side in ("hand", "xbench"))
            ratio = over_launches([log(each[op]["paired"]) for each in found])
            times = f"{theirs * 1e3:9.3f} ms{ours * 1e3:9.3f} ms"
            print(f"{name:12}{op:12}{times}{ratio.value:8.3f}  [{ratio.low:.3f}, {ratio.high:.3f}]")


def _launch(name: str) -> str:
    """What one process of a backend printed last."""
    policy = _policy(name)
    with tempfile.TemporaryDirectory() as scratch:
        adapter = load_backend(name).env(policy)
        environment = worker_environment(adapter, policy.allocator, Path(scratch))
        environment["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, __file__, "--in-process", name]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().splitlines()[-1]


def _policy(name: str) -> Policy:
    mode: Mode = "graph" if name == "tensorflow" else "eager"
    return WorkerKey(name, "cpu", mode, "all", "ieee", "reuse").policy(this_machine().cores)


def measure(name: str) -> None:
    """Both workloads in this process."""
    backend = load_backend(name)
    policy = _policy(name)
    backend.open(policy)
    gradient: dict[str, Gradient] = {
        "matmul": "none",
        "mlp_train": backend.probe().default_gradient,
    }
    found: dict[str, dict[str, float]] = {}
    for spec in specs():
        variant = Variant(policy.mode, gradient[spec.op])
        loaded, by_hand = _both(backend, spec, variant)
        found[spec.op] = _compare(loaded, by_hand)
    print(json.dumps(found))


def _both(backend: Backend, spec: Spec, variant: Variant) -> tuple[LoadedCell, Loop]:
    import numpy as np

    inputs = OPS[spec.op].inputs(spec, np.random.default_rng(5))
    batch = {each: backend.put(values) for each, values in inputs.batch.items()}
    step = backend.ops[spec.op](backend, spec, variant)
    loaded = LoadedCell(backend, spec, batch, inputs.batch, inputs.state, step)
    hand = import_module(f"by_hand_{backend.name}")
    build: Callable[[Any, Any], Loop] = getattr(hand, spec.op)
    return loaded, build(inputs.batch, inputs.state)


def _compare(loaded: LoadedCell, by_hand: Loop) -> dict[str, float]:
    by_hand(3)
    calls = max(1, min(20, round(BURST_S / (loaded.burst(3, 3).wall_ns / 3e9))))
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        for side in random.sample("xh", 2):
            if side == "x":
                ours.append(loaded.burst(calls, 1).wall_ns * 1e-9 / calls)
            else:
                by_hand(1)
                start = time.perf_counter()
                by_hand(calls)
                theirs.append((time.perf_counter() - start) / calls)
    paired = median(one / other for one, other in zip(ours, theirs, strict=True))
    return {"hand": median(theirs), "xbench": median(ours), "paired": paired}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        measure(sys.argv[2])
    else:
        main(sys.argv[1:])
