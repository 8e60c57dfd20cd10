"""Cells: groups that belong together, specs that are checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.made_keys import ADAM, cell_of, matmul, worker_key
from xbench.errors import UsageError
from xbench.ops import get_op
from xbench.plan.cell import Cell, Group, make_groups


def test_family_and_width_are_no_part_of_an_id() -> None:
    plain = cell_of(ADAM, worker_key("torch"), "manual")
    placed = replace(plain, family="a family", width=7)
    assert plain.id == placed.id
    assert plain.key.group_id == placed.key.group_id


def test_a_group_holds_every_backend_mode_and_gradient_of_a_workload() -> None:
    together = [
        cell_of(ADAM, worker_key("numpy"), "manual"),
        cell_of(ADAM, worker_key("torch"), "autograd"),
        cell_of(ADAM, worker_key("torch", mode="compiled"), "manual"),
        cell_of(ADAM, worker_key("numpy", allocator="system"), "manual"),
    ]
    assert make_groups(together) == [Group(together[0].key.group_id, tuple(together))]
    assert together[0].key.group_id == "mlp_train/n100-d1-h20480-o1-adam-mse/float32/cpu/tall"


@pytest.mark.parametrize(
    "other",
    [
        cell_of(matmul(2048), worker_key("torch"), "none"),
        cell_of(matmul(dtype="float64"), worker_key("torch"), "none"),
        cell_of(matmul(), worker_key("torch", device="cuda:0"), "none"),
        cell_of(matmul(), worker_key("torch", threads="1"), "none"),
        cell_of(matmul(), worker_key("torch", math="tf32"), "none"),
    ],
    ids=("size", "dtype", "device", "threads", "math"),
)
def test_what_may_not_be_compared_is_not_in_one_group(other: Cell) -> None:
    assert len(make_groups([cell_of(matmul(), worker_key("torch"), "none"), other])) == 2


def test_groups_keep_the_order_of_the_cells() -> None:
    first, second = (
        cell_of(matmul(2048), worker_key("torch"), "none"),
        cell_of(matmul(512), worker_key("torch"), "none"),
    )
    third = cell_of(matmul(2048), worker_key("numpy"), "none")
    groups = make_groups([first, second, third])
    assert [group.cells for group in groups] == [(first, third), (second,)]
    assert groups[0].spec == first.spec


def test_a_spec_gives_numbers_and_words() -> None:
    assert ADAM["h"] == 20480
    assert ADAM.text("optimizer") == "adam"
    with pytest.raises(TypeError, match="'adam', not an integer"):
        ADAM["optimizer"]
    with pytest.raises(KeyError):
        ADAM["width"]


@pytest.mark.parametrize(
    ("op", "dtype", "params", "said"),
    [
        ("matmul", "float32", {"m": 1, "k": 2}, r"missing \['n'\]"),
        ("matmul", "float32", {"m": 1, "k": 2, "n": 3, "w": 4}, r"unknown parameters \['w'\]"),
        ("matmul", "float32", {"m": 1, "k": 2, "n": 0}, "n is 0, and must be at least 1"),
        ("matmul", "float32", {"m": 1, "k": 2, "n": -5}, "n is -5"),
        ("matmul", "float32", {"m": 1, "k": 2, "n": "many"}, "n is 'many'"),
        ("matmul", "float32", {"m": 1, "k": 2.5, "n": 3}, "k is 2.5"),
        ("matmul", "float8", {"m": 1, "k": 2, "n": 3}, "'float8' is not known"),
        ("mlp_backward", "float32", {**dict.fromkeys("ndho", 2), "loss": "l1"}, "loss is 'l1'"),
        (
            "mlp_backward",
            "float32",
            {**dict.fromkeys("ndho", 2), "loss": "mse", "bias": 2},
            "bias is 2",
        ),
    ],
)
def test_wrong_specs_are_refused_with_the_value(
    op: str, dtype: str, params: dict[str, int | str], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        get_op(op).spec(dtype, **params)
    assert op in caught.value.message or "dtype" in caught.value.message


def test_an_unknown_op_is_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match="mlp_trian") as caught:
        get_op("mlp_trian")
    assert "mlp_train" in caught.value.hint
