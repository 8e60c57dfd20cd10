"""The worker of an adapter that is examined: an ordinary one that answers a few questions more."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend
from xbench.worker.serve import serve
from xbench.worker.session import Session, load_adapter

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (64, 64), (512, 512))
TOO_LARGE = 1 << 48
"""Entries: a petabyte of float32, which no address space holds."""

SETTLE_S, IDLE_S = 0.3, 0.3


def main(config: dict[str, Any]) -> None:
    """Serve an adapter as `xbench.worker.session` does, and examine it."""
    backend = load_adapter(config)
    session = Session(backend)
    handlers = session.handlers | {
        "ownership": lambda dtype: {"problems": ownership(backend, session.device, dtype)},
        "classified": lambda: {"problems": classified(backend)},
        "overfull": lambda: {"problems": overfull(backend)},
        "idle": idle,
    }
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
    said = {str(each): backend.classify(each) for each in (MemoryError("m"), ValueError("v"))}
    problems = [] if said["m"] == "oom" else [f"a MemoryError is {said['m']!r}, not 'oom'"]
    return (
        problems if said["v"] is None else [*problems, f"a ValueError is {said['v']!r}, not None"]
    )


def overfull(backend: Backend) -> list[str]:
    """Whether memory that cannot be had ends as `oom`."""
    import numpy as np

    huge = np.broadcast_to(np.float32(1.0), (TOO_LARGE,))
    try:
        backend.put(huge)
    except Exception as error:
        status = backend.classify(error)
        text = f"{type(error).__name__}: {error}"[:200]
        return [] if status == "oom" else [f"a petabyte raised {text}, classified {status!r}"]
    finally:
        gc.collect()
    return ["a petabyte was put without an error"]


def idle() -> dict[str, Any]:
    """CPU seconds over wall seconds while nothing is asked, a moment after the last call."""
    time.sleep(SETTLE_S)
    wall, cpu = time.perf_counter(), time.process_time()
    time.sleep(IDLE_S)
    return {"busy": (time.process_time() - cpu) / (time.perf_counter() - wall)}
