"""The backends: what is installed, and what a real worker of each says of itself."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xbench.contracts import Probe
from xbench.doctor.finding import Finding
from xbench.engine.settings import Settings
from xbench.engine.workers import Workers
from xbench.errors import CellFailed
from xbench.keys import WorkerKey
from xbench.records.schema import WorkerLine
from xbench.text import show_seconds

IEEE_BITS = 24
"""Mantissa bits of float32 that a product in full precision keeps; TF32 keeps 11."""
ORACLE_NEEDS = "numpy"
Say = Callable[[str], None]


def installed(name: str, probe: Probe) -> Finding:
    """What can be known without starting a worker."""
    values = {"installed": probe.installed, "version": probe.version}
    if probe.installed:
        seen = f"{probe.version} is installed; its worker was not started"
        why = "whether it works only a worker shows"
        return Finding(name, "ok", seen, why, "ask it:", "xbench doctor", values)
    if name == ORACLE_NEEDS:
        why, todo = "the oracle that checks every result needs it", "install it:"
        return Finding(name, "problem", "not installed", why, todo, probe.hint, values)
    why, todo = "its cells have no number, only a reason", "to measure it, install it:"
    return Finding(name, "note", "not installed", why, todo, probe.hint, values)


def unreadable(name: str, error: Exception) -> Finding:
    """A backend of a third party whose adapter cannot be imported."""
    seen = f"its adapter cannot be loaded: {type(error).__name__}: {error}"
    why = "xbench finds it among its entry points and every command asks it"
    return Finding(name, "warning", seen, why, "fix or uninstall the package that brings it")


def attested(
    name: str, device: str, read_back: Mapping[str, Any], open_s: float, cores: int
) -> Finding:
    """What a worker on `device` read back of itself when it was told to use all `cores`.

    `read_back` is in its adapter's own words. `open_s` is the time from its start to its reply."""
    values = {"device": device, "open_s": open_s, "attest": read_back, "works": True}
    model = read_back.get("device_name", device)
    parts = [str(read_back["version"])] + ([] if model == device else [str(model)])
    parts += [_threads(read_back, cores)]
    parts += [_blas(read_back["blas"])] if read_back.get("blas") else []
    bits = read_back.get("precision_bits")
    parts += [f"float32 keeps {bits} bits"] if bits is not None else []
    parts += ["subnormals flushed"] if read_back.get("flushes_subnormals") else []
    seen = ", ".join([*parts, f"opens in {show_seconds(open_s)}"])
    topic = _topic(name, device)
    if bits is not None and bits < IEEE_BITS:
        why = f"float32 products keep {IEEE_BITS} bits on equal terms; fewer are faster and invalid"
        todo, command = "look for what lowers precision:", "env | grep -E 'TF32|MATMUL|ONEDNN'"
        return Finding(topic, "warning", seen, why, todo, command, values)
    if read_back["threads"] == -1 and device == "cpu":
        why = "without threadpoolctl nobody can say how many threads the BLAS uses"
        command = "pip install threadpoolctl"
        return Finding(topic, "warning", seen, why, "install it:", command, values)
    return Finding(topic, "ok", seen, "read back by a real worker", values=values)


def failed(name: str, device: str, status: str, reason: str) -> Finding:
    """A worker that could not serve."""
    todo = "see whether it can be imported; if not, reinstall it:"
    command = f"{shlex.quote(sys.executable)} -c 'import {name}'"
    if device != "cpu":
        todo, command = (
            f"install a {name} built for it, or leave it out:",
            "xbench run --device cpu",
        )
    return Finding(
        _topic(name, device),
        "problem" if name == ORACLE_NEEDS else "warning",
        f"installed, but its worker failed ({status}): {reason}",
        "its cells would all fail the same way",
        todo,
        command,
        {"device": device, "status": status, "reason": reason, "works": False},
    )


def none_works(found: Iterable[Finding]) -> Finding | None:
    """The problem of having nothing to measure; None if one backend is there, and works if it was
    asked to. `found` are the findings of the functions above."""
    if any(each.values.get("works", each.values.get("installed")) for each in found):
        return None
    why = "there is nothing to measure"
    command = "pip install numpy torch tensorflow"
    return Finding("backends", "problem", "none works", why, "install one at least:", command)


def ask_workers(names: Sequence[tuple[str, str]], cores: int, say: Say) -> list[Finding]:
    """Start the worker of each (backend, device), one after another: eager, all threads."""
    with TemporaryDirectory(prefix="xbench-doctor-") as folder:
        settings = Settings(0, Path(folder))
        for each in (settings.scratch, settings.logs):
            each.mkdir()
        return [_ask(name, device, settings, cores, say) for name, device in names]


def _ask(name: str, device: str, settings: Settings, cores: int, say: Say) -> Finding:
    say(f"starting a worker: {_topic(name, device)}")
    key = WorkerKey(name, device, "eager", "all")
    with Workers(settings, 0, cores, _untold) as workers:
        start = time.perf_counter()
        try:
            workers.get(key)
        except CellFailed as error:
            return failed(name, device, error.status, error.message)
        return attested(name, device, workers.facts[key].attest, time.perf_counter() - start, cores)


def _untold(line: WorkerLine) -> None:
    """`Workers` keeps them too."""


def _topic(name: str, device: str) -> str:
    return f"{name} on {device}"


def _threads(read_back: Mapping[str, Any], cores: int) -> str:
    count = read_back["threads"]
    return "unknown threads" if count == -1 else f"{count} of {cores} threads"


def _blas(found: Any) -> str:
    if not isinstance(found, dict):
        return f"BLAS {found}"
    parts = [str(found.get(name) or "") for name in ("name", "version", "kernel")]
    return "BLAS " + " ".join(part for part in parts if part)
