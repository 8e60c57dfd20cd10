"""The worker of an adapter that is examined: an ordinary one that answers a few questions more."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xbench.conformance.questions import (
    ClassifiedRequest,
    IdleReply,
    IdleRequest,
    OutputsReply,
    OverfullRequest,
    OwnershipRequest,
    ProblemsReply,
    ReadOutputRequest,
)
from xbench.contracts import Backend, Mode, Spec, Variant
from xbench.process.bootstrap import WorkerConfig
from xbench.process.serve import Answers, serve, typed
from xbench.registry import factory_of
from xbench.worker.session import Session, load_adapter

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (64, 64), (512, 512))
TOO_LARGE = 1 << 48
"""Entries: a petabyte of float32, which no address space holds."""

WIDE = 1 << 24

SETTLE_S, IDLE_S = 0.3, 0.3


def main(config: WorkerConfig) -> None:
    """Serve an adapter as `xbench.worker.session` does, and examine it."""
    backend = load_adapter(config)
    session = Session(backend)
    answers: Answers = {
        OwnershipRequest: lambda asked: ProblemsReply(
            ownership(backend, session.device, asked.dtype)
        ),
        ClassifiedRequest: lambda _: ProblemsReply(classified(backend)),
        OverfullRequest: lambda asked: ProblemsReply(overfull(backend, asked.mode)),
        ReadOutputRequest: lambda asked: read_output(session, asked.cell, asked.name),
        IdleRequest: lambda _: idle(),
    }
    handlers = session.handlers | typed(answers)
    serve(config["read_fd"], config["write_fd"], handlers, backend.classify)


def ownership(backend: Backend, device: str, dtype: str) -> list[str]:
    """Whether `put` copies, `get` gives the values back, and `where` tells the truth."""
    import numpy as np

    problems: list[str] = []
    carrier = "float32" if dtype == "bfloat16" else dtype
    asked = {"dtype": dtype} if dtype == "bfloat16" else {}
    for shape in SHAPES:
        host = np.full(shape, 1.5, carrier)
        tensor = backend.put(host, **asked)
        host[...] = 7.0
        backend.fence({"x": tensor})
        back = np.asarray(backend.get(tensor))
        if back.shape != shape or str(back.dtype) != carrier:
            problems.append(f"get gave {back.dtype} {back.shape}, {carrier} {shape} was put")
        elif not (back == 1.5).all():
            values = "what was written to the array later" if (back == 7.0).all() else "others"
            problems.append(f"put of shape {shape} does not own its values: get gave {values}")
        if backend.where(tensor) != (device, dtype):
            problems.append(f"where is {backend.where(tensor)}, {(device, dtype)} was asked for")
        frozen = np.ones(shape, carrier)
        frozen.flags.writeable = False  # inputs are mapped read-only
        backend.put(frozen, **asked)
    return problems


def classified(backend: Backend) -> list[str]:
    """What `classify` says of Python's own errors."""
    said = backend.classify(MemoryError("m"))
    problems = [] if said == "oom" else [f"a MemoryError is {said!r}, not 'oom'"]
    others = (ValueError("v"), RuntimeError("r"), OSError(5, "o"), KeyError("k"), TypeError("t"))
    for error in others:
        said = backend.classify(error)
        if said is not None:
            problems.append(f"a {type(error).__name__} is {said!r}, not None")
    return problems


def overfull(backend: Backend, mode: Mode) -> list[str]:
    """Whether memory that cannot be had ends as `oom`: asked by `put`, and by a product of little
    whose result is more than there is, which a framework refuses in its own words."""
    import numpy as np

    def put() -> None:
        backend.put(np.broadcast_to(np.float32(1.0), (TOO_LARGE,)))

    def multiply() -> None:
        spec = Spec("matmul", (("m", WIDE), ("k", 1), ("n", WIDE)), "float32")
        step = factory_of(backend, "matmul")(backend, spec, Variant(mode, "none"))
        batch = {
            name: backend.put(np.ones(shape, "float32"))
            for name, shape in (("a", (WIDE, 1)), ("b", (1, WIDE)))
        }
        state, outputs = step.run({}, batch)
        backend.fence(state | outputs)

    asked = {"a petabyte that was put": put}
    if mode == "eager" and backend.supports("matmul", "float32", Variant(mode, "none")) is None:
        asked["a product of a petabyte"] = multiply
    return [problem for what, ask in asked.items() if (problem := _refused(backend, what, ask))]


def _refused(backend: Backend, what: str, ask: Callable[[], None]) -> str | None:
    try:
        ask()
    except Exception as error:
        status = backend.classify(error)
        text = f"{type(error).__name__}: {error}"[:200]
        oom = status == "oom" or isinstance(error, MemoryError)
        return None if oom else f"{what} raised {text}, classified {status!r}"
    finally:
        gc.collect()
    return f"{what} raised no error"


def read_output(session: Session, cell: str, name: str) -> OutputsReply:
    """Have bursts read this output after the claimed end."""
    loaded = session.cells[cell]
    loaded.smallest_output = name or loaded.smallest_output
    return OutputsReply(sorted(loaded.last))


def idle() -> IdleReply:
    """How busy it is while nothing is asked, a moment after the last call, and the processes that
    it started too."""
    time.sleep(SETTLE_S)
    wall, cpu = time.perf_counter(), _cpu_s()
    time.sleep(IDLE_S)
    return IdleReply((_cpu_s() - cpu) / (time.perf_counter() - wall))


def _cpu_s() -> float:
    import psutil

    spent = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            spent += sum(child.cpu_times()[:2])
    return spent
