"""Tables of cells: a curve's times and ratios, modes and gradients, cells without a number, other
people's benchmarks, and which backend wins how many workloads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xbench.analysis.bound import moved_bytes
from xbench.analysis.ratios import Comparison, Unpaired
from xbench.analysis.summary import CellSummary
from xbench.records.schema import CellPlan
from xbench.reports.curves import Contest, Curve, contests, series_of
from xbench.reports.model import Benchmark, Shown, Source, Table
from xbench.reports.prose.names import backend_name
from xbench.reports.prose.numbers import (
    NOTHING,
    show_count,
    show_once,
    show_rate,
    show_ratio,
    show_share,
    show_time,
)
from xbench.reports.prose.sentences import OVERHEAD_LIMIT, RESTLESS_LIMIT, has_interval
from xbench.text import percent, plural


def curve_tables(curve: Curve, launches: int | None) -> list[Table]:
    """Times of every cell, refused ones too; then modes and gradients against their reference."""
    names = sorted({each.reference.key.backend for each in curve.over("backend")})
    single = names[0] if len(names) == 1 else None
    times = without_empty(time_table(curve, launches, single))
    variants = variant_table(curve)
    return [times, variants] if variants.rows else [times]


def time_table(curve: Curve, launches: int | None, single: str | None = None) -> Table:
    """A row a cell, with every column; `single` is the backend that all others are compared with,
    None where the rows are to name it."""
    ratios = {each.cell.id: each for each in curve.over("backend")}
    references = {each.reference.id for each in ratios.values()}
    apart: dict[str, list[Unpaired]] = {}
    for pair in curve.unpaired:
        apart.setdefault(pair.cell.id, []).append(pair)
    known = any(cell.bandwidth_fraction is not None for cell in curve.cells)
    of = " (of ceiling)" if known else ""
    columns = (
        "width",
        "cell",
        "time of a call [95 %]",
        "10 % quantile",
        f"against {single or 'the reference'}",
        "bound",
        f"GFLOP/s{of}",
        f"GB/s{of}",
        "first call",
        "outliers",
        "remarks",
    )
    rows: list[tuple[str, ...]] = [
        (
            *named(cell.plan),
            show_cell_time(cell),
            show_once(cell.p10_s),
            _against(ratios.get(cell.id), cell.id in references, single, apart.get(cell.id, ())),
            *_figures(cell),
            show_outliers(cell),
            "; ".join([*remarks(cell, launches), *_not_paired(apart.get(cell.id, ()))]),
        )
        for cell in curve.cells
    ]
    caption = f"{curve.setting.family}: time of a call ({curve.setting.about})"
    return Table(caption, columns, rows, 2, frozenset({0, 2, 3, 6, 7, 8}))


def named(plan: CellPlan) -> tuple[Shown, str]:
    """Width and series, which begin the rows of a curve."""
    return show_count(plan.width), series_of(plan).label


def show_cell_time(cell: CellSummary) -> str:
    """The time with its interval, or that there is none."""
    if cell.time_s is None:
        return "no number"
    return show_time(cell.time_s, cell.low_s, cell.high_s)


def _figures(cell: CellSummary) -> tuple[str, str, str, str]:
    if cell.time_s is None:
        return NOTHING, NOTHING, NOTHING, NOTHING
    times = cell.time_s, cell.low_s, cell.high_s
    return (
        show_bound(cell),
        show_rate(cell.plan.flop, *times, cell.compute_fraction),
        show_rate(moved_bytes(cell.plan), *times, cell.bandwidth_fraction, cell.place),
        show_once(cell.first_s),
    )


def show_bound(cell: CellSummary) -> str:
    """`bandwidth of L2`, `compute`; `allocation 38 %`, `launch 72 %`, whose shares stand nowhere
    else."""
    if cell.bound == "bandwidth" and cell.place:
        return f"bandwidth of {cell.place}"
    share = {"allocation": cell.allocation_share, "launch": cell.launch_share}.get(cell.bound)
    if share is None:
        return cell.bound or NOTHING
    return f"{cell.bound} {show_share(share)}"


def show_outliers(cell: CellSummary) -> str:
    """`5 (1 severe)`: bursts beyond Tukey's fences, low and high; the CSV file has each."""
    mild = (cell.outliers_low_mild or 0) + (cell.outliers_high_mild or 0)
    severe = (cell.outliers_low_severe or 0) + (cell.outliers_high_severe or 0)
    if not mild + severe:
        return NOTHING
    return Shown(f"{mild + severe}{f' ({severe} severe)' if severe else ''}", mild + severe)


def _against(
    comparison: Comparison | None, is_reference: bool, single: str | None, apart: Sequence[Unpaired]
) -> str:
    if comparison is None:
        missing = any(each.axis == "backend" for each in apart)
        return "reference" if is_reference else "not paired" if missing else NOTHING
    shown = show_ratio(comparison.ratio, comparison.verdict)
    return shown if single else Shown(f"{comparison.reference.key.backend}: {shown}", shown.key)


