"""Sentences about a result: pairs of backends, how far to trust it, what was not run, where a
device takes over, and why several results are not compared.

They claim what a verdict claims, which is what its interval does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from xbench.analysis.crossover import Crossover, DeviceCrossover
from xbench.analysis.interval import IMPRECISE, MARGIN, VERDICTS
from xbench.analysis.ratios import Comparison
from xbench.reports.curves import (
    ABSENT,
    Curve,
    differing,
    machine_of,
    series_of,
    setting_of,
)
from xbench.reports.model import Source
from xbench.reports.prose.names import backend_name, listed, short_name
from xbench.reports.prose.numbers import show_interval, show_ratio
from xbench.text import percent, plural, show_seconds

# What a ratio is known to be.


def has_interval(each: Comparison) -> bool:
    """Whether the ratio rests on launches enough to say anything."""
    return each.ratio.low is not None and each.ratio.high is not None


def sure_factor(each: Comparison | None) -> float:
    """The factor between two cells that the whole interval supports; 1 where none is."""
    if each is None or each.ratio.low is None or each.ratio.high is None:
        return 1.0
    return {"slower": each.ratio.low, "faster": 1.0 / each.ratio.high}.get(each.verdict, 1.0)


OVERHEAD_LIMIT, RESTLESS_LIMIT = 0.01, 0.01
"""Shares of a time, of the harness and of what else the cores did, above which it is said."""


MOST_NAMED = 3
LEAST_DISTURBED = 0.001
"""A smaller share of disturbed bursts is not worth a sentence."""


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

    Allocators have sentences of their own (`memory_costs.py`). Without intervals there is nothing
    to say."""
    if all(each.ratio.low is None for each in source.comparisons):
        return []
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for each in sorted(source.comparisons, key=lambda each: series_of(each.cell).rank):
        if each.axis != "allocator":
            pairs.setdefault(_pair(each), []).append(each)
    return [_count(f"{one} against {other}", each) for (one, other), each in pairs.items()]


def _pair(each: Comparison) -> tuple[str, str]:
    key, other = each.cell.key, each.reference.key
    kept = "" if key.allocator == "reuse" else f" {key.allocator}"
    if each.axis == "backend":
        return f"{key.backend} {key.mode}{kept}", f"{other.backend} {key.mode}{kept}"
    changed = getattr(key, each.axis), getattr(other, each.axis)
    return f"{key.backend} {changed[0]}{kept}", f"{key.backend} {changed[1]}{kept}"


def _count(pair: str, comparisons: Sequence[Comparison]) -> str:
    """`A against B, 8 cells: faster in 6, slower in 2; at best 2.3× faster [2.2, 2.4] (…)`."""
    counts = Counter(each.verdict for each in comparisons)
    said = ", ".join(f"{name} in {counts[name]}" for name in VERDICTS if counts[name])
    sure = [each for each in comparisons if each.verdict in ("faster", "slower")]
    most = max(sure, key=sure_factor, default=None)
    text = f"{pair}, {plural(len(comparisons), 'cell')}: {said}"
    if most is None:
        return f"{text}."
    cell = most.cell
    where = f"{cell.family}, width {cell.width}, {cell.key.dtype}, {cell.key.device}"
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
    found = [*_replication(source), *_time_spent(source), *_verified(source)]
    unchecked = [cell.unchecked for cell in timed if cell.unchecked]
    if unchecked:
        found.append(
            f"{plural(len(unchecked), 'cell')} did not get every check for skipped work: "
            f"{listed(sorted(set(unchecked)))}"
        )
    imprecise = sum(cell.status == "imprecise" for cell in timed)
    if imprecise:
        found.append(
            f"{plural(imprecise, 'cell')} imprecise: the ends of the interval lie further apart "
            f"than by a factor of {IMPRECISE:g}"
        )
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
        groups = len({each.cell.key.group_id for each in source.unpaired})
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
    fresh = "fresh processes in each" if source.launches > 1 else "so no intervals"
    return [f"{launch_count(source)}, {fresh}; {span} rounds a cell in all"]


def launch_count(source: Source) -> str:
    """Those that times rest on: `3 launches`, or `3 to 7 launches` where some groups got more, or
    `1 to 2 of 3 launches` where the run ended before it made all that were planned."""
    planned = source.launches or 0
    found = [len(cell.launch_s) for cell in source.cells if cell.launch_s] or [planned]
    least, most = min(found), max(found)
    until = source.run is not None and source.run.header.launching == "adaptive"
    of = "" if until or least >= planned else f" of {max(planned, most)}"
    count = f"{least} to {most}" if most > least else f"{most}"
    one = f"{count}{of}" == "1"
    return f"{count}{of} {'launch' if one else 'launches'}"


MOST_ACTIONS = 4
"""Of those that took the most of a run's time, so many are named."""


