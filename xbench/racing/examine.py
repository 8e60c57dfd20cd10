"""The first look at each contender: called at each size before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xbench.contracts import Mode
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, Status, WorkerDied
from xbench.keys import WorkerKey
from xbench.process.messages import CallRequest
from xbench.racing.payload import REFERENCE, TOKEN
from xbench.racing.request import Asked, Entry, Given
from xbench.text import show_seconds

LOOK = "xbench.racing.look:look"
LEAST_S = 1.0
SHARE = 0.5
"""Of the budget, what the first look at one size may take; it has at least `LEAST_S`."""

Place = tuple[str, Mode, int]
"""Slug, mode and width: one cell of a race."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the first look gave for one cell: `refused`, status and reason, if it has no time; the
    seconds of a call, and of the first."""

    refused: tuple[Status, str] | None = None
    call_s: float = 0.0
    first_s: float = 0.0
    seen: Mapping[str, Any] = field(default_factory=dict)


def worker_key(entry: Entry, mode: Mode, asked: Asked) -> WorkerKey:
    """The worker of a contender in one mode."""
    return WorkerKey(entry.slug, asked.device, mode, asked.threads)


def cells_of(asked: Asked, given: Given) -> list[tuple[Place, Entry]]:
    """The cells of one size, and whose they are."""
    return [
        ((entry.slug, mode, given.size.width), entry)
        for entry in asked.entries
        for mode in entry.modes
    ]


def looked_at(asked: Asked) -> list[tuple[Entry, Mode]]:
    """Who is called: every contender in each mode, and a single source on NumPy in float64, which
    its results are compared with."""
    found = [(entry, mode) for entry in asked.entries for mode in entry.modes]
    return [*found, (reference_entry(asked), "eager")] if asked.compare == "verified" else found


def reference_entry(asked: Asked) -> Entry:
    """A single source on NumPy in float64."""
    return replace(
        asked.entries[0],
        name="float64 on NumPy",
        slug=REFERENCE,
        framework="numpy",
        modes=("eager",),
    )


def look_at_all(asked: Asked, workers: Workers) -> dict[Place, Known]:
    """Call every contender at every size. What takes too long is ended, and not tried at larger
    sizes."""
    limit_s = max(LEAST_S, SHARE * asked.budget_s)
    found: dict[Place, Known] = {}
    for given in sorted(asked.given, key=lambda each: each.size.width):
        for entry, mode in looked_at(asked):
            before = [known for place, known in found.items() if place[:2] == (entry.slug, mode)]
            if any(known.refused and known.refused[0] == "timeout" for known in before):
                known = Known(("skipped", "it took too long at a smaller size"))
            else:
                known = _look(workers, entry, mode, given, asked, limit_s)
            found[entry.slug, mode, given.size.width] = known
    return found


def _look(
    workers: Workers, entry: Entry, mode: Mode, given: Given, asked: Asked, limit_s: float
) -> Known:
    width = given.size.width
    halve = sorted(
        (name for name in given.arrays if name != TOKEN), key=lambda name: given.arrays[name].size
    )
    arguments = {"width": width, "mode": mode, "halve": halve}
    key = worker_key(entry, mode, asked)
    try:
        seen = workers.get(key).ask(CallRequest(LOOK, arguments), limit_s).reply
    except WorkerDied as error:
        workers.discard(key)
        if error.status == "timeout":
            return Known(
                (
                    "timeout",
                    f"the first calls did not end within {show_seconds(limit_s)}: give a larger "
                    "budget, or smaller sizes",
                )
            )
        return Known((error.status, error.message))
    except CellFailed as error:
        return Known((error.status, error.message))
    if "error" in seen:
        return Known((seen["status"], seen["error"]))
    call_s = seen["call_s"]
    if seen["wrote"]:
        names = ", ".join(seen["wrote"])
        reason = f"it writes to its arguments ({names}), which others get too: copy them first"
        return Known(("invalid", reason), seen=seen)
    return Known(None, min(call_s[1:]), call_s[0], seen)
