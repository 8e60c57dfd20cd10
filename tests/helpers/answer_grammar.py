"""What the report's answers may say, read back from their text: a grammar of its own, which knows
nothing of the code that writes them. Text that it does not know is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

ENDS = r"\[([^\],]+), ([^\],]+)\]"
TIMES = rf"([^ ]+)× {ENDS}"

Kind = Literal["fastest", "open", "tie", "alone", "unknown"]
VERBS: dict[Kind, str] = {
    "fastest": "is the fastest ",
    "open": "is the fastest ",
    "tie": "take the same time (?:as NAME )?within 2 % ",
    "alone": "has a number ",
    "unknown": "is known without an interval ",
}


@dataclass
class Lead:
    """By how much the fastest is faster than `over`, at which of the clause's widths (None: at the
    only one): the printed ends."""

    over: str
    ends: tuple[str, str]
    width: int | None


@dataclass
class Clause:
    """What is said of the sides `names` at each of `widths`; in a tie of three or more the first is
    the one that the others are compared with. `mode` is that of the fastest, where it is named."""

    kind: Kind
    names: list[str]
    widths: list[int] = field(default_factory=list)
    mode: str = ""
    lead: Lead | None = None


@dataclass
class Answer:
    """A sentence whole."""

    work: str
    clauses: list[Clause]


class Reader:
    """Eats a text from its beginning."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        self.rest = text
        self.name = f"({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})"

    def eat(self, pattern: str) -> tuple[str, ...] | None:
        """The groups of a pattern if the text begins so."""
        found = re.match(pattern.replace("NAME", self.name), self.rest)
        if found is None:
            return None
        self.rest = self.rest[found.end() :]
        return tuple(each or "" for each in found.groups())

    def skip(self, pattern: str) -> bool:
        """Whether the text begins so."""
        return self.eat(pattern) is not None

    def must(self, pattern: str) -> tuple[str, ...]:
        """The same, of a text that cannot go on in another way."""
        found = self.eat(pattern)
        assert found is not None, f"{pattern!r} expected at {self.rest!r}"
        return found

    def listed(self) -> tuple[list[str], str]:
        """Names, and the word before the last of several."""
        found, word = [*self.must("NAME")], ""
        while more := self.eat("(, | and | or )NAME"):
            found.append(more[1])
            word = more[0].strip()
        return found, word


def read_answer(text: str, sides: Iterable[str], widths: Sequence[int]) -> Answer:
    """A sentence on these sides, at these widths, every one of which it must say something of."""
    reader = Reader(text, sides)
    (work,) = reader.must(r"([^:]+): ")
    clauses: list[Clause] = []
    left = list(widths)
    while True:
        clause = _clause(reader, clauses[-1] if clauses else None)
        clause.widths = _widths(reader, left, first=not clauses)
        left = left[len(clause.widths) :]
        _after(reader, clause)
        clauses.append(clause)
        if not reader.skip("; "):
            break
    reader.must(r"\.$")
    assert not left, f"nothing is said of widths {left}"
    return Answer(work, clauses)


def _clause(reader: Reader, before: Clause | None) -> Clause:
    """Whom it is about, and what they do there, unless the clause before has said it."""
    if reader.skip("nothing "):
        reader.must(VERBS["unknown"])
        return Clause("unknown", [])
    if reader.skip("only "):
        clause = Clause("alone", [*reader.must("NAME ")])
        _verb(reader, "alone", before)
        return clause
    names, word = reader.listed()
    mode = reader.eat(r" \(([^)]+)\)") or ("",)
    reader.must(" ")
    kind: Kind = {"": "fastest", "or": "open", "and": "tie"}[word]  # type: ignore[assignment]
    if word == "" and (re.match("take", reader.rest) or (before and before.kind == "tie")):
        kind = "fastest" if re.match(VERBS["fastest"], reader.rest) else "tie"
    compared = _verb(reader, kind, before)
    return Clause(kind, [compared, *names] if compared else names, mode=mode[0])


def _verb(reader: Reader, kind: Kind, before: Clause | None) -> str:
    """Returns: whom a tie is with, where it is said now or was before."""
    found = reader.eat(VERBS[kind])
    if found is not None:
        return found[0] if found else ""
    assert before is not None, reader.rest
    assert VERBS[before.kind] == VERBS[kind], reader.rest
    return before.names[0] if kind == "tie" and before.names[2:] else ""


def _widths(reader: Reader, left: Sequence[int], first: bool) -> list[int]:
    """The widths meant, which are the next of those left; `width` is said at the first alone."""
    word = "width " if first else ""
    if found := reader.eat(rf"up to {word}(\d+)"):
        last = int(found[0])
    elif found := reader.eat(r"from (\d+) on"):
        assert int(found[0]) == left[0]
        last = left[-1]
    elif found := reader.eat(rf"at {word.replace('width', 'widths')}(\d+) to (\d+)"):
        assert int(found[0]) == left[0]
        last = int(found[1])
    else:
        (only,) = reader.must(rf"at {word}(\d+)")
        assert int(only) == left[0]
        last = left[0]
    return list(left[: left.index(last) + 1])


def _after(reader: Reader, clause: Clause) -> None:
    """That it is open, or by how much the fastest leads."""
    if clause.kind == "open":
        reader.must(r" \(not decided\)")
    elif clause.kind == "fastest" and (found := reader.eat(rf", {TIMES} faster than NAME")):
        at = reader.eat(r" at (\d+)")
        clause.lead = Lead(found[3], (found[1], found[2]), int(at[0]) if at else None)


def read_verdict(text: str, sides: Iterable[str]) -> tuple[Kind, list[str], str]:
    """The longest form of a table row's verdict. Returns: the kind, who, and the factor."""
    reader = Reader(text, sides)
    if text in ("–", "no interval"):
        return ("alone" if text == "–" else "unknown"), [], ""
    if reader.skip("tie: "):
        names, _ = reader.listed()
        return "tie", names, ""
    if reader.skip("not decided: "):
        names, _ = reader.listed()
        reader.must(r"(?: \((?:\d+ min more|over \d+ min)\))?$")
        return "open", names, ""
    name, factor = reader.must("NAME ([^ ]+)×$")
    return "fastest", [name], factor
