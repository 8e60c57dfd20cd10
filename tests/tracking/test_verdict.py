"""The verdict's exit status and its document."""

from __future__ import annotations

import importlib
import importlib.util
import json
from itertools import combinations_with_replacement, product
from pathlib import Path

import msgspec
import pytest

from xbench.cli.verdicts import SUMMARY, VERDICT, write_verdict
from xbench.tracking.verdict import (
    FILE,
    KINDS,
    Finding,
    FindingKind,
    Verdict,
    VerdictSide,
    count_kinds,
    exit_status,
    make_verdict,
    schema_text,
)

NO_HEAD = ("broken", "missing", "not measured")


def finding(kind: FindingKind, confirmed: bool | None = None) -> Finding:
    """One of this kind, with a number where the kind has one."""
    return Finding(cell="a", kind=kind, head=None if kind in NO_HEAD else 1.0, confirmed=confirmed)


EVERY = [finding(kind) for kind in KINDS] + [
    finding("regressed", confirmed=True),
    finding("regressed", confirmed=False),
]


def expected(found: tuple[Finding, ...], comparable: bool, learning: bool, strict: bool) -> int:
    """The table of exit statuses, each line read on its own; then the first of 5, 3, 1, 4, 0."""
    slower = [each for each in found if each.kind == "regressed"]
    holds = {
        5: all(each.head is None for each in found),
        3: any(each.kind in ("broken", "missing") for each in found),
        1: any(each.confirmed for each in slower),
        4: (not comparable and not learning)
        or (
            strict
            and comparable
            and any(each.kind in ("inconclusive", "regressed") for each in found)
        ),
        0: True,
    }
    return next(status for status in (5, 3, 1, 4, 0) if holds[status])


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_the_first_exit_status_that_holds_is_taken(size: int) -> None:
    seen = set()
    for found in combinations_with_replacement(EVERY, size):
        for flags in product((True, False), repeat=3):
            comparable, learning, strict = flags
            got = exit_status(
                list(found),
                comparable=comparable,
                learning=learning,
                strict=strict,
            )
            assert got == expected(found, *flags), (found, flags)
            seen.add(got)
    assert seen == ({5} if size == 0 else {0, 1, 4, 5} if size == 1 else {0, 1, 3, 4, 5})


def test_every_kind_is_counted_in_the_order_shown() -> None:
    assert list(count_kinds(EVERY)) == list(KINDS)
    assert count_kinds(EVERY)["regressed"] == 3


def verdict() -> Verdict:
    """One with a finding of each kind."""
    side = VerdictSide(name="a", environment={"torch": "2.12"})
    return make_verdict("ab", side, side, EVERY, notes=["a note"])


def test_the_shipped_schema_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "python -m xbench.tracking.verdict"


def test_a_verdict_on_disk_is_what_its_schema_says(tmp_path: Path) -> None:
    written = write_verdict(verdict(), tmp_path / "new" / "out")
    assert [file.name for file in written] == [VERDICT, SUMMARY]
    assert sorted(each.name for each in written[0].parent.iterdir()) == sorted((VERDICT, SUMMARY))
    document = written[0].read_bytes()
    assert msgspec.json.decode(document, type=Verdict) == verdict_but_time(document)
    if importlib.util.find_spec("jsonschema"):
        jsonschema = importlib.import_module("jsonschema")
        schema = json.loads(FILE.read_text(encoding="utf-8"))
        jsonschema.validate(json.loads(document), schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(document) | {"tool": "guess"}, schema)


def verdict_but_time(document: bytes) -> Verdict:
    """The same verdict, made at the time the document has."""
    return msgspec.structs.replace(verdict(), made_utc=json.loads(document)["made_utc"])
