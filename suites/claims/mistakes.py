"""The notebooks' mistakes: backends that make each of them, run through the engine, which must
refuse it; and the claims that are judged so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbench.analysis.summary import CellSummary
from xbench.contracts import Backend, Factory, Handle, Spec, Step, Tensors, Variant
from xbench.ops.suite import Preset
from xbench.plan.select import Selection
from xbench.records.schema import ValuesLine
from xbench.selftest.quick_checks import measured
from xbench.selftest.virtual_device import LateBackend, TwinBackend, UnfencedBackend
from xbench.suites.claims.claim import Claim, Evidence, Judged, Missing, Values
from xbench.suites.claims.times import is_number
from xbench.text import show_seconds

if TYPE_CHECKING:
    import numpy as np

MODULE = "xbench.suites.claims.mistakes"
BACKENDS = {
    "twin": f"{MODULE}:Gradients",
    "swapped": f"{MODULE}:SwappedBackend",
    "foreign": f"{MODULE}:ForeignBackend",
    "stored": f"{MODULE}:StoredBackend",
    "mixed": f"{MODULE}:MixedBackend",
    "late": f"{MODULE}:LateTraining",
    "unfenced": f"{MODULE}:UnfencedTraining",
}
ROUNDS = 5
PRESET = Preset(
    name="mistakes",
    about="",
    suites=("notebooks",),
    ops=("*",),
    families=("000 elementwise_grad*", "002 mlp_train 100*"),
    widths=(4, 512),
    dtypes=("float32",),
    threads=("all",),
    modes=("eager",),
    compiled_ops=(),
    gradients="default",
    launches=1,
    group_s=0.0,
)
"""The smallest of the notebooks' own sizes: 3×4 numbers, and a net 512 wide."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A backend that makes a mistake, the honest one beside it, and what it must be refused for."""

    backend: str
    honest: str
    reason: str


SWAPPED = Planted("swapped", "twin", "differ from the float64 oracle")
FOREIGN = Planted("foreign", "twin", "differ from the float64 oracle")
STORED = Planted("stored", "twin", "dw, dx stayed the same whichever input changed")
UNFENCED = Planted("unfenced", "late", "the fence returned")
MIXED = Planted("mixed", "twin", "on other:0, not")
PLANTED = (SWAPPED, FOREIGN, STORED, UNFENCED, MIXED)


def planted() -> list[ValuesLine]:
    """Have the engine measure every mistake beside an honest twin: one launch, seconds in all."""
    names = {name for each in PLANTED for name in (each.backend, each.honest)}
    axes = {"backend": tuple(sorted(names))}
    _, cells = measured(Selection(PRESET, (), axes), BACKENDS, ROUNDS)
    found = {cell.plan.key.backend: cell for cell in cells}
    return [
        _line(each, found[name])
        for each in PLANTED
        for name in (each.backend, each.honest)
        if name in found
    ]


def _line(mistake: Planted, cell: CellSummary) -> ValuesLine:
    said = {"status": cell.status, "reason": cell.reason, "time": cell.time_s}
    worker = cell.plan.key.worker
    return ValuesLine(name=f"mistake_{mistake.backend}", worker=worker, values=said)


def refusal(evidence: Evidence, mistake: Planted) -> str | None:
    """`invalid: …` for a mistake that got no number for its own reason; None if it got one.

    Raises: Missing where that tells nothing."""
    exhibit = f"mistake_{mistake.backend}"
    found = evidence.values(exhibit, mistake.backend)
    beside = evidence.values(exhibit, mistake.honest)
    if beside.get("status") != "ok":
        raise Missing(f"its honest twin got no number either: {_said(beside)}")
    if found.get("time") is not None:
        return None
    if mistake.reason not in str(found.get("reason")):
        raise Missing(f"no number, but for another reason: {_said(found)}")
    return _said(found)


def _said(values: Values) -> str:
    """The status and the first of the reasons; the journal has all."""
    return f"{values.get('status')}: {str(values.get('reason')).partition(';')[0]}"


