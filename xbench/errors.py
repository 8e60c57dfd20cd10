"""Every error xbench raises on purpose.

XbenchError            something a user can act on; printed without a traceback
├── UsageError         the command, selection or configuration is wrong        (exit 2)
│   └── StorageFailed  what a run must write to disk could not be written: it stops, to be resumed
├── RecordError        a result file is missing, foreign, torn or too new      (exit 2)
├── WorkerDied         a worker process ended, or answered outside the protocol
│   └── WorkerTimeout  a worker did not answer within its limit (it was killed)
└── CellFailed         a cell has no number: carries the status and the reason
    └── OracleFailed   the exact answer could not be had; no fault of the backend's
"""

from __future__ import annotations

from typing import Literal, get_args

Status = Literal[
    "ok", "oom", "would_oom", "timeout", "crashed", "unsupported", "invalid", "imprecise", "skipped"
]
STATUSES: tuple[Status, ...] = get_args(Status)


class XbenchError(Exception):
    """An error with a next step: `hint` says what the user can do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nHint: {self.hint}" if self.hint else self.message


class UsageError(XbenchError):
    """The command line, a selection or a suite file is wrong."""


class StorageFailed(UsageError):
    """The disk is full, or the run's folder is gone: no fault of any cell's, so none has failed,
    and the run stops where it can be resumed."""


class RecordError(XbenchError):
    """A result file cannot be read."""


class WorkerDied(XbenchError):
    """A worker ended (`status` says how) before it answered."""

    def __init__(self, message: str, status: Status = "crashed") -> None:
        super().__init__(message)
        self.status: Status = status


class WorkerTimeout(WorkerDied):
    """A worker did not answer in time and was killed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "timeout")


class CellFailed(XbenchError):
    """A cell has no number; `status` is one of `STATUSES`."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status: Status = status


class OracleFailed(CellFailed):
    """The exact answer could not be had; no fault of the backend's."""
