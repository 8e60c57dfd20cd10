"""The first look at each contender: called at each size before anything is planned."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xbench.contracts import Mode
from xbench.engine.workers import Workers
from xbench.errors import CellFailed, Status, WorkerDied
from xbench.keys import WorkerKey
from xbench.machine.machine import available_bytes
from xbench.plan.plan import MEMORY_SHARE
from xbench.process.messages import CallRequest
from xbench.racing.payload import REFERENCE, TOKEN
from xbench.racing.request import Asked, Entry, Given
from xbench.text import show_bytes, show_seconds

LOOK = "xbench.racing.look:look"
LEAST_S = 1.0
SHARE = 0.5
"""Of what is left of the budget, what the first look at one size of a contender may take; it has at
least `LEAST_S`."""

HELD_TIMES = 4
"""Operands and results that a worker holds, times one set of operands."""

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


LookOnce = Callable[[Entry, Mode, Given, list[str]], Mapping[str, Any]]
"""Calls one contender at one size, and tells what `xbench.racing.look.Seen` says; the last are the
operands to be halved. Raises: WorkerDied, CellFailed."""


def look_at_all(asked: Asked, look_once: LookOnce) -> dict[Place, Known]:
    """Call every contender at every size. What takes too long is ended, and not tried at larger
    sizes; nor is a size tried that does not fit in memory."""
    found: dict[Place, Known] = {}
    for given in sorted(asked.given, key=lambda each: each.size.width):
        operands = (name for name in given.arrays if name != TOKEN)
        halve = sorted(operands, key=lambda name: given.arrays[name].size)
        lacking = _lacking(given, len(looked_at(asked)))
        for entry, mode in looked_at(asked):
            before = [known for place, known in found.items() if place[:2] == (entry.slug, mode)]
            if any(known.refused and known.refused[0] == "timeout" for known in before):
                known = Known(("skipped", "it took too long at a smaller size"))
            elif lacking:
                known = Known(("would_oom", lacking))
            else:
                known = _known(look_once, entry, mode, given, halve)
            found[entry.slug, mode, given.size.width] = known
    return found


def _lacking(given: Given, workers: int) -> str:
    """Why the arguments of one size do not fit in all workers, if so."""
    need = HELD_TIMES * workers * sum(each.nbytes for each in given.arrays.values())
    room = int(MEMORY_SHARE * available_bytes())
    if need <= room:
        return ""
    return f"needs {show_bytes(need)}, and {show_bytes(room)} can be used here: give smaller sizes"


def look_in(workers: Workers, asked: Asked) -> LookOnce:
    """Looks in the contenders' workers, within a share of the budget."""
    end = time.monotonic() + asked.budget_s

    def look_once(entry: Entry, mode: Mode, given: Given, halve: list[str]) -> Mapping[str, Any]:
        key = worker_key(entry, mode, asked)
        limit_s = max(LEAST_S, SHARE * (end - time.monotonic()))
        arguments = {"width": given.size.width, "mode": mode, "halve": halve}
        try:
            return workers.get(key).ask(CallRequest(LOOK, arguments), limit_s).reply
        except WorkerDied as error:
            workers.discard(key)
            if error.status == "timeout":
                raise CellFailed(
                    "timeout",
                    f"the first calls did not end within {show_seconds(limit_s)}: give a larger "
                    "budget, or smaller sizes",
                ) from None
            raise

    return look_once


def _known(look_once: LookOnce, entry: Entry, mode: Mode, given: Given, halve: list[str]) -> Known:
    try:
        seen = look_once(entry, mode, given, halve)
    except (WorkerDied, CellFailed) as error:
        return Known((error.status, error.message))
    if "error" in seen:
        return Known((seen["status"], seen["error"]))
    if seen["wrote"]:
        names = ", ".join(seen["wrote"])
        reason = f"it writes to its arguments ({names}), which others get too: copy them first"
        return Known(("invalid", reason), seen=seen)
    return Known(None, min(seen["call_s"][1:]), seen["call_s"][0], seen)
