"""Whether a value is beyond what its history allows: the rolling baseline and the pinned anchor.

A track is one metric of one cell over the stored runs, as logarithms in which larger is worse. The
rolling baseline follows what is kept: a value beyond the limit is not, so that it never becomes the
baseline by being repeated; only an accepted run moves both, at once. The anchor stays where it was
pinned, and so finds what creeps, which a rolling baseline follows.

    x - median > max(t(0.999, n - 1) * spread * sqrt(1 + 1 / n), ln(1 + effect))

`spread` is the largest of 1.4826 MAD n / (n - 0.8) (which makes up for the MAD of few values being
too small), the same of the differences between neighbours over sqrt(2), the standard deviation of
what lies within 3.5 of the larger of these, and 0.005. With the plain MAD, 0.5 % of equal cells
alarmed at n = 10, and those whose MAD came out small did so again when they were confirmed: 3 to 6
of 100 suites of 200 equal cells failed. So it is 0.1 %, and one suite or none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from math import log1p, sqrt
from typing import Literal

from xbench.analysis.interval import t_quantile
from xbench.tracking.thresholds import ChangeKind, Threshold

ENOUGH = 10
"""Stored runs from which on a rule is applied; also how many pin the anchor."""

WINDOW = 30
"""Kept runs that the rolling baseline looks back on."""

STAYS = 3
"""So many in a row beyond the limit on one side are a change, not chance."""

LEAST_SPREAD, FAR = 0.005, 3.5
BASELINE_LEVEL, ANCHOR_LEVEL = 0.999, 0.9999
"""The anchor is asked in every run about the same few values, and what it is for grows: it may be
the stricter one."""

INTERVAL = 0.975
MAD_TO_DEVIATION = 1.4826
"""The standard deviation over the MAD, where values are normal."""

Rule = Literal["baseline", "anchor", ""]


@dataclass(frozen=True, slots=True)
class Level:
    """Where a value is expected, on logarithms: `centre` from `runs` values, with the `spread`
    (a standard deviation) of single values, known from `known` of them."""

    centre: float
    spread: float
    runs: int
    known: int

    def limit(self, probability: float) -> float:
        """How far from the centre a next value lies at most, with this probability (one side)."""
        return t_quantile(probability, self.known - 1) * self.spread * sqrt(1.0 + 1.0 / self.runs)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value's kind, the rule that decided, the level it was held against; no level: too few."""

    kind: ChangeKind
    rule: Rule = ""
    level: Level | None = None


@dataclass(slots=True)
class Track:
    """One series as far as it was added. `values` are those kept since the last accepted run."""

    values: list[float] = field(default_factory=list)
    _held: list[tuple[float, ChangeKind]] = field(default_factory=list)
    _window: list[float] = field(default_factory=list)
    _steps: list[float] = field(default_factory=list)
    _known: tuple[float, int] | None = None
    _known_steps: float | None = None
    _pinned: float | None = None
    _before: tuple[float, int] | None = None

    def add(self, value: float, threshold: Threshold, accepted: bool = False) -> Judged:
        """Judge the next stored value, and keep it unless it is beyond a limit. `accepted`: its
        level is baseline and anchor from now on; the spread known before stays in use until there
        are enough new values."""
        found = self.judge(value, threshold)
        if accepted:
            self._before = self._spread() or self._before
            self.values, self._window, self._held, self._pinned = [], [], [], None
        elif found.kind in ("regressed", "improved"):
            self._hold(value, found.kind)
            return found
        held, self._held = self._held, []
        for each in [each for each, _ in held if len(held) < STAYS] + [value]:
            self._keep(each)
        return found

    def _hold(self, value: float, kind: ChangeKind) -> None:
        """Beyond the limit: out, unless the next value is not. Chance would do that too, and a
        history without its own extremes would take them for alarms ever after."""
        if any(each != kind for _, each in self._held):
            self._held = []
        self._held.append((value, kind))

    def _keep(self, value: float) -> None:
        self._known = self._known_steps = None
        if self.values:
            self._steps = [*self._steps[1 - WINDOW :], abs(value - self.values[-1])]
        self.values.append(value)
        insort(self._window, value)
        if len(self._window) > WINDOW:
            del self._window[bisect_left(self._window, self.values[-1 - WINDOW])]

    def baseline(self) -> Level | None:
        """The rolling one; None while fewer than `ENOUGH` values are known."""
        spread = self._spread()
        if spread is None or not self.values:
            return None
        return Level(_middle(self._window), spread[0], len(self._window), spread[1])

    def anchor(self) -> Level | None:
        """The pinned one: the first values since the last accepted run, else of all. None while it
        is the same as the baseline.

        Its spread is that of the differences between neighbours, which neither a step nor a creep
        enlarges."""
        if len(self.values) <= ENOUGH or len(self._steps) < ENOUGH:
            return None
        if self._pinned is None:
            self._pinned = _middle(sorted(self.values[:ENOUGH]))
        return Level(self._pinned, self._spread_of_steps(), ENOUGH, len(self._steps))

    def judge(self, value: float, threshold: Threshold) -> Judged:
        """What a value is by both rules. Slower by either is `regressed`; `same` lies within the
        margin with its whole 95 % interval."""
        baseline, anchor = self.baseline(), self.anchor()
        if baseline is None:
            return Judged("inconclusive")
        effect = log1p(threshold.effect)
        by_baseline = _beyond(value, baseline, BASELINE_LEVEL, effect)
        by_anchor = _beyond(value, anchor, ANCHOR_LEVEL, effect) if anchor else 0
        for sign, kind in ((1, "regressed"), (-1, "improved")):
            if by_baseline == sign:
                return Judged(kind, "baseline", baseline)  # type: ignore[arg-type]
            if by_anchor == sign and by_baseline == 0:
                return Judged(kind, "anchor", anchor)  # type: ignore[arg-type]
        away = abs(value - baseline.centre) + baseline.limit(INTERVAL)
        same = away <= log1p(threshold.margin)
        return Judged("same" if same else "inconclusive", "baseline", baseline)

    def _spread(self) -> tuple[float, int] | None:
        """Of the values in the window, and how many they are."""
        count = len(self._window)
        if count < ENOUGH:
            return self._before
        if self._known is None:
            centre = _middle(self._window)
            away = sorted([abs(each - centre) for each in self._window])
            self._known = max(_spread_of(away, count), self._spread_of_steps()), count
        return self._known

    def _spread_of_steps(self) -> float:
        if self._known_steps is None:
            self._known_steps = _spread_of(sorted(self._steps), len(self._steps)) / sqrt(2.0)
        return self._known_steps


def _middle(ordered: list[float]) -> float:
    """The median of values in order of size; `statistics.median` would sort them."""
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def _spread_of(away: list[float], count: int) -> float:
    """The standard deviation of values that lie so far from where they should, in order of size."""
    robust = max(MAD_TO_DEVIATION * _middle(away) * count / (count - 0.8), LEAST_SPREAD)
    usual = away[: bisect_right(away, FAR * robust)]
    return max(robust, sqrt(sum([each * each for each in usual]) / max(len(usual) - 1, 1)))


def _beyond(value: float, level: Level, probability: float, effect: float) -> int:
    """1 if a value is worse than the level allows, -1 if better, else 0."""
    away = value - level.centre
    if abs(away) <= max(level.limit(probability), effect):
        return 0
    return 1 if away > 0.0 else -1
