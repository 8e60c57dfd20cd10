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
from xbench.analysis.ratios import Comparison, undecided_groups
from xbench.analysis.stopping import LOOK_LEVEL, MANY, launches_needed, level_of
from xbench.records.read import Run
from xbench.records.schema import MOST_LAUNCHES
from xbench.reports.model import Proposal, Source
from xbench.text import plural

LONGEST_S = 30 * 60
"""What would take longer is not proposed."""

COMMAND = ["xbench", "run"]
"""How a run began that can be resumed."""


@dataclass(frozen=True, slots=True)
class Needed:
    """The launches that would decide a workload, beyond those there are and with them, and its
    groups."""

    launches: int
    total: int
    groups: frozenset[str]


def needed(ratios: Sequence[Comparison | None], level: float) -> Needed | None:
    """What would decide all of these ratios if they stay where they are and scatter as before; None
    where more launches would not do, since one lies on the margin or was not taken."""
    launches = done = 0
    for each in ratios:
        if each is None or len(each.logs) < 2 or not all(map(isfinite, each.logs)):
            return None
        spread = deviation(each.logs)
        distance = abs(abs(log(each.ratio.value)) - log1p(MARGIN))
        if not (spread > 0.0 and distance > 0.0):
            return None
        launches = max(launches, launches_needed(spread, distance, level) - len(each.logs), 1)
        done = max(done, len(each.logs))
    if not ratios or launches >= MANY // 2:
        return None
    groups = frozenset(each.group for each in ratios if each)
    return Needed(launches, done + launches, groups)


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
        self._choices = source.choices
        self._times = LaunchTimes(self._run) if self._run else None
        launching = run.header.launching if run else "fixed"
        self._level = level_of(launching, 1)
        planned = run.header.launches if run else 0
        self._most = max(planned, MOST_LAUNCHES) if launching == "deciding" else planned

    def to_decide(self, ratios: Sequence[Comparison | None]) -> str:
        """`3 min more`, `over 30 min`, `too close` (for the most launches that a run makes),
        for one workload whose open ratios these are; nothing where it is not known."""
        found = needed(ratios, self._level)
        took = self._alone_s(found) if found else None
        if found is None or took is None:
            return ""
        if found.total > self._most:
            return "too close"
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
        worth = [
            each
            for each in known
            if each.total <= self._most and (self._alone_s(each) or LONGEST_S + 1) <= LONGEST_S
        ]
        if not worth or self._run is None or self._times is None:
            return None
        most = max(each.launches for each in worth)
        launches: dict[str, int] = {}
        for each in known:  # a resumed run measures those that stay open, too
            for group in each.groups:
                launches[group] = max(launches.get(group, 0), min(each.launches, most))
        for group, count in self._until_it_stops().items():
            launches[group] = max(launches.get(group, 0), min(count, most))
        took = self._times.seconds(launches)
        if took is None:
            return None
        minutes = _minutes(took)
        rows = f"{plural(len(asked), 'row')} not decided"
        some = f"{len(worth)} of them"
        which = some if len(worth) < len(asked) else "them" if len(asked) > 1 else "it"
        text = f"{rows}: about {plural(minutes, 'more minute')} may decide {which}"
        return Proposal(text, f"{_resume(self._run)} --budget {minutes}m")

    def _until_it_stops(self) -> dict[str, int]:
        """Launches that a deciding run still gives each group, as long as its time lasts: it asks
        for more than the intervals that are shown, so that rows count that these decide."""
        if self._run is None or self._run.header.launching != "deciding":
            return {}
        found: dict[str, int] = {}
        for name in undecided_groups(self._run, LOOK_LEVEL):
            pairs = [pair for pair in self._choices if pair.group == name]
            slower = {
                (pair.cell if pair.ratio.value > 1.0 else pair.reference).id for pair in pairs
            }
            first = [pair for pair in pairs if not {pair.cell.id, pair.reference.id} <= slower]
            until = needed(first, LOOK_LEVEL)
            done = max((len(each.logs) for each in pairs), default=0)
            most = max(self._most - done, 0)
            found[name] = min(until.launches, most) if until else most
        return found

    def rest(self, source: Source) -> Proposal | None:
        """What to type where the run ended before it made the launches that every workload gets."""
        run, planned = self._run, source.launches or 0
        if run is None or run.footer is None or run.header.launching == "adaptive":
            return None
        if all(
            len(cell.launch_s) >= planned
            for cell in source.cells
            if cell.launch_s or (cell.status == "skipped" and cell.plan.status is None)
        ):
            return None
        launches = plural(planned, "launch", "launches")
        return Proposal(f"The run ended before all {launches} were done; to go on", _resume(run))


def _minutes(seconds: float) -> int:
    return max(ceil(seconds / 60.0), 1)


def _resume(run: Run) -> str:
    return f"xbench run --resume {shlex.quote(str(_from_here(run.folder)))}"


def _from_here(folder: Path) -> Path:
    """The folder's path as a person in this folder would type it."""
    whole = folder.absolute()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole
