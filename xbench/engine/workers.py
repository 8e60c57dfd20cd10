"""The worker processes of one launch, one for each key: started side by side, kept, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec

from xbench.engine.launch_draws import LaunchDraws
from xbench.engine.settings import Settings
from xbench.errors import CellFailed, WorkerDied, XbenchError
from xbench.keys import WorkerKey
from xbench.process.child import ChildProcess
from xbench.process.environment import (
    adapter_variables,
    inherited_names,
    worker_environment,
    worker_variables,
)
from xbench.process.messages import CostsRequest, OpenRequest
from xbench.process.side import SideSetup
from xbench.records.schema import WorkerLine
from xbench.registry import backend_paths, load_backend

# Doing the same to several workers at once, where nothing is timed.

T = TypeVar("T")
MOST_AT_ONCE = 4
"""Beyond this, disks and memory bandwidth are what is waited for."""


def in_parallel(
    jobs: Sequence[Callable[[], T]], cores: int, stop: Callable[[], None]
) -> list[T | XbenchError]:
    """The results, or errors, of jobs that each wait for a process; as many at once as cores.

    If this thread is interrupted, `stop` must make the jobs return; then that goes on."""
    pool = ThreadPoolExecutor(max(1, min(cores, MOST_AT_ONCE)))
    try:
        futures = [pool.submit(_caught, job) for job in jobs]
        return [future.result() for future in futures]
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _caught(job: Callable[[], T]) -> T | XbenchError:
    try:
        return job()
    except XbenchError as error:
        return error


OPEN_LIMIT_S = 180.0
Opened = Callable[[WorkerLine], None]


class Workers:
    """Fresh processes for one launch. Use as a context manager: leaving it ends them all."""

    def __init__(
        self,
        settings: Settings,
        launch: int,
        cores: int,
        opened: Opened,
        draws: LaunchDraws | None = None,
    ) -> None:
        self._settings = settings
        self._opened = opened
        self._launch = launch
        self._cores = cores
        self._draws = draws
        self._processes: dict[WorkerKey, ChildProcess] = {}
        self._refused: dict[WorkerKey, CellFailed] = {}
        self.facts: dict[WorkerKey, WorkerLine] = {}
        """What each worker said when it opened; `opened` is told of each, restarted ones too."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            if error[0] is None:
                process.close()
            else:
                process.kill()

    def start(self, keys: Iterable[WorkerKey]) -> None:
        """Start the workers of these keys, as many at a time as there are cores (importing a
        framework keeps one busy). One that cannot serve is remembered, not raised."""
        wanted = [key for key in keys if key not in self._processes and key not in self._refused]
        processes: dict[WorkerKey, ChildProcess] = {}

        def stop() -> None:
            for process in processes.values():
                process.kill()

        try:
            for key in wanted:  # from this thread: Linux ends a worker with the *thread* it is from
                try:
                    processes[key] = self._make(key)
                except CellFailed as error:
                    self._refused[key] = error
            jobs = [partial(self._open, key, process) for key, process in processes.items()]
            opened = zip(processes.items(), in_parallel(jobs, self._cores, stop), strict=True)
            found = [
                (
                    key,
                    process,
                    told if isinstance(told, XbenchError) else _costed(key, process, told),
                )
                for (key, process), told in opened
            ]
            for key, process, facts in found:
                self._admit(key, process, facts)
        except BaseException:  # Ctrl-C, a full disk: nobody knows of all these processes yet
            stop()
            raise

    def _admit(
        self, key: WorkerKey, process: ChildProcess, facts: WorkerLine | XbenchError
    ) -> None:
        """Take a worker in, or remember why not. Raises: XbenchError that is no worker's own."""
        if isinstance(facts, WorkerDied | CellFailed):
            self._refused[key] = CellFailed(facts.status, facts.message)
        elif isinstance(facts, XbenchError):
            raise facts
        else:
            self._processes[key], self.facts[key] = process, facts
            self._opened(facts)

    def hand_over(self, opened: Opened) -> None:
        """From now on tell somebody else of workers that open; first of those there are."""
        self._opened = opened
        for facts in self.facts.values():
            opened(facts)

    def get(self, key: WorkerKey) -> ChildProcess:
        """The worker of a key, started if need be.

        Raises: CellFailed if it cannot serve this policy (for all its cells, in this launch)."""
        self.start([key])
        if key in self._refused:
            raise self._refused[key]
        return self._processes[key]

    def running(self, key: WorkerKey) -> ChildProcess | None:
        """The worker of a key if there is one."""
        return self._processes.get(key)

    @property
    def pids(self) -> set[int]:
        """Of the workers there are."""
        return {process.pid for process in self._processes.values()}

    def kill(self) -> None:
        """End every worker at once."""
        for process in self._processes.values():
            process.kill()

    def discard(self, key: WorkerKey) -> None:
        """Kill a worker; the next `get` starts a fresh one."""
        process = self._processes.pop(key, None)
        if process is not None:
            process.kill()

    def _make(self, key: WorkerKey) -> ChildProcess:
        name = key.id.replace("/", "_").replace(":", "")
        scratch = self._settings.scratch / name
        scratch.mkdir(exist_ok=True)
        side = self._side(key)
        environment = worker_environment(
            side.adapters[key.id], key.allocator, scratch, self._settings.variables
        )
        drawn = self._draws.process_variables() if self._draws else {}
        seed = {"layout": self._draws.process_seed()} if self._draws else {}
        return ChildProcess(
            "xbench.worker.session:main",
            {"backend": side.backends[key.backend], "suites": side.suites, **seed},
            side.environment(environment) | drawn,
            self._settings.logs / f"{name}.log",
            stoppable=key.device == "cpu",
            python=side.python,
            packages=side.packages,
        )

    def _side(self, key: WorkerKey) -> SideSetup:
        """The key's side; without one, what is here."""
        if key.side:
            return self._settings.sides[key.side]
        adapter = adapter_variables(load_backend(key.backend), key.policy(self._cores))
        return SideSetup(
            "", suites=self._settings.suites, backends=backend_paths(), adapters={key.id: adapter}
        )

    def _open(self, key: WorkerKey, process: ChildProcess) -> WorkerLine:
        policy = key.policy(self._cores)
        chosen = {*self._side(key).adapters[key.id], *self._settings.variables}
        core = self._draws.core if self._draws and key.device == "cpu" else None
        try:
            opened = process.ask(OpenRequest(policy, core), OPEN_LIMIT_S)
        except (WorkerDied, CellFailed):
            process.kill()
            raise
        return WorkerLine(
            launch=self._launch,
            worker=key,
            pid=process.pid,
            core=core,
            environment=worker_variables(process.environment, chosen),
            inherited=inherited_names(process.environment, chosen),
            open_ns=opened.open_ns,
            fence_ns=opened.fence_ns,
            python=opened.python,
            attest=opened.attest,
            malloc=opened.malloc,
            threads_worked=opened.threads_worked,
        )


def _costed(
    key: WorkerKey, process: ChildProcess, facts: WorkerLine
) -> WorkerLine | WorkerDied | CellFailed:
    """The facts, and what an empty call costs: timed while no other worker is awake."""
    try:
        costs = process.ask(CostsRequest(key.mode), OPEN_LIMIT_S)
    except (WorkerDied, CellFailed) as error:
        process.kill()
        return error
    return msgspec.structs.replace(
        facts, dispatch_ns=costs.dispatch_ns, operator_ns=costs.operator_ns
    )
