"""The processes of one launch: one worker per key, started when first needed, and the oracle."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from xbench.cell import WorkerKey
from xbench.engine.settings import Settings
from xbench.errors import CellFailed, WorkerDied
from xbench.launch.environment import chosen_variables, worker_environment
from xbench.launch.process import Process
from xbench.registry import backend_paths, load_backend

OPEN_LIMIT_S = 180.0


class Workers:
    """Fresh processes for one launch. Use as a context manager: leaving it ends them all."""

    def __init__(self, settings: Settings, launch: int, cores: int) -> None:
        self._settings = settings
        self._launch = launch
        self._cores = cores
        self._processes: dict[WorkerKey, Process] = {}
        self._refused: dict[WorkerKey, CellFailed] = {}
        self.facts: dict[WorkerKey, dict[str, Any]] = {}
        """What each worker said when it opened."""
        self.opened: list[dict[str, Any]] = []
        """The facts of every worker so far, restarted ones too; kept for the journal."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            if error[0] is None:
                process.close()
            else:
                process.kill()

    def get(self, key: WorkerKey) -> Process:
        """The worker of a key, started if need be.

        Raises: CellFailed if it cannot serve this policy (for all its cells, in this launch)."""
        if key in self._refused:
            raise self._refused[key]
        if key not in self._processes:
            try:
                self._processes[key] = self._start(key)
            except WorkerDied as error:
                self._refused[key] = CellFailed(error.status, error.message)
            except CellFailed as error:
                self._refused[key] = error
            if key in self._refused:
                raise self._refused[key]
        return self._processes[key]

    def running(self, key: WorkerKey) -> Process | None:
        """The worker of a key if there is one."""
        return self._processes.get(key)

    def discard(self, key: WorkerKey) -> None:
        """Kill a worker; the next `get` starts a fresh one."""
        process = self._processes.pop(key, None)
        if process is not None:
            process.kill()

    def _start(self, key: WorkerKey) -> Process:
        policy = key.policy(self._cores)
        adapter = load_backend(key.backend).env(policy)
        environment = worker_environment(adapter, key.allocator, self._settings.scratch)
        name = key.id.replace("/", "_").replace(":", "")
        process = Process(
            "xbench.worker.session:main",
            {"backend": backend_paths()[key.backend], "suites": self._settings.suites},
            environment,
            self._settings.logs / f"{name}.log",
            stoppable=key.device == "cpu",
        )
        try:
            facts = process.call("open", OPEN_LIMIT_S, policy=asdict(policy))
        except (WorkerDied, CellFailed):
            process.kill()
            raise
        self.facts[key] = {
            "launch": self._launch,
            "worker": key.id,
            "pid": process.pid,
            "environment": chosen_variables(environment),
            **facts,
        }
        self.opened.append(self.facts[key])
        return process
