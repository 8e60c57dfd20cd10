"""The peak memory of one cell, in a process that has done nothing else.

On a processor the figure is the highest resident memory of the process while the inputs are put,
the step is built and a few calls are made, less what was resident just before, in bytes.

- In it: the tensors put (batch and state), with what putting them takes; results and temporaries
  of a loop `y = step(x)`, which still holds the last results while the next ones are computed, as
  timed bursts do; whatever the framework takes for itself at its first call: code pages, stacks of
  threads, workspaces, a compiler. At small sizes that is most of the figure.
- Not in it: the interpreter, the imported framework, and the host arrays that inputs are put from.
  Those are read into the heap before the first reading and stay there until after the last, so that
  they cancel. Mapped, as a timing worker has them, their pages would count as resident when they
  are touched; the kernel can tell them apart now (RssAnon), but keeps no high-water mark of that,
  and sampling it beside the calls misses what is short.
- Nor what the heap hoards: free memory is given back before the first reading, or small tensors
  would lie in it and cost nothing, and before each call. Without the latter a training step of
  torch at H = 20480 took four equal processes 38 to 55 MB, by how their heaps came to be cut up
  (glibc 2.36), and with it three of them 30.6: what is needed, not what a long loop may come to.

The kernel's mark (VmHWM) is set back just before the inputs are put, misses nothing however short,
and is exact to 128 kB a core, which counts 32 pages before it adds them up. Where the mark cannot
be set back, the peak of the process's life is the cell's if it rose meanwhile; if it did not, there
is no figure. Where a system does not say what is resident now (macOS), the figure is how far its
peak rose, and the truth may be more. On another device it is the framework's own count of what its
tensors held there, of the process's life too: what it did before the inputs is next to nothing.

Results are not checked here: the cell was timed and checked before.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Memory, Spec, Tensors, Variant
from xbench.errors import CellFailed
from xbench.machine.own_process import forget_peak, has_own_mark, resident_memory
from xbench.process.messages import InputFiles, PeakReply
from xbench.process.serve import storage
from xbench.registry import factory_of
from xbench.text import show_bytes
from xbench.worker.loaded_cell import LoadedCell, put

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

LEAST_CALLS, MOST_CALLS = 3, 48
"""Calls go on until the second half of them has not raised the peak: a heap that gives nothing back
may grow for twenty calls, and not at each of them."""

RISE_SHARE, RISE_BYTES = 0.01, 1 << 20
"""A call that adds less than either of these has not raised the peak."""


class Meter:
    """How far memory on a device rises above what is held when this object is made."""

    def __init__(self, backend: Backend, device: str) -> None:
        host = device == "cpu"
        self._read: Callable[[], Memory] = resident_memory if host else backend.memory
        self.method = "framework" if not host else "VmHWM" if has_own_mark() else "ru_maxrss"
        gc.collect()
        _give_back()
        self._forgot = host and forget_peak()
        self._before = self._read()

    def peak_bytes(self) -> int:
        """The rise so far, or what an earlier peak leaves to be seen of it."""
        return self._read().peak_bytes - self._before.current_bytes

    def check(self, rise_bytes: int) -> None:
        """Raise CellFailed("unsupported", ...) if this rise was there before."""
        earlier = self._before.peak_bytes
        if not self._forgot and rise_bytes <= earlier - self._before.current_bytes:
            raise CellFailed(
                "unsupported",
                f"the process had held more before the inputs were put ({show_bytes(earlier)}), "
                "and this system does not set its peak back",
            )


def peak_memory(
    backend: Backend, device: str, spec: Spec, variant: Variant, inputs: InputFiles
) -> PeakReply:
    """Measure a cell of an opened backend. Raises: CellFailed."""
    given, pristine = _read_arrays(inputs.batch), _read_arrays(inputs.state)
    meter = Meter(backend, device)
    batch = {name: put(backend, spec, name, values) for name, values in given.items()}
    loaded = LoadedCell(backend, spec, batch, given, pristine)
    loaded.step = factory_of(backend, spec.op)(backend, spec, variant)
    state, outputs = loaded.fresh_state(), Tensors()
    peak = calls = rose_at = 0
    while calls < min(MOST_CALLS, max(LEAST_CALLS, 2 * rose_at)):
        _give_back()
        state, outputs = loaded.step.run(state, batch)
        backend.fence(state | outputs)
        calls += 1
        before, peak = peak, max(peak, meter.peak_bytes())
        if peak - before > max(RISE_BYTES, RISE_SHARE * peak):
            rose_at = calls
    meter.check(peak)
    return PeakReply(peak, calls, meter.method, steady=2 * rose_at <= calls)


def _read_arrays(files: dict[str, str]) -> dict[str, Array]:
    """Host arrays by name, in memory of the process's own."""
    import numpy as np

    with storage():
        return {name: np.load(Path(file), allow_pickle=False) for name, file in files.items()}


def _give_back() -> None:
    """Return the heap's free pages to the system, where the C library can (glibc)."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
