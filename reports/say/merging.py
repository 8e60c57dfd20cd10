"""What may not be compared between several results, and why, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.model import Source
from reports.read.merge import ABSENT, differing, machine_of
from reports.say.names import backend_name, cut, listed


def merging_sentences(sources: Sequence[Source]) -> list[str]:
    """Of results that have names."""
    names = listed([source.name for source in sources])
    found = [
        f"{names} were measured on occasions of their own. Only cells of one run share rounds, so "
        "every ratio, answer and win is within a run, and times side by side are not compared."
    ]
    machines = [source.machine for source in sources]
    apart = len({machine_of(source) for source in sources}) > 1
    if apart:
        found.append(
            f"Not the same machine, as far as is recorded: {_by_value(sources, machines)}. "
            "What differs may be the machine's."
        )
    versions = list(_versions(sources))
    if versions:
        found.append(
            f"Not the same versions: {'; '.join(versions)}. What differs may be the version's."
        )
    if not apart and not versions:
        found.append(
            "One machine and the same versions, as far as is recorded: what differs may be the "
            "occasion's, which no interval covers."
        )
    needed = ", on one machine" if apart else ""
    decide = "To decide between two runs, their cells would have to be measured in the same rounds"
    return [*found, f"{decide}{needed}."]


def _versions(sources: Sequence[Source]) -> Iterator[str]:
    """Each backend whose version or BLAS is not the same wherever it is recorded."""
    differ = differing(sources)
    backends = dict.fromkeys(cell.plan.backend for each in sources for cell in each.cells)
    for backend in backends:
        values = differ.get(backend, [])
        if len({*values} - {ABSENT}) > 1:
            yield f"{backend_name(backend)} {_by_value(sources, values, ', ')}"


def _by_value(sources: Sequence[Source], values: Sequence[str], between: str = "; ") -> str:
    """`Test CPU (A and C); Other CPU (B)`."""
    found: dict[str, list[str]] = {}
    for source, value in zip(sources, values, strict=True):
        if value != ABSENT:
            found.setdefault(value, []).append(source.name)
    return between.join(f"{cut(value)} ({listed(names)})" for value, names in found.items())
