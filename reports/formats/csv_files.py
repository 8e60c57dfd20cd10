"""Tidy tables for other programs: `cells.csv` and `comparisons.csv`, units in the column names.

Written with `csv`: pandas takes half a second to import and would add nothing to two plain tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import StringIO

from reports.formats.formulas import is_formula
from reports.formats.pairs import NOT_PAIRED
from reports.model import Source
from xbench.records.summary import CellSummary
from xbench.text import one_line

Value = str | int | float | bool | None

PLAN_COLUMNS = (
    "id", "family", "op", "width", "dtype", "backend", "device", "mode", "gradient", "threads",
    "math", "allocator", "flop", "min_bytes", "eager_bytes",
)  # fmt: skip
CELL_COLUMNS = (
    "status", "reason", "time_s", "low_s", "high_s", "p10_s", "outliers_low_severe",
    "outliers_low_mild", "outliers_high_mild", "outliers_high_severe", "first_s", "build_s",
    "open_s", "calls", "rounds", "overhead", "converged", "faults_per_call", "latency_s",
    "device_s", "disturbed", "restless", "cores_busy", "gflop_per_s", "gbyte_per_s",
    "compute_fraction", "bandwidth_fraction", "allocation_share", "launch_share", "bound",
    "place", "peak_bytes",
)  # fmt: skip
EXTRA_COLUMNS = ("launches", "min_gbyte_per_s", "check")
COMPARISON_COLUMNS = (
    "run", "axis", "family", "width", "cell_id", "reference_id", "ratio", "ratio_low",
    "ratio_high", "launches", "verdict",
)  # fmt: skip


def cells_csv(sources: Sequence[Source]) -> str:
    """One row a cell, refused ones too.

    `time_s`: seconds of one call, `low_s` and `high_s` its 95 % interval; `p10_s`: what a tenth of
    the bursts stayed below; `outliers_*`: bursts beyond Tukey's fences in their launch, all of them
    in the other figures; `first_s`, `build_s`, `open_s`: first call, building the step, importing
    the framework; `calls` of a burst; `rounds` of all launches; `overhead`: share of the harness;
    `latency_s`: a call alone; `device_s`: a call by the device's own events; `disturbed`: share
    of bursts in which threads waited for a core longer than is usual for the cell; `restless`:
    CPU time of its worker while others were timed, over its bursts' time; `gbyte_per_s`: of the
    bytes a call moves in its mode, `min_gbyte_per_s`: of those it must; fractions of the
    measured ceilings, that of bytes being the one of `place` (a level of cache, or memory);
    shares of the time that page faults and empty calls explain;
    `peak_bytes`: the memory it needs at its most, where that was measured. Empty where
    there is no number."""
    header = ("run", *PLAN_COLUMNS, *CELL_COLUMNS, *EXTRA_COLUMNS)
    return csv_text(header, (_cell(each.title, cell) for each in sources for cell in each.cells))


def comparisons_csv(sources: Sequence[Source]) -> str:
    """One row a comparison; `ratio` is the cell's time over the reference's, below 1 is faster. It
    is empty, and the verdict `not paired`, where both did not fit in memory together."""
    rows: list[tuple[Value, ...]] = [
        (
            source.title, each.axis, each.cell.family, each.cell.width, each.cell.id,
            each.reference.id, each.ratio.value, each.ratio.low, each.ratio.high,
            each.ratio.launches, each.verdict,
        )
        for source in sources
        for each in source.comparisons
    ]  # fmt: skip
    rows += [
        (
            source.title, each.axis, each.cell.family, each.cell.width, each.cell.id,
            each.reference.id, None, None, None, None, NOT_PAIRED,
        )
        for source in sources
        for each in source.unpaired
    ]  # fmt: skip
    return csv_text(COMPARISON_COLUMNS, rows)


def _cell(run: str, cell: CellSummary) -> tuple[Value, ...]:
    time_s = cell.time_s
    return (
        run,
        *(getattr(cell.plan, name) for name in PLAN_COLUMNS),
        *(getattr(cell, name) for name in CELL_COLUMNS),
        len(cell.launch_s),
        None if time_s is None else cell.plan.min_bytes / time_s * 1e-9,
        " ".join(sorted(set(cell.check.values()))),
    )


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """The whole file. Text stays on its line and is no formula; None is an empty field."""
    return "\n".join([csv_line(header), *map(csv_line, rows), ""])


def csv_line(row: Sequence[Value]) -> str:
    """A row without its end."""
    text = StringIO()
    shown = [_safe(each) if isinstance(each, str) else each for each in row]
    csv.writer(text, lineterminator="").writerow(shown)
    return text.getvalue()


def harmless(value: Value) -> Value:
    """Text that a spreadsheet would take for a formula gets a quote in front; numbers do not. So
    does what follows a semicolon, where many a spreadsheet begins another field."""
    if not isinstance(value, str):
        return value
    return ";".join(f"'{each}" if is_formula(each) else each for each in value.split(";"))


@lru_cache(maxsize=4096)
def _safe(text: str) -> Value:
    """Most texts are there many times."""
    return harmless(one_line(text))
