"""The run's oracle process, as the engine asks it."""

from __future__ import annotations

from typing import TypeVar

from xbench.contracts import Spec
from xbench.engine.settings import Settings
from xbench.errors import CellFailed, OracleFailed, WorkerDied
from xbench.process.child import ChildProcess
from xbench.process.environment import worker_environment
from xbench.process.messages import (
    InputFiles,
    JudgeReply,
    JudgeRequest,
    PrecomputeAnswerRequest,
    PrepareRequest,
    ReleaseRequest,
    Request,
)

R = TypeVar("R")

LIMIT_S = 1800.0


class OracleClient:
    """One process a run, started when first asked. If it fails or dies, the group in work has no
    number (OracleFailed) and the next question starts a fresh one.

    It may use all cores, since no worker measures while it works."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: ChildProcess | None = None

    def prepare(self, spec: Spec) -> InputFiles:
        """Write a workload's inputs. Raises: OracleFailed."""
        return self._ask(PrepareRequest(spec))

    def precompute_answer(self, workload: str) -> None:
        """Work out the answer after one call. Raises: OracleFailed."""
        self._ask(PrecomputeAnswerRequest(workload))

    def judge(self, workload: str, file: str, calls: int) -> JudgeReply:
        """Compare results. Raises: OracleFailed."""
        return self._ask(JudgeRequest(workload, file, calls))

    def release(self, workload: str) -> None:
        """Delete a workload's inputs. Raises: OracleFailed."""
        if self._process is not None:
            self._ask(ReleaseRequest(workload))

    def kill(self) -> None:
        """End the process at once; a question it is at fails."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()

    def _ask(self, request: Request[R]) -> R:
        if self._process is None:
            self._process = self._start()
        try:
            return self._process.ask(request, LIMIT_S)
        except WorkerDied as error:
            self._process.kill()
            self._process = None
            raise OracleFailed(error.status, f"the oracle ended: {error.message}") from None
        except CellFailed as error:
            raise OracleFailed(error.status, f"the oracle failed: {error.message}") from None

    def _start(self) -> ChildProcess:
        settings = self._settings
        return ChildProcess(
            "xbench.oracle.serve_oracle:main",
            {
                "folder": str(settings.scratch / "oracle"),
                "seed": settings.seed,
                "suites": settings.suites,
            },
            worker_environment({}, "system", settings.scratch, settings.variables),
            settings.logs / "oracle.log",
        )
