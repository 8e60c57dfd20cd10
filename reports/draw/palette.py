"""One look for every figure: a colour per backend, a line style per mode, a marker per gradient,
hollow where memory is not kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_KNOWN = {"numpy": "#0072B2", "torch": "#D55E00", "tensorflow": "#009E73", "jax": "#CC79A7"}
_SPARE = ("#E69F00", "#56B4E9", "#999999")
"""Okabe and Ito's colours, told apart by people of every colour vision."""

DASHES: Mapping[str, object] = {"eager": "-", "graph": (0, (5, 2)), "compiled": (0, (1.2, 1.6))}
PUBLISHED = "published"
"""The mode, gradient and allocator of a line that was printed elsewhere."""

MARKERS: Mapping[str, str] = {"none": "o", "manual": "s", "autograd": "^", "custom": "D"}

PLOTLY_DASHES: Mapping[str, str] = {"eager": "solid", "graph": "dash", "compiled": "dot"}
PLOTLY_SYMBOLS: Mapping[str, str] = {
    "none": "circle", "manual": "square", "autograd": "triangle-up", "custom": "diamond",
}  # fmt: skip
"""The same looks in the page's interactive plots."""

INK, GRID, PAPER = "#1b1f24", "#d9dcdf", "#fffffe"
"""Of the SVG these are replaced by the page's own colours, so that they suit light and dark."""


def colours(backends: Iterable[str]) -> dict[str, str]:
    """A colour for each; unknown ones take the spare colours in the order of their names."""
    unknown = sorted(set(backends) - _KNOWN.keys())
    spare = {name: _SPARE[place % len(_SPARE)] for place, name in enumerate(unknown)}
    return {**_KNOWN, **spare}
