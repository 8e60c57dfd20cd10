"""What the states of GPUs during a run say about its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from xbench.records.gpu_state import GpuState
from xbench.text import show_bytes

NOTICEABLE_BYTES = 64 << 20
"""Memory of another process that is worth a word."""


def gpu_lines(groups: Iterable[list[GpuState]]) -> list[str]:
    """Sentences about lowered clocks and other processes' memory, from the states read in each
    group; none if all was well."""
    found = [states for states in groups if states]
    return [*_slowed(found), *_company(found)]


def _slowed(groups: list[list[GpuState]]) -> Iterator[str]:
    found = Counter(
        name
        for states in groups
        for name in {(state.device, word) for state in states for word in state.slowed_by}
    )
    for (device, word), count in sorted(found.items()):
        yield f"{device} lowered its clock in {count} of {len(groups)} groups ({word})"


def _company(groups: list[list[GpuState]]) -> Iterator[str]:
    most: dict[str, int] = {}
    for state in (state for states in groups for state in states):
        most[state.device] = max(most.get(state.device, 0), state.foreign_bytes or 0)
    for device, held in sorted(most.items()):
        if held >= NOTICEABLE_BYTES:
            yield f"other processes held up to {show_bytes(held)} of {device} meanwhile"
