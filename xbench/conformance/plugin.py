"""Options of the kit, and the adapter they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from xbench.conformance.subject import Subject, examined, load
from xbench.contracts import MODES, Backend, Probe
from xbench.errors import CellFailed, WorkerDied
from xbench.ops import OPS

FEW_COMPILED = ("elementwise", "matmul", "mlp_backward", "mlp_train")
"""Compiling takes seconds: these, at two specs each, stand for the rest, unless --all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which adapter, and how much of it."""
    group = parser.getgroup("xbench conformance")
    group.addoption("--backend", metavar="MODULE:CLASS", help="the adapter to examine")
    group.addoption("--device", default="cpu", help="cpu (default), cuda:0 ...")
    group.addoption("--mode", default="", help="one mode only: eager, graph or compiled")
    group.addoption("--all", action="store_true", help="every op in compiled mode too")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each mode, dtype and op that the adapter offers."""
    if not metafunc.module.__name__.startswith(__package__):
        return
    path = metafunc.config.getoption("--backend")
    if not path:
        raise pytest.UsageError("name the adapter to examine: --backend package.module:Class")
    probe = _loaded(path).probe()
    if not isinstance(probe, Probe):
        raise pytest.UsageError(f"{path}: probe() gave {probe!r:.80}, not an xbench Probe")
    if not probe.installed:
        raise pytest.UsageError(f"{path} is not installed: {probe.hint}")
    only = metafunc.config.getoption("--mode")
    modes = [mode for mode in probe.modes if only in ("", mode)]
    if not modes:
        raise pytest.UsageError(f"{path} has modes {', '.join(probe.modes)}, not {only or 'any'!r}")
    if "subject" in metafunc.fixturenames:
        metafunc.parametrize("subject", modes, indirect=True, scope="session")
    if "dtype" in metafunc.fixturenames:
        metafunc.parametrize("dtype", probe.dtypes)
    if "op" in metafunc.fixturenames:
        metafunc.parametrize("op", list(OPS))


def _loaded(path: str) -> Backend:
    try:
        return load(path)
    except Exception as error:  # whatever a stranger's module raises
        said = f"{type(error).__name__}: {error}"
        raise pytest.UsageError(f"--backend {path} cannot be loaded ({said})") from None


@pytest.fixture(scope="session")
def path(request: pytest.FixtureRequest) -> str:
    """The adapter's name."""
    return str(request.config.getoption("--backend"))


@pytest.fixture(scope="session")
def subject(
    request: pytest.FixtureRequest, path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    """The adapter opened in one mode; one worker for all tests of that mode."""
    mode, device = request.param, request.config.getoption("--device")
    if mode not in MODES:
        pytest.fail(f"probe offers a mode {mode!r}; there are {', '.join(MODES)}", pytrace=False)
    with ExitStack() as open_while_asked:
        said = ""
        try:
            folder = tmp_path_factory.mktemp("x") / mode
            found = open_while_asked.enter_context(examined(path, device, mode, folder))
        except (CellFailed, WorkerDied) as error:
            said = f"open in mode {mode} on {device}: {error.message}"
        if said:
            pytest.fail(said, pytrace=False)
        yield found
