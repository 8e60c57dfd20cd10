"""Who is fastest, in sentences: one example of each thing that can be said."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

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
from xbench.reports.prose.answers import MOST_ANSWERS, NO_INTERVAL, answers
from xbench.reports.prose.sentences import Clauses


def sure(*cells: CellSummary, spread: float = 1.1) -> list[Comparison]:
    """Every pair of these, by their times, known to within this factor."""
    return [
        ratio(one, other, times / spread, times * spread)
        for one, other in combinations(cells, 2)
        if one.time_s and other.time_s
        for times in [one.time_s / other.time_s]
    ]


def test_the_fastest_is_named_against_the_best_of_each_other_backend() -> None:
    cells = [
        cell(NUMPY, 6.0),
        cell(TORCH, 3.0, bound="bandwidth"),
        cell(TORCH_COMPILED, 2.0),
        cell(TF_GRAPH, 1.5),
        cell(TF_COMPILED, 1.0, bound="bandwidth"),
    ]
    assert answers(source(cells, sure(*cells))) == [
        "At width 512 on this CPU, "
        "compiled TensorFlow is the fastest of 5 ways to run op: 2.00× [1.82, 2.20] "
        "faster than compiled PyTorch and 6.0× [5.5, 6.6] faster than NumPy; compiled TensorFlow "
        "is bound by memory traffic."
    ]


def test_one_rival_that_is_not_decided_takes_the_title() -> None:
    numpy, torch, fused = (cell(NUMPY, 3.0), cell(TORCH, 1.2), cell(TORCH_COMPILED, 1.0))
    pairs = [ratio(torch, fused, 0.9, 1.6), ratio(numpy, fused, 2.0, 4.0)]
    pairs.append(ratio(numpy, torch, 1.5, 3.0))
    assert answers(source([numpy, torch, fused], pairs)) == [
        "At width 512 on this CPU, "
        "it is not decided which of compiled PyTorch and eager PyTorch is the fastest"
        " of 3 ways to run op: compiled PyTorch takes [0.6, 1.1] times as long as eager PyTorch; "
        "NumPy is 2.8× [2.0, 4.0] slower than compiled PyTorch."
    ]


def test_two_that_are_the_same_are_said_to_be_and_no_more() -> None:
    numpy, torch = cell(NUMPY, 1.0, bound="compute"), cell(TORCH, 1.0, bound="compute")
    slow = cell(TF_GRAPH, 2.0, bound="launch")
    same = ratio(torch, numpy, 0.99, 1.01)
    assert answers(source([numpy, torch], [same])) == [
        "At width 512 on this CPU, "
        "NumPy and PyTorch take the same time to run op within 2 % [0.990, 1.010]; "
        "both are bound by arithmetic."
    ]
    three = [same, ratio(slow, numpy, 1.9, 2.1), ratio(slow, torch, 1.9, 2.1)]
    assert answers(source([numpy, torch, slow], three)) == [
        "At width 512 on this CPU, "
        "NumPy and PyTorch take the same time to run op within 2 % [0.990, 1.010]; "
        "of 3 ways none is known to be faster; TensorFlow is 2.00× [1.90, 2.10] slower than NumPy; "
        "NumPy and PyTorch are bound by arithmetic, TensorFlow by launching operators."
    ]


def test_a_leader_that_is_not_known_to_beat_all_is_only_asked_about() -> None:
    """NumPy is beaten by PyTorch, and so is no candidate; TensorFlow against it is not known."""
    leader, torch, numpy = cell(TF_GRAPH, 1.0), cell(TORCH, 1.5), cell(NUMPY, 2.0)
    pairs = [
        ratio(leader, torch, 0.6, 0.7),
        ratio(leader, numpy, 0.2, 1.5),
        ratio(torch, numpy, 0.7, 0.8),
    ]
    assert answers(source([leader, torch, numpy], pairs)) == [
        "At width 512 on this CPU, "
        "it is not decided whether TensorFlow is the fastest of 3 ways to run op: "
        "TensorFlow takes [0.20, 1.5] times as long as NumPy; PyTorch is 1.54× [1.43, 1.67] slower "
        "than TensorFlow."
    ]


def test_parts_that_did_not_fit_together_are_not_compared() -> None:
    numpy, torch = cell(NUMPY, 9.0, part="#1"), cell(TORCH, 1.0, part="#2")
    assert answers(source([numpy, torch])) == [
        "At width 512 on this CPU, "
        "it is not decided which of PyTorch and NumPy is the faster of 2 ways to run "
        "op: PyTorch and NumPy did not fit in memory together."
    ]


def test_that_the_order_changes_with_the_width_is_said_with_the_widths() -> None:
    numpy = [cell(NUMPY, 1.0, width) for width in (512, 2048, 8192, 20480)]
    torch = [cell(TORCH, 1.0, width) for width in (512, 2048, 8192, 20480)]
    ends = [(2.0, 3.0), (1.1, 1.3), (0.9, 1.1), (0.2, 0.3)]
    pairs = [ratio(one, other, *each) for one, other, each in zip(torch, numpy, ends, strict=True)]
    assert answers(source([*numpy, *torch], pairs)) == [
        "At width 20480 on this CPU, "
        "PyTorch is the faster of 2 ways to run op: 4.1× [3.3, 5.0] faster than "
        "NumPy. At width 512, NumPy is the fastest of 2: 2.4× [2.0, 3.0] faster than PyTorch; the "
        "two change places between widths 2048 and 20480."
    ]
    pairs[0] = ratio(torch[0], numpy[0], 0.9, 3.0)
    assert answers(source([*numpy, *torch], pairs))[0].endswith("faster than NumPy.")


def test_a_winner_of_small_widths_that_has_no_number_later_is_told() -> None:
    small = [cell(NUMPY, 1.0), cell(TORCH, 3.0), cell(TF_GRAPH, 5.0)]
    large = [cell(NUMPY, None, 2048), cell(TORCH, 2.0, 2048), cell(TF_GRAPH, 1.0, 2048)]
    (said,) = answers(source([*small, *large], [*sure(*small), *sure(*large)]))
    assert "At width 2048 on this CPU, TensorFlow is the faster of 2 ways to run op: " in said
    assert said.endswith(
        "At width 512, NumPy is the fastest of 3: 5.0× [4.5, 5.5] faster than TensorFlow."
    )


def test_the_largest_width_is_one_at_which_there_is_a_choice() -> None:
    cells = [cell(NUMPY, 1.0), cell(TORCH, 2.0), cell(TORCH, 3.0, 2048), cell(NUMPY, None, 2048)]
    assert answers(source(cells, sure(*cells[:2])))[0].startswith(
        "At width 512 on this CPU, NumPy is"
    )


def test_one_launch_says_nothing_and_a_file_without_rounds_neither() -> None:
    one, other = cell(NUMPY), cell(TORCH)
    assert answers(source([one, other], [ratio(one, other, None, None)])) == [NO_INTERVAL]
    assert answers(source([one, other], paired=False)) == []
    assert answers(source([])) == []
    (said,) = answers(source([cell(NUMPY, 1.0)]))
    assert "no answer here" in said
    (said,) = answers(source([cell(NUMPY, None)]))
    assert "No cell has a number" in said


def test_the_clearest_come_first_and_the_rest_are_counted() -> None:
    cells: list[CellSummary] = []
    pairs: list[Comparison] = []
    for place in range(MOST_ANSWERS + 2):
        two = cell(NUMPY, 1.0, family=f"op{place}"), cell(TORCH, 2.0 + place, family=f"op{place}")
        cells += two
        pairs += sure(*two)
    found = answers(source(cells, pairs))
    assert ["to run op7:" in found[0], "to run op2:" in found[5]] == [True, True]
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
    found = answers(source(cells, [*sure(*cells[:2]), *sure(*cells[2:])], run=run))
    assert "ways to run op in float32 on this CPU with 1 thread: " in found[0]
    assert "ways to run op in float64 on NVIDIA H100 on all cores: " in found[1]


def test_gradient_allocator_and_family_are_named_where_they_tell_cells_apart() -> None:
    by_hand, shipped = ("torch", "eager", "manual", "reuse"), ("torch", "eager", "manual", "system")
    cells = [
        cell(each, 1.0 + n, family="op a×w") for n, each in enumerate((by_hand, shipped, TORCH))
    ]
    (said,) = answers(source([*cells, cell(NUMPY, family="op b×w")], sure(*cells)))
    assert said.startswith(
        "At width 512 on this CPU, "
        "PyTorch with gradients by hand is the fastest of 3 ways to run op a×w: "
        "2.00× [1.82, 2.20] faster than PyTorch with gradients by hand with allocator system"
    )
    assert "faster than PyTorch with autograd" in said


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = (cell(("x" * 300 + end, "eager", "none", "reuse"), 1.0) for end in "ab")
    (said,) = answers(source([one, other], [ratio(one, other, 2.0, 3.0)]))
    assert len(said) < 400
    assert f"{'x' * 59}… (2) is the faster of 2" in said


@pytest.mark.parametrize("bound", ["bandwidth", "compute", "launch", "allocation"])
def test_every_bound_has_its_words(bound: str) -> None:
    numpy, torch = cell(NUMPY, bound=bound), cell(TORCH, bound="")
    say = Clauses(None, {numpy.id: "A", torch.id: "B"})  # type: ignore[arg-type]
    assert say.causes([numpy, torch]).startswith("A is bound by ")
    assert say.causes([torch]) == ""
