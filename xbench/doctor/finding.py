"""What a check says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from textwrap import wrap
from typing import Any, Literal, TypedDict, get_args

from xbench.text import plural

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
    values: dict[str, Any] = field(default_factory=dict)  # each check's own, adapters' words too


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


# An examination as text and as data.

GAP = 2
VERDICTS: dict[Level, str] = {
    "problem": "measuring here is meaningless until the problem is solved",
    "warning": "it can be measured here, but the warnings spoil figures or widen their intervals",
    "note": "ready to measure; keep the notes in mind when you read the figures",
    "ok": "ready to measure",
}
_LEVEL_WIDTH = max(map(len, LEVELS)) + GAP


def as_text(found: Examination, width: int) -> str:
    """The machine, an aligned list, worst first, what could not be seen, and a line that sums up.

    `width` in characters. What is as it should be gets only what was seen."""
    topics = max((len(each.topic) for each in found.findings), default=0) + GAP
    lines = [found.machine, ""]
    for each in found.worst_first:
        lines += _lines(each, topics, width)
    if found.not_visible:
        lines += ["", f"not visible on this machine: {', '.join(found.not_visible)}"]
    return "\n".join([*lines, "", summary(found)])


class ExaminationData(TypedDict):
    """An examination as programs read it."""

    machine: str
    level: Level
    exit_status: int
    summary: str
    findings: list[dict[str, Any]]  # `Finding`, field by field
    not_visible: list[str]


def as_data(found: Examination, exit_status: int) -> ExaminationData:
    """The same for programs, the findings with all their values."""
    return {
        "machine": found.machine,
        "level": found.level,
        "exit_status": exit_status,
        "summary": summary(found),
        "findings": [asdict(each) for each in found.worst_first],
        "not_visible": list(found.not_visible),
    }


def summary(found: Examination) -> str:
    """`2 warnings, 1 note, 11 ok: it can be measured here, but …`."""
    numbers = [_number(count, level) for level, count in counts(found.findings).items() if count]
    return f"{', '.join(numbers)}: {VERDICTS[found.level]}"


def _number(count: int, level: Level) -> str:
    return plural(count, level, "ok" if level == "ok" else "")


def _lines(finding: Finding, topics: int, width: int) -> list[str]:
    indent = " " * (_LEVEL_WIDTH + topics)
    room = max(width - len(indent), 30)
    body = _wrapped(finding.seen, room)
    if finding.level != "ok":
        body += [*_wrapped(finding.why, room), *_wrapped(f"→ {finding.todo}", room)]
        body += [f"  $ {finding.command}"] if finding.command else []  # whole, to be copied
    head = f"{finding.level:{_LEVEL_WIDTH}}{finding.topic:{topics}}"
    return [head + body[0], *(indent + line for line in body[1:])]


def _wrapped(text: str, room: int) -> list[str]:
    return wrap(text, room, break_long_words=False, break_on_hyphens=False)
