"""Which backend wins how many workloads: by verdicts, and every workload is accounted for."""

from __future__ import annotations

from hypothesis import given, settings

from helpers.answer_worlds import worlds
from helpers.made_sources import NUMPY, TF_GRAPH, TORCH, TORCH_COMPILED, cell, ratio, source
from xbench.analysis.summary import CellSummary
from xbench.reports.model import Shown, Source
from xbench.reports.tables.cells import wins_table


def test_a_win_is_over_every_cell_of_every_other_backend() -> None:
    """Compiled PyTorch wins; that PyTorch has another cell that is as fast does not matter."""
    numpy, eager, fused = cell(NUMPY), cell(TORCH), cell(TORCH_COMPILED)
    graph = cell(TF_GRAPH)
    pairs = [
        ratio(fused, numpy, 0.1, 0.2),
        ratio(fused, graph, 0.5, 0.9),
        ratio(fused, eager, 0.9, 1.1),
    ]
    table = wins_table(source([numpy, eager, fused, graph], pairs))
    assert table is not None
    assert table.caption == "PyTorch wins 1 of 1 workload."
    assert table.rows == [("PyTorch", "1", "1"), ("NumPy", "0", "1"), ("TensorFlow", "0", "1")]
    assert [each.key for each in table.rows[0] if isinstance(each, Shown)] == [1, 1]
    pairs[1] = ratio(fused, graph, 0.5, 0.99)
    table = wins_table(source([numpy, eager, fused, graph], pairs))
    assert table is not None
    assert table.caption == "The one workload is not decided."
    assert table.rows[-1] == ("not decided", "1", "1")


def test_parts_of_a_workload_are_one_that_cannot_be_decided() -> None:
    numpy, torch = cell(NUMPY, 9.0, part="#1"), cell(TORCH, 1.0, part="#2")
    two = cell(NUMPY, 9.0, 2048), cell(TORCH, 1.0, 2048)
    alone = [cell(NUMPY, 1.0, 8192), cell(TORCH, None, 8192)]
    table = wins_table(source([numpy, torch, *two, *alone], [ratio(*two, 2.0, 3.0)]))
    assert table is not None
    assert table.caption == (
        "PyTorch wins 1 of 2 workloads; 1 is not decided. 1 more has numbers of one backend only."
    )


def test_without_intervals_or_a_second_backend_nothing_is_counted() -> None:
    numpy, torch, fused = cell(NUMPY), cell(TORCH), cell(TORCH_COMPILED)
    assert wins_table(source([numpy, torch], [ratio(numpy, torch, None, None)])) is None
    assert wins_table(source([torch, fused], [ratio(fused, torch, 0.1, 0.2)])) is None
    assert wins_table(source([])) is None


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_wins_and_what_is_not_decided_make_up_the_workloads(made: Source) -> None:
    table = wins_table(made)
    groups: dict[tuple[str, int], dict[str, list[CellSummary]]] = {}
    for each in made.cells:
        if each.time_s is not None:
            backends = groups.setdefault((each.plan.key.op, each.plan.width), {})
            backends.setdefault(each.plan.key.backend, []).append(each)
    shared = {key: each for key, each in groups.items() if len(each) > 1}
    if table is None:
        no_interval = all(None in (each.ratio.low, each.ratio.high) for each in made.choices)
        assert no_interval or not shared
        return
    beats = {(e.cell.id, e.reference.id) for e in made.choices if e.verdict == "faster"}
    beats |= {(e.reference.id, e.cell.id) for e in made.choices if e.verdict == "slower"}
    won: dict[str, int] = {}
    for backends in shared.values():
        for name, own in backends.items():
            others = [e for other, cells in backends.items() if other != name for e in cells]
            if any(all((mine.id, e.id) in beats for e in others) for mine in own):
                won[name] = won.get(name, 0) + 1
    names = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
    rows = {row[0]: (int(row[1]), int(row[2])) for row in table.rows}
    undecided = len(shared) - sum(won.values())
    assert rows.pop("not decided", (0, len(shared))) == (undecided, len(shared))
    assert rows == {
        names.get(name, name): (won.get(name, 0), sum(name in each for each in shared.values()))
        for name in {name for each in shared.values() for name in each}
    }
    single = len(groups) - len(shared)
    assert (f"{single} more ha" in table.caption) == (single > 0)
    if undecided and won:
        assert f"; {undecided} {'is' if undecided == 1 else 'are'} not decided" in table.caption