@dataclass(frozen=True, slots=True)
class Refused:
    """A judge: all of these are refused. `why` is what the refusal rests on."""

    mistakes: tuple[Planted, ...]
    why: str

    def __call__(self, evidence: Evidence) -> Judged:
        """Contradicted where the harness gives no number."""
        found = {each.backend: refusal(evidence, each) for each in self.mistakes}
        passed = [name for name, reason in found.items() if reason is None]
        said = "; ".join(f"{name}: {reason or 'a time'}" for name, reason in found.items())
        if passed:
            return _would_pass(said)
        return Judged(said, "contradicted", f"refused: {self.why}; the honest twin gets its number")


def _would_pass(ours: str) -> Judged:
    return Judged(ours, "reproduced", "NOT refused: the mistake would pass here")


def start_up(evidence: Evidence) -> Judged:
    """Import and first call have columns of their own, and are in no time."""
    found = [_start_up_of(evidence, backend) for backend in ("numpy", "torch", "tensorflow")]
    there = [each for each in found if each is not None]
    if not there:
        raise Missing("elementwise_grad 3×4 was not measured")
    ours = "; ".join(text for text, _ in there)
    if not all(apart for _, apart in there):
        return _would_pass(ours)
    return Judged(
        ours,
        "contradicted",
        "not refused, but kept apart: inputs are drawn before, import and first call are "
        "timed by themselves",
    )


def _start_up_of(evidence: Evidence, backend: str) -> tuple[str, bool] | None:
    """000's import, first call and steady call, and whether the last is without the others."""
    try:
        cell, opened = (
            evidence.cell("elementwise_grad", backend, n=3, w=4),
            evidence.open_s(backend),
        )
    except Missing:
        return None
    if cell.first_s is None or cell.time_s is None:
        return None
    parts = [show_seconds(each) for each in (opened, cell.first_s, cell.time_s)]
    text = f"{backend}: import {parts[0]}, first call {parts[1]}, then {parts[2]} a call"
    return text, cell.time_s < opened + cell.first_s


def unused_custom(evidence: Evidence) -> Judged:
    """How often the custom function's backward runs in a step: asked for, and as in 001."""
    found = evidence.values("custom_called", "torch")
    calls, without = found.get("with"), found.get("without")
    if not is_number(calls) or not is_number(without):
        raise Missing("custom_called gives no counts here")
    ours = f"calls of the custom backward a step: {calls} (torch); as in 001: {without}"
    if not calls or without:
        return _would_pass(ours)
    return Judged(
        ours,
        "contradicted",
        "the calls are counted, so that what is called custom here has run a custom function",
    )


def mixed_devices(evidence: Evidence) -> Judged:
    """Our refusal of results elsewhere, and torch's own of operands elsewhere."""
    judged = Refused((MIXED,), "every tensor's device is read back and compared")(evidence)
    try:
        error = evidence.values("mixed_devices", "torch").get("error")
    except Missing:
        return judged
    return Judged(f"{judged.ours}; torch: {error}", judged.ruling, judged.why)


MISTAKES: tuple[Claim, ...] = (
    Claim(
        "mistake.swapped",
        "000, NumPy: what is printed as the gradient of x is that of w",
        "gradient x = 1.764…, which is x",
        Refused((SWAPPED,), "each gradient is compared with the oracle's under its own name"),
    ),
    Claim(
        "mistake.foreign",
        "000, torch: the gradients printed are those TensorFlow found",
        "TensorFlow's gradients",
        Refused(
            (FOREIGN, STORED),
            "gradients of other inputs are wrong, and stored ones of equal "
            "inputs stay the same when an input changes",
        ),
    ),
    Claim(
        "mistake.no-fence",
        "002: the clock is read again before the GPU has finished",
        "1.4512 s, 1.3085 s and 2.0779 s on the GPU",
        Refused((UNFENCED,), "a result is read after the claimed end, and was not there yet"),
    ),
    Claim(
        "mistake.start-up",
        "000 and 002: start-up, drawing of inputs and printing are inside the timing",
        "5.257465 s (TensorFlow); 1.4512 s (GPU, width 512)",
        start_up,
    ),
    Claim(
        "mistake.unused-custom",
        "001: the custom autograd function is written and never called",
        "a fourth loss curve, from 29360216",
        unused_custom,
    ),
    Claim(
        "mistake.mixed-devices",
        "002: CPU and GPU tensors are mixed",
        "an error",
        mixed_devices,
    ),
)