def remarks(cell: CellSummary, launches: int | None) -> list[str]:
    """What a reader must know before using this row; `launches` as planned."""
    if cell.time_s is None:
        return [f"{cell.status}: {cell.reason}" if cell.reason else cell.status]
    found = [] if cell.status == "ok" else [str(cell.status)]
    found += [] if cell.converged else ["warm-up did not settle"]
    if cell.overhead is not None and cell.overhead > OVERHEAD_LIMIT:
        found.append(f"harness overhead {percent(cell.overhead)}")
    if cell.restless is not None and cell.restless > RESTLESS_LIMIT:
        found.append(f"its worker worked on beside others ({percent(cell.restless)})")
    found += ["checked by samples"] if "sampled" in cell.check.values() else []
    if launches is not None and 0 < len(cell.launch_s) < launches:
        found.append(f"{len(cell.launch_s)} of {launches} launches")
    return found


def _not_paired(apart: Sequence[Unpaired]) -> list[str]:
    """Which cells this one did not fit in memory with, and so has no ratio over."""
    if not apart:
        return []
    names = ", ".join(series_of(each.reference).label for each in apart)
    return [f"not paired with {names}: they did not fit in memory together"]


def variant_table(curve: Curve) -> Table:
    """A row a ratio of modes or gradients."""
    rows: list[tuple[str, ...]] = [
        (
            *named(each.cell),
            getattr(each.reference.key, each.axis),
            show_ratio(each.ratio, each.verdict),
        )
        for each in curve.over("mode", "gradient")
    ]
    caption = f"{curve.setting.family}: the same backend in another mode, or with another gradient"
    return Table(caption, ("width", "cell", "against its own", "ratio"), rows, 2, frozenset({0}))


def refused_table(cells: Sequence[CellSummary]) -> Table | None:
    """Every cell without a number, by its id, with the reason; None if there is none."""
    rows: list[tuple[str, ...]] = [
        (cell.id, cell.status, cell.reason) for cell in cells if cell.time_s is None
    ]
    caption = "Cells without a number, and why"
    return Table(caption, ("cell", "status", "reason"), rows) if rows else None


def benchmark_tables(benchmarks: Sequence[Benchmark]) -> list[Table]:
    """One table a group of a pytest-benchmark file."""
    groups: dict[str, list[Benchmark]] = {}
    for each in benchmarks:
        groups.setdefault(each.group, []).append(each)
    columns = ("name", "group", "median", "min", "IQR", "rounds")
    return [
        Table(
            f"pytest-benchmark: {name or 'no group'}",
            columns,
            [
                (
                    each.name,
                    each.group or NOTHING,
                    show_once(each.median_s),
                    show_once(each.min_s),
                    show_once(each.iqr_s),
                    show_count(each.rounds),
                )
                for each in sorted(rows, key=lambda each: each.median_s)
            ],
            1,
            frozenset({2, 3, 4, 5}),
        )
        for name, rows in groups.items()
    ]


def without_empty(table: Table) -> Table:
    """The table less the columns in which nothing is said."""
    kept = [
        place
        for place in range(len(table.columns))
        if place < table.heads or any(row[place] not in ("", NOTHING) for row in table.rows)
    ]
    return Table(
        table.caption,
        tuple(table.columns[place] for place in kept),
        [tuple(row[place] for place in kept) for row in table.rows],
        table.heads,
        *(
            frozenset(new for new, old in enumerate(kept) if old in marked)
            for marked in (table.right, table.wraps)
        ),
    )


# Which backend wins how many workloads, by verdicts alone.


def wins_table(source: Source) -> Table | None:
    """Wins of each backend, of how many workloads, with a sentence as caption; None where no
    workload has numbers of two backends, or there are no intervals.

    A backend wins a workload if one of its cells is faster, by the verdict, than every cell of
    every other backend that has a number there."""
    if not any(map(has_interval, source.choices)):
        return None
    every = [contest for curve in contests(source).values() for contest in curve]
    shared = [each for each in every if len(_backends(each)) > 1]
    if not shared:
        return None
    won = Counter(map(winning_backend, shared))
    ranks = {each.backend: each.rank for each in map(series_of, (c.plan for c in source.cells))}
    there = Counter(backend for each in shared for backend in _backends(each))
    order = sorted(there, key=lambda name: (-won[name], ranks[name]))
    rows: list[tuple[str, ...]] = [
        (backend_name(name), show_count(won[name]), show_count(there[name])) for name in order
    ]
    if won[None]:
        rows.append(("not decided", show_count(won[None]), show_count(len(shared))))
    caption = _sentence(won, order, len(shared), len(every) - len(shared))
    return Table(caption, ("backend", "wins", "of workloads"), rows, 1, frozenset({1, 2}))


def winning_backend(contest: Contest) -> str | None:
    """The backend that wins this workload; None if that is not decided."""
    winner = contest.ahead(lambda plan: plan.key.backend)
    return winner.plan.key.backend if winner else None


def _sentence(won: Counter[str | None], order: list[str], shared: int, single: int) -> str:
    """`TensorFlow wins 5 of 12 workloads, PyTorch 3; 4 are not decided.`"""
    of = f"of {plural(shared, 'workload')}"
    parts = [f"{backend_name(name)} {won[name]}" for name in order if won[name]]
    if parts:
        parts[0] = f"{backend_name(order[0])} wins {won[order[0]]} {of}"
    none = "The one workload is not decided" if shared == 1 else f"None {of} is decided"
    text = ", ".join(parts) or none
    if parts and won[None]:
        text += f"; {won[None]} {'is' if won[None] == 1 else 'are'} not decided"
    if not single:
        return f"{text}."
    return f"{text}. {single} more {'has' if single == 1 else 'have'} numbers of one backend only."


def _backends(contest: Contest) -> set[str]:
    return {cell.plan.key.backend for cell in contest.cells}
