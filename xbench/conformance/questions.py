"""What the worker of an adapter under examination is asked besides what every worker is."""

from __future__ import annotations

from dataclasses import dataclass

from xbench.contracts import Mode
from xbench.process.messages import Request


@dataclass(frozen=True)
class ProblemsReply:
    """What is wrong, a sentence each; empty if nothing is."""

    problems: list[str]


@dataclass(frozen=True)
class OwnershipRequest(Request[ProblemsReply], action="ownership"):
    """Whether `put` copies, `get` gives the values back, and `where` tells the truth."""

    dtype: str


@dataclass(frozen=True)
class ClassifiedRequest(Request[ProblemsReply], action="classified"):
    """What `classify` says of Python's own errors."""


@dataclass(frozen=True)
class OverfullRequest(Request[ProblemsReply], action="overfull"):
    """Whether memory that cannot be had ends as `oom`."""

    mode: Mode


@dataclass(frozen=True)
class OutputsReply:
    """The names of all outputs."""

    outputs: list[str]


@dataclass(frozen=True)
class ReadOutputRequest(Request[OutputsReply], action="read_output"):
    """Have bursts read this output after the claimed end; "": leave it."""

    cell: str
    name: str


@dataclass(frozen=True)
class IdleReply:
    """CPU seconds over wall seconds."""

    busy: float


@dataclass(frozen=True)
class IdleRequest(Request[IdleReply], action="idle"):
    """How much is computed while nothing is asked."""
