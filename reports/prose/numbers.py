"""Figures as text: as many digits as their interval supports, never more.

The only place where a figure of a report is rounded; the page's scripts get these texts.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, inf, log10

from xbench.analysis.interval import IMPRECISE, MARGIN, Estimate, Verdict, verdict
from xbench.reports.model import Shown
from xbench.text import percent, time_unit

MOST_DIGITS = 4
FAR = 100.0
NOTHING = "–"
_LARGE = 1e7
_THOUSAND = 1000.0
_remembered = lru_cache(maxsize=1 << 18)
"""The tables, the page and the files show the same figures."""


def show_count(count: int) -> Shown:
    """`20480`: of a width or a number of things."""
    return Shown(str(count), count)


@_remembered
def show_time(value: float, low: float | None, high: float | None) -> Shown:
    """`4.75 ms [4.61, 4.90]` from seconds; three digits and no brackets without an interval."""
    shown, unit, low_end, high_end = _time(value, low, high)
    ends = f" [{low_end}, {high_end}]" if low_end else ""
    return Shown(f"{shown} {unit}{ends}", value)


def show_short_time(value: float, low: float | None, high: float | None) -> str:
    """`4.75 ms`: the same without the brackets, with the digits that the interval supports."""
    return " ".join(_time(value, low, high)[:2])


def _time(value: float, low: float | None, high: float | None) -> tuple[str, str, str, str]:
    size, unit = time_unit(value)
    found = _in_unit(size, value, low, high)
    if float(found[0]) >= _THOUSAND:  # a wide interval rounds it up: `1.0 ms`, not `1000 µs`
        size, unit = time_unit(_THOUSAND * size)
        found = _in_unit(size, value, low, high)
    return found[0], unit, found[1], found[2]


def _in_unit(
    size: float, value: float, low: float | None, high: float | None
) -> tuple[str, str, str]:
    if low is None or high is None:
        return digits(value / size, 3), "", ""
    return show_interval(value / size, low / size, high / size)


def show_interval(value: float, low: float, high: float, extra: int = 0) -> tuple[str, str, str]:
    """The value and its interval's ends, all three to the same last digit, plus `extra` digits.

    Where the ends differ by more than a factor of `IMPRECISE`, each to two digits of its own."""
    if high > IMPRECISE * low:
        return _wide(value, low, high, 2 + extra)
    places = min(_places(low, high), MOST_DIGITS - 1 - floor(log10(value))) + extra
    first, second, third = (_fixed(each, places) for each in (value, low, high))
    return first, second, third


def _wide(value: float, low: float, high: float, count: int) -> tuple[str, str, str]:
    """Ends further away than a factor of `FAR` say only that."""
    least, most = digits(value / FAR, 1), digits(value * FAR, 1)
    return (
        digits(value, count),
        f"< {least}" if count == 2 and low < float(least) else digits(low, count),
        f"> {most}" if count == 2 and high > float(most) else digits(high, count),
    )


@_remembered
def show_ratio(ratio: Estimate, judged: Verdict) -> Shown:
    """`2.31× faster [2.21, 2.41]`, `same within 2 % [0.99, 1.01]`, `inconclusive [0.9, 1.2]`; to be
    sorted by the ratio.

    `ratio` is of times. Faster and slower print how many times so, their interval likewise; the
    other two print the interval of the ratio of times. Digits are added until the printed ends
    alone would lead to the same verdict."""
    if ratio.low is None or ratio.high is None:
        return Shown(f"{digits(ratio.value, 2)}× the time, no interval", ratio.value)
    factor, ends = show_factor(ratio, judged)
    said = {"same": f"same within {percent(MARGIN)}", "inconclusive": "inconclusive"}
    return Shown(f"{said.get(judged, f'{factor}× {judged}')} {ends}", ratio.value)


def show_factor(ratio: Estimate, judged: Verdict) -> tuple[str, str]:
    """`2.31` and `[2.21, 2.41]`, as `show_ratio` prints them: how many times faster, else the ratio
    of times. There is an interval."""
    assert ratio.low is not None
    assert ratio.high is not None
    value, low, high = ratio.value, ratio.low, ratio.high
    if judged == "faster":
        value, low, high = 1.0 / value, 1.0 / high, 1.0 / low
    shown = _ends_that_say("slower" if judged == "faster" else judged, value, low, high)
    return shown[0], f"[{shown[1]}, {shown[2]}]"


@_remembered
def show_rate(
    amount: int,
    time_s: float,
    low_s: float | None,
    high_s: float | None,
    share: float | None,
    place: str = "",
) -> str:
    """`12.3 (87 % of L2)`: FLOP or bytes of a call as giga a second, and the share of the ceiling,
    which is that of `place`."""
    if amount <= 0:
        return NOTHING
    giga = amount * 1e-9
    of = "" if share is None else f" ({show_share(share)}{f' of {place}' if place else ''})"
    if low_s is None or high_s is None:
        return Shown(f"{digits(giga / time_s, 3)}{of}", giga / time_s)
    shown = show_interval(giga / time_s, giga / high_s, giga / low_s)[0]
    return Shown(f"{shown}{of}", giga / time_s)


def show_share(share: float) -> Shown:
    """`180 %`, `38 %`, `0.4 %`, `< 0.1 %`: of a ceiling or a time, no finer than it is known."""
    if 0.0 < share < 0.001:
        return Shown("< 0.1 %", share)
    return Shown(f"{100.0 * share:.{0 if share >= 0.01 else 1}f} %", share)


@_remembered
def show_once(seconds: float | None) -> str:
    """A time that was taken once: two digits."""
    if seconds is None or seconds <= 0.0:
        return NOTHING
    size, unit = time_unit(seconds, 2)
    return Shown(f"{digits(seconds / size, 2)} {unit}", seconds)


def _ends_that_say(wanted: Verdict, value: float, low: float, high: float) -> tuple[str, str, str]:
    for extra in range(12):
        shown = show_interval(value, low, high, extra)
        least = 0.0 if shown[1].startswith("<") else float(shown[1])
        most = inf if shown[2].startswith(">") else float(shown[2])
        if verdict(Estimate(value, least, most, launches=2)) == wanted:
            return shown
    return shown[0], repr(low), repr(high)


def _places(low: float, high: float) -> int:
    """Digits after the point: down to the first digit of half the interval, and one more where
    that digit is 1, since rounding would then move the value by a fair part of it."""
    half = 0.5 * (high - low)
    if half <= 0.0:
        return 99
    exponent = floor(log10(half))
    return -exponent + (half / 10.0**exponent < 2.0)


def _fixed(value: float, places: int) -> str:
    """To so many places; digits that nobody knows are not written out."""
    if value >= _LARGE:
        return f"{value:.{max(places + floor(log10(value)), 0)}e}"
    return f"{value:.{places}f}" if places >= 0 else f"{round(value, places):.0f}"


def digits(value: float, count: int) -> str:
    """`count` significant digits, written out unless that would be unreadable."""
    if not 1e-6 <= value < _LARGE:
        return f"{value:.{count - 1}e}"
    exponent = int(f"{value:.{count - 1}e}".partition("e")[2])  # rounded: of 9.996 it is 1
    return _fixed(value, count - 1 - exponent)
