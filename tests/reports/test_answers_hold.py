"""Whatever was measured, no answer and no count of wins claims more than the intervals support."""

from __future__ import annotations

import random
import re
from itertools import combinations_with_replacement, pairwise
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.answer_grammar import Answer, Claim, read_answer
from helpers.answer_worlds import DOWN, EDGES, UP, World, worlds
from helpers.made_sources import (
    NUMPY,
    TORCH,
    cell,
    ratio,
    source,
)
from xbench.reports.model import Source
from xbench.reports.prose.answers import (
    MOST_ANSWERS,
    NO_INTERVAL,
    NOTHING_MEASURED,
    NOTHING_TO_COMPARE,
    answers,
)
from xbench.reports.tables.cells import wins_table


def _check_ends(claim: Claim, low: float, high: float) -> None:
    """The printed interval is the exact one, rounded, and alone leads to the same words."""
    shown = []
    for text, exact, hopeless in zip(claim.ends, (low, high), (0.0, inf), strict=True):
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
    }[claim.kind]


def _check(world: World, claim: Claim) -> None:
    width, one, other = claim.width, claim.one, claim.other
    there = world.cells[width]
    match claim.kind:
        case "fastest":
            assert world.fastest(width) == [one]
            assert claim.count == len(there)
        case "doubt" | "unbeaten":
            assert not world.fastest(width)
            assert claim.count == len(there)
        case "bound":
            assert there[one].bound == other
        case "unpaired":
            assert not world.paired(width, one, other)
        case "no interval":
            assert world.paired(width, one, other)
            assert world.ends(width, one, other) is None
        case "faster" | "slower" | "same" | "open":
            ends = world.ends(width, one, other)
            assert ends is not None
            assert world.faster(width, one, other) == (claim.kind == "faster")
            assert world.faster(width, other, one) == (claim.kind == "slower")
            low, high = ends if claim.kind != "faster" else (1.0 / ends[1], 1.0 / ends[0])
            _check_ends(claim, low, high)


def _read(made: Source, text: str) -> tuple[World, Answer]:
    works = sorted({each.plan.key.op for each in made.cells}, key=len, reverse=True)
    (work,) = re.findall(rf"to run ({'|'.join(works)})\b", text)
    world = World(made, work)
    return world, read_answer(text, world.names)


@settings(deadline=None, max_examples=300)
@given(worlds())
def test_no_answer_claims_what_its_interval_does_not_support(made: Source) -> None:
    said = answers(made)
    if said == [NO_INTERVAL]:
        assert all(None in (each.ratio.low, each.ratio.high) for each in made.choices)
        return
    works = {each.plan.key.op for each in made.cells}
    asked = sum(bool(World(made, work).widths) for work in works)
    if not asked:
        timed = any(each.time_s is not None for each in made.cells)
        assert said == ([NOTHING_TO_COMPARE if timed else NOTHING_MEASURED] if works else [])
        return
    for text in said:
        world, answer = _read(made, text)
        assert answer.width == world.widths[-1]
        assert answer.claims
        for claim in answer.claims + answer.early:
            _check(world, claim)
        _check_doubt(world, answer)
        _check_change(world, answer)
    assert len(said) == asked


def test_ends_on_the_margin_and_beside_it_are_printed_as_what_is_said_of_them() -> None:
    """By every neighbour of the margin, both ways round: inverting rounds some across it."""
    numpy, torch = cell(NUMPY, 1.0), cell(TORCH, 1.0)
    ends = sorted([*EDGES, 0.5, 1.0, 2.0, 3e22])
    for low, high in combinations_with_replacement(ends, 2):
        for one, other in ((numpy, torch), (torch, numpy)):
            made = source([numpy, torch], [ratio(one, other, low, high)])
            (text,) = answers(made)
            world, answer = _read(made, text)
            for claim in answer.claims:
                _check(world, claim)


def _check_doubt(world: World, answer: Answer) -> None:
    """Where it is asked which of several, each of the others is slower than one of all; unless the
    ratios contradict each other and everybody is."""
    if not answer.doubt:
        return
    there = world.cells[answer.width]
    beaten = {e for e in there if any(world.faster(answer.width, o, e) for o in there if o != e)}
    if len(answer.doubt) > 1 and len(beaten) < len(there):
        assert not beaten & {*answer.doubt}
        assert len(there) - len(beaten) == len(answer.doubt) + answer.more


def _check_change(world: World, answer: Answer) -> None:
    if not answer.early:
        return
    early, late = answer.early[0].one, answer.claims[0].one
    assert answer.early[0].width == world.widths[0] < answer.width
    assert early != late
    if answer.widths:
        before, after = answer.widths
        assert before < after
        assert world.faster(before, early, late)
        assert world.faster(after, late, early)
        assert not any(
            world.faster(width, *pair)
            for width in world.widths
            if before < width < after
            for pair in ((early, late), (late, early))
            if {*pair} <= {*world.cells[width]}
        )


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
def test_the_clearest_come_first_and_the_rest_are_counted(made: Source) -> None:
    said = answers(made)
    asked = sum(bool(World(made, work).widths) for work in {e.plan.key.op for e in made.cells})
    if said == [NO_INTERVAL] or not asked:
        return
    if asked > MOST_ANSWERS:
        more = asked - MOST_ANSWERS
        assert said.pop() == f"{more} more operation{'s' if more > 1 else ''} below."
    assert len(said) == min(asked, MOST_ANSWERS)
    factors = []
    for text in said:
        _, answer = _read(made, text)
        decided = [e for e in answer.claims if e.kind in ("faster", "slower")]
        factors.append(max((float(e.ends[0].lstrip("< ")) for e in decided), default=1.0))
    assert all(one >= 0.9 * other for one, other in pairwise(factors))