# NumPy that makes a notebook's mistake: a backend for each, planted for one op, and honest twins.
#
# Registered only while `mistakes.planted` runs; each is refused in a worker process of its own.

Spoil = Callable[[Tensors, Tensors], Tensors]
"""(batch, the honest outputs) -> what is handed out instead."""

GRADIENTS_OP, TRAINING_OP = "elementwise_grad", "mlp_train"
OTHER_DEVICE = "other:0"
OTHER_SEED = 17


class Gradients(TwinBackend):
    """Honest, and asked for one op only."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(GRADIENTS_OP, op) or super().supports(op, dtype, variant)


class SwappedBackend(Gradients):
    """000's NumPy cell: the gradient of x under the name of w's, and the other way round."""

    name = "swapped"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Both gradients are right, and neither is where it belongs."""
        return spoilt(self, lambda _: swap)


class ForeignBackend(Gradients):
    """000's torch cell: its own loss, but gradients that another framework found for its inputs."""

    name = "foreign"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """The other framework drew its inputs from another distribution."""
        return spoilt(self, foreign)


class StoredBackend(Gradients):
    """The same with equal inputs: its own loss; gradients that are right, but found elsewhere."""

    name = "stored"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Hands out its first gradients for ever."""
        return spoilt(self, lambda _: keep_first())


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A result that lies on another device than its operands."""

    values: Handle


class MixedBackend(Gradients):
    """002: operands on the device that was asked for, results on another."""

    name = "mixed"

    @property
    def ops(self) -> Mapping[str, Factory]:
        """Right values in the wrong place."""
        return spoilt(self, lambda _: move)

    def get(self, tensor: Handle) -> np.ndarray[Any, Any]:
        """See `Backend.get`."""
        return super().get(tensor.values if isinstance(tensor, Elsewhere) else tensor)

    def where(self, tensor: Handle) -> tuple[str, str]:
        """See `Backend.where`."""
        if isinstance(tensor, Elsewhere):
            return OTHER_DEVICE, super().where(tensor.values)[1]
        return super().where(tensor)


class LateTraining(LateBackend):
    """An honest device that works while its caller goes on, asked for one op only."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(TRAINING_OP, op) or super().supports(op, dtype, variant)


class UnfencedTraining(UnfencedBackend):
    """002's loop: nobody waits for the device before the clock is read again."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return only(TRAINING_OP, op) or super().supports(op, dtype, variant)


def only(mine: str, op: str) -> str | None:
    """Why a backend that is planted for one op runs no other."""
    return None if op == mine else f"planted for {mine}"


def spoilt(backend: TwinBackend, make: Callable[[Spec], Spoil]) -> Mapping[str, Factory]:
    """The op of `Gradients`, with a spoil of its own for each cell."""
    honest = backend.inner.ops[GRADIENTS_OP]

    def factory(outer: Backend, spec: Spec, variant: Variant) -> Step:
        step, spoil = honest(backend.inner, spec, variant), make(spec)

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            state, outputs = step.run(state, batch)
            return state, spoil(batch, outputs)

        return Step(run)

    return {GRADIENTS_OP: factory}


def swap(batch: Tensors, outputs: Tensors) -> Tensors:
    """Exchange the gradients of x and w."""
    return outputs | {"dx": outputs["dw"], "dw": outputs["dx"]}


def move(batch: Tensors, outputs: Tensors) -> Tensors:
    """Leave every result on the other device."""
    return {name: Elsewhere(each) for name, each in outputs.items()}


def foreign(spec: Spec) -> Spoil:
    """Gradients of inputs that another framework drew, uniform where ours are normal."""
    import numpy as np

    draw = np.random.default_rng(OTHER_SEED)
    shape = (spec["n"], spec["w"])
    others = {name: draw.uniform(size=shape).astype(spec.dtype) for name in ("dx", "dw")}
    return lambda _, outputs: outputs | others


def keep_first() -> Spoil:
    """A spoil that remembers the first gradients of x and w."""
    first: Tensors = {}

    def spoil(batch: Tensors, outputs: Tensors) -> Tensors:
        if not first:
            first.update({name: outputs[name].copy() for name in ("dx", "dw")})
        return outputs | first

    return spoil
