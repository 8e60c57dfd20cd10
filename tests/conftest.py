"""Fixtures of more than one test file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from helpers.places import TESTS
from xbench.process.child import ROOT, ChildProcess
from xbench.process.environment import worker_environment
from xbench.registry import BACKENDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WAIT_S = 60.0
settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests' own cache: the machine's ceilings are measured once a session, for all runs. And
    their own lock: those of the other test process do not wait for them."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("XBENCH_LOCK", str(cache / "xbench.lock"))
        patch.delenv("PYTEST_XDIST_WORKER", raising=False)  # a pytest that a test starts is not one
        yield


@pytest.fixture(autouse=True)
def _without_jax(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX is an extra: what is expected of a selection does not depend on whether it is there."""
    if "jax" not in request.node.name and "jax" not in request.node.path.name:
        monkeypatch.delitem(BACKENDS, "jax", raising=False)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], ChildProcess]]:
    """Starts workers that fail on request (`misbehaving.py`); all are ended with the test."""
    started: list[ChildProcess] = []

    def one() -> ChildProcess:
        environment = worker_environment({}, "reuse", tmp_path)
        environment |= {"PYTHONPATH": str(TESTS), "XBENCH_TEST": "set at start"}
        process = ChildProcess("helpers.misbehaving:main", {}, environment, tmp_path / "worker.log")
        started.append(process)
        return process

    yield one
    for process in started:
        process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, one for the tests of a file."""
    from helpers.browser import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Whether a condition comes true while anyone would still wait."""

    def check(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return check


@pytest.fixture
def process_state() -> Callable[[int], str]:
    """R, S, T, Z … of a process id, as /proc has it; empty once the process is gone."""

    def state(pid: int) -> str:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return ""

    return state


@pytest.fixture
def checkout() -> dict[str, str]:
    """An environment for subprocesses in which xbench is the checkout's."""
    return os.environ | {"PYTHONPATH": str(ROOT)}
