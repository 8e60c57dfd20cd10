"""A race in words: who is the fastest at each size, a table, who got no time and why, and how far
to trust it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from rich.cells import cell_len

from xbench.analysis.interval import IMPRECISE
from xbench.analysis.ratios import Comparison
from xbench.reports.model import MARKS, Standing, Table
from xbench.reports.prose.answers import Answer, Wording, disturbance, precision
from xbench.reports.prose.more_time import needed
from xbench.reports.prose.names import listed
from xbench.reports.prose.numbers import NOTHING, digits, show_factor, show_ratio
from xbench.reports.prose.sentences import has_interval
from xbench.reports.race.standings import Field, Standings
from xbench.reports.tables.cells import show_cell_time
from xbench.text import one_line, plural, shortened

WIDTH = 100
"""Columns of a printed race, at most."""

LONGEST_NAME = 40
ONE_PROCESS = "One process, no interval between processes"
ONE_LAUNCH = "One launch, no interval between launches"
NEXT_PROCESSES = "fresh=True tells whether that holds in other processes."
NEXT_LAUNCHES = "A larger budget gives more launches, and intervals."
MOST_TIMES_THE_BUDGET = 20
FASTEST = {"*": "the fastest"}
HEADS = ("  contender", "time of a call [95 %]", "against the first")
"""Of a table with a row each."""


def said(standings: Standings) -> list[str]:
    """Who is the fastest at each size, in one sentence; what would tell more, in a second."""
    ranked = standings.ranked
    if not ranked:
        return [_nobody(standings)]
    if len(standings.contenders) == 1:
        name = quoted(next(iter(standings.contenders)))
        return [f"{name} ran alone: there is nothing to compare its time with."]
    if not any(each.others for each in ranked):
        names = dict.fromkeys(quoted(each.leader) for each in ranked)
        return [f"Only {listed(list(names))} got a time; the reasons are below."]
    words = _wording(standings)
    if not any(map(has_interval, standings.source.choices)):
        return list(_without_intervals(standings, words))
    return [f"{Answer(ranked, {}, words).text}.", *_more_time(standings)]


def _nobody(standings: Standings) -> str:
    """No contender has a time."""
    if any(cell.status == "skipped" for cell in standings.source.cells):
        return "The budget was spent before a contender was timed; give a larger one."
    return "No contender got a time; the reasons are below."


def _wording(standings: Standings) -> Wording:
    shown = {each.size.width: each.size.shown for each in standings.fields}
    return Wording("size" if standings.several_sizes else "", shown.__getitem__, quoted)


def _without_intervals(standings: Standings, words: Wording) -> Iterator[str]:
    """Whose time was the least, which is no verdict, and what would give one."""
    ranked, clauses, done = standings.ranked, [], 0
    for leader, found in groupby(ranked, lambda each: each.leader):
        stretch = list(found)
        at = words.at(stretch, done == 0, done + len(stretch) == len(ranked))
        takes = "" if done else " took the least time"
        clauses.append(" ".join(part for part in (f"{quoted(leader)}{takes}", at) if part))
        done += len(stretch)
    fresh = standings.outcome.fresh
    yield f"{ONE_LAUNCH if fresh else ONE_PROCESS}: {'; '.join(clauses)}."
    yield NEXT_LAUNCHES if fresh else NEXT_PROCESSES


def _more_time(standings: Standings) -> Iterator[str]:
    """How much more of the budget may decide what is open."""
    shares = []
    for ranking in standings.ranked:
        found = needed(ranking.open_ratios, 0.95) if ranking.open_ratios else None
        if found:
            shares.append(found.total / (found.total - found.launches))
    if shares and max(shares) <= MOST_TIMES_THE_BUDGET:
        times = digits(max(shares), 1 if max(shares) >= 2 else 2)
        yield f"About {times} times the budget may decide it."


# The table: a row a size and a column a contender, or, where that is too wide, a row each.


def race_table(standings: Standings) -> Table:
    """Times with intervals and ratios to the fastest, with a sign for who is or may be it."""
    if len(standings.fields) > 1:
        wide = _matrix(standings)
        if max(map(cell_len, table_lines(wide))) <= WIDTH:
            return wide
    return _list(standings)


def _matrix(standings: Standings) -> Table:
    names = _names(standings)
    rows = [
        (field.size.shown, *(_entry(field, name) for name in names)) for field in standings.fields
    ]
    columns = ("size", *(f"  {shown}" for shown in names.values()))
    return Table(CAPTION, columns, rows, 1, frozenset({0}))


CAPTION = "Time of a call, with its 95 % interval"


def _entry(field: Field, name: str) -> str:
    """Sign, time and factor."""
    if name not in field.cells:
        return NOTHING
    cell, ratio = field.cells[name], field.against_leader(name)
    if cell.time_s is None:
        return f"  {cell.status}"
    factor = f" {_factor(ratio)}" if ratio and _standing(field, name) in _BEHIND else ""
    return f"{_sign(field, name) or ' '} {show_cell_time(cell)}{factor}"


_BEHIND: tuple[Standing, ...] = ("slower", "unknown")


def _factor(ratio: Comparison) -> str:
    if not has_interval(ratio):
        return f"{digits(ratio.ratio.value, 2)}×"
    return f"{show_factor(ratio.ratio, ratio.verdict)[0]}×" if ratio.verdict == "slower" else ""


def _standing(field: Field, name: str) -> Standing:
    return field.ranking.standings.get(name, "unknown") if field.ranking else "unknown"


def _sign(field: Field, name: str) -> str:
    """Nothing where there is nobody to be compared with."""
    alone = field.ranking is None or not field.ranking.others
    return "" if alone else MARKS.get(_standing(field, name), ("", ""))[0]


def _list(standings: Standings) -> Table:
    names = _names(standings)
    sizes = ("size",) if standings.several_sizes else ()
    rows = [
        (*(field.size.shown for _ in sizes), *_line(field, name, names[name]))
        for field in standings.fields
        for name in field.by_time
    ]
    columns = (*sizes, *HEADS)
    if all(row[-1] == "" for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table(CAPTION, columns, rows, 1 + len(sizes), frozenset({0} if sizes else ()))


def _line(field: Field, name: str, shown: str) -> tuple[str, str, str]:
    cell, ratio = field.cells[name], field.against_leader(name)
    time = cell.status if cell.time_s is None else show_cell_time(cell)
    against = show_ratio(ratio.ratio, ratio.verdict) if ratio else ""
    return f"{_sign(field, name) or ' '} {shown}", time, against


def signs(standings: Standings, table: Table) -> list[tuple[str, str]]:
    """The signs and factors that occur in a table, with what they mean."""
    there = {_sign(field, name) for field in standings.fields for name in field.cells}
    found = [(sign, FASTEST.get(sign, about)) for sign, about in MARKS.values() if sign in there]
    if HEADS[0] in table.columns or not any("×" in each for row in table.rows for each in row):
        return found
    known = any(map(has_interval, standings.source.choices))
    return [*found, ("2×", f"twice the {'time of the fastest' if known else 'least time'}")]


def _names(standings: Standings) -> dict[str, str]:
    """How each contender's name is written in a table: no longer than has room."""
    found: dict[str, str] = {}
    for label in standings.contenders:
        name = short(label)
        found[label] = f"{name} ({len(found) + 1})" if name in found.values() else name
    return found


