"""003: a linear layer by hand and as a module, no_grad, static and dynamic graphs, a regression."""

from __future__ import annotations

from xbench.analysis.summary import CellSummary
from xbench.contracts import Mode
from xbench.suites.claims.claim import Claim, Evidence, Judged, Missing
from xbench.suites.claims.notebook_002 import WIDTHS, recording_memory, recording_time, step_at
from xbench.suites.claims.sweeps import DERIVING, EVERYONE
from xbench.suites.claims.times import (
    NOT_PAIRED,
    Judge,
    by_backend,
    equal_times,
    less,
    near,
    rounded,
    ruled,
    show_ratio,
    unpaired,
    values_of,
)

PLANE, NEAR_PLANE = [3, 1, -2], 1e-3
STATIC: tuple[tuple[str, Mode], ...] = (
    ("tensorflow", "graph"),
    ("tensorflow", "compiled"),
    ("torch", "compiled"),
)


def _linear(evidence: Evidence, op: str, backend: str) -> CellSummary:
    return evidence.cell(op, backend, m=16, k=10, n=5)


def _same_values(evidence: Evidence) -> Judged:
    """A cell has a time only if its result was right; `invalid` is another result."""
    found, reasons = {}, []
    for backend in EVERYONE:
        try:
            _linear(evidence, "linear", backend)
            _linear(evidence, "linear_layer", backend)
            found[backend] = True
        except Missing as missing:
            reasons.append(str(missing))
            if f"{backend}: invalid:" in str(missing):
                found[backend] = False
    if not found:
        raise Missing("; ".join(reasons))
    return ruled(
        f"equal: {by_backend(found)}",
        all(found.values()),
        "both lie within rounding of the float64 oracle",
        "; ".join(reasons),
    )


def _same_time(backend: str) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        layer = _linear(evidence, "linear_layer", backend)
        ratio = unpaired(layer, _linear(evidence, "linear", backend))
        return equal_times(
            ratio,
            f"{show_ratio(ratio)}, {NOT_PAIRED}",
            "a module adds nothing that counts",
            "16×10→5 is so little work that the calls around it decide",
        )

    return judge


def _parameters(evidence: Evidence) -> Judged:
    registered = values_of(evidence, "module_parameters", "registered")
    plain = values_of(evidence, "module_parameters", "plain")
    return ruled(
        f"as a layer: {by_backend(registered)}; as plain tensors: {by_backend(plain)}",
        all(map(bool, registered.values())) and not any(map(bool, plain.values())),
        "an optimiser sees only what a module has registered",
        "plain tensors are registered, or a layer's are not",
    )


def _static(backend: str, mode: Mode, width: int) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        eager = step_at(evidence, width, backend)
        ratio = evidence.ratio(step_at(evidence, width, backend, mode), eager).ratio
        return less(
            ratio,
            f"{show_ratio(ratio)} of an eager step",
            "the whole step is known before it runs: fewer calls, fused operators",
            "what a graph saves is less than what this step costs at this width",
        )

    return judge


def _train_eval(evidence: Evidence) -> Judged:
    train = values_of(evidence, "train_eval", "train_changes")
    final = values_of(evidence, "train_eval", "eval_changes")
    return ruled(
        f"training changes the result: {by_backend(train)}; evaluating: {by_backend(final)}",
        all(train.values()) and not any(final.values()),
        "dropout is random in training and left out in evaluation",
        "dropout acts in the wrong mode",
    )


def _plane(evidence: Evidence) -> Judged:
    weights, offsets = (values_of(evidence, "plane", key) for key in ("w", "b"))
    right = all(near(each, PLANE, NEAR_PLANE) for each in weights.values())
    level = all(near(each, 0, NEAR_PLANE) for each in offsets.values())
    shown = {name: rounded(each, 3) for name, each in weights.items()}
    return ruled(
        by_backend(shown),
        right and level,
        "500 steps of descent on 100 seeded points",
        f"not within {NEAR_PLANE:g} after 500 steps on 100 seeded points",
    )


def _graphs() -> tuple[Claim, ...]:
    return tuple(
        Claim(
            f"003.{backend}-{mode}-{width}",
            f"A static graph is faster than eager: {backend} {mode} at width {width}",
            "static graphs are faster",
            _static(backend, mode, width),
        )
        for backend, mode in STATIC
        for width in WIDTHS
    )


CLAIMS_003: tuple[Claim, ...] = (
    Claim(
        "003.linear-values",
        "A linear layer written by hand gives what the framework's does",
        "equal",
        _same_values,
    ),
    *(
        Claim(
            f"003.linear-time-{backend}",
            f"A linear layer by hand takes as long as the framework's: {backend}",
            "equal",
            _same_time(backend),
        )
        for backend in DERIVING
    ),
    Claim(
        "003.parameters",
        "Parameters register only as such in a module",
        "only as such",
        _parameters,
    ),
    Claim("003.no-grad-faster", "no_grad is faster", "faster", recording_time("torch")),
    Claim("003.no-grad-leaner", "no_grad needs less memory", "leaner", recording_memory),
    Claim(
        "003.tape-less-faster",
        "A forward pass outside a TensorFlow tape is faster",
        "faster",
        recording_time("tensorflow"),
    ),
    *_graphs(),
    Claim(
        "003.train-eval", "train() and eval() switch dropout on and off", "on and off", _train_eval
    ),
    Claim("003.plane", "Descent finds 3x₁ + x₂ − 2x₃", "[3, 1, -2]", _plane),
)
