"""Samples of a large run in little memory: a list of numbers takes 40 bytes for each, an array as
few as the largest needs. So a journal in memory is smaller than twice its file."""

from __future__ import annotations

from array import array
from collections.abc import MutableSequence, Sequence
from sys import intern
from typing import TYPE_CHECKING

from xbench.records.schema import GroupLine, Samples

if TYPE_CHECKING:
    _Array = array[int]
else:  # has no parameters before Python 3.12
    _Array = array

_SIZES = "bhiq"
_FIELDS = Samples.__struct_fields__


class Integers(_Array):
    """An array that equals whatever sequence has the same numbers, as the list does that it takes
    the place of."""

    __slots__ = ()
    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence | array) and [*self] == [*other]


NOTHING = Integers(_SIZES[0])
NO_SAMPLES = Samples(**dict.fromkeys(_FIELDS, NOTHING))
"""What is empty is there once: nobody adds to what was read."""


def pack(group: GroupLine) -> None:
    """Make every list of a line's samples an array, and its ids those of other lines."""
    group.canary_ns = packed(group.canary_ns)
    for cell in group.cells:
        cell.id = intern(cell.id)  # which every launch repeats
        cell.calibration_calls = packed(cell.calibration_calls)
        cell.warmup = _packed_samples(cell.warmup)
        cell.calibration = _packed_samples(cell.calibration)
        cell.timed = _packed_samples(cell.timed)
        cell.latency = _packed_samples(cell.latency)


def _packed_samples(samples: Samples) -> Samples:
    if samples is NO_SAMPLES:
        return samples
    some = False
    for name in _FIELDS:
        values = getattr(samples, name)
        some = some or bool(values)
        setattr(samples, name, packed(values))
    return samples if some else NO_SAMPLES


def packed(values: MutableSequence[int]) -> MutableSequence[int]:
    """The same numbers as an array. Raises: OverflowError for one that 64 bits do not hold."""
    if not values:
        return NOTHING
    for size in _SIZES[:-1]:
        try:
            return Integers(size, values)
        except OverflowError:
            continue
    return Integers(_SIZES[-1], values)