def short(name: str) -> str:
    """A contender's name on one line."""
    return shortened(one_line(name), LONGEST_NAME)


def quoted(name: str) -> str:
    """The name in a sentence: code stands in backticks."""
    return short(name) if _WORDS.fullmatch(name) else f"`{short(name)}`"


_WORDS = re.compile(r"[\w. -]+")


# What stands below: who has no time, and how far to trust the rest.


def refusals(standings: Standings) -> list[str]:
    """A sentence for each contender and reason: `jax has no time at size 64 (crashed): …`."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for field in standings.fields:
        for name, cell in field.cells.items():
            if cell.time_s is None:
                why = (name, cell.status, cell.reason)
                found.setdefault(why, []).append(field.size.shown)
    return [
        f"{quoted(name)} has no time{_at(standings, sizes)} ({status})"
        + (f": {reason}" if reason else "")
        for (name, status, reason), sizes in found.items()
    ]


def _at(standings: Standings, sizes: Sequence[str]) -> str:
    if not standings.several_sizes or len(sizes) == len(standings.fields) > 1:
        return ""
    return f" at size{'s' if len(sizes) > 1 else ''} {listed(sizes)}"


def trust(standings: Standings) -> list[str]:
    """How the results were checked, how often all was repeated, and where it was measured."""
    source = standings.source
    if not standings.ranked:
        return [source.machine]
    found = [*_checked(standings)]
    if standings.outcome.fresh:
        first, *rest = precision(source)
        found.append("; ".join([f"{first} of fresh processes", *rest, *disturbance(source)]))
    else:
        rounds = max((cell.rounds for cell in source.cells), default=0)
        one = f"One process for all, {plural(rounds, 'round')} of each"
        found.append("; ".join([one, *disturbance(source)]))
    imprecise = sum(cell.status == "imprecise" for cell in source.cells)
    if imprecise:
        found.append(
            f"{plural(imprecise, 'imprecise figure')}: the ends of the interval lie further apart "
            f"than by a factor of {IMPRECISE:g}"
        )
    return [*found, source.machine]


def _checked(standings: Standings) -> Iterator[str]:
    outcome = standings.outcome
    unchecked = {c.name: c.unchecked for c in outcome.contenders if c.unchecked}
    timed = {name for each in standings.ranked for name in each.shown}
    compared = [name for name in timed if not standings.contenders[name].unchecked]
    if outcome.checked == "verified" and compared:
        yield "Results verified against the same source in float64"
    elif outcome.checked == "agree" and len(compared) > 1:
        yield "Results agree with each other"
    elif outcome.checked == "unchecked" or len(timed) > 1:
        yield "Results not compared"
    if outcome.checked != "unchecked":
        for name, why in unchecked.items():
            yield f"{quoted(name)} not compared: {why}"


# All of it as text.


def race_text(standings: Standings) -> str:
    """What is printed: the sentence, the table, the rest; no line is longer than `WIDTH` but for a
    word that is."""
    table = race_table(standings)
    legend = "   ".join(map(" ".join, signs(standings, table)))
    lines = [*_wrapped(" ".join(said(standings))), "", *table_lines(table)]
    lines += [legend] if legend else []
    lines += ["", *(line for each in refusals(standings) for line in _wrapped(f"{each}."))]
    lines += _wrapped(f"{'. '.join(trust(standings))}.")
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return wrap(
        one_line(text),
        WIDTH,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def table_lines(table: Table) -> list[str]:
    """A table of plain text: heads, a rule, a line a row; a name that repeats is said once."""
    rows = [table.columns, *(tuple(map(one_line, row)) for row in table.rows)]
    sizes = [max(cell_len(row[place]) for row in rows) for place in range(len(table.columns))]
    shown, before = [], ""
    for row in rows:
        first = "" if row[0] == before and table.heads > 1 else row[0]
        before = row[0]
        texts = (first, *row[1:])
        padded = (
            _padded(text, size, place in table.right)
            for place, (text, size) in enumerate(zip(texts, sizes, strict=True))
        )
        shown.append("  ".join(padded).rstrip())
    return [shown[0], "  ".join("─" * size for size in sizes), *shown[1:]]


def _padded(text: str, size: int, right: bool) -> str:
    blank = " " * (size - cell_len(text))
    return blank + text if right else text + blank
