"""Selection: every axis, patterns, near names, users' suite files. No worker is started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xbench.errors import UsageError
from xbench.ops import OPS
from xbench.ops.suite import WIDTHS, Preset
from xbench.plan.build import Row, build_rows
from xbench.plan.cell import Cell
from xbench.plan.select import AXES, Selection, check_threads, choose_devices, choose_widths
from xbench.registry import load_suite_file
from xbench.suites.presets import PRESETS

GOOD = """
from xbench.ops.suite import Suite, Sweep
SUITE = Suite("mine", "a matrix product", (
    Sweep("matmul", "matmul w×w×w", lambda w: {"m": w, "k": w, "n": w}, widths=(3, 5)),
))
"""


def rows(*suites: str, preset: str = "quick", **axes: str) -> list[Row]:
    """Rows of a selection; several values of an axis are separated by blanks."""
    chosen = {axis: tuple(text.split()) for axis, text in axes.items()}
    return select(PRESETS[preset], suites, chosen)


def select(preset: Preset, suites: tuple[str, ...], axes: dict[str, tuple[str, ...]]) -> list[Row]:
    """Rows on a machine with four cores and no GPU."""
    present = choose_devices(axes.get("device", ()), ("cpu",))
    return build_rows(Selection(preset, suites, axes), present, 4)


def values(found: list[Row], axis: str) -> set[str]:
    """The values an axis takes among the rows."""
    places: dict[str, Callable[[Cell], str]] = {
        "op": lambda cell: cell.spec.op,
        "backend": lambda cell: cell.worker.backend,
        "device": lambda cell: cell.worker.device,
        "mode": lambda cell: cell.worker.mode,
        "gradient": lambda cell: cell.key.gradient,
        "width": lambda cell: str(cell.width),
        "dtype": lambda cell: cell.spec.dtype,
        "threads": lambda cell: cell.worker.threads,
        "allocator": lambda cell: cell.worker.allocator,
        "math": lambda cell: cell.worker.math,
        "cache": lambda cell: cell.key.cache,
    }
    return {places[axis](row.cell) for row in found}


@pytest.mark.parametrize(
    ("axis", "text", "expected"),
    [
        ("op", "matmul", {"matmul"}),
        ("op", "mlp_*", {"mlp_forward", "mlp_backward", "mlp_train"}),
        ("op", "matmul elementwise", {"matmul", "elementwise"}),
        ("backend", "numpy", {"numpy"}),
        ("backend", "t*", {"torch", "tensorflow"}),
        ("device", "cpu", {"cpu"}),
        ("device", "cuda:3", {"cuda:3"}),
        ("mode", "eager", {"eager"}),
        ("gradient", "autograd", {"autograd"}),
        ("gradient", "man* none", {"manual", "none"}),
        ("width", "512", {"512"}),
        ("width", "5*", {"512"}),
        ("width", "20*", {"2048", "20480", "204800"}),
        ("width", "77 512", {"77", "512"}),
        ("dtype", "float64", {"float64"}),
        ("dtype", "float*", {"float16", "float32", "float64"}),
        ("threads", "1", {"1"}),
        ("threads", "1 all", {"1", "all"}),
        ("threads", "4", {"all"}),
        ("allocator", "*", {"reuse", "system"}),
        ("math", "ieee", {"ieee"}),
        ("cache", "c*", {"cold"}),
    ],
)
def test_every_axis_selects(axis: str, text: str, expected: set[str]) -> None:
    assert values(select(PRESETS["quick"], (), {axis: tuple(text.split())}), axis) == expected


def test_every_axis_of_the_command_line_is_tested() -> None:
    tested = test_every_axis_selects.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {case[0] for case in tested} == set(AXES)


def test_axes_combine() -> None:
    found = rows(op="mlp_train", backend="numpy", width="512", threads="1", dtype="float64")
    assert [row.cell.id for row in found] == [
        "mlp_train/n100-d1-h512-o1-adam-mse/float64/numpy/cpu/eager/manual/t1"
    ]


def test_ids_are_unique_even_where_selections_overlap() -> None:
    found = [row.cell.id for row in rows("m*", "matmul", "mlp", width="512 5*")]
    assert len(found) == len(set(found))


def test_a_named_suite_brings_all_its_ops() -> None:
    assert values(rows("ceilings", preset="full"), "op") == {"noop", "copy", "triad"}
    assert values(rows("elementwise"), "op") == {"elementwise", "elementwise_grad"}


@pytest.mark.parametrize(
    ("axis", "text", "near"),
    [
        ("op", "matmull", "matmul"),
        ("op", "mlp_trian", "mlp_train"),
        ("backend", "pytorch", "torch"),
        ("backend", "tensorflw", "tensorflow"),
        ("device", "cuda0", "cuda:0"),
        ("device", "tpu", "cpu"),
        ("mode", "eagre", "eager"),
        ("gradient", "autogard", "autograd"),
        ("dtype", "float61", "float16"),
        ("dtype", "f23", "float32"),
        ("math", "tf23", "tf32"),
        ("cache", "hot", "cold"),
        ("threads", "5", "from 1 to 4"),
        ("threads", "0", "from 1 to 4"),
        ("threads", "-1", "from 1 to 4"),
        ("threads", "some", "'all'"),
        ("threads", "²", "'all'"),
        ("width", "wide", "512"),
        ("width", "²", "512"),
        ("width", "--5", "512"),
        ("width", "5.5", "512"),
    ],
)
def test_unknown_values_are_refused_with_near_names(axis: str, text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(PRESETS["quick"], (), {axis: tuple(text.split())})
    assert repr(text) in caught.value.message
    assert near in caught.value.hint


@pytest.mark.parametrize("text", ["0", "-1", "-0", "512 0"])
def test_widths_start_at_one(text: str) -> None:
    with pytest.raises(UsageError, match=r"width is .*\nHint: a width must be at least 1"):
        rows(width=text)


@pytest.mark.parametrize(
    ("axes", "said", "would"),
    [
        ({"mode": "compiled"}, "mode compiled): numpy has no compiled mode", "--mode eager"),
        ({"mode": "comp*"}, "mode comp*): no cell is all of that", "tensorflow or --mode eager"),
        ({"gradient": "autograd"}, "no automatic differentiation", "--gradient manual"),
        ({"device": "cuda:0"}, "numpy runs on cpu, not on cuda:0", "--device cpu would"),
        ({"op": "matmul", "gradient": "manual"}, "gradient manual", "--gradient none"),
        ({"width": "999*"}, "width 999*", "--width 512 20480"),
        ({"mode": "graph", "gradient": "autograd"}, "no graph mode", "--backend tensorflow would"),
    ],
)
def test_a_combination_that_matches_nothing_says_why_and_what_would(
    axes: dict[str, str], said: str, would: str
) -> None:
    with pytest.raises(UsageError, match="nothing matches") as caught:
        rows(**{"op": "mlp_train", "backend": "numpy"} | axes)
    assert said in caught.value.message
    assert would in caught.value.hint


def test_without_what_would_match_the_hint_is_to_drop_an_option() -> None:
    with pytest.raises(UsageError, match="nothing matches") as caught:
        rows(backend="numpy", mode="graph", width="999*")
    assert "drop an option" in caught.value.hint


def test_an_op_outside_the_chosen_suites_names_its_suite() -> None:
    with pytest.raises(UsageError, match="no chosen suite sweeps triad") as caught:
        rows(op="triad")
    assert "--suite ceilings" in caught.value.hint
    with pytest.raises(UsageError, match="'triad'"):
        rows("mlp", op="triad")


def test_unknown_suites_are_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match="'matmull'") as caught:
        rows("matmull")
    assert "matmul" in caught.value.hint


def test_widths_are_sorted_and_each_once() -> None:
    assert choose_widths(("2048", "512", "20*", "512"), WIDTHS) == [512, 2048, 20480, 204800]


def test_all_cores_have_one_name() -> None:
    assert check_threads(("all", "4", "2", "02"), 4) == ("all", "2")
    assert check_threads(("1",), 1) == ("1",)


def test_a_users_suite_is_swept_at_its_own_widths(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(GOOD)
    found = rows(str(file), backend="numpy")
    assert [row.cell.id.split("/")[1] for row in found] == ["m3-k3-n3", "m5-k5-n5"]
    assert len(rows(str(file), "matmul", backend="numpy", width="512")) == 3
    assert load_suite_file(file) is load_suite_file(tmp_path / "." / "mine.py")


def test_a_users_suite_may_share_the_name_of_one_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "matmul.py"
    file.write_text(GOOD.replace('"mine"', '"matmul"').replace("w×w×w", "of mine"))
    assert len(rows(str(file), backend="numpy")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no suite file"),
        ("x = 1\n", "defines no SUITE"),
        ("SUITE = ['matmul']\n", "defines no SUITE"),
        ("this is no Python\n", "SyntaxError"),
        ("import a_package_that_is_not_there\n", "ModuleNotFoundError"),
        ("1 / 0\n", "ZeroDivisionError"),
        (GOOD.replace('Sweep("matmul"', 'Sweep("matmull"'), "no op is called 'matmull'"),
        (GOOD.replace('"n": w', '"q": w'), "unknown parameters"),
    ],
)
def test_broken_suite_files_are_refused(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "broken.py"
    if text is not None:
        file.write_text(text)
    before = set(sys.modules)
    with pytest.raises(UsageError, match=said):
        rows(str(file), backend="numpy")
    assert set(sys.modules) - before <= {f"xbench_suite_{n}_broken" for n in range(99)}


def test_a_suite_file_may_not_replace_a_built_in_op(tmp_path: Path) -> None:
    file = tmp_path / "thief.py"
    file.write_text(
        "from xbench.registry import add_op\nfrom xbench.ops import get_op\n"
        "add_op(get_op('matmul'))\n"
    )
    matmul = OPS["matmul"]
    with pytest.raises(UsageError, match="an op called 'matmul' exists already"):
        load_suite_file(file)
    assert OPS["matmul"] is matmul
