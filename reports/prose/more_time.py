"""How much longer a run would have to measure until what is open would be decided, predicted from
its own launches: how far they scatter, and how long they took.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, isfinite, log, log1p
from pathlib import Path
from statistics import median_low

from xbench.analysis.interval import MARGIN, deviation
from xbench.analysis.ratios import Comparison
from xbench.analysis.stopping import MANY, launches_needed, level_of
from xbench.records.read import Run
from xbench.reports.model import Proposal, Source
from xbench.text import plural

LONGEST_S = 30 * 60
"""What would take longer is not proposed."""

COMMAND = ["xbench", "run"]
"""How a run began that can be resumed."""


@dataclass(frozen=True, slots=True)
class Needed:
    """The launches that would decide a workload, beyond those there are, and its groups."""

    launches: int
    groups: frozenset[str]


def needed(ratios: Sequence[Comparison | None], level: float) -> Needed | None:
    """What would decide all of these ratios if they stay where they are and scatter as before; None
    where more launches would not do, since one lies on the margin or was not taken."""
    launches = 0
    for each in ratios:
        if each is None or len(each.logs) < 2 or not all(map(isfinite, each.logs)):
            return None
        spread = deviation(each.logs)
        distance = abs(abs(log(each.ratio.value)) - log1p(MARGIN))
        if not (spread > 0.0 and distance > 0.0):
            return None
        launches = max(launches, launches_needed(spread, distance, level) - len(each.logs))
    if not ratios or launches >= MANY // 2:
        return None
    return Needed(max(launches, 1), frozenset(each.group for each in ratios if each))


class LaunchTimes:
    """How long a run's later launches took: starting the workers, and each group."""

    def __init__(self, run: Run) -> None:
        last = max((line.launch for line in run.groups), default=0)
        later = [line for line in run.workers if line.launch == last]
        self.start_s = sum(line.open_ns for line in later) * 1e-9
        self._groups: dict[str, list[float]] = {}
        for place, line in enumerate(run.groups):
            following = run.groups[place + 1] if place + 1 < len(run.groups) else None
            end = run.footer.ended_utc if run.footer else ""
            took = _seconds_between(line.started_utc, following.started_utc if following else end)
            if took is None or (line.launch == 0 and last > 0):
                continue  # the first launch has answers to work out, which later ones know
            if following is None and run.memory:
                continue  # peak memory was measured before the end
            if following is not None and following.launch != line.launch:
                took = max(took - self.start_s, 0.0)
            self._groups.setdefault(line.group, []).append(took)

    def seconds(self, launches: Mapping[str, int]) -> float | None:
        """So many launches of each group; None where it is not known how long one takes. The median
        of its launches: a run that was resumed stood still between two."""
        if not launches.keys() <= self._groups.keys():
            return None
        groups = sum(
            count * max(median_low(self._groups[group]), 0.5) for group, count in launches.items()
        )
        return max(launches.values(), default=0) * self.start_s + groups


def _seconds_between(one: str, other: str) -> float | None:
    try:
        found = (datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()
    except (ValueError, TypeError):
        return None
    return found if found >= 0.0 else None


class TimeToDecide:
    """The time that a run's open workloads would take, each by itself and those that are worth it
    together. Nothing is said of a result that cannot be resumed."""

    def __init__(self, source: Source) -> None:
        run = source.run
        resumable = run is not None and run.header.command[:2] == COMMAND and not run.complete
        self._run = run if resumable else None
        self._times = LaunchTimes(self._run) if self._run else None
        self._level = level_of(run.header.launching if run else "fixed", 1)

    def to_decide(self, ratios: Sequence[Comparison | None]) -> str:
        """`3 min more`, `over 30 min`, for one workload whose open ratios these are; nothing
        where it is not known."""
        found = needed(ratios, self._level)
        took = self._alone_s(found) if found else None
        if took is None:
            return ""
        if took > LONGEST_S:
            return f"over {LONGEST_S // 60} min"
        return f"{_minutes(took)} min more"

    def _alone_s(self, found: Needed) -> float | None:
        each = dict.fromkeys(found.groups, found.launches)
        return self._times.seconds(each) if self._times else None

    def proposal(self, open_ones: Iterable[Sequence[Comparison | None]]) -> Proposal | None:
        """What to type to have more decided, and how long that takes; None where there is nothing
        to win."""
        asked = [needed(each, self._level) for each in open_ones]
        known = [each for each in asked if each]
        worth = [each for each in known if (self._alone_s(each) or LONGEST_S + 1) <= LONGEST_S]
        if not worth or self._run is None or self._times is None:
            return None
        most = max(each.launches for each in worth)
        launches: dict[str, int] = {}
        for each in known:  # a resumed run measures those that stay open, too
            for group in each.groups:
                launches[group] = max(launches.get(group, 0), min(each.launches, most))
        took = self._times.seconds(launches)
        if took is None:
            return None
        minutes = _minutes(took)
        folder = shlex.quote(str(_from_here(self._run.folder)))
        rows = f"{plural(len(asked), 'row')} not decided"
        some = f"{len(worth)} of them"
        which = some if len(worth) < len(asked) else "them" if len(asked) > 1 else "it"
        text = f"{rows}: about {plural(minutes, 'more minute')} may decide {which}"
        return Proposal(text, f"xbench run --resume {folder} --budget {minutes}m")


def _minutes(seconds: float) -> int:
    return max(ceil(seconds / 60.0), 1)


def _from_here(folder: Path) -> Path:
    """The folder's path as a person in this folder would type it."""
    whole = folder.absolute()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole
