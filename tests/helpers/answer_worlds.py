"""Sources as hypothesis draws them, and their data looked up by the names that sentences use."""

from __future__ import annotations

from itertools import combinations
from math import exp, inf, nextafter

from hypothesis import strategies as st

from helpers.made_sources import (
    NUMPY,
    TF_COMPILED,
    TF_GRAPH,
    TORCH,
    TORCH_COMPILED,
    Way,
    cell,
    ratio,
    source,
)
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.reports.model import Source

WAYS: tuple[Way, ...] = (
    NUMPY,
    TORCH,
    TORCH_COMPILED,
    TF_GRAPH,
    TF_COMPILED,
    ("tensorflow", "eager", "autograd", "reuse"),
    ("torch", "eager", "custom", "reuse"),
    ("torch", "eager", "autograd", "system"),
    ("jax", "compiled", "autograd", "reuse"),
    ("cupy", "eager", "none", "reuse"),
)
WIDTHS = (512, 2048, 20480)
UP, DOWN = 1.02, 1.0 / 1.02
EDGES = [edge for at in (UP, DOWN) for edge in (at, nextafter(at, 0.0), nextafter(at, inf))]
ENDS = st.one_of(
    st.floats(0.9, 1.1),
    st.floats(0.1, 10.0),
    st.sampled_from(EDGES),
    st.floats(1e-300, 1e300),
    st.sampled_from([1e-300, 1e-9, 1.0, 1e9, 1e300]),
)
BOUND = st.sampled_from(["", "", "bandwidth", "compute", "launch", "allocation"])


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float | None, float | None]:
    """Of a ratio: anything."""
    low, high = sorted((draw(ENDS), draw(ENDS)))
    kind = draw(st.integers(0, 9))
    return (None if kind in (0, 1) else low), (None if kind in (0, 2) else high)


@st.composite
def worlds(draw: st.DrawFn, most: int = 3) -> Source:
    """Cells of some operations: either every ratio is anything, or the cells have true times, known
    to within some factor."""
    cells: list[CellSummary] = []
    pairs: list[Comparison] = []
    for number in range(draw(st.integers(1, most))):
        ways = draw(st.lists(st.sampled_from(WAYS), min_size=1, max_size=6, unique=True))
        for width in draw(st.lists(st.sampled_from(WIDTHS), min_size=1, unique=True)):
            parts = draw(st.sampled_from([("",), ("",), ("#1", "#2")]))
            here = [
                cell(
                    way,
                    draw(st.one_of(st.none(), *[st.floats(1e-6, 10.0)] * 4)),
                    width,
                    f"op{number} 100×w",
                    draw(BOUND),
                    draw(st.sampled_from(parts)),
                )
                for way in ways
            ]
            pairs += _pairs(draw, here)
            cells += here
    return source(cells, pairs)


def _pairs(draw: st.DrawFn, cells: list[CellSummary]) -> list[Comparison]:
    wild = draw(st.booleans())
    found = []
    for one, other in combinations(cells, 2):
        if not one.time_s or not other.time_s or one.plan.group != other.plan.group:
            continue
        low, high = draw(intervals())
        if not wild:
            spread = exp(draw(st.sampled_from([0.001, 0.01, 0.1, 0.5])))
            low, high = one.time_s / other.time_s / spread, one.time_s / other.time_s * spread
        found.append(ratio(one, other, low, high))
    return found


