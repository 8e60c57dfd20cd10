"""Which accidents of a process decide how fast a call is: the table of docs/layout.md.

    python tests/tools/layout.py [--backend numpy torch tensorflow] [--width 4 512 20480]

First, NumPy alone: y = x * w + z with its result, or its operands, at each distance from a cache
line. Then, for each backend and width, how far a burst's time scatters (the standard deviation of
its logarithm, in per cent, taken from the median absolute deviation, less what equal bursts scatter
by) when one thing is drawn anew and the rest stays: where the result lies, where operands lie,
both; and between processes: nothing (what the kernel draws), Python's hash seed, the environment's
size, what was allocated before the imports."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from math import log, sqrt
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DRAWS, REPEATS, PROCESSES = 40, 4, 12
REUSE = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
BURST_S = 2e-3


def alignment(width: int) -> None:
    """Print the time of a NumPy call by where its result, or its operands, begin."""
    import numpy as np

    size = 100 * width * 4

    def array(offset: int, page: int) -> Any:
        block = np.empty(size + 3 * 4096, np.uint8)
        start = -block.ctypes.data % 4096 + page + offset
        found = block[start : start + size].view("float32")
        found[:] = 1.5
        return found

    def shortest(operands: int, result: int) -> float:
        x, w, z = (array(operands, 1024 * number) for number in range(3))
        y = array(result, 3072)

        def call() -> None:
            np.multiply(x, w, out=y)
            np.add(y, z, out=y)

        return min(timed(call) for _ in range(15))

    print(f"| width {width} | 0 | 16 | 32 | 48 |\n| --- | --- | --- | --- | --- |")
    for what, of in (("result at", lambda o: (0, o)), ("operands at", lambda o: (o, 0))):
        cells = " | ".join(f"{shortest(*of(offset)) * 1e6:.1f} µs" for offset in (0, 16, 32, 48))
        print(f"| {what} | {cells} |")


def timed(call: Callable[[], object]) -> float:
    """Seconds of a call, in a burst."""
    from time import perf_counter

    start = perf_counter()
    call()
    calls = max(1, round(BURST_S / max(perf_counter() - start, 1e-7)))
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls


def inside(backend: str, width: int, what: str) -> list[list[float]]:
    """In this process: ln seconds of a call, `REPEATS` bursts for each of `DRAWS` draws of `what`:
    `result`, `operands`, `both`, or `nothing`."""
    import numpy as np

    from xbench.contracts import Policy, Variant
    from xbench.ops import get_op
    from xbench.registry import load_backend
    from xbench.worker.layout import Gaps, Heap
    from xbench.worker.loaded_cell import LoadedCell

    adapter = load_backend(backend)
    adapter.open(Policy("cpu", "eager", os.cpu_count() or 1, "ieee", "reuse"))
    spec = get_op("elementwise").spec("float32", n=100, w=width)
    given = get_op("elementwise").inputs(spec, np.random.default_rng(5)).batch
    loaded = LoadedCell(
        adapter, spec, {name: adapter.put(each) for name, each in given.items()}, given, {}
    )
    loaded.step = adapter.ops["elementwise"](adapter, spec, Variant("eager", "none"))
    heap, random = Heap(), Random(3)
    calls = max(2, round(BURST_S * 1e9 / (loaded.burst(20, 20).wall_ns / 20)))
    loaded.populate(8 * 100 * width * 4)
    found = []
    for _ in range(DRAWS):
        gaps = Gaps(heap, random.getrandbits(32))
        loaded.last = {}
        if what in ("operands", "both"):
            loaded.batch = {}
            for name, values in given.items():
                gaps.before(values.nbytes)
                loaded.batch[name] = adapter.put(values)
        if what in ("result", "both"):
            gaps.before(100 * width * 4)
        bursts = [loaded.burst(calls, calls) for _ in range(REPEATS)]
        found.append([log(each.wall_ns / calls) for each in bursts])
        gaps.close()
    return found


def scatter(found: Sequence[Sequence[float]]) -> float:
    """The standard deviation between draws, less what equal bursts scatter by; each by the median
    of absolute deviations, since a few bursts meet another program."""
    middles = [median(each) for each in found]
    within = deviation(
        [each - middle for one, middle in zip(found, middles, strict=True) for each in one]
    )
    return sqrt(max(deviation(middles) ** 2 - within**2 / len(found[0]), 0.0))


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of normal values, of which some may be wild."""
    middle = median(values)
    return 1.4826 * median(abs(each - middle) for each in values)


def child(backend: str, width: int, what: str, seed: int, **variables: str) -> Any:
    """The bursts of a fresh process."""
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(os.cpu_count()))
    own = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--inside", backend, str(width), what, str(seed)]
    done = subprocess.run(
        command,
        env=base | threads | REUSE | own | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def between(backend: str, width: int, what: str) -> float:
    """The scatter of processes between which one thing differs."""
    found = []
    for number in range(PROCESSES):
        variables = {}
        if what == "hash seed":
            variables["PYTHONHASHSEED"] = str(1 + number * 7919)
        if what == "environment":
            variables["PAD"] = "x" * (number * 331)
        bursts = child(backend, width, "nothing", number if what == "earlier" else -1, **variables)
        found.append([median(each) for each in bursts])
    return scatter(found)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", nargs="+", default=["numpy", "torch", "tensorflow"])
    parser.add_argument("--width", type=int, nargs="+", default=[4, 512, 20480])
    parser.add_argument("--inside", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        backend, width, what, seed = options.inside
        if int(seed) >= 0:
            from xbench.worker.layout import scatter_process

            kept = scatter_process(int(seed))
            assert kept
        print(json.dumps(inside(backend, int(width), what)))
        return
    for width in options.width:
        alignment(width)
        print(flush=True)
    drawn, processes = (
        ("nothing", "result", "operands", "both"),
        (
            "nothing",
            "hash seed",
            "environment",
            "earlier",
        ),
    )
    heads = [f"burst: {each}" for each in drawn] + [f"process: {each}" for each in processes]
    print(f"| cell | {' | '.join(heads)} |\n| {' | '.join(['---'] * (1 + len(heads)))} |")
    for backend in options.backend:
        for width in options.width:
            cells = [scatter(child(backend, width, each, -1)) for each in drawn]
            cells += [between(backend, width, each) for each in processes]
            print(
                f"| {backend} {width} | {' | '.join(f'{each:.1%}' for each in cells)} |", flush=True
            )


if __name__ == "__main__":
    main()
