"""Sentences made from data. They claim what a verdict claims, which is what its interval does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from reports.model import Source
from reports.read.curves import Curve, series_of
from reports.say.clauses import sure_factor
from reports.say.names import backend_name, listed
from reports.say.numbers import percent, show_ratio
from reports.tables.cells import OVERHEAD_LIMIT
from xbench.records.compare import Comparison
from xbench.stats.verdict import MARGIN, Verdict

MOST_NAMED = 3
LEAST_DISTURBED = 0.001
"""A smaller share of disturbed bursts is not worth a sentence."""

VERDICTS: tuple[Verdict, ...] = ("faster", "slower", "same", "inconclusive")


def curve_sentences(curve: Curve) -> list[str]:
    """For each line of the figures what is known along the widths."""
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for each in curve.comparisons:
        names = series_of(each.cell).label, series_of(each.reference).label
        if each.ratio.low is not None:
            pairs.setdefault(names, []).append(each)
    open_ones = [pair for pair, each in pairs.items() if not _decided(each)]
    found = [
        f"{one} against {other}: {_along(each)}."
        for (one, other), each in pairs.items()
        if _decided(each)
    ]
    if not open_ones:
        return found
    named = "; ".join(f"{one} against {other}" for one, other in open_ones)
    what = named if len(open_ones) <= MOST_NAMED else f"{len(open_ones)} other pairs of the tables"
    return [*found, f"Inconclusive at every width: {what}."]


def _decided(comparisons: Sequence[Comparison]) -> bool:
    return any(each.verdict != "inconclusive" for each in comparisons)


def _along(comparisons: Sequence[Comparison]) -> str:
    """`1.3× slower [1.2, 1.4] at width 512; faster at widths 2048 to 20480, 2.3× … at 20480`."""
    parts = []
    for judged, found in groupby(comparisons, key=lambda each: each.verdict):
        stretch = list(found)
        last = stretch[-1]
        if len(stretch) == 1:
            parts.append(f"{show_ratio(last.ratio, judged)} at width {last.cell.width}")
        elif judged == "inconclusive":
            parts.append(f"inconclusive at widths {stretch[0].cell.width} to {last.cell.width}")
        else:
            parts.append(
                f"{judged} at widths {stretch[0].cell.width} to {last.cell.width}, "
                f"{show_ratio(last.ratio, judged)} at {last.cell.width}"
            )
    return "; ".join(parts)


def pair_sentences(source: Source) -> list[str]:
    """Counts of verdicts for each pair of backends, and of modes of a backend. Never a mean.

    Allocators have sentences of their own (`memory`); without intervals there is nothing to say."""
    if all(each.ratio.low is None for each in source.comparisons):
        return []
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for each in sorted(source.comparisons, key=lambda each: series_of(each.cell).rank):
        if each.axis != "allocator":
            pairs.setdefault(_pair(each), []).append(each)
    return [_count(f"{one} against {other}", each) for (one, other), each in pairs.items()]


def _pair(each: Comparison) -> tuple[str, str]:
    cell, other = each.cell, each.reference
    kept = "" if cell.allocator == "reuse" else f" {cell.allocator}"
    if each.axis == "backend":
        return f"{cell.backend} {cell.mode}{kept}", f"{other.backend} {cell.mode}{kept}"
    changed = getattr(cell, each.axis), getattr(other, each.axis)
    return f"{cell.backend} {changed[0]}{kept}", f"{cell.backend} {changed[1]}{kept}"


def _count(pair: str, comparisons: Sequence[Comparison]) -> str:
    """`A against B, 8 cells: faster in 6, slower in 2; at best 2.3× faster [2.2, 2.4] (…)`."""
    counts = Counter(each.verdict for each in comparisons)
    said = ", ".join(f"{name} in {counts[name]}" for name in VERDICTS if counts[name])
    sure = [each for each in comparisons if each.verdict in ("faster", "slower")]
    most = max(sure, key=sure_factor, default=None)
    text = f"{pair}, {plural(len(comparisons), 'cell')}: {said}"
    if most is None:
        return f"{text}."
    where = f"{most.cell.family}, width {most.cell.width}, {most.cell.dtype}, {most.cell.device}"
    return f"{text}; most clearly {show_ratio(most.ratio, most.verdict)} ({where})."


def title(source: Source) -> str:
    """`NumPy, PyTorch and TensorFlow on AMD EPYC, 2 cores, 25.3 GB, no GPU`."""
    names = [series_of(cell.plan) for cell in source.cells if cell.time_s is not None]
    ordered = sorted(names, key=lambda one: one.rank)
    backends = list(dict.fromkeys(backend_name(each.backend) for each in ordered))
    return f"{listed(backends) or 'Benchmarks'} on {source.machine}"


def trust(source: Source) -> list[str]:
    """How far the numbers can be trusted: what was checked, what was not, what went wrong."""
    timed = [cell for cell in source.cells if cell.time_s is not None]
    found = [*_replication(source), *_verified(source)]
    unchecked = [cell.unchecked for cell in timed if cell.unchecked]
    if unchecked:
        found.append(
            f"not every check for skipped work in {plural(len(unchecked), 'cell')}: "
            f"{listed(sorted(set(unchecked)))}"
        )
    unstable = sum(cell.status == "unstable" for cell in timed)
    if unstable:
        found.append(f"{plural(unstable, 'cell')} unstable: an interval wider than ±25 %")
    unsettled = sum(not cell.converged for cell in timed)
    if unsettled:
        found.append(f"warm-up did not settle in {plural(unsettled, 'cell')}")
    disturbed = [cell.disturbed for cell in timed if cell.disturbed is not None]
    if disturbed and median(disturbed) >= LEAST_DISTURBED:
        found.append(
            "threads had to wait for a core, longer than is usual for their cell, in "
            f"{percent(median(disturbed))} of a cell's bursts (median over cells)"
        )
    if source.unpaired:
        groups = len({each.cell.group.partition("#")[0] for each in source.unpaired})
        found.append(
            f"{plural(groups, 'workload')} did not fit in memory at once and went in parts: "
            f"{plural(len(source.unpaired), 'ratio')} between parts not taken (not paired)"
        )
    shares = [cell.overhead for cell in timed if (cell.overhead or 0.0) > OVERHEAD_LIMIT]
    if shares:
        largest = max(share or 0.0 for share in shares)
        found.append(
            f"harness overhead above {percent(OVERHEAD_LIMIT)} in {plural(len(shares), 'cell')}, "
            f"at most {percent(largest)}"
        )
    return [*found, *source.notes]


def _replication(source: Source) -> list[str]:
    rounds = sorted(cell.rounds for cell in source.cells if cell.time_s is not None)
    if not rounds or source.launches is None:
        return []
    span = str(rounds[0]) if rounds[0] == rounds[-1] else f"{rounds[0]} to {rounds[-1]}"
    launches = plural(source.launches, "launch", "launches")
    fresh = "fresh processes in each" if source.launches > 1 else "so no intervals"
    return [f"{launches}, {fresh}; {span} rounds a cell in all"]


def _verified(source: Source) -> list[str]:
    if not source.cells:
        return []
    timed = [cell for cell in source.cells if cell.time_s is not None]
    sampled = sum("sampled" in cell.check.values() for cell in timed)
    also = f" ({sampled} of them by samples and projections)" if sampled else ""
    text = f"{len(timed)} of {plural(len(source.cells), 'cell')} verified and timed{also}"
    counts = Counter(cell.status for cell in source.cells if cell.time_s is None)
    if not counts:
        return [f"{text}, none refused"]
    refused = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return [text, f"{plural(counts.total(), 'cell')} refused: {refused}"]


def not_run(source: Source) -> list[str]:
    """What these numbers say nothing about."""
    plans = [cell.plan for cell in source.cells]
    if not plans:
        return []
    found = []
    if all(plan.device == "cpu" for plan in plans):
        found.append("No GPU was used: nothing here says anything about a GPU.")
    if all(plan.allocator == "reuse" for plan in plans):
        found.append(
            "Freed memory was kept (allocator policy reuse): a program as shipped may spend more "
            "time on page faults."
        )
    missing = [mode for mode in ("graph", "compiled") if all(plan.mode != mode for plan in plans)]
    found += [f"The {mode} mode was not measured." for mode in missing]
    dtypes = ", ".join(dict.fromkeys(plan.dtype for plan in plans))
    return [*found, f"Only {dtypes} was measured."] if "," not in dtypes else found


def margin_note() -> str:
    """How to read a ratio, in one sentence."""
    return (
        "A ratio compares two cells that differ in nothing but what is named (– where there is no "
        "such cell to compare with). It is “faster” or “slower” only where the whole 95 % "
        f"interval lies beyond {percent(MARGIN)}, “same” only where it lies within; else it is "
        "“inconclusive”, with the interval of the ratio of times."
    )


def plural(count: int, one: str, many: str = "") -> str:
    """`1 cell`, `2 cells`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
