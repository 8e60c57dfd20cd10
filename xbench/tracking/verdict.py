"""A verdict: what was found of each cell, and the exit status that follows. `verdict.json` is this.

| exit | meaning |
| --- | --- |
| 0 | no confirmed regression, and every cell measured; inconclusive ones are counted and shown |
| 1 | a confirmed regression |
| 2 | usage, configuration or corrupt input (an error, not a verdict) |
| 3 | a cell that had a number has none |
| 4 | no comparable baseline, or asked to be strict and a cell is inconclusive |
| 5 | nothing was measured |

Of several that hold, the first of 2, 5, 3, 1, 4, 0.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from xbench.errors import Status
from xbench.files import write_whole
from xbench.version import __version__

SCHEMA_VERSION = 1
FindingKind = Literal[
    "regressed",
    "improved",
    "same",
    "inconclusive",
    "broken",
    "fixed",
    "new",
    "missing",
    "not measured",
]
KINDS: tuple[FindingKind, ...] = (
    "broken",
    "missing",
    "regressed",
    "improved",
    "inconclusive",
    "same",
    "fixed",
    "new",
    "not measured",
)
"""In the order in which they are shown."""

Tool = Literal["ab", "compare", "gate"]
EXIT_REGRESSED, EXIT_BROKEN, EXIT_UNKNOWN, EXIT_NOTHING = 1, 3, 4, 5


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one cell.

    `kind`: `regressed` and `improved` are beyond the thresholds by the tool's rule, `same` within
    the margin with its whole interval, `inconclusive` neither. `broken` had a number and has none,
    `fixed` the other way round; `missing` is gone from the plan, `new` was not there before; `not
    measured` has a number on neither side.

    `ratio`: head over base of `metric`, with the ends of its 95 % interval, `launches` the fewer of
    both sides; null where there is none. `base`, `head`: the two values in `unit`. `confirmed`:
    whether a fresh measurement found a regression again; null where none was tried, and then a
    regression is only a candidate. `paired`: both sides ran in the same rounds. `rule`: what
    decided, in a word. `threshold`: the effect from which on it counts (0.05 is 5 %)."""

    cell: str
    kind: FindingKind
    metric: str = "time"
    unit: str = "s"
    better: Literal["lower", "higher"] = "lower"
    base: float | None = None
    head: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    launches: int = 0
    confirmed: bool | None = None
    paired: bool = False
    rule: str = ""
    threshold: float = 0.0
    base_status: Status | None = None
    head_status: Status | None = None
    reason: str = ""


class VerdictSide(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared: a run, several, an interpreter, a revision, a policy. `environment` holds
    label and value of whatever may differ: framework, BLAS, driver, commit, load."""

    name: str
    runs: list[str] = []
    machine_key: str = ""
    environment: dict[str, str] = {}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something recorded that is not the same on both sides."""

    label: str
    base: str
    head: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. `notes` are sentences a reader must know (unpaired, learning, load)."""

    schema_version: int = SCHEMA_VERSION
    xbench_version: str
    made_utc: str
    tool: Tool
    exit_status: int
    base: VerdictSide
    head: VerdictSide
    counts: dict[str, int]
    findings: list[Finding]
    differences: list[Difference] = []
    notes: list[str] = []


def count_kinds(findings: Iterable[Finding]) -> dict[str, int]:
    """How many of each kind there are, in the order of `KINDS`, none left out."""
    counts = Counter(each.kind for each in findings)
    return {kind: counts[kind] for kind in KINDS}


def exit_status(
    findings: list[Finding],
    *,
    comparable: bool = True,
    learning: bool = False,
    strict: bool = False,
) -> int:
    """The exit status that these findings add up to.

    `comparable`: there was a baseline to compare with; `learning`: its absence is no failure. A
    regression counts only if it was confirmed."""
    measured = [each for each in findings if each.head is not None]
    if not measured:
        return EXIT_NOTHING
    if any(each.kind in ("broken", "missing") for each in findings):
        return EXIT_BROKEN
    if any(each.kind == "regressed" and each.confirmed for each in findings):
        return EXIT_REGRESSED
    if not comparable:
        return 0 if learning else EXIT_UNKNOWN
    if strict and any(each.kind in ("inconclusive", "regressed") for each in findings):
        return EXIT_UNKNOWN
    return 0


def make_verdict(
    tool: Tool,
    base: VerdictSide,
    head: VerdictSide,
    findings: list[Finding],
    *,
    differences: Iterable[Difference] = (),
    notes: Iterable[str] = (),
    comparable: bool = True,
    learning: bool = False,
    strict: bool = False,
) -> Verdict:
    """The document, with its counts and its exit status (see `exit_status`)."""
    status = exit_status(findings, comparable=comparable, learning=learning, strict=strict)
    return Verdict(
        xbench_version=__version__,
        made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        tool=tool,
        exit_status=status,
        base=base,
        head=head,
        counts=count_kinds(findings),
        findings=findings,
        differences=list(differences),
        notes=list(notes),
    )


# The JSON Schema of `verdict.json`, which ships beside this file.
#
# `python -m xbench.tracking.verdict` writes it anew after a change of the types above.

FILE = Path(__file__).with_name("verdict.schema.json")


def verdict_schema() -> dict[str, Any]:
    """The schema that follows from the model."""
    found = msgspec.json.schema(Verdict)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(verdict_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_whole(FILE, schema_text().encode())
