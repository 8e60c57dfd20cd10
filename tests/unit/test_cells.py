"""Cells: ids that stay, groups that belong together, specs that are checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbench.contracts import GRADIENTS, MODES, Gradient, Mode, Policy, Spec, Variant
from xbench.errors import UsageError
from xbench.ops import OPS, get_op, label
from xbench.plan.cell import Cell, Group, WorkerKey, make_groups

ADAM = get_op("mlp_train").spec("float32", n=100, d=1, h=20480, o=1, optimizer="adam", loss="mse")


def worker(
    backend: str = "torch",
    device: str = "cpu",
    mode: Mode = "eager",
    threads: str = "all",
    math: str = "ieee",
    allocator: str = "reuse",
) -> WorkerKey:
    return WorkerKey(backend, device, mode, threads, math, allocator)


def matmul(width: int = 512, dtype: str = "float32") -> Spec:
    return get_op("matmul").spec(dtype, m=64, k=1000, n=width)


def test_the_id_of_the_design() -> None:
    cell = Cell(ADAM, worker(), "autograd")
    assert cell.id == ("mlp_train/n100-d1-h20480-o1-adam-mse/float32/torch/cpu/eager/autograd/tall")


def test_math_and_allocator_stand_in_an_id_only_where_unusual() -> None:
    def ending(threads: str = "all", math: str = "ieee", allocator: str = "reuse") -> str:
        key = worker(threads=threads, math=math, allocator=allocator)
        return Cell(ADAM, key, "manual").id.split("/manual/")[1]

    assert ending() == "tall"
    assert ending(threads="1") == "t1"
    assert ending(math="tf32") == "tall/tf32"
    assert ending(allocator="system") == "tall/system"
    assert ending(threads="2", math="tf32", allocator="system") == "t2/tf32/system"


def test_family_and_width_are_no_part_of_an_id() -> None:
    plain, placed = Cell(ADAM, worker(), "manual"), Cell(ADAM, worker(), "manual", "a family", 7)
    assert plain.id == placed.id
    assert plain.group_id == placed.group_id


def test_worker_ids_name_what_one_process_serves() -> None:
    assert worker().id == "torch/cpu/eager/tall"
    assert worker(device="cuda:1", mode="compiled").id == "torch/cuda:1/compiled/tall"
    assert worker(threads="4", math="tf32", allocator="system").id == (
        "torch/cpu/eager/t4/tf32/system"
    )


def test_a_policy_spells_the_threads_out() -> None:
    assert worker().policy(8) == Policy("cpu", "eager", 8, "ieee", "reuse")
    assert worker(threads="3").policy(8).threads == 3


def test_optional_parameters_are_labelled_only_where_they_differ() -> None:
    op = get_op("mlp_backward")
    biased = op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse")
    assert biased == op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse", bias=1)
    assert label(biased) == "n64-d1000-h100-o10-sse"
    bare = op.spec("float32", n=64, d=1000, h=100, o=10, loss="sse", bias=0)
    assert label(bare) == "n64-d1000-h100-o10-sse-bias0"


def test_a_label_follows_the_order_of_the_op_not_of_the_caller() -> None:
    op = get_op("matmul")
    assert op.spec("float32", n=3, k=2, m=1) == op.spec("float32", m=1, k=2, n=3)
    assert label(op.spec("float32", n=3, k=2, m=1)) == "m1-k2-n3"


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
    key = worker(device=device, mode=mode, threads=str(threads))
    cell = Cell(get_op(op).spec("float64", n=n, w=w), key, gradient)
    assert not set(cell.id) & set("=, \t[]()'\"")
    assert cell.id.isascii()
    expected = [op, f"n{n}-w{w}", "float64", "torch", device, mode, gradient, f"t{threads}"]
    assert cell.id.split("/") == expected


def test_every_built_in_op_has_an_id_without_equals_sign_or_comma() -> None:
    for op in OPS.values():
        choices = dict(op.choices)
        spec = op.spec("float32", **{name: choices.get(name, (3,))[0] for name in op.params})
        assert not set(Cell(spec, worker(), op.gradients[0]).id) & set("=, ")


def test_different_cells_have_different_ids() -> None:
    cells = [
        Cell(spec, worker(backend, mode=mode, threads=threads), gradient)
        for spec in (matmul(), matmul(2048), matmul(dtype="float64"), ADAM)
        for backend in ("numpy", "torch")
        for mode in MODES
        for threads in ("1", "all")
        for gradient in GRADIENTS
    ]
    assert len({cell.id for cell in cells}) == len(cells)


def test_a_group_holds_every_backend_mode_and_gradient_of_a_workload() -> None:
    together = [
        Cell(ADAM, worker("numpy"), "manual"),
        Cell(ADAM, worker("torch"), "autograd"),
        Cell(ADAM, worker("torch", mode="compiled"), "manual"),
        Cell(ADAM, worker("numpy", allocator="system"), "manual"),
    ]
    assert make_groups(together) == [Group(together[0].group_id, tuple(together))]
    assert together[0].group_id == "mlp_train/n100-d1-h20480-o1-adam-mse/float32/cpu/tall"


@pytest.mark.parametrize(
    "other",
    [
        Cell(matmul(2048), worker(), "none"),
        Cell(matmul(dtype="float64"), worker(), "none"),
        Cell(matmul(), worker(device="cuda:0"), "none"),
        Cell(matmul(), worker(threads="1"), "none"),
        Cell(matmul(), worker(math="tf32"), "none"),
    ],
    ids=("size", "dtype", "device", "threads", "math"),
)
def test_what_may_not_be_compared_is_not_in_one_group(other: Cell) -> None:
    assert len(make_groups([Cell(matmul(), worker(), "none"), other])) == 2


def test_groups_keep_the_order_of_the_cells() -> None:
    first, second = Cell(matmul(2048), worker(), "none"), Cell(matmul(512), worker(), "none")
    third = Cell(matmul(2048), worker("numpy"), "none")
    groups = make_groups([first, second, third])
    assert [group.cells for group in groups] == [(first, third), (second,)]
    assert groups[0].spec == first.spec


def test_a_cell_tells_its_factory_mode_and_gradient() -> None:
    assert Cell(ADAM, worker(mode="graph"), "custom").variant == Variant("graph", "custom")


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
