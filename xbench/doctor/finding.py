"""What a check says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Level = Literal["problem", "warning", "note", "ok"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Worst first. `problem`: measuring is meaningless; `warning`: it spoils figures or widens their
intervals; `note`: know it when reading figures; `ok`: as it should be."""

NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was `seen`, `why` it matters in one clause, what `todo`, and the
    exact `command` where there is one. `values` are the numbers behind it, for `--json`; names end
    in units."""

    topic: str
    level: Level
    seen: str
    why: str
    todo: str = NOTHING
    command: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examination:
    """The machine in one line, every finding in the order of the checks, and the topics that this
    machine does not show."""

    machine: str
    findings: tuple[Finding, ...]
    not_visible: tuple[str, ...]

    @property
    def worst_first(self) -> list[Finding]:
        """The findings by level; within a level in the order of the checks."""
        return sorted(self.findings, key=lambda each: LEVELS.index(each.level))

    @property
    def level(self) -> Level:
        """The worst level of any finding."""
        return min((each.level for each in self.findings), key=LEVELS.index, default="ok")


def by_room(left: float, problem: float, warning: float) -> Level:
    """The level of having only `left` of something: below `problem`, below `warning`, or enough."""
    return "problem" if left < problem else "warning" if left < warning else "ok"


def by_amount(much: float, note: float, warning: float) -> Level:
    """The level of having as much as `much` of something unwanted: from `warning` on, `note` on."""
    return "warning" if much >= warning else "note" if much >= note else "ok"


def counts(findings: Iterable[Finding]) -> dict[Level, int]:
    """How many findings of each level, worst first; levels without any are there as 0."""
    found = Counter(each.level for each in findings)
    return {level: found[level] for level in LEVELS}
