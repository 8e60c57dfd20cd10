"""noop, copy, triad, elementwise and elementwise_grad, which touch their operands once; and the
transfers host_to_device and device_to_host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from xbench.contracts import Spec
from xbench.ops.base import (
    TRIAD_SCALE,
    Block,
    Cost,
    Inputs,
    Op,
    Shapes,
    TensorShapes,
    gamma,
    normal,
)
from xbench.ops.rounding import ITEM_BYTES, UNIT_ROUNDOFF, entry_bound

if TYPE_CHECKING:
    import numpy as np

    from xbench.ops.base import Array

CHUNK_COLUMNS = 8192
Formula = Callable[["dict[str, Array]"], "dict[str, tuple[Array, Array]]"]
"""One chunk of float64 operands to {output: (exact, magnitude)}; the magnitude scales the bound."""


def _stream_op(
    name: str,
    operands: tuple[str, ...],
    outputs: tuple[str, ...],
    formula: Formula,
    flop: int,
    moved: tuple[int, int],
    operators: int,
    scratch: int = 0,
) -> Op:
    """An op on (n, w) operands, entry by entry; FLOP and moved tensors are per entry."""

    def shapes(spec: Spec, names: tuple[str, ...]) -> Shapes:
        return dict.fromkeys(names, (spec["n"], spec["w"]))

    def tensors(spec: Spec) -> TensorShapes:
        entries = spec["n"] * spec["w"]
        return TensorShapes(
            shapes(spec, operands), shapes(spec, outputs), scratch_elements=scratch * entries
        )

    def cost(spec: Spec) -> Cost:
        entries = spec["n"] * spec["w"]
        unit = entries * ITEM_BYTES[spec.dtype]
        return Cost(flop * entries, moved[0] * unit, moved[1] * unit, operators)

    def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
        return Inputs(
            {each: normal(rng, shape, spec.dtype) for each, shape in shapes(spec, operands).items()}
        )

    def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
        for start in range(0, spec["w"], CHUNK_COLUMNS):
            chunk = {
                each: given.batch[each][:, start : start + CHUNK_COLUMNS].astype("float64")
                for each in operands
            }
            for each, (exact, magnitude) in formula(chunk).items():
                yield Block(each, exact, entry_bound(magnitude, spec.dtype), start)

    streams = moved[0] > 0
    return Op(
        name, ("n", "w"), tensors, cost, inputs, expected, streams=streams, why_not_16_bits=""
    )


def _identity(chunk: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    return {"y": (chunk["x"], 0.0 * chunk["x"])}


def _triad(chunk: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    x, w = chunk["x"], TRIAD_SCALE * chunk["w"]
    return {"y": (x + w, abs(x) + abs(w))}


def _multiply_add(chunk: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    product = chunk["x"] * chunk["w"]
    return {"y": (product + chunk["z"], abs(product) + abs(chunk["z"]))}


NOOP = _stream_op("noop", ("x",), ("y",), _identity, 0, (0, 0), 0)
COPY = _stream_op("copy", ("x",), ("y",), _identity, 0, (2, 2), 1)
TRIAD = _stream_op("triad", ("x", "w"), ("y",), _triad, 2, (3, 5), 2, scratch=1)
ELEMENTWISE = _stream_op(
    "elementwise", ("x", "w", "z"), ("y",), _multiply_add, 2, (4, 6), 2, scratch=1
)


def _grad_tensors(spec: Spec) -> TensorShapes:
    shape = (spec["n"], spec["w"])
    return TensorShapes(
        dict.fromkeys("xwz", shape),
        {"loss": (), "dx": shape, "dw": shape, "dz": shape},
        scratch_elements=3 * spec["n"] * spec["w"],
    )


def _grad_cost(spec: Spec) -> Cost:
    entries = spec["n"] * spec["w"]
    unit = entries * ITEM_BYTES[spec.dtype]
    return Cost(5 * entries, 6 * unit, 14 * unit, operators=6)


def _grad_expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
    import numpy as np

    loss, magnitude = 0.0, 0.0
    exactly = UNIT_ROUNDOFF[spec.dtype]
    for start in range(0, spec["w"], CHUNK_COLUMNS):
        x, w, z = (
            given.batch[each][:, start : start + CHUNK_COLUMNS].astype("float64") for each in "xwz"
        )
        loss += float((x * w + z).sum())
        magnitude += float((abs(x * w) + abs(z)).sum())
        yield Block("dx", w, exactly * abs(w), start)
        yield Block("dw", x, exactly * abs(x), start)
        yield Block("dz", np.ones_like(z), np.full_like(z, exactly), start)
    bound = gamma(spec["n"] * spec["w"], spec.dtype) * magnitude
    yield Block("loss", np.array(loss), np.array(bound))


ELEMENTWISE_GRAD = Op(
    "elementwise_grad",
    ("n", "w"),
    _grad_tensors,
    _grad_cost,
    ELEMENTWISE.inputs,
    _grad_expected,
    gradients=("manual", "autograd", "custom"),
    constant=("dz",),
    streams=True,
    why_not_16_bits="its loss sums all n x w terms, where float16 ends at 65504 and bfloat16 has 8 "
    "bits, so that a right loss could not be told from a wrong one",
)


# host_to_device and device_to_host: a tensor copied between host memory and the policy's device.
#
# Their bytes are those that cross the link once; what either memory moves for it is not counted,
# so that GB/s is the link's rate. On the CPU there is nothing to cross, and the planner refuses
# the cell (`_refusal` in `xbench/plan/build.py`).


def _cost(spec: Spec) -> Cost:
    crossing = spec["n"] * spec["w"] * ITEM_BYTES[spec.dtype]
    return Cost(0, crossing, crossing, operators=1)


HOST_TO_DEVICE = replace(COPY, name="host_to_device", cost=_cost, on_host=("x",), streams=False)
DEVICE_TO_HOST = replace(COPY, name="device_to_host", cost=_cost, on_host=("y",), streams=False)
