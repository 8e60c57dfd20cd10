"""Plans: what presets hold, what is refused before it is tried, what fits together in memory."""

from __future__ import annotations

import importlib.util
from collections import Counter

import pytest

from helpers.made_keys import cell_of, key_of, worker_key
from xbench.contracts import Gradient, Mode, Spec
from xbench.ops import get_op
from xbench.ops.suite import WIDTHS
from xbench.plan.build import Row, build_rows
from xbench.plan.cell import Cell
from xbench.plan.plan import Plan, make_plan
from xbench.plan.predict import FIXED_BYTES, FLOP_RATE_PER_CORE, input_bytes, predict
from xbench.plan.select import Selection, choose_devices
from xbench.suites.presets import PRESETS
from xbench.text import show_seconds

GIB = 1 << 30
FRAMEWORK_MODES: dict[str, tuple[Mode, ...]] = {
    "numpy": ("eager",),
    "torch": ("eager", "compiled"),
    "tensorflow": ("eager", "graph", "compiled"),
}
DEFAULTS = {"numpy": "manual", "torch": "autograd", "tensorflow": "autograd"}


def rows(preset: str = "quick", **axes: str) -> list[Row]:
    chosen = {axis: tuple(text.split()) for axis, text in axes.items()}
    devices = choose_devices(chosen.get("device", ()), ("cpu",))
    return build_rows(Selection(PRESETS[preset], (), chosen), devices, 2)


def square(width: int, backend: str = "numpy", mode: Mode = "eager") -> Row:
    spec = get_op("matmul").spec("float32", m=width, k=width, n=width)
    return Row(Cell(key_of(spec, worker_key(backend, mode=mode)), "matmul w×w×w", width))


def plan_of(found: list[Row], memory_bytes: int = 24 * GIB, launches: int = 3) -> Plan:
    return make_plan(found, launches, 1.5, 2, memory_bytes)


def expected_ids(widths: tuple[int, ...], compiled: tuple[str, ...]) -> set[str]:
    """Every id of `smoke` or `quick`, written out from what the presets promise."""
    labels = {
        "elementwise": "n100-w{}",
        "matmul": "m64-k1000-n{}",
        "mlp_forward": "n100-d1-h{}-o1",
        "mlp_train": "n100-d1-h{}-o1-adam-mse",
    }
    found = set()
    for op, label in labels.items():
        for width in widths:
            for backend, modes in FRAMEWORK_MODES.items():
                for mode in modes:
                    if mode == "compiled" and op not in compiled:
                        continue
                    gradient = DEFAULTS[backend] if op == "mlp_train" else "none"
                    place = f"{backend}/cpu/{mode}/{gradient}/tall"
                    found.add(f"{op}/{label.format(width)}/float32/{place}")
    return found


def test_smoke_holds_what_it_promises() -> None:
    assert {row.cell.id for row in rows("smoke")} == expected_ids((512,), ())
    assert PRESETS["smoke"].launches == 1


def test_quick_holds_what_it_promises() -> None:
    expected = expected_ids((512, 20480, 204800), ("mlp_train",))
    assert {row.cell.id for row in rows("quick")} == expected
    assert PRESETS["quick"].launches == 3


def test_full_holds_every_shape_dtype_thread_count_mode_and_gradient() -> None:
    found = rows("full")
    cells = [row.cell for row in found]
    counts = Counter((cell.worker.threads, cell.spec.dtype) for cell in cells)
    assert set(counts) == {(t, d) for t in ("1", "all") for d in ("float32", "float64")}
    assert len(set(counts.values())) == 1
    for op in ("matmul", "mlp_train"):
        shapes = {cell.family for cell in cells if cell.spec.op == op}
        assert len(shapes) == 2
        assert {cell.width for cell in cells if cell.spec.op == op} == set(WIDTHS)
    torch = {
        c.key.gradient for c in cells if (c.spec.op, c.worker.backend) == ("mlp_train", "torch")
    }
    assert torch == {"manual", "autograd", "custom"}
    assert {cell.worker.mode for cell in cells} == {"eager", "graph", "compiled"}
    assert {cell.spec.op for cell in cells} >= {"copy", "triad", "noop", "elementwise_grad"}


def test_a_missing_framework_is_a_row_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec
    gone = ("torch", "tensorflow")
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, package=None: None if name in gone else real(name, package),
    )
    found = rows("smoke")
    assert {row.cell.id for row in found} == expected_ids((512,), ())
    for row in found:
        backend = row.cell.worker.backend
        if backend == "numpy":
            assert row.status is None
        else:
            assert row.status == "unsupported"
            assert f"{backend} is not installed" in row.reason
            assert f"pip install {backend}" in row.reason
    plan = plan_of(found)
    assert {cell.worker.backend for group in plan.groups for cell in group.cells} == {"numpy"}


