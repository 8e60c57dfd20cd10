"""Who is fastest, in sentences: one example of each thing that can be said."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from helpers.made_runs import header
from helpers.made_sources import (
    NUMPY,
    TF_COMPILED,
    TF_GRAPH,
    TORCH,
    TORCH_COMPILED,
    cell,
    ratio,
    source,
)
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.records.read import Run
from xbench.reports.prose.answer_table import answer_table
from xbench.reports.prose.answers import MOST_ANSWERS, NO_INTERVAL, answers


def sure(*cells: CellSummary, spread: float = 1.1) -> list[Comparison]:
    """Every pair of these, by their times, known to within this factor."""
    return [
        ratio(one, other, times / spread, times * spread)
        for one, other in combinations(cells, 2)
        if one.time_s and other.time_s
        for times in [one.time_s / other.time_s]
    ]


def test_every_width_is_answered_and_neighbours_alike_make_one_clause() -> None:
    widths = (512, 2048, 8192, 20480)
    numpy = [cell(NUMPY, 1.0, width) for width in widths]
    torch = [cell(TORCH, 1.0, width) for width in widths]
    ends = [(2.0, 3.0), (1.1, 1.3), (0.9, 1.1), (0.2, 0.3)]
    pairs = [ratio(one, other, *each) for one, other, each in zip(torch, numpy, ends, strict=True)]
    assert answers(source([*numpy, *torch], pairs)) == [
        "op: NumPy is the fastest up to width 2048; NumPy or PyTorch at 8192 (not decided); "
        "PyTorch at 20480, 4.1× [3.3, 5.0] faster than NumPy."
    ]
    pairs = [ratio(one, other, 0.2, 0.3) for one, other in zip(torch, numpy, strict=True)]
    pairs[1] = ratio(torch[1], numpy[1], 0.1, 0.15)
    assert answers(source([*numpy, *torch], pairs)) == [
        "op: PyTorch is the fastest at widths 512 to 20480, 8.2× [6.7, 10.0] faster than NumPy "
        "at 2048."
    ]


def test_the_lead_is_over_the_next_and_the_mode_is_named() -> None:
    cells = [
        cell(NUMPY, 6.0),
        cell(TORCH, 3.0),
        cell(TORCH_COMPILED, 2.0),
        cell(TF_GRAPH, 1.5),
        cell(TF_COMPILED, 1.0),
    ]
    assert answers(source(cells, sure(*cells))) == [
        "op: TensorFlow (compiled) is the fastest at width 512, 2.00× [1.82, 2.20] faster than "
        "PyTorch."
    ]


def test_another_mode_that_is_as_fast_takes_nothing_from_the_framework() -> None:
    """But one of a rival that may be as fast does."""
    numpy, torch, fused = (cell(NUMPY, 3.0), cell(TORCH, 1.2), cell(TORCH_COMPILED, 1.0))
    pairs = [ratio(torch, fused, 0.9, 1.6), ratio(numpy, fused, 2.0, 4.0)]
    pairs.append(ratio(numpy, torch, 1.5, 3.0))
    assert answers(source([numpy, torch, fused], pairs)) == [
        "op: PyTorch (compiled) is the fastest at width 512, 2.8× [2.0, 4.0] faster than NumPy."
    ]
    graph, eager = cell(TF_GRAPH, 5.0), cell(("tensorflow", "eager", "autograd", "reuse"), 9.0)
    pairs += [ratio(graph, each, 2.0, 3.0) for each in (numpy, torch, fused)]
    pairs += [ratio(eager, each, 0.5, 3.0) for each in (numpy, torch, fused)]
    made = source([numpy, torch, fused, graph, eager], pairs)
    assert answers(made) == ["op: PyTorch or TensorFlow is the fastest at width 512 (not decided)."]
    table = answer_table(made)
    assert table is not None
    shown = {
        side: entry and (entry.mode, entry.standing)
        for side, entry in zip(table.sides, table.rows[0].entries, strict=True)
    }
    assert shown == {
        "NumPy": ("", "slower"),
        "PyTorch": ("compiled", "open"),
        "TensorFlow": ("eager", "open"),
    }


def test_those_that_are_the_same_are_said_to_be_and_no_more() -> None:
    numpy, torch, slow = cell(NUMPY, 1.0), cell(TORCH, 1.0), cell(TF_GRAPH, 2.0)
    same = ratio(torch, numpy, 0.99, 1.01)
    two = "op: NumPy and PyTorch take the same time within 2 % at width 512."
    assert answers(source([numpy, torch], [same])) == [two]
    pairs = [same, ratio(slow, numpy, 1.9, 2.1), ratio(slow, torch, 1.9, 2.1)]
    assert answers(source([numpy, torch, slow], pairs)) == [two]
    three = [same, ratio(slow, numpy, 0.99, 1.01), ratio(slow, torch, 0.95, 1.01)]
    (said,) = answers(source([numpy, torch, slow], three))
    assert said == (
        "op: PyTorch and TensorFlow take the same time as NumPy within 2 % at width 512."
    )


def test_ways_compete_where_there_is_one_backend() -> None:
    torch, fused = cell(TORCH, 2.0), cell(TORCH_COMPILED, 1.0)
    assert answers(source([torch, fused], sure(torch, fused))) == [
        "op: compiled PyTorch is the fastest at width 512, 2.00× [1.82, 2.20] faster than "
        "eager PyTorch."
    ]


def test_parts_that_did_not_fit_together_are_not_compared() -> None:
    numpy, torch = cell(NUMPY, 9.0, part="#1"), cell(TORCH, 1.0, part="#2")
    assert answers(source([numpy, torch])) == [
        "op: NumPy or PyTorch is the fastest at width 512 (not decided)."
    ]


def test_a_width_with_one_number_and_one_without_intervals_are_told() -> None:
    cells = [cell(NUMPY, 1.0), cell(TORCH, 2.0), cell(TORCH, 3.0, 2048), cell(NUMPY, None, 2048)]
    last = [cell(NUMPY, 1.0, 8192), cell(TORCH, 2.0, 8192)]
    pairs = [*sure(*cells[:2]), ratio(last[0], last[1], None, None)]
    assert answers(source([*cells, *last], pairs)) == [
        "op: NumPy is the fastest at width 512, 2.00× [1.82, 2.20] faster than PyTorch; "
        "only PyTorch has a number at 2048; nothing is known without an interval at 8192."
    ]


def test_one_launch_says_nothing_and_a_file_without_rounds_neither() -> None:
    one, other = cell(NUMPY), cell(TORCH)
    assert answers(source([one, other], [ratio(one, other, None, None)])) == [NO_INTERVAL]
    assert answers(source([one, other], paired=False)) == []
    assert answers(source([])) == []
    (said,) = answers(source([cell(NUMPY, 1.0)]))
    assert "no answer here" in said
    (said,) = answers(source([cell(NUMPY, None)]))
    assert "No cell has a number" in said


def test_of_many_the_clearest_are_shown_in_the_order_of_the_table() -> None:
    cells: list[CellSummary] = []
    pairs: list[Comparison] = []
    for place in range(MOST_ANSWERS + 2):
        two = cell(NUMPY, 1.0, family=f"op{place}"), cell(TORCH, 2.0 + place, family=f"op{place}")
        cells += two
        pairs += sure(*two)
    found = answers(source(cells, pairs))
    assert [each[:4] for each in found[:6]] == [f"op{place}:" for place in range(2, 8)]
    assert found[6:] == ["2 more operations below."]


def test_settings_are_named_where_there_are_several() -> None:
    """The device, too, by its name where the run knows it."""
    machine = {"machine": {"gpus": ["NVIDIA H100"]}}
    cells = [
        cell(way, time_s, dtype=dtype, device=device, threads=threads)
        for dtype, device, threads in (("float32", "cpu", "1"), ("float64", "cuda:0", "all"))
        for way, time_s in ((NUMPY, 2.0), (TORCH, 1.0))
    ]
    run = Run(Path("run.jsonl"), header([], environment=machine))
    made = source(cells, [*sure(*cells[:2]), *sure(*cells[2:])], run=run)
    found = answers(made)
    assert found[0].startswith("op in float32 on this CPU with 1 thread: ")
    assert found[1].startswith("op in float64 on NVIDIA H100 on all cores: ")
    table = answer_table(made)
    assert table is not None
    assert [row.work for row in table.rows] == [
        "op float32 cpu 1 thread",
        "op float64 cuda:0 all cores",
    ]


def test_gradient_allocator_and_family_are_named_where_they_tell_cells_apart() -> None:
    by_hand, shipped = ("torch", "eager", "manual", "reuse"), ("torch", "eager", "manual", "system")
    cells = [
        cell(each, 1.0 + n, family="op a×w") for n, each in enumerate((by_hand, shipped, TORCH))
    ]
    (said,) = answers(source([*cells, cell(TORCH, family="op b×w")], sure(*cells)))
    assert said == (
        "op a×w: PyTorch with gradients by hand is the fastest at width 512, 2.00× [1.82, 2.20] "
        "faster than PyTorch with gradients by hand with allocator system."
    )


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = (cell(("x" * 300 + end, "eager", "none", "reuse"), 1.0) for end in "ab")
    made = source([one, other], [ratio(one, other, 2.0, 3.0)])
    (said,) = answers(made)
    assert len(said) < 400
    assert f"{'x' * 59}… (2) is the fastest" in said


def test_no_tie_is_claimed_with_what_another_mode_of_the_leader_beats() -> None:
    """No mode of PyTorch beats both of TensorFlow; each of these is beaten by one of PyTorch."""
    graph, fused = cell(TF_GRAPH, 1.0), cell(TF_COMPILED, 1.8)
    eager, compiled = cell(TORCH, 1.0), cell(TORCH_COMPILED, 1.05)
    pairs = [
        ratio(eager, graph, 0.99, 1.01),
        ratio(eager, fused, 0.5, 0.6),
        ratio(compiled, graph, 0.5, 0.6),
        ratio(compiled, fused, 0.8, 1.2),
        ratio(eager, compiled, 0.8, 1.2),
    ]
    assert answers(source([graph, fused, eager, compiled], pairs)) == [
        "op: PyTorch or TensorFlow is the fastest at width 512 (not decided)."
    ]
