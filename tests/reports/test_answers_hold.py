"""Whatever was measured, no answer and no count of wins claims more than the intervals support."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import combinations_with_replacement
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.answer_grammar import Answer, Clause, read_answer, read_verdict
from helpers.answer_worlds import DOWN, EDGES, UP, World, worlds
from helpers.made_sources import (
    NUMPY,
    TORCH,
    cell,
    ratio,
    source,
)
from xbench.reports.model import Source
from xbench.reports.prose.answer_table import answer_table
from xbench.reports.prose.answers import (
    MOST_ANSWERS,
    NO_INTERVAL,
    NOTHING_MEASURED,
    NOTHING_TO_COMPARE,
    answers,
)
from xbench.reports.tables.cells import wins_table


def _check_ends(ends: tuple[str, str], kind: str, low: float, high: float) -> None:
    """The printed interval is the exact one, rounded, and alone leads to the same words."""
    shown = []
    for text, exact, hopeless in zip(ends, (low, high), (0.0, inf), strict=True):
        if text[0] in "<>":
            bound = float(text[2:])
            assert exact < bound if text[0] == "<" else exact > bound
            shown.append(hopeless)
            continue
        mantissa, _, exponent = text.partition("e")
        whole, _, decimals = mantissa.partition(".")
        zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
        unit = 10.0 ** (zeros - len(decimals) + int(exponent or 0))
        assert abs(float(text) - exact) <= 0.5 * unit * (1 + 1e-6) + 1e-14 * exact, (text, exact)
        shown.append(float(text))
    beyond = shown[0] > UP, shown[1] < DOWN
    within = shown[0] >= DOWN and shown[1] <= UP
    assert (*beyond, within) == {
        "faster": (True, False, False),
        "slower": (True, False, False),
        "same": (False, False, True),
        "open": (False, False, False),
    }[kind]


def _check_outcome(world: World, width: int, kind: str, names: list[str]) -> None:
    """What a clause or a row says of the sides at a width."""
    there = world.sides[width]
    winners = [side for side in there if world.ahead(width, side)]
    doubtful = world.doubtful(width)
    match kind:
        case "fastest":
            assert winners == names
        case "alone":
            assert len(there) == 1
            assert names in ([], [*there])
        case "unknown":
            assert len(there) > 1
            assert not world.known(width)
        case "open":
            assert world.known(width)
            assert not winners
            assert len(names) > 1
            if len(doubtful) > 1:  # else the ratios contradict each other
                assert sorted(names) == sorted(doubtful)
        case "tie":
            assert not winners
            assert len(names) > 1
            assert {*doubtful} >= {*names}
            assert world.tied(width, names[0], names[1:]) or world.tied(width, names[1], names[:1])
            assert len(doubtful) == len(names)


def _check_lead(world: World, clause: Clause) -> None:
    """The factor is of a cell that is faster than all others, over the one it leads least."""
    if clause.lead is None:
        return
    width = clause.lead.width or clause.widths[0]
    assert width in clause.widths
    (side,) = clause.names
    one = world.ahead(width, side)[0]
    least = world.least_lead(width, one)
    assert least in world.cells(width, clause.lead.over)
    ends = world.ends(one, least)
    assert ends is not None
    _check_ends(clause.lead.ends, "faster", 1.0 / ends[1], 1.0 / ends[0])


def _check_sentence(made: Source, text: str) -> Answer:
    work = text.partition(": ")[0]
    world = World(made, work)
    assert world.asked
    answer = read_answer(text, world.names, world.widths)
    for clause in answer.clauses:
        for width in clause.widths:
            _check_outcome(world, width, clause.kind, clause.names)
            if clause.mode:
                assert clause.mode == world.modes[world.ahead(width, clause.names[0])[0].id]
        _check_lead(world, clause)
    decided = [each for each in answer.clauses if each.kind == "fastest"]
    assert sum(each.lead is not None for each in decided) == bool(decided)
    return answer


@settings(deadline=None, max_examples=300)
@given(worlds())
def test_no_answer_claims_what_its_interval_does_not_support(made: Source) -> None:
    said = answers(made)
    if said == [NO_INTERVAL]:
        assert all(None in (each.ratio.low, each.ratio.high) for each in made.choices)
        return
    works = {each.plan.key.op for each in made.cells}
    asked = sum(World(made, work).asked for work in works)
    if not asked:
        timed = any(each.time_s is not None for each in made.cells)
        assert said == ([NOTHING_TO_COMPARE if timed else NOTHING_MEASURED] if works else [])
        return
    for text in said:
        _check_sentence(made, text)
    assert len(said) == asked


@settings(deadline=None, max_examples=200)
@given(worlds())
def test_a_marked_winner_is_faster_than_every_other_shown(made: Source) -> None:
    """And every other mark of the table is what the ratios say."""
    table = answer_table(made)
    if table is None:
        assert all(each.time_s is None for each in made.cells)
        return
    seen = Counter((row.work, row.width) for row in table.rows)
    timed = {(each.plan.key.op, each.plan.width) for each in made.cells if each.time_s is not None}
    assert seen == Counter(timed)
    for row in table.rows:
        world = World(made, row.work)
        shown = dict(zip(table.sides, row.entries, strict=True))
        there = {side: entry for side, entry in shown.items() if entry is not None}
        assert there.keys() == world.sides[row.width].keys()
        kind, names, _ = read_verdict(row.verdict[0], table.sides)
        _check_outcome(world, row.width, kind, names)
        for side, entry in there.items():
            cells = world.cells(row.width, side)
            named = [each for each in cells if world.modes[each.id] == entry.mode]
            if kind == "fastest":
                assert entry.standing == ("fastest" if side in names else "slower")
                assert side not in names or named == world.ahead(row.width, side)[:1]
            elif kind in ("open", "tie"):
                assert (entry.standing in ("open", "tie")) == (side in names)
            else:
                assert entry.standing == "unknown"


def test_ends_on_the_margin_and_beside_it_are_printed_as_what_is_said_of_them() -> None:
    """By every neighbour of the margin, both ways round: inverting rounds some across it."""
    numpy, torch = cell(NUMPY, 1.0), cell(TORCH, 1.0)
    ends = sorted([*EDGES, 0.5, 1.0, 2.0, 3e22])
    for low, high in combinations_with_replacement(ends, 2):
        for one, other in ((numpy, torch), (torch, numpy)):
            made = source([numpy, torch], [ratio(one, other, low, high)])
            (text,) = answers(made)
            _check_sentence(made, text)


@settings(deadline=None, max_examples=60)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_cells_and_the_way_round_of_ratios_do_not_matter(
    made: Source, chance: random.Random
) -> None:
    cells, pairs = [*made.cells], [*made.choices]
    chance.shuffle(cells)
    chance.shuffle(pairs)
    turned = [each.inverse if chance.random() < 0.5 else each for each in pairs]
    assert sorted(answers(source(cells, pairs))) == sorted(answers(made))
    figures = re.compile(r"[0-9.e+-]+")
    said = [
        sorted(figures.sub("#", each) for each in answers(source(cells, e)))
        for e in (made.choices, turned)
    ]
    assert said[0] == said[1]
    found = wins_table(source(cells, turned)), wins_table(made)
    assert found[0] == found[1]


@settings(deadline=None, max_examples=20)
@given(worlds(most=9))
def test_of_many_the_clearest_are_shown_and_the_rest_are_counted(made: Source) -> None:
    said = answers(made)
    works = list(dict.fromkeys(each.plan.key.op for each in made.cells))
    asked = sum(World(made, work).asked for work in works)
    if said == [NO_INTERVAL] or not asked:
        return
    if asked > MOST_ANSWERS:
        more = asked - MOST_ANSWERS
        assert said.pop() == f"{more} more operation{'s' if more > 1 else ''} below."
    assert len(said) == min(asked, MOST_ANSWERS)
    shown = [text.partition(": ")[0] for text in said]
    assert shown == [work for work in works if work in shown]
    factors = {work: world.factor() for work in works if (world := World(made, work)).asked}
    left_out = [factor for work, factor in factors.items() if work not in shown]
    assert min(factors[work] for work in shown) >= max(left_out, default=1.0) * (1.0 - 1e-12)
