"""Rulings: claims judged by evidence, written as lines of `claims.jsonl` beside a run's journal,
and read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from xbench.errors import RecordError
from xbench.files import LARGEST_LIST, UNREADABLE, lines_of, write_whole
from xbench.suites.claims.claim import (
    Claim,
    ClaimLine,
    ClaimSet,
    Evidence,
    Judged,
    Missing,
    PlotFile,
)

CLAIMS = "claims.jsonl"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClaimLine | PlotFile).decode


@dataclass(slots=True)
class Rulings:
    """Judged claims, and figures as data."""

    claims: list[ClaimLine] = field(default_factory=list)
    plots: list[PlotFile] = field(default_factory=list)


def judge(claims: ClaimSet, evidence: Evidence) -> Rulings:
    """Every claim gets a ruling: without evidence `not measurable here`, with the reason."""
    found = Rulings([_ruled(claim, evidence) for claim in claims.claims])
    for plot in claims.plots:
        drawn = plot(evidence)
        if drawn is not None:
            found.plots.append(drawn)
    return found


def _ruled(claim: Claim, evidence: Evidence) -> ClaimLine:
    try:
        judged = claim.judge(evidence)
    except Missing as missing:
        judged = Judged("–", "not measurable here", str(missing))
    return ClaimLine(
        id=claim.id,
        source=claim.source,
        says=claim.says,
        printed=claim.printed,
        ours=judged.ours,
        ruling=judged.ruling,
        why=judged.why,
    )


def write_rulings(folder: Path, rulings: Rulings) -> None:
    """Write `claims.jsonl`, whole or not at all. Raises: OSError."""
    write_whole(folder / CLAIMS, b"".join(_encode(line) + b"\n" for line in _lines(rulings)))


def _lines(rulings: Rulings) -> Iterator[ClaimLine | PlotFile]:
    yield from rulings.claims
    yield from rulings.plots


def read_rulings(folder: Path) -> Rulings:
    """What stands in a run's folder; nothing if no claims were judged there.

    Raises: RecordError if the file is damaged."""
    file = folder / CLAIMS
    found = Rulings()
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(lines_of(opened, file, LARGEST_LIST), 1):
                _take(found, f"{file}, line {number}", line)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise RecordError(f"cannot read {file}: {error.strerror}", "make it readable") from None
    return found


def _take(found: Rulings, where: str, line: bytes) -> None:
    try:
        each = _decode(line)
    except UNREADABLE as error:
        raise RecordError(f"{where}: {error}", "run `xbench claims` again") from None
    if isinstance(each, ClaimLine):
        found.claims.append(each)
    else:
        found.plots.append(each)
