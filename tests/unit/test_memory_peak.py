"""Reading peaks: the kernel's mark, a framework's counter, and when a peak has grown steady."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pytest

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Memory, Spec, Variant
from xbench.errors import CellFailed
from xbench.machine import own_process
from xbench.process.messages import InputFiles, PeakReply
from xbench.worker.peak import LEAST_CALLS, MOST_CALLS, peak_memory

SPEC = Spec("copy", (("n", 2), ("w", 3)), "float32")
BLOCK_BYTES = 64 << 20
MB = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/clear_refs")


class Counted(NumpyBackend):
    """NumPy on a device whose counter shows these peaks, one a reading; little is held before."""

    def __init__(self, before: Memory, peaks: Iterator[int]) -> None:
        self.readings = chain([before], (Memory(0, peak) for peak in peaks))

    def memory(self) -> Memory:
        return next(self.readings)


@pytest.fixture
def inputs(tmp_path: Path) -> InputFiles:
    """Files as the oracle writes them."""
    np.save(tmp_path / "x.npy", np.ones((2, 3), "float32"))
    return InputFiles(batch={"x": str(tmp_path / "x.npy")})


def counted(inputs: InputFiles, before: Memory, peaks: Iterator[int]) -> PeakReply:
    """What a device's figure is made of."""
    backend = Counted(before, peaks)
    return peak_memory(backend, "virtual:0", SPEC, Variant("eager", "none"), inputs)


def test_a_device_is_read_by_its_frameworks_counter(inputs: InputFiles) -> None:
    found = counted(inputs, Memory(10, 20), repeat(120))
    assert found == PeakReply(110, LEAST_CALLS, "framework", steady=True)


def test_a_peak_that_an_earlier_one_hides_is_no_figure(inputs: InputFiles) -> None:
    with pytest.raises(CellFailed, match="held more before the inputs were put") as caught:
        counted(inputs, Memory(10, 20 * MB), repeat(20 * MB))
    assert caught.value.status == "unsupported"
    later = chain([20 * MB], repeat(30 * MB))  # hidden at the first call only
    assert counted(inputs, Memory(10, 20 * MB), later).peak_bytes == 30 * MB - 10


@pytest.mark.parametrize(
    ("rises", "calls"), [((1,), 3), ((1, 2), 4), ((1, 2, 4), 8), ((1, 2, 4, 7, 9), 18)]
)
def test_calls_go_on_until_half_of_them_raised_nothing(
    inputs: InputFiles, rises: tuple[int, ...], calls: int
) -> None:
    peaks = [sum(call >= each for each in rises) * 10 * MB for call in range(1, MOST_CALLS + 1)]
    found = counted(inputs, Memory(0, 0), iter(peaks))
    assert found.calls == calls
    assert found.peak_bytes == len(rises) * 10 * MB
    assert found.steady


def test_what_rises_for_ever_is_not_steady(inputs: InputFiles) -> None:
    found = counted(inputs, Memory(0, 0), (n * 10 * MB for n in range(1, 1000)))
    assert (found.calls, found.steady) == (MOST_CALLS, False)
    assert found.peak_bytes == MOST_CALLS * 10 * MB


def test_a_little_more_at_each_call_is_no_rise(inputs: InputFiles) -> None:
    found = counted(inputs, Memory(0, 0), (500 * MB + n * 2 * MB for n in range(1000)))
    assert (found.calls, found.steady) == (LEAST_CALLS, True)


@linux
def test_the_mark_is_exact_and_can_be_set_back() -> None:
    assert own_process.forget_peak()
    before = own_process.resident_memory()
    np.ones(BLOCK_BYTES, "uint8")
    after = own_process.resident_memory()
    assert 0.99 * BLOCK_BYTES <= after.peak_bytes - before.current_bytes <= 1.1 * BLOCK_BYTES
    assert after.current_bytes <= before.current_bytes + BLOCK_BYTES // 2
    assert own_process.forget_peak()
    assert own_process.resident_memory().peak_bytes <= after.peak_bytes - BLOCK_BYTES // 2


def test_elsewhere_the_peak_of_the_process_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: InputFiles
) -> None:
    for name in ("_STATUS", "_CLEAR"):
        monkeypatch.setattr(own_process, name, tmp_path / "proc" / name)
    assert not own_process.has_own_mark()
    assert not own_process.forget_peak()
    found = own_process.resident_memory()
    assert found.current_bytes == found.peak_bytes > 1_000_000
    with pytest.raises(CellFailed, match="does not set its peak back"):
        peak_memory(NumpyBackend(), "cpu", SPEC, Variant("eager", "none"), inputs)


@linux
def test_free_memory_of_the_heap_is_given_back_first(tmp_path: Path) -> None:
    """Else the tensors would lie in it, and cost nothing."""
    np.ones(BLOCK_BYTES // 4, "uint8")  # from now on glibc takes as much from the heap
    blocks = [bytearray(BLOCK_BYTES >> 10) for _ in range(1 << 10)]
    last = blocks.pop()
    blocks.clear()
    width = BLOCK_BYTES // 32
    np.save(tmp_path / "x.npy", np.ones((1, width), "float32"))
    spec = Spec("copy", (("n", 1), ("w", width)), "float32")
    files = InputFiles(batch={"x": str(tmp_path / "x.npy")})
    found = peak_memory(NumpyBackend(), "cpu", spec, Variant("eager", "none"), files)
    assert last
    assert found.peak_bytes >= 0.99 * 2 * 4 * width


@linux
def test_a_rise_counts_where_the_mark_cannot_be_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_process, "_CLEAR", tmp_path / "proc" / "clear_refs")
    width = (own_process.resident_memory().peak_bytes + BLOCK_BYTES) // 4
    np.save(tmp_path / "x.npy", np.ones((1, width), "float32"))
    spec = Spec("copy", (("n", 1), ("w", width)), "float32")
    files = InputFiles(batch={"x": str(tmp_path / "x.npy")})
    found = peak_memory(NumpyBackend(), "cpu", spec, Variant("eager", "none"), files)
    assert found.method == "VmHWM"
    assert 0.99 * 2 * 4 * width <= found.peak_bytes <= 2.2 * 4 * width
