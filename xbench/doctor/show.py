"""An examination as text and as data."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import Any

from xbench.doctor.finding import LEVELS, Examination, Finding, Level, counts
from xbench.doctor.words import plural

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


def as_data(found: Examination, exit_status: int) -> dict[str, Any]:
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
