"""Why a selection matches nothing although each of its values exists, and what would match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from xbench.cell import Cell
from xbench.errors import UsageError
from xbench.plan.select import Selection

MOST_REASONS = 3


def nothing_matches(
    selection: Selection,
    reasons: Iterable[str],
    matching: Callable[[Selection], Iterable[Cell]],
) -> UsageError:
    """The error. `reasons` are those of the cells that were named and cannot be, `matching` gives
    the cells of another selection that can be measured."""
    chosen = ", ".join(f"{axis} {' '.join(found)}" for axis, found in selection.axes.items())
    why = "; ".join(reason for reason, _ in Counter(reasons).most_common(MOST_REASONS))
    would = [
        f"--{axis} {' '.join(values)}"
        for axis in selection.axes
        if (values := _values(axis, matching(_without(selection, axis))))
    ]
    hint = f"the rest as it is, {' or '.join(would)} would match" if would else "drop an option"
    return UsageError(
        f"nothing matches the selection ({chosen or 'preset ' + selection.preset.name})"
        f": {why or 'no cell is all of that at once'}",
        f"{hint}; `xbench list` shows what there is",
    )


def _without(selection: Selection, axis: str) -> Selection:
    return replace(selection, axes={k: v for k, v in selection.axes.items() if k != axis})


def _values(axis: str, cells: Iterable[Cell]) -> list[str]:
    """The values that an axis takes, in the order met."""
    return list(dict.fromkeys(str(_value(axis, cell)) for cell in cells))


def _value(axis: str, cell: Cell) -> object:
    for part in (cell.worker, cell.spec, cell):
        if hasattr(part, axis):
            return getattr(part, axis)
    raise AttributeError(axis)