def test_what_was_named_and_cannot_run_is_a_row_with_the_reason() -> None:
    found = rows(backend="numpy", op="mlp_train", width="512", mode="eager compiled")
    (refused,) = [row for row in found if row.status]
    assert refused.status == "unsupported"
    assert "numpy has no compiled mode" in refused.reason
    assert all(cell != refused.cell for group in plan_of(found).groups for cell in group.cells)


def test_what_was_not_named_and_cannot_run_is_left_out() -> None:
    assert all(row.status is None for row in rows("full", backend="numpy"))


def test_a_product_too_large_for_memory_is_refused_with_its_bytes() -> None:
    plan = plan_of([square(204800), square(512)])
    large, small = plan.rows
    assert (large.status, small.status) == ("would_oom", None)
    three_matrices = 3 * 204800**2 * 4
    number = int(large.reason.rpartition("(")[2].removesuffix(" bytes)"))
    assert number >= three_matrices
    assert "20.4 GB" in large.reason or "21.9 GB" in large.reason  # 85 % of 24 GiB can be used
    assert [group.cells for group in plan.groups] == [(small.cell,)]


def test_what_would_take_for_ever_is_skipped_with_the_seconds() -> None:
    plan = plan_of([square(65536)], memory_bytes=10**15)
    assert plan.rows[0].status == "skipped"
    seconds = plan.predictions[plan.rows[0].cell.id].call_s
    assert seconds == pytest.approx(2 * 65536**3 / (2 * FLOP_RATE_PER_CORE["float32"]), rel=0.01)
    assert show_seconds(seconds) in plan.rows[0].reason
    assert plan.groups == ()


def test_unsupported_stays_unsupported_whatever_it_would_cost() -> None:
    refused = Row(square(204800).cell, "unsupported", "because")
    assert plan_of([refused]).rows == (refused,)


def test_no_prediction_is_below_what_the_tensors_take() -> None:
    for row in rows("full"):
        tensors = get_op(row.cell.spec.op).tensors(row.cell.spec)
        item = 4 if row.cell.spec.dtype == "float32" else 8
        held = sum(tensors.elements(kind) for kind in ("batch", "state", "outputs")) * item
        assert predict(row.cell, 2).held_bytes >= held


def test_a_group_that_does_not_fit_is_split_and_loses_no_cell() -> None:
    found = [row for row in rows("quick", op="mlp_train", width="204800") if row.status is None]
    whole = plan_of(found)
    assert len(whole.groups) == 1
    need = sum(whole.predictions[row.cell.id].held_bytes + FIXED_BYTES for row in found)
    parts = plan_of(found, memory_bytes=int(0.6 * need)).groups
    assert len(parts) > 1
    assert [cell for group in parts for cell in group.cells] == list(whole.groups[0].cells)
    assert len({group.id for group in parts}) == len(parts)
    assert all(group.id.startswith(whole.groups[0].id) for group in parts)
    limit = int(0.85 * int(0.6 * need))
    for group in parts:
        held = sum(whole.predictions[cell.id].held_bytes + FIXED_BYTES for cell in group.cells)
        assert held + input_bytes(group.spec) <= limit or len(group.cells) == 1


def test_the_hash_is_of_what_is_measured() -> None:
    base = rows("smoke", backend="numpy")
    first = plan_of(base)
    assert first.hash == plan_of(list(base)).hash
    others = [
        plan_of(base, launches=4),
        plan_of(base[1:]),
        plan_of([*base, square(512)]),
        plan_of([Row(base[0].cell, "unsupported", "x"), *base[1:]]),
        make_plan(base, 3, 9.0, 2, 24 * GIB),
    ]
    assert len({first.hash, *(other.hash for other in others)}) == 1 + len(others)


def test_more_launches_take_longer() -> None:
    found = rows("smoke", backend="numpy")
    assert plan_of(found, launches=6).total_s() > plan_of(found, launches=3).total_s() > 0
    assert plan_of([]).total_s() == 0


@pytest.mark.parametrize("gradient", ["manual", "autograd"])
def test_a_larger_workload_is_predicted_to_take_more(gradient: Gradient) -> None:
    def cost(width: int) -> tuple[float, int]:
        params = {"n": 100, "d": 1, "h": width, "o": 1, "optimizer": "adam", "loss": "mse"}
        spec: Spec = get_op("mlp_train").spec("float32", **params)  # type: ignore[arg-type]
        predicted = predict(cell_of(spec, worker_key(), gradient), 2)
        return predicted.call_s, predicted.held_bytes

    found = [cost(width) for width in (512, 20480, 204800)]
    assert found == sorted(found)
