"""Files as others may leave them: cut, flipped, edited by hand, or right in form and wrong in what
they say. A hypothesis strategy makes damaged files of a good one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[int | str, ...]
MARK = "@raw "
"""Stands for what `json` would not write."""

RAW = (
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "9" * 400,
    "-" + "9" * 25,
    "1e308",
    "5e-324",
    "18446744073709551616",
    "9223372036854775807",
    "9223372036854775808",
    '"\\ud800"',
    '"a\\udc00b"',
    '"\\u0000\\u001b[31m\\u202e\\u2028"',
    "[" * 600 + "]" * 600,
    "-0.0",
    '{"a":' * 600 + "1" + "}" * 600,
    "",
    '"',
    "{",
    "[1,2",
    "01",
    "tru",
    "1,",
    '"a":1',
)
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    2,
    3,
    7,
    255,
    -(2**31),
    2**31,
    2**53 + 1,
    2**62,
    10**15,
    10**30,
    10**308,
    0.0,
    0.5,
    -0.5,
    1e-300,
    1e300,
    1e18,
    1.5,
)
TEXTS = (
    "",
    " ",
    "x" * 10_000,
    "é🙂",
    "a\nb",
    "\x00",
    "\x1b[31m",
    "\u202eabc",
    "<b>",
    "|x|",
    "$x_1^2$",
    "{x}",
    "%s",
    "../../x",
    "1",
    "nan",
    "ok",
    "imprecise",
    "invalid",
    "crashed",
    "header",
    "group",
    "footer",
    "complete",
    "budget",
    "cpu",
    "cuda:0",
    "torch",
    "numpy",
    "eager",
    "none",
    "all",
    "latency",
    "ns",
    "s",
    "2026-01-02T03:04:05+00:00",
    "*",
    "[",
    "a/b/c",
    "#1",
    "base",
    "head",
    "time",
    "backend",
    "width",
    "\\",
    "'",
    "&amp;",
    "=1+1",
    "~",
    "_",
    "`",
    "%",
    "\u2028",
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], [1, 2], ["a"], {"a": 1})
FACTORS = (-1, 0, 2, 10**9, 10**18)
EVERYTHING = (*NUMBERS, *TEXTS, *OTHERS)
ENDS = (b"\r\n", b"\r", b"", b"\n\n", b"\x00", b" \n")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b" ", b"\n", b"[")
CODES = ("utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1")


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """Of JSON, whole or a document a line; of any text, broken only."""
    return st.randoms(use_true_random=True).map(lambda chance: damage(chance, good))


def damage(chance: random.Random, good: bytes) -> bytes:
    """Edited, broken, or both."""
    if chance.random() < 0.2:
        return broken(chance, good)
    data = edited(chance, good)
    return broken(chance, data) if data and chance.random() < 0.1 else data


def edited(chance: random.Random, good: bytes) -> bytes:
    """Some values are others, lines are there twice, gone, or in disorder."""
    lines = good.splitlines()
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(lines))
        what = chance.randrange(30)
        if what == 0:
            lines.insert(chance.randrange(len(lines) + 1), lines[place])
        elif what == 1 and len(lines) > 1:
            lines.append(lines.pop(place))
        elif what == 2 and len(lines) > 1:
            del lines[place]
        else:
            try:
                document = json.loads(lines[place])
            except (ValueError, RecursionError):
                lines[place] = reworded(chance, lines[place])
                continue
            where = chance.choice([*paths(document)])
            lines[place] = written(changed(chance, document, where))
    return b"".join(line + b"\n" for line in lines)


def paths(found: Any, place: Path = ()) -> Iterator[Path]:
    """Every place in a document; of long lists the first entries."""
    yield place
    if isinstance(found, dict):
        for name, each in found.items():
            yield from paths(each, (*place, name))
    elif isinstance(found, list):
        for number, each in enumerate(found[:3]):
            yield from paths(each, (*place, number))


def changed(chance: random.Random, document: Any, place: Path) -> Any:
    """The document with something else at that place, mostly of the same kind."""
    if not place:
        return chance.choice(EVERYTHING)
    parent = document
    for step in place[:-1]:
        parent = parent[step]
    last: Any = place[-1]
    what = chance.random()
    if what < 0.08:
        del parent[last]
    elif what < 0.16:
        parent[last] = f"{MARK}{chance.randrange(len(RAW))}"
    elif what < 0.24:
        parent[last] = chance.choice(EVERYTHING)
    elif what < 0.3 and isinstance(parent, list):
        parent.insert(last, parent[last])
    elif what < 0.5 and isinstance(parent[last], int | float):
        parent[last] = parent[last] * chance.choice(FACTORS)
    else:
        parent[last] = like(chance, parent[last])
    return document


def like(chance: random.Random, found: Any) -> Any:
    """Another of its kind: right in form, whatever it says."""
    if isinstance(found, bool):
        return not found
    if isinstance(found, int):
        return chance.choice([each for each in NUMBERS if isinstance(each, int)])
    if isinstance(found, float):
        return chance.choice(NUMBERS)
    if isinstance(found, str):
        return chance.choice(TEXTS)
    if isinstance(found, list) and chance.random() < 0.5:
        other = like(chance, found[0]) if found else 0
        return [other] * len(found)
    if isinstance(found, list):
        return (found * 40)[: chance.choice((0, 1, 2, 5, 40))]
    return chance.choice(EVERYTHING)


def reworded(chance: random.Random, line: bytes) -> bytes:
    """A line of another language than JSON, with another word."""
    words = line.split(b" ")
    others = (*RAW, *map(repr, NUMBERS), *map(json.dumps, TEXTS), '"900%"', "true", "[]", "[[a]]")
    words[chance.randrange(len(words))] = chance.choice(others).encode()
    return b" ".join(words)


def written(document: Any) -> bytes:
    """As JSON on one line, with what `json` would not write in the place of its marks."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    for number, raw in enumerate(RAW):
        text = text.replace(f'"{MARK}{number}"', raw)
    return text.encode("utf-8", "surrogatepass")


def broken(chance: random.Random, data: bytes) -> bytes:
    """Cut off, flipped, gone, there twice, with other ends of lines, marks before them, in another
    encoding."""
    first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    what = chance.randrange(10)
    if what < 3:
        return data[:last]
    if what < 5:
        flipped = bytearray(data)
        for _ in range(chance.randrange(1, 5)):
            flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(flipped)
    if what == 5:
        return data.replace(b"\n", chance.choice(ENDS))
    if what == 6:
        return chance.choice(MARKS) + data
    if what == 7:
        return data.decode(errors="replace").encode(chance.choice(CODES), "replace")
    middle = (b"", data[first:last] * 2, chance.randbytes(chance.randrange(40)))
    return data[:first] + chance.choice(middle) + data[last:]
