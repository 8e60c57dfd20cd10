"""A verdict for a pull request and its CI job: Markdown short enough for a comment however many
cells, the job's summary, and annotations of GitHub Actions.

Whatever comes from a file stands in code spans, or is escaped: it starts no markup, no link, and
mentions nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from xbench.reports.verdict.wording import (
    COLUMNS,
    NOTHING,
    WITHOUT_NUMBER,
    clear,
    counted,
    ratio,
    row,
    said,
    title,
    worst_first,
)
from xbench.tracking.verdict import KINDS, Finding, Verdict

MARKER = "<!-- xbench -->"
"""Stands first, so that a CI job finds its earlier comment and replaces it."""

MOST_CHARACTERS = 65_000
MOST_ROWS = 50
_ROWS, _LIST, _NOTES, _DIFFERENCES = 26_000, 7_000, 7_000, 8_000
"""Characters that each part may take; together, with three lists, fewer than the most."""


def as_markdown(verdict: Verdict) -> str:
    """The whole summary, fewer than `MOST_CHARACTERS`."""
    return "\n".join([*_lines(verdict), ""])


def _lines(verdict: Verdict) -> Iterator[str]:
    yield MARKER
    yield f"## {prose(title(verdict))}"
    yield ""
    yield f"Base {code(verdict.base.name)}, head {code(verdict.head.name)}. {counted(verdict)}."
    yield ""
    yield from _table(
        ("verdict", "findings"),
        [(kind, str(verdict.counts.get(kind, 0))) for kind in KINDS if verdict.counts.get(kind)],
        _NOTES,
    )
    yield from _bullets((prose(each) for each in verdict.notes), _NOTES)
    ordered = worst_first(verdict.findings)
    changed = [each for each in ordered if each.kind not in ("same", *WITHOUT_NUMBER)]
    if changed:
        yield "### Worst first"
        yield ""
        rows = [_row(each) for each in changed[:MOST_ROWS]]
        yield from _table((*COLUMNS, "why"), rows, _ROWS, len(changed))
    for kind in ("not measured", "new", "missing"):
        found = [each for each in ordered if each.kind == kind]
        if found:
            yield f"### {kind.capitalize()}"
            yield ""
            yield from _bullets(map(_without_number, found), _LIST)
    if verdict.differences:
        yield "### What differs between the two"
        yield ""
        rows = [
            (code(each.label), code(each.base), code(each.head)) for each in verdict.differences
        ]
        yield from _table(("", "base", "head"), rows, _DIFFERENCES)
    made = prose(f"xbench {verdict.xbench_version}, {verdict.made_utc}")
    yield f"{made}. `verdict.json` has every cell."


def _row(finding: Finding) -> tuple[str, ...]:
    found = list(row(finding))
    for place in (1, 3, 4):
        found[place] = code(found[place])
    return (*found, code(finding.reason) if finding.reason else NOTHING)


def _without_number(finding: Finding) -> str:
    status = finding.head_status or finding.base_status or ""
    parts = [each for each in (status, finding.reason) if each]
    return f"{code(finding.cell)}: {code('; '.join(parts))}" if parts else code(finding.cell)


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], budget: int, count: int = 0
) -> Iterator[str]:
    """As many rows as the budget of characters holds, of `count` if these are not all."""
    if not rows:
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    shown = list(_within((f"| {' | '.join(each)} |" for each in rows), budget))
    yield from shown
    yield from _rest(max(count, len(rows)) - len(shown))
    yield ""


def _bullets(texts: Iterable[str], budget: int) -> Iterator[str]:
    lines = [f"- {each}" for each in texts]
    if lines:
        shown = list(_within(lines, budget))
        yield from shown
        yield from _rest(len(lines) - len(shown))
        yield ""


def _rest(count: int) -> list[str]:
    return ["", f"And {count} more, in `verdict.json`."] if count > 0 else []


def _within(lines: Iterable[str], budget: int) -> Iterator[str]:
    for line in lines:
        budget -= len(line) + 1
        if budget < 0:
            return
        yield line


def code(text: str) -> str:
    """Text from a file as a code span, in which nothing is markup; also inside a table."""
    line = clear(text).replace("`", "'").replace("|", "¦")
    return f"`{line}`" if line else NOTHING


def prose(text: str) -> str:
    """A sentence that may hold text from a file: no markup, no link, no mention."""
    line = re.sub(r"([\\`*_\[\]<>|~&])", r"\\\1", clear(text, 600))
    line = re.sub(r":(?=//)|(?<=www)\.", r"\\\g<0>", line, flags=re.IGNORECASE)
    return re.sub(r"([@#])(?=\w)", "\\1\u200b", line)


# What GitHub Actions shows of a verdict: the job's summary, and annotations.

MOST_ANNOTATIONS = 10
"""GitHub shows no more of a step."""


def add_job_summary(verdict: Verdict, environment: Mapping[str, str]) -> None:
    """Append the summary to the file that `GITHUB_STEP_SUMMARY` names, if any. Raises: OSError."""
    file = environment.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(as_markdown(verdict))


def annotation_lines(verdict: Verdict, environment: Mapping[str, str]) -> list[str]:
    """Lines that the runner turns into annotations, at most ten; none outside GitHub Actions.

    Errors: what fails a job (broken, missing, a confirmed regression; or else the exit status).
    Warnings: regressions that nothing has confirmed."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return []
    return list(_annotations(verdict))[:MOST_ANNOTATIONS]


def _annotations(verdict: Verdict) -> Iterator[str]:
    shown = [
        each
        for each in worst_first(verdict.findings)
        if each.kind in ("broken", "missing", "regressed")
    ]
    if verdict.exit_status and not any(map(_fails, shown)):
        yield _command("error", f"xbench {verdict.tool}", title(verdict))
    for each in shown:
        parts = [said(each), ratio(each) if each.ratio is not None else "", clear(each.reason)]
        about = ", ".join(part for part in parts if part)
        name = clear(each.cell) + ("" if each.metric == "time" else f" ({clear(each.metric)})")
        yield _command("error" if _fails(each) else "warning", name, f"{name}: {about}")


def _fails(finding: Finding) -> bool:
    return finding.kind != "regressed" or finding.confirmed is True


def _command(level: str, name: str, message: str) -> str:
    return f"::{level} title={_escaped(name, ',:')}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """As the runner reads it back: `%` first, then line ends, and in a property `,` and `:`."""
    for each in f"%\r\n{more}":
        text = text.replace(each, f"%{ord(each):02X}")
    return text
