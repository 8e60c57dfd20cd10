"""Which backend wins how many workloads, by verdicts alone."""

from __future__ import annotations

from collections import Counter

from reports.model import Source, Table
from reports.read.contests import Contest, contests
from reports.read.curves import series_of
from reports.say.clauses import has_interval
from reports.say.names import backend_name
from reports.say.numbers import show_count
from reports.say.sentences import plural


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
    for cell in contest.cells:
        others = [each for each in contest.cells if each.plan.backend != cell.plan.backend]
        if contest.beats_all(cell, others):
            return cell.plan.backend
    return None


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
    return {cell.plan.backend for cell in contest.cells}
