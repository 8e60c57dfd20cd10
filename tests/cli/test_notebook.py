"""`%%race` in a notebook: its example, its mistakes, and what an interrupt leaves behind."""

from __future__ import annotations

import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient

from xbench.process.child import ROOT

nbformat: Any = import_module("nbformat")  # it has no types
EXAMPLE = ROOT / "docs" / "examples" / "race.ipynb"
QUICK = "--launches 1 --budget 60s"
LONG = "%%race -s 'import time; x = 1' --budget 500s\ntime.sleep(0.2) or x\ntime.sleep(0.3) or x"
WAIT_S = 60.0


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel has the checkout's xbench."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def shown(cell: Any) -> str:
    """What a cell shows, all as text."""
    data = [each.get("data", {}) for each in cell.outputs]
    texts = [each.get("text", "") for each in cell.outputs]
    return "\n".join([*(each.get("text/plain", "") for each in data), *texts])


def test_the_example_runs_and_mistakes_are_one_message(tmp_path: Path) -> None:
    book = nbformat.read(EXAMPLE, as_version=4)
    for cell in book.cells:
        cell.source = cell.source.replace("--budget 15s", QUICK)
    for source in ("%%race\nx +", "%%race --oops 3\nx", "%%race\n# nothing"):
        wrong = nbformat.v4.new_code_cell(source)
        wrong.metadata["tags"] = ["raises-exception"]
        book.cells.append(wrong)
    NotebookClient(book, timeout=WAIT_S, resources={"metadata": {"path": tmp_path}}).execute()
    squares, ratio, sums, *wrong_ones = [c for c in book.cells if c.cell_type == "code"][1:]
    assert "took the least time" in shown(squares)
    assert "<svg" in squares.outputs[-1]["data"]["text/html"]
    assert shown(ratio).startswith("x ** 2 against x * x: ")
    assert "size" in shown(sums)
    for cell, said in zip(wrong_ones, ("no Python", "--oops", "no contender"), strict=True):
        assert said in shown(cell)
        assert "Traceback" not in shown(cell)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_process_behind() -> None:
    manager, client = start_new_kernel()
    try:
        client.execute("%load_ext xbench", reply=True, timeout=WAIT_S)
        client.execute(LONG)
        kernel = psutil.Process(_pid(manager))
        _until(lambda: len(_workers(kernel)) >= 2)
        every = kernel.children(recursive=True)
        time.sleep(1.0)
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=WAIT_S)
        assert "the race was interrupted" in reply["content"]["evalue"]
        assert not _workers(kernel)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not psutil.wait_procs(every, WAIT_S)[1]  # what watches over workers ends with the kernel


def _workers(kernel: psutil.Process) -> list[psutil.Process]:
    """Processes that measure."""
    found = []
    for each in kernel.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [each] if any("bootstrap.py" in part for part in each.cmdline()) else []
    return found


def _pid(manager: KernelManager) -> int:
    found = getattr(manager.provisioner, "pid", None)
    assert isinstance(found, int)
    return found


def _until(true: Any) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
