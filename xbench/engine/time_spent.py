"""Where a run's time goes: seconds by action, in the first launch and in later ones."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

from xbench.records.schema import ActionTime

Action = Literal[
    "machine ceilings",
    "starting and ending workers",
    "inputs and exact answers",
    "placing inputs",
    "loading and first calls",
    "judging results",
    "warm-up and choice of bursts",
    "rounds",
    "checking the work of calls",
    "checking times",
    "waiting for idle cores",
    "peak memory",
    "the rest",
]
"""In the order in which they are shown. `rounds` holds the timed bursts, and what belongs to each:
its request, its lead-in and its reading. In later launches loading holds placing too: workers do
both side by side."""

ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(slots=True)
class TimeSpent:
    """Counts the time of the thread that makes it. While an action is within another, its time
    counts for it alone, so that the sum is the whole."""

    clock: Callable[[], float] = time.monotonic
    later: bool = False
    """Whether the first launch is over."""

    _seconds: defaultdict[tuple[Action, bool], float] = field(
        default_factory=lambda: defaultdict(float)
    )
    _action: Action = "the rest"
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def take_up(self, before: Iterable[ActionTime]) -> None:
        """Add what a run that goes on has spent before."""
        known = {each.action: each for each in before}
        for action in ACTIONS:
            if action in known:
                self._seconds[action, False] += known[action].first_s
                self._seconds[action, True] += known[action].later_s

    @contextmanager
    def on(self, action: Action) -> Iterator[None]:
        """What is done within counts for this action."""
        outer = self._switch(action)
        try:
            yield
        finally:
            self._switch(outer)

    def first_launch_is_over(self) -> None:
        """What follows belongs to later launches: said at each of them, since a run that goes on
        may have its first launch behind it."""
        self._switch(self._action)
        self.later = True

    def so_far(self) -> list[ActionTime]:
        """Seconds by action, of those that took any."""
        self._switch(self._action)
        found = [
            ActionTime(action, self._seconds[action, False], self._seconds[action, True])
            for action in ACTIONS
        ]
        return [each for each in found if each.first_s + each.later_s > 0.0]

    def _switch(self, action: Action) -> Action:
        """Count what was spent since, and go on with this action. Returns: the one before."""
        now = self.clock()
        self._seconds[self._action, self.later] += now - self._since
        self._since, before, self._action = now, self._action, action
        return before
