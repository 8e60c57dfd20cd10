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
    """The data a sentence is checked against, looked up by the names it uses."""

    def __init__(self, made: Source, work: str) -> None:
        cells = [
            each for each in made.cells if each.plan.key.op == work and each.time_s is not None
        ]
        by_width = {w: [each for each in cells if each.plan.width == w] for w in WIDTHS}
        self.widths = [width for width in WIDTHS if len(by_width[width]) > 1]
        asked = [each for width in self.widths for each in by_width[width]]
        self.cells = {w: {spoken(e, asked): e for e in by_width[w]} for w in self.widths}
        self.names = {name for each in self.cells.values() for name in each}
        self._ratios = {(each.cell.id, each.reference.id): each for each in made.choices}

    def ends(self, width: int, one: str, other: str) -> tuple[float, float] | None:
        """Of the ratio of times; None without an interval."""
        keys = self.cells[width][one].id, self.cells[width][other].id
        found = self._ratios.get(keys)
        turned = self._ratios.get((keys[1], keys[0])) if found is None else None
        if found is not None and found.ratio.low is not None and found.ratio.high is not None:
            return found.ratio.low, found.ratio.high
        if turned is not None and turned.ratio.low is not None and turned.ratio.high is not None:
            return 1.0 / turned.ratio.high, 1.0 / turned.ratio.low
        return None

    def paired(self, width: int, one: str, other: str) -> bool:
        """Whether they were measured in the same rounds."""
        keys = self.cells[width][one].id, self.cells[width][other].id
        return keys in self._ratios or keys[::-1] in self._ratios

    def faster(self, width: int, one: str, other: str) -> bool:
        """Whether the whole interval, as it was stored, is beyond the margin."""
        keys = self.cells[width][one].id, self.cells[width][other].id
        found = self._ratios.get(keys) or self._ratios.get(keys[::-1])
        if found is None or found.ratio.low is None or found.ratio.high is None:
            return False
        return found.ratio.high < DOWN if found.cell.id == keys[0] else found.ratio.low > UP

    def fastest(self, width: int) -> list[str]:
        """Those that are faster than every other: one, or none."""
        names = self.cells[width]
        return [one for one in names if all(self.faster(width, one, e) for e in names if e != one)]


def spoken(one: CellSummary, asked: list[CellSummary]) -> str:
    known = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
    gradients = {"autograd": "with autograd", "custom": "with a custom function"}
    plan, own = one.plan, [e.plan for e in asked if e.plan.key.backend == one.plan.key.backend]
    text = known.get(plan.key.backend, plan.key.backend)
    if len({each.key.mode for each in own}) > 1:
        text = f"{text} in graph mode" if plan.key.mode == "graph" else f"{plan.key.mode} {text}"
    if len({each.key.gradient for each in own}) > 1:
        text += f" {gradients[plan.key.gradient]}"
    return text if plan.key.allocator == "reuse" else f"{text} with allocator {plan.key.allocator}"