class World:
    """The data that a curve's sentence and rows are checked against: at each width, the cells of
    each side by its name."""

    def __init__(self, made: Source, work: str) -> None:
        timed = [each for each in made.cells if each.time_s is not None]
        timed.sort(key=lambda each: (each.time_s or 0.0, each.id))
        own = [each for each in timed if each.plan.key.op == work]
        several = len({each.plan.key.backend for each in timed}) > 1
        self.widths = sorted({each.plan.width for each in own})
        self.sides: dict[int, dict[str, list[CellSummary]]] = {w: {} for w in self.widths}
        for each in own:
            name = KNOWN.get(each.plan.key.backend, each.plan.key.backend)
            side = name if several else spoken(each, made.cells)
            self.sides[each.plan.width].setdefault(side, []).append(each)
        self.names = {name for each in self.sides.values() for name in each}
        self.modes = {each.id: mode(each, own) if several else "" for each in own}
        self._ratios = {(each.cell.id, each.reference.id): each for each in made.choices}

    @property
    def asked(self) -> bool:
        """Whether there is a width with two sides."""
        return any(len(each) > 1 for each in self.sides.values())

    def cells(self, width: int, side: str, own: bool = True) -> list[CellSummary]:
        """Those of a side, or of all the others."""
        return [e for n, each in self.sides[width].items() if (n == side) == own for e in each]

    def ends(self, one: CellSummary, other: CellSummary) -> tuple[float, float] | None:
        """Of the ratio of times; None without an interval."""
        for cells, turned in (((one.id, other.id), False), ((other.id, one.id), True)):
            found = self._ratios.get(cells)
            if found is not None and found.ratio.low is not None and found.ratio.high is not None:
                low, high = found.ratio.low, found.ratio.high
                return (1.0 / high, 1.0 / low) if turned else (low, high)
        return None

    def known(self, width: int) -> bool:
        """Whether a ratio has an interval; where none was taken, that is all there is to know."""
        cells = [each for side in self.sides[width] for each in self.cells(width, side)]
        pairs = [(one, other) for one in cells for other in cells if one is not other]
        taken = [pair for pair in pairs if (pair[0].id, pair[1].id) in self._ratios]
        return not taken or any(self.ends(*pair) for pair in taken)

    def faster(self, one: CellSummary, other: CellSummary) -> bool:
        """Whether the whole interval, as it was stored, is beyond the margin."""
        found = self._ratios.get((one.id, other.id)) or self._ratios.get((other.id, one.id))
        if found is None or found.ratio.low is None or found.ratio.high is None:
            return False
        return found.ratio.high < DOWN if found.cell.id == one.id else found.ratio.low > UP

    def same(self, one: CellSummary, other: CellSummary) -> bool:
        """Whether it is within."""
        found = self._ratios.get((one.id, other.id)) or self._ratios.get((other.id, one.id))
        if found is None or found.ratio.low is None or found.ratio.high is None:
            return False
        return found.ratio.low >= DOWN and found.ratio.high <= UP

    def ahead(self, width: int, side: str) -> list[CellSummary]:
        """The cells of a side that are faster than every cell of each other side."""
        others = self.cells(width, side, own=False)
        return [
            each
            for each in self.cells(width, side)
            if others and all(self.faster(each, other) for other in others)
        ]

    def least_lead(self, width: int, one: CellSummary) -> CellSummary:
        """Of the cells of other sides, the one that this one is ahead of by the smallest factor."""
        (side,) = (name for name, cells in self.sides[width].items() if one in cells)
        others = self.cells(width, side, own=False)
        return max(others, key=lambda each: (self.ends(one, each) or (0.0, 0.0))[1])

    def factor(self) -> float:
        """The largest by which a fastest cell is known to lead, of all widths; 1 without one."""
        leads = [
            1.0 / (self.ends(ahead[0], self.least_lead(width, ahead[0])) or (1.0, 1.0))[1]
            for width in self.widths
            for side in self.sides[width]
            if (ahead := self.ahead(width, side))
        ]
        return max(leads, default=1.0)

    def beaten(self, width: int, side: str) -> list[CellSummary]:
        """The cells of a side that one of another side is faster than."""
        others = self.cells(width, side, own=False)
        return [
            each
            for each in self.cells(width, side)
            if any(self.faster(other, each) for other in others)
        ]

    def doubtful(self, width: int) -> list[str]:
        """The sides that may be the fastest: not all of their cells are beaten."""
        there = self.sides[width]
        return [side for side in there if len(self.beaten(width, side)) < len(there[side])]

    def tied(self, width: int, side: str, others: list[str]) -> bool:
        """Whether a cell of the side is the same as one of each of these, and none of theirs may be
        faster."""
        return any(
            all(
                any(self.same(one, each) for each in self.cells(width, other))
                and all(
                    self.same(one, each) or self.faster(one, each)
                    for each in self.cells(width, other)
                    if each not in self.beaten(width, other)
                )
                for other in others
            )
            for one in self.cells(width, side)
        )


KNOWN = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}


def mode(one: CellSummary, asked: list[CellSummary]) -> str:
    """What tells a cell from others of its backend."""
    key = one.plan.key
    own = [each.plan.key for each in asked if each.plan.key.backend == key.backend]
    parts: list[str] = [key.mode] if len({each.mode for each in own}) > 1 else []
    parts += [key.gradient] if len({each.gradient for each in own}) > 1 else []
    return " ".join([*parts, *([] if key.allocator == "reuse" else [key.allocator])])


def spoken(one: CellSummary, asked: list[CellSummary]) -> str:
    """What a cell is called among others."""
    gradients = {
        "autograd": "with autograd",
        "custom": "with a custom function",
        "manual": "with gradients by hand",
        "none": "without gradient",
    }
    plan, own = one.plan, [e.plan for e in asked if e.plan.key.backend == one.plan.key.backend]
    text = KNOWN.get(plan.key.backend, plan.key.backend)
    if len({each.key.mode for each in own}) > 1:
        text = f"{text} in graph mode" if plan.key.mode == "graph" else f"{plan.key.mode} {text}"
    if len({each.key.gradient for each in own}) > 1:
        text += f" {gradients[plan.key.gradient]}"
    return text if plan.key.allocator == "reuse" else f"{text} with allocator {plan.key.allocator}"
