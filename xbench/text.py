"""Words and numbers for people: near names, text on one line, bytes, seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from math import inf

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}", re.ASCII)
PLAIN_NAME = "letters, digits and _ . + -, at most 64"
LINE = 120
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def one_line(text: str) -> str:
    """The text without line ends and anything else that is not to be seen (spaces instead): no
    escape codes for a terminal, nothing that turns the direction of writing."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text)


def in_short(text: str) -> str:
    """The text, or as much of it as fits beside a name on a line."""
    return text if len(text) <= LINE else text[: LINE - 2].rstrip() + " …"


def shortened(text: str, longest: int) -> str:
    """The text, at most so many characters of it, the last then an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def is_plain(name: str) -> bool:
    """Whether a name may be part of a file's name, an option's value and a line of a table."""
    return _PLAIN.fullmatch(name) is not None


def readable(text: str) -> str:
    """The text with `?` for what cannot be written as UTF-8: bytes of a file's name, say."""
    return text.encode("utf-8", "replace").decode("utf-8")


def near(name: str, known: Iterable[str]) -> str:
    """A hint: the names closest to `name`, or all of them if none is close."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"


def show_bytes(count: float) -> str:
    """`168 GB`; decimal units."""
    for unit in _BYTE_UNITS:
        if abs(count) < 1000 or unit == _BYTE_UNITS[-1]:
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def show_seconds(seconds: float) -> str:
    """`4.75 ms`, `2.1 s`, `3 min 20 s`, `11 h 5 min`."""
    if seconds >= 7200:
        hours, rest = divmod(round(seconds / 60), 60)
        return f"{hours} h {rest} min"
    if seconds >= 120:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    size, unit = time_unit(seconds)
    return f"{seconds / size:.3g} {unit}"


def time_unit(seconds: float, digits: int = 3) -> tuple[float, str]:
    """The largest unit that a time fills when it is rounded to so many digits, in seconds, and its
    name: 999.7 µs are 1 ms."""
    rounded = seconds / (1.0 - 0.5 * 10.0**-digits)
    return next((each for each in TIME_UNITS if rounded >= each[0]), TIME_UNITS[-1])


def read_share(text: str) -> float | None:
    """`2%` or `0.02` as a number between 0 and 1; None for anything else."""
    number = text.strip()
    try:
        share = float(number.removesuffix("%")) / (100.0 if number.endswith("%") else 1.0)
    except ValueError:
        return None
    return share if 0.0 < share < 1.0 else None


_UNITS = {"ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SECONDS = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(ms|s|min|m|h|)\s*")


def read_seconds(text: str) -> float | None:
    """Seconds of `120s`, `120`, `500ms`, `5m` or `2h`; None for anything else, and for no time."""
    found = _SECONDS.fullmatch(text)
    try:
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    except ValueError:
        return None
    return seconds if 0.0 < seconds < inf else None


# Numbers in words.


def percent(share: float) -> str:
    """`1.8 %`."""
    return f"{100 * share:.2g} %"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 core`, `2 cores`, `3 processes`; `many` where an s does not do."""
    return f"{count} {one if count == 1 else many or one + 's'}"
