"""First code of a worker process, run as a plain script: `bootstrap.py CONFIG`.

CONFIG is JSON, a `ProcessConfig` and what its role needs besides. Only the named packages are made
importable, never the folder they lie in: the interpreter may be another one, with another NumPy of
its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NotRequired, TypedDict


class ProcessConfig(TypedDict):
    """What every process is started with: `read_fd` and `write_fd` are the protocol's own
    descriptors, `packages` our packages' folders by name, and `role` the function that is run
    ("module:function"), which gets all of it."""

    role: str
    read_fd: int
    write_fd: int
    parent_pid: int
    packages: dict[str, str]


class WorkerConfig(ProcessConfig):
    """Of a worker: its adapter ("module:Class"), users' files, and the seed of the draw of where
    its memory lies."""

    backend: str
    suites: list[str]
    layout: NotRequired[int]


class OracleConfig(ProcessConfig):
    """Of the oracle: its folder below the run's, the run's seed, users' files."""

    folder: str
    seed: int
    suites: list[str]


class Packages:
    """A meta path finder for a few packages, by full name, at given folders."""

    def __init__(self, folders: dict[str, str]) -> None:
        self.folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The spec of a package we were given; submodules follow from its folder."""
        if name not in self.folders:
            return None
        folder = Path(self.folders[name])
        return importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent ends, stopped or not. If the
    parent ended before the request was made, end now."""
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def main() -> None:
    """Set up imports and hand over to the role."""
    config: ProcessConfig = json.loads(sys.argv[1])
    die_with_parent(config["parent_pid"])
    for descriptor in (config["read_fd"], config["write_fd"]):
        os.set_inheritable(descriptor, False)
    sys.meta_path.insert(0, Packages(config["packages"]))
    module, _, function = config["role"].partition(":")
    getattr(importlib.import_module(module), function)(config)


if __name__ == "__main__":
    main()
