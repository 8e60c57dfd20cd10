"""From which width on another device is the faster one, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from reports.model import Source
from reports.read.curves import series_of, setting_of
from reports.say.names import cut
from reports.say.numbers import show_interval
from xbench.records.crossover import Crossover, DeviceCrossover

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
    where = cut(setting_of(each.plan).elsewhere)
    what = f"{cut(each.plan.family)} ({where}), {cut(series_of(each.plan).label)}"
    return f"{what}: {_said(found, each.plan.device, cut(each.device))} (not paired: {_WHY})."


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
            "op": each.plan.family, "kind": setting_of(each.plan).elsewhere,
            "backend": each.plan.backend, "ends": _ends(each.crossover),
            "said": f"{source.name}: {say_crossing(each)}" if source.name else say_crossing(each),
        }
        for source in sources
        for each in source.crossovers
    ]  # fmt: skip


def _ends(found: Crossover) -> tuple[float, float] | None:
    if found.low is not None and found.high is not None:
        return found.low, found.high
    return found.brackets[0] if len(found.brackets) == 1 else None
