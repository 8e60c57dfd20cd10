"""What GitHub Actions shows of a verdict: the job's summary, and annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from xbench.gate.model import Finding, Verdict
from xbench.gate.summary import as_markdown
from xbench.gate.words import clear, ratio, said, title, worst_first

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
        each for each in worst_first(verdict.findings)
        if each.kind in ("broken", "missing", "regressed")
    ]  # fmt: skip
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
