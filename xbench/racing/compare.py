"""Results of contenders against each other: which are the same, and where others differ, how far.

A black box says nothing of the magnitudes that it adds up, so that they are seen from outside: its
operands are changed by the root of the unit roundoff, and what that does to a result, scaled down
to one roundoff, is what a rounding of the operands may do to it. Honest code that sums a million
numbers one by one is off by up to the root of their number times that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from xbench.ops.rounding import UNIT_ROUNDOFF

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

LEAST_GROWTH, MOST_GROWTH = 64.0, 4096.0
"""Times a rounding of the operands that a result may be off by: the root of their number, within
these limits."""

WEAK = {"float": "float", "int": "int", "bool": "bool", "complex": "complex"}
"""Python's own numbers, and the beginning of the dtypes that hold the same."""


@dataclass(frozen=True, slots=True)
class Given:
    """What one contender gave at one size: values and dtypes by name, and how far an honest result
    may be from them."""

    name: str
    values: Mapping[str, Array]
    dtypes: Mapping[str, str]
    bounds: Mapping[str, Array]


def growth(operands: int) -> float:
    """Of so many entries of operands."""
    return min(max(sqrt(operands), LEAST_GROWTH), MOST_GROWTH)


def nudged(values: Array, dtype: str, rng: np.random.Generator) -> Array:
    """Operands with each entry larger or smaller, by chance, by the root of the dtype's unit
    roundoff."""
    signs = rng.integers(0, 2, values.shape, "int8") * 2 - 1
    found: Array = (values * (1.0 + sqrt(UNIT_ROUNDOFF[dtype]) * signs)).astype(values.dtype)
    return found


def bound_of(values: Array, dtype: str, operands: int, moved: Array | None) -> Array:
    """How far an honest result in this dtype may be from these values, entry by entry; 0 for whole
    numbers.

    `moved`: the values with operands changed by the root of the unit roundoff; None: unknown, and
    the magnitude of the values themselves counts."""
    import numpy as np

    unit = UNIT_ROUNDOFF.get(_real(dtype), UNIT_ROUNDOFF["float64"])
    if values.dtype.kind != "f":
        return np.zeros(values.shape)
    exact = np.where(np.isfinite(values), values, 0.0).astype("float64")
    if moved is not None and moved.shape == values.shape:
        change = np.where(np.isfinite(moved), moved, 0.0) - exact
        spread = _row_size(change) * sqrt(unit)
    else:
        spread = _row_size(exact) * unit
    found: Array = growth(operands) * (unit * np.abs(exact) + spread)
    return found


def _real(dtype: str) -> str:
    named = {"float": "float64", "complex": "float64", "complex128": "float64"}
    return {**named, "complex64": "float32"}.get(dtype, dtype)


def _row_size(values: Array) -> Array:
    """The root mean square along the last axis; of all where there is but one."""
    import numpy as np

    axis = -1 if values.ndim > 1 else None
    found: Array = np.sqrt(np.mean(np.square(values), axis=axis, keepdims=True))
    return found


def difference(one: Given, other: Given, any_dtype: bool = False) -> str | None:
    """How `one` differs from `other`, whose bounds count; None if it does not. `any_dtype`: the
    other is in float64 and says nothing of dtypes."""
    if one.values.keys() != other.values.keys():
        return (
            f"gives {_named(one.values)}, and {other.name} gives {_named(other.values)}: "
            "all contenders must return the same parts"
        )
    for key in one.values:
        found = _shape_difference(one, other, key)
        if found is None and not any_dtype:
            found = _dtype_difference(one, other, key)
        if found is None:
            found = _where(one.values[key], other.values[key], other.bounds[key], other.name)
        if found is not None:
            return found if key == "y" else f"{key.removeprefix('y.')}: {found}"
    return None


def other_dtype(one: Given, other: Given) -> str | None:
    """In what dtype results of the same parts differ."""
    return next(filter(None, (_dtype_difference(one, other, key) for key in one.values)), None)


def _named(values: Mapping[str, Array]) -> str:
    keys = [key.removeprefix("y.") for key in values]
    return "one result" if keys == ["y"] else f"the parts {', '.join(keys)}"


def _shape_difference(one: Given, other: Given, key: str) -> str | None:
    mine, theirs = one.values[key], other.values[key]
    if mine.shape == theirs.shape:
        return None
    return (
        f"has the shape {_shape(mine)}, and that of {other.name} is {_shape(theirs)}: make both "
        "the same"
    )


def _dtype_difference(one: Given, other: Given, key: str) -> str | None:
    mine, theirs = one.dtypes[key], other.dtypes[key]
    if _same_dtype(mine, theirs):
        return None
    return (
        f"is {mine}, and that of {other.name} is {theirs}: convert one, or the race is between two "
        "dtypes"
    )


def _shape(values: Array) -> str:
    return f"({', '.join(map(str, values.shape))}{',' if values.ndim == 1 else ''})"


def _same_dtype(one: str, other: str) -> bool:
    if one == other:
        return True
    for weak, strong in ((one, other), (other, one)):
        if weak in WEAK and strong.lstrip("u").startswith(WEAK[weak]):
            return True
    return False


def _where(mine: Array, theirs: Array, bound: Array, name: str) -> str | None:
    """Where two arrays differ by more than the bound, and by how much; None if they do not."""
    import numpy as np

    exact = mine.dtype.kind != "f" and theirs.dtype.kind != "f"
    if exact:
        bad = mine != theirs
        off = np.abs(mine.astype("float64") - theirs.astype("float64"))
    else:
        with np.errstate(invalid="ignore"):
            off = np.abs(mine.astype("float64") - theirs.astype("float64"))
        alike = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        bad = ~(alike | (off <= bound))
    if not bad.any():
        return None
    off = np.where(bad, np.where(np.isnan(off), np.inf, off), -1.0)
    place = np.unravel_index(int(np.argmax(off)), off.shape)
    at = f"[{', '.join(map(str, place))}]" if off.ndim else ""
    allowed = "" if exact else f", {float(np.broadcast_to(bound, off.shape)[place]):.2g} allowed"
    many = int(bad.sum())
    entries = "1 entry differs" if many == 1 else f"{many} entries differ"
    return (
        f"differs from {name} {f'at {at}' if at else ''}".rstrip()
        + f": {mine[place]:.9g} against {theirs[place]:.9g} ({entries} of {off.size}{allowed})"
    )


def majority(results: Sequence[Given]) -> tuple[int, dict[int, str]]:
    """The result that most agree with, the first of several, and how each of those that do not
    differs from it. Between two who disagree the first one is it: nobody can say who is right."""
    leaders: dict[int, list[int]] = {}
    for number, mine in enumerate(results):
        same = [leader for leader in leaders if difference(mine, results[leader]) is None]
        leaders.setdefault(same[0] if same else number, []).append(number)
    best = max(leaders, key=lambda leader: (len(leaders[leader]), -leader))
    others = [number for number in range(len(results)) if number not in leaders[best]]
    found = {number: difference(results[number], results[best]) or "" for number in others}
    return best, found
