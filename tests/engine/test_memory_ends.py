"""Out of memory for real, in workers and in the oracle: a status, and the sweep goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from helpers.measuring import Measured, measure
from helpers.places import HELPERS

DEADLY = str(HELPERS / "deadly.py")
MEASURED = {"ok", "imprecise"}
BOTH = ("numpy", "second")
CONTROL = Path("/sys/fs/cgroup")
LIMIT_BYTES = 64 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """One cell is killed, one meets a limit, and the oracle meets two; in two launches."""
    ops = ("killed", "limited", "unmappable", "too_large", "harmless")
    return measure(tmp_path_factory.mktemp("memory"), ops, BOTH, launches=2, suite=DEADLY)


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group with little memory, where this process may make one."""
    unified = (CONTROL / "cgroup.controllers").exists()
    folder = (CONTROL if unified else CONTROL / "memory") / f"xbench-test-{os.getpid()}"
    limits = {"memory.max": LIMIT_BYTES, "memory.swap.max": 0}
    old = {"memory.limit_in_bytes": LIMIT_BYTES, "memory.memsw.limit_in_bytes": LIMIT_BYTES}
    try:
        folder.mkdir()
        for place, (name, limit) in enumerate((limits if unified else old).items()):
            if place == 0 or (folder / name).exists():
                (folder / name).write_text(str(limit))
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no control group can be made here: {error.strerror}")
    yield folder
    deadline = time.monotonic() + 10.0
    while folder.exists() and time.monotonic() < deadline:
        with suppress(OSError):  # busy until the kernel has tidied up
            folder.rmdir()


def test_a_worker_that_is_killed_is_a_crash_with_the_signal(measured: Measured) -> None:
    cell = measured[1]["killed", "numpy"]
    assert cell.status == "crashed"
    assert "SIGKILL" in cell.reason
    assert cell.time_s is None


@linux
def test_memory_that_is_refused_is_oom_in_the_backends_own_words(measured: Measured) -> None:
    cell = measured[1]["limited", "numpy"]
    assert cell.status == "oom"
    assert "Unable to allocate 2.00 GiB" in cell.reason
    assert cell.time_s is None


@pytest.mark.parametrize("op", ["killed", "limited"])
def test_the_cell_beside_it_is_measured(measured: Measured, op: str) -> None:
    cell = measured[1][op, "second"]
    assert cell.status in MEASURED, cell.reason
    assert len(cell.launch_s) == 2


@linux
@pytest.mark.parametrize(
    ("op", "said"),
    [("unmappable", "Cannot allocate memory"), ("too_large", "Unable to allocate 1.00 PiB")],
)
def test_an_oracle_without_memory_is_oom_too(measured: Measured, op: str, said: str) -> None:
    for backend in BOTH:
        cell = measured[1][op, backend]
        assert cell.status == "oom", cell.reason
        assert "the oracle" in cell.reason
        assert said in cell.reason


def test_the_sweep_goes_on(measured: Measured) -> None:
    run, cells = measured
    assert run.complete
    for backend in BOTH:
        cell = cells["harmless", backend]
        assert cell.status in MEASURED, cell.reason
        assert len(cell.launch_s) == 2


@linux
def test_a_kill_by_the_kernel_for_want_of_memory_is_oom(tmp_path: Path, small_group: Path) -> None:
    group = {"XBENCH_TEST_GROUP": str(small_group)}
    run, cells = measure(tmp_path, ("devours", "harmless"), BOTH, suite=DEADLY, variables=group)
    cell = cells["devours", "numpy"]
    assert cell.status == "oom", cell.reason
    assert "the kernel killed it, out of memory" in cell.reason
    assert cell.time_s is None
    assert cells["devours", "second"].status in MEASURED
    assert {cells["harmless", backend].status for backend in BOTH} <= MEASURED
    assert run.complete
