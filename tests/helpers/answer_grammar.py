"""What the report's answers may say, read back from their text: a grammar of its own, which knows
nothing of the code that writes them. Text that it does not know is an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ENDS = r"\[([^\],]+), ([^\],]+)\]"
TIMES = rf"([^ ]+)× {ENDS}"
BOUNDS = {
    "memory traffic": "bandwidth",
    "arithmetic": "compute",
    "launching operators": "launch",
    "page faults": "allocation",
}


@dataclass
class Claim:
    """`kind` of `one`, over `other` where there is one, with the printed ends; `count` of how many.

    Kinds: fastest, faster, slower, same, open, no interval, unpaired, bound, doubt, unbeaten."""

    kind: str
    width: int
    one: str
    other: str = ""
    ends: tuple[str, str] = ("", "")
    count: int = 0


@dataclass
class Answer:
    """The claims of an answer; `doubt` are those of whom one may be the fastest, `more` counts the
    unnamed; `widths` are those between which `places` change."""

    width: int
    work: str
    claims: list[Claim] = field(default_factory=list)
    doubt: list[str] = field(default_factory=list)
    more: int = 0
    early: list[Claim] = field(default_factory=list)
    widths: tuple[int, int] | None = None


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


def read_answer(text: str, names: Iterable[str]) -> Answer:
    """An answer whole."""
    reader = Reader(text, names)
    answer = Answer(int(reader.must(r"At width (\d+)(?: on this CPU)?, ")[0]), "")
    if found := reader.eat(r"NAME is the fast(?:er|est) of (\d+) ways to run ([^:]+): "):
        answer.work = found[2]
        answer.claims.append(Claim("fastest", answer.width, found[0], count=int(found[1])))
        answer.claims += _faster(reader, answer.width, found[0])
    elif reader.skip("it is not decided "):
        _doubt(reader, answer)
        answer.claims += _between(reader, answer.width)
    else:
        one, other, answer.work, *ends = reader.must(
            rf"NAME and NAME take the same time to run (.+?) within 2 % {ENDS}"
        )
        answer.claims.append(Claim("same", answer.width, one, other, (ends[0], ends[1])))
        if found := reader.eat(r"; of (\d+) ways none is known to be faster"):
            count = int(found[0])
            answer.claims += [Claim("unbeaten", answer.width, e, count=count) for e in (one, other)]
        if not re.match("; [^;]* bound by", reader.rest) and reader.skip("; "):
            answer.claims += _between(reader, answer.width)
    _causes(reader, answer)
    reader.must(r"\.")
    _early(reader, answer)
    assert not reader.rest, reader.rest
    return answer


def _faster(reader: Reader, width: int, one: str) -> Iterator[Claim]:
    while True:
        _, low, high, other = reader.must(rf"{TIMES} faster than NAME")
        yield Claim("faster", width, one, other, (low, high))
        if not reader.skip("(, | and )(?=[0-9])"):
            return


def _doubt(reader: Reader, answer: Answer) -> None:
    if not reader.skip("whether "):
        reader.must("which of ")
    while True:
        if found := reader.eat(r"(\d+) others?"):
            answer.more = int(found[0])
        else:
            answer.doubt += reader.must("NAME")
        if not reader.skip("(, | and )"):
            break
    count, answer.work = reader.must(r" is the fast(?:er|est) of (\d+) ways to run ([^:]+): ")
    answer.claims += [Claim("doubt", answer.width, e, count=int(count)) for e in answer.doubt]


def _between(reader: Reader, width: int) -> Iterator[Claim]:
    while True:
        if found := reader.eat(rf"NAME is {TIMES} (faster|slower) than NAME"):
            yield Claim(found[4], width, found[0], found[5], (found[2], found[3]))
        elif found := reader.eat(rf"NAME takes {ENDS} times as long as NAME"):
            yield Claim("open", width, found[0], found[3], (found[1], found[2]))
        elif found := reader.eat(rf"NAME and NAME take the same time within 2 % {ENDS}"):
            yield Claim("same", width, found[0], found[1], (found[2], found[3]))
        elif found := reader.eat("there is no interval of NAME against NAME"):
            yield Claim("no interval", width, found[0], found[1])
        else:
            how = "(?:were not measured in the same rounds|did not fit in memory together)"
            found = reader.must(f"NAME and NAME {how}")
            yield Claim("unpaired", width, found[0], found[1])
        if re.match("; [^;]* bound by", reader.rest) or not reader.skip("(, |; )"):
            return


def _causes(reader: Reader, answer: Answer) -> None:
    """Whom `both` and `all` mean is everybody named before."""
    if not reader.skip("; "):
        return
    everybody = list(dict.fromkeys(e for c in answer.claims for e in (c.one, c.other) if e))
    while True:
        if found := reader.eat("(both|all)"):
            who = everybody
            assert (found[0] == "both") == (len(who) == 2)
        else:
            who = [*reader.must("NAME")]
            while found := reader.eat("(?:, | and )NAME"):
                who += found
        reader.eat(" is bound" if len(who) == 1 else " are bound")
        (why,) = reader.must(f" by ({'|'.join(BOUNDS)})")
        answer.claims += [Claim("bound", answer.width, each, BOUNDS[why]) for each in who]
        if not reader.skip(", "):
            return


def _early(reader: Reader, answer: Answer) -> None:
    if not reader.rest:
        return
    width, one, count = reader.must(r" At width (\d+), NAME is the fastest of (\d+)")
    answer.early.append(Claim("fastest", int(width), one, count=int(count)))
    if reader.skip(": "):
        answer.early += _faster(reader, int(width), one)
    if found := reader.eat(r"; the two change places between widths (\d+) and (\d+)"):
        answer.widths = int(found[0]), int(found[1])
    reader.must(r"\.")
