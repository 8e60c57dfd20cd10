"""Keys: ids that stay, and that one place takes apart."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.made_keys import ADAM, cell_key, cell_of, matmul, worker_key
from xbench.contracts import GRADIENTS, MODES, Gradient, Mode, Policy, Variant
from xbench.errors import UsageError
from xbench.keys import (
    ALLOCATOR_POLICIES,
    CACHES,
    MATH_MODES,
    SIDES,
    CellKey,
    label,
)
from xbench.ops import OPS, get_op
from xbench.plan.build import build_rows
from xbench.plan.select import Selection
from xbench.suites.presets import PRESETS


def test_the_id_of_the_design() -> None:
    cell = cell_of(ADAM, worker_key("torch"), "autograd")
    assert cell.id == ("mlp_train/n100-d1-h20480-o1-adam-mse/float32/torch/cpu/eager/autograd/tall")


def test_math_and_allocator_stand_in_an_id_only_where_unusual() -> None:
    def ending(threads: str = "all", math: str = "ieee", allocator: str = "reuse") -> str:
        key = worker_key("torch", threads=threads, math=math, allocator=allocator)
        return cell_of(ADAM, key, "manual").id.split("/manual/")[1]

    assert ending() == "tall"
    assert ending(threads="1") == "t1"
    assert ending(math="tf32") == "tall/tf32"
    assert ending(allocator="system") == "tall/system"
    assert ending(threads="2", math="tf32", allocator="system") == "t2/tf32/system"


def test_worker_ids_name_what_one_process_serves() -> None:
    assert worker_key("torch").id == "torch/cpu/eager/tall"
    assert worker_key("torch", device="cuda:1", mode="compiled").id == "torch/cuda:1/compiled/tall"
    assert worker_key("torch", threads="4", math="tf32", allocator="system").id == (
        "torch/cpu/eager/t4/tf32/system"
    )


def test_a_policy_spells_the_threads_out() -> None:
    assert worker_key("torch").policy(8) == Policy("cpu", "eager", 8, "ieee", "reuse")
    assert worker_key("torch", threads="3").policy(8).threads == 3


def test_optional_parameters_are_labelled_only_where_they_differ() -> None:
    op = get_op("mlp_backward")
    biased = op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse")
    assert biased == op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse", bias=1)
    assert label(biased.params) == "n64-d1000-h100-o10-sse"
    bare = op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse", bias=0)
    assert label(bare.params) == "n64-d1000-h100-o10-sse-bias0"


def test_a_label_follows_the_order_of_the_op_not_of_the_caller() -> None:
    op = get_op("matmul")
    assert op.spec("float32", n=3, k=2, m=1) == op.spec("float32", m=1, k=2, n=3)
    assert label(op.spec("float32", n=3, k=2, m=1).params) == "m1-k2-n3"


@given(
    st.sampled_from(("noop", "copy", "triad", "elementwise", "elementwise_grad")),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.sampled_from(MODES),
    st.sampled_from(GRADIENTS),
    st.sampled_from(("cpu", "cuda:0", "mps:0")),
    st.integers(1, 256),
)
def test_ids_can_be_selected_by_pytest_and_taken_apart(
    op: str, n: int, w: int, mode: Mode, gradient: Gradient, device: str, threads: int
) -> None:
    key = worker_key("torch", device=device, mode=mode, threads=str(threads))
    cell = cell_of(get_op(op).spec("float64", n=n, w=w), key, gradient)
    assert not set(cell.id) & set("=, \t[]()'\"")
    assert cell.id.isascii()
    expected = [op, f"n{n}-w{w}", "float64", "torch", device, mode, gradient, f"t{threads}"]
    assert cell.id.split("/") == expected


def test_every_built_in_op_has_an_id_without_equals_sign_or_comma() -> None:
    for op in OPS.values():
        choices = dict(op.choices)
        spec = op.spec("float32", **{name: choices.get(name, (3,))[0] for name in op.params})
        assert not set(cell_of(spec, worker_key("torch"), op.gradients[0]).id) & set("=, ")


def test_different_cells_have_different_ids() -> None:
    cells = [
        cell_of(spec, worker_key(backend, mode=mode, threads=threads), gradient)
        for spec in (matmul(), matmul(2048), matmul(dtype="float64"), ADAM)
        for backend in ("numpy", "torch")
        for mode in MODES
        for threads in ("1", "all")
        for gradient in GRADIENTS
    ]
    assert len({cell.id for cell in cells}) == len(cells)


def test_a_cell_tells_its_factory_mode_and_gradient() -> None:
    assert cell_of(ADAM, worker_key("torch", mode="graph"), "custom").key.variant == Variant(
        "graph", "custom"
    )


def every_axis(key: CellKey) -> list[CellKey]:
    """A key under every math mode, allocator and cache, and on every side."""
    return [
        replace(key, math=math, allocator=allocator, cache=cache, side=side)
        for math, allocator, cache, side in product(MATH_MODES, ALLOCATOR_POLICIES, CACHES, SIDES)
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_cell_of_a_preset_is_found_again_by_its_id(preset: str) -> None:
    rows = build_rows(Selection(PRESETS[preset], (), {"mode": ("*",)}), ("cpu", "cuda:0"), 4)
    assert rows
    for key in (each for row in rows for each in every_axis(row.cell.key)):
        found = CellKey.parse(key.id)
        assert found == key
        assert found.id == key.id
        own = asdict(key) | {"params": None}
        assert asdict(found) | {"params": None} == own, "all but what an id leaves out"
        assert found.worker.id == key.worker.id
        assert found.group_id == key.group_id


part = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=9)
values = st.integers(0, 10**20) | st.text(st.characters(exclude_characters="/"), max_size=9)


@given(
    st.builds(
        CellKey,
        op=part,
        params=st.dictionaries(part, values, max_size=4),
        dtype=part,
        backend=part,
        device=part,
        mode=st.sampled_from(MODES),
        gradient=st.sampled_from(GRADIENTS),
        threads=st.just("all") | st.integers(1, 999).map(str),
        math=st.sampled_from(MATH_MODES),
        allocator=st.sampled_from(ALLOCATOR_POLICIES),
        cache=st.sampled_from(CACHES),
        side=st.sampled_from(SIDES),
    )
)
def test_whatever_the_parameters_the_id_of_a_parsed_id_is_the_same(key: CellKey) -> None:
    assert CellKey.parse(key.id).id == key.id
    assert CellKey.parse(key.id).policy_id == key.policy_id


@given(st.text(st.sampled_from("a1/-t0 sb"), max_size=40) | st.text(max_size=40))
def test_what_is_no_id_is_refused(text: str) -> None:
    try:
        assert CellKey.parse(text).id == text
    except UsageError as error:
        assert "is no cell's id" in error.message  # noqa: PT017


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tests/test_x.py::test_y",
        "matmul/m2/float32/numpy/cpu/eager/none",
        "matmul/m2/float32/numpy/cpu/lazy/none/tall",
        "matmul/m2/float32/numpy/cpu/eager/guessed/tall",
        "matmul/m2/float32/numpy/cpu/eager/none/all",
        "matmul/m2/float32/numpy/cpu/eager/none/t0",
        "matmul/m2/float32/numpy/cpu/eager/none/tall/warm",
        "matmul/m2/float32/numpy/cpu/eager/none/tall/system/tf32",
        "matmul/m2/float32/numpy/cpu/eager/none/tall/head/head",
        "/m2/float32/numpy/cpu/eager/none/tall",
        "matmul/m2/float32//cpu/eager/none/tall",
    ],
)
def test_names_of_other_things_are_no_ids(text: str) -> None:
    with pytest.raises(UsageError, match="is no cell's id"):
        CellKey.parse(text)


def test_a_parsed_word_is_called_by_itself() -> None:
    found = CellKey.parse(cell_of(ADAM, worker_key("torch")).id).params
    assert found == {"n": 100, "d": 1, "h": 20480, "o": 1, "adam": "adam", "mse": "mse"}


def test_an_id_leaves_a_parameter_out_whatever_the_op() -> None:
    assert cell_key(params={"n": 3, "bias": 1}) == cell_key(params={"n": 3})
    assert cell_key(params={"n": 3, "bias": 0}) != cell_key(params={"n": 3})


def test_keys_are_equal_where_their_ids_are() -> None:
    assert len({cell_key(), cell_key(), cell_key(backend="torch")}) == 2
    assert len({worker_key(), worker_key(), worker_key("torch")}) == 2
    assert cell_key().worker == worker_key()
    assert cell_key() != worker_key()
    assert cell_key() != cell_key().id


def test_a_file_holds_the_fields_and_nothing_made_of_them() -> None:
    for key in every_axis(cell_of(ADAM, worker_key("torch"), "autograd").key):
        kept = key.id, key.worker, key.spec
        assert all(each in vars(key).values() for each in kept)
        fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(key))
        assert fields.keys() == CellKey.__dataclass_fields__.keys()
        found = msgspec.convert(fields, CellKey)
        assert asdict(found) == asdict(key)
        assert found.id == key.id


def test_ids_of_parts() -> None:
    key = replace(cell_of(ADAM, worker_key("torch"), "autograd").key, math="tf32", cache="cold")
    assert key.workload_id == "mlp_train/n100-d1-h20480-o1-adam-mse/float32"
    assert key.group_id == f"{key.workload_id}/cpu/tall/tf32/cold"
    assert replace(key, side="head").group_id == f"{key.workload_id}/cpu/ab/tf32/cold"
    assert key.policy_id == "float32/torch/cpu/eager/autograd/tall/tf32/cold"
    assert key.within_group == "torch/cpu/eager/autograd/tf32/cold"
    assert key.ceiling_key == ("cpu", "float32", "tf32", "all", "reuse")


def test_patterns_are_of_the_id_or_the_op() -> None:
    key = cell_key("mlp_train")
    assert all(map(key.matches, ("mlp_train", "mlp_*", "*/numpy/*", key.id)))
    assert not any(map(key.matches, ("mlp", "numpy", "*32", "MLP_TRAIN")))