def _time_spent(source: Source) -> list[str]:
    """Where the run's time went, and how much of it was timed."""
    spent = source.run.footer.spent if source.run and source.run.footer else []
    total = sum(each.first_s + each.later_s for each in spent)
    if source.run is None or total <= 0.0:
        return []
    bursts = (cell.timed.wall_ns for line in source.run.groups for cell in line.cells)
    timed_s = sum(map(sum, bursts)) * 1e-9
    rounds_s = sum(each.first_s + each.later_s for each in spent if each.action == "rounds")
    if timed_s > rounds_s:
        return []  # it was killed once: nobody knows what was spent until then
    most = sorted(spent, key=lambda each: each.first_s + each.later_s, reverse=True)[:MOST_ACTIONS]
    named = [f"{each.action} {percent((each.first_s + each.later_s) / total)}" for each in most]
    return [
        f"of {show_seconds(total)}, timed bursts took {percent(timed_s / total)}; by action: "
        f"{', '.join(named)}"
    ]


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
    if all(plan.key.device == "cpu" for plan in plans):
        found.append("No GPU was used: nothing here says anything about a GPU.")
    if all(plan.key.allocator == "reuse" for plan in plans):
        found.append(
            "Freed memory was kept (allocator policy reuse): a program as shipped may spend more "
            "time on page faults."
        )
    missing = [
        mode for mode in ("graph", "compiled") if all(plan.key.mode != mode for plan in plans)
    ]
    found += [f"The {mode} mode was not measured." for mode in missing]
    dtypes = ", ".join(dict.fromkeys(plan.key.dtype for plan in plans))
    return [*found, f"Only {dtypes} was measured."] if "," not in dtypes else found


def margin_note() -> str:
    """How to read a ratio, in one sentence."""
    return (
        "A ratio compares two cells that differ in nothing but what is named (– where there is no "
        "such cell to compare with). It is “faster” or “slower” only where the whole 95 % "
        f"interval lies beyond {percent(MARGIN)}, “same” only where it lies within; else it is "
        "“inconclusive”, with the interval of the ratio of times."
    )


# From which width on another device is the faster one, in sentences.

MOST_SAID = 6


def crossing_sentences(source: Source) -> list[str]:
    """One for each series that was measured on two devices, as many as are read."""
    shown = [say_crossing(each) for each in source.crossovers[:MOST_SAID]]
    more = len(source.crossovers) - len(shown)
    return [*shown, f"{more} more crossovers of devices are in the page."] if more else shown


def say_crossing(each: DeviceCrossover) -> str:
    """`mlp_train 100×w (float32, all cores), torch eager: cuda:0 is faster than cpu from width 3000
    [2700, 3400] on (not paired: devices are measured one after the other).`"""
    found = each.crossover
    where = short_name(setting_of(each.plan).elsewhere)
    what = f"{short_name(each.plan.family)} ({where}), {short_name(series_of(each.plan).label)}"
    said = _said(found, each.plan.key.device, short_name(each.device))
    return f"{what}: {said} (not paired: {_WHY})."


_WHY = "devices are measured one after the other"


def _said(found: Crossover, here: str, there: str) -> str:
    """Who is faster where; the cell of the ratio is `there`."""
    names = {"cell": there, "reference": here}
    if found.found == "unknown" or found.below is None or found.above is None:
        return f"it is not decided where {there} is faster than {here}"
    if found.found == "none":
        return f"{names[found.below]} is the faster one at every width measured"
    low, high = found.brackets[0]
    if found.found == "several":
        places = ", ".join(f"{one} and {other}" for one, other in found.brackets)
        return f"{here} and {there} change places more than once, between widths {places}"
    faster, slower = names[found.above], names[found.below]
    if found.width is None:
        return f"{faster} is faster than {slower} from somewhere between {low} and {high} on"
    return f"{faster} is faster than {slower} from width {_width(found)} on"


def _width(found: Crossover) -> str:
    assert found.width is not None
    if found.low is None or found.high is None:
        return f"{found.width:.2g}"
    value, low, high = show_interval(found.width, found.low, found.high)
    return f"{value} [{low}, {high}]"


def crossing_rows(sources: Sequence[Source]) -> list[dict[str, object]]:
    """For the page: operation, series, what is said, and the ends between which it is."""
    return [
        {
            "op": each.plan.family,
            "kind": setting_of(each.plan).elsewhere,
            "backend": each.plan.key.backend,
            "ends": _ends(each.crossover),
            "said": f"{source.name}: {say_crossing(each)}" if source.name else say_crossing(each),
        }
        for source in sources
        for each in source.crossovers
    ]


def _ends(found: Crossover) -> tuple[float, float] | None:
    if found.low is not None and found.high is not None:
        return found.low, found.high
    return found.brackets[0] if len(found.brackets) == 1 else None


# What may not be compared between several results, and why, in sentences.


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
    backends = dict.fromkeys(cell.plan.key.backend for each in sources for cell in each.cells)
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
    return between.join(f"{short_name(value)} ({listed(names)})" for value, names in found.items())
