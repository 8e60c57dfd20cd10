"""004: tensors, views, derivatives, what is recorded, and a regression to the last bit."""

from __future__ import annotations

from typing import Any

from xbench.suites.claims.claim import Claim, Evidence, Judged, Missing
from xbench.suites.claims.times import (
    NO_GPU,
    Judge,
    by_backend,
    near,
    ruled,
    show_value,
    shows,
    values_of,
)

REGRESSION = 1.9999443292617798
ROUNDING = 1e-6
"""Of a derivative in float32."""


def _shared(key: str) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, "views", key)
        fixed = evidence.shown_by("views").get("tensorflow", {}).get("immutable")
        note = "; TensorFlow's tensors cannot be written to" if fixed else ""
        return ruled(
            by_backend(found),
            all(each is True for each in found.values()),
            f"a write through the result shows in the source{note}",
            f"a write through the result does not show in the source{note}",
        )

    return judge


def _twice(evidence: Evidence) -> Judged:
    once, twice = (
        values_of(evidence, "accumulation", key, ("torch",))["torch"] for key in ("once", "twice")
    )
    tape = evidence.shown_by("accumulation").get("tensorflow", {}).get("twice")
    note = "" if tape is None else f"; TensorFlow's tapes start anew ({show_value(tape)} twice)"
    ours = f"{show_value(once)}, then {show_value(twice)} (torch)"
    return ruled(
        ours,
        near([once, twice], [4, 8], ROUNDING),
        f"backward adds to what is there{note}",
        f"they are not added{note}",
    )


def _untracked(key: str, other: str, why: str) -> Judge:
    """`key` is PyTorch's way, `other` TensorFlow's."""

    def judge(evidence: Evidence) -> Judged:
        shown = evidence.shown_by("recording_off")
        ways = {"torch": key, "tensorflow": other}
        found = {
            backend: [shown[backend].get("tracked"), shown[backend].get(way)]
            for backend, way in ways.items()
            if backend in shown
        }
        if not found:
            raise Missing("recording_off was not run where gradients are recorded")
        return ruled(
            f"tracked before and after: {by_backend(found)}",
            all(each == [True, False] for each in found.values()),
            why,
            "tracking goes on",
        )

    return judge


def _regression(backend: str, why: str) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, "regression", "w")
        if backend not in found:
            values_of(evidence, "regression", "w", (backend,))
        ours: Any = found.get(backend)
        others = {name: each for name, each in found.items() if name != backend}
        note = f"; {by_backend(others)}" if others else ""
        return ruled(
            f"{ours} ({backend})",
            near(ours, REGRESSION, 0.0),
            f"{why}{note}",
            f"another order of operations rounds otherwise in float32{note}",
        )

    return judge


def _devices(evidence: Evidence) -> Judged:
    if not evidence.gpus:
        raise Missing(f"{NO_GPU}: everything here ran on the CPU")
    backends = {cell.plan.key.backend for cell in evidence.cells if cell.plan.key.device != "cpu"}
    return Judged(
        f"cpu, {', '.join(evidence.gpus)} ({', '.join(sorted(backends))})",
        "reproduced",
        "the same operators ran, and were checked, on each",
    )


DERIVATIVES = (
    ("quadratic", "The derivative of x² + 3x + 5 at 2 is 7", "7", 7, "2x + 3"),
    (
        "several",
        "The derivatives of 2x² + 3x at 1, 2, 3 are 7, 11, 15",
        "7, 11, 15",
        [7, 11, 15],
        "4x + 3",
    ),
    ("chain", "The chain rule gives 6 for 3(x²) at 1", "6", 6, "3 times 2x"),
)
CLAIMS_004: tuple[Claim, ...] = (
    Claim(
        "004.add",
        "[[1, 2], [3, 4]] + [[5, 6], [7, 8]]",
        "[[6, 8], [10, 12]]",
        shows("identities", "add", [[6, 8], [10, 12]], "entry by entry"),
    ),
    Claim(
        "004.multiply",
        "The same times each other, by entries",
        "[[5, 12], [21, 32]]",
        shows("identities", "multiply", [[5, 12], [21, 32]], "entry by entry"),
    ),
    Claim(
        "004.matmul",
        "The same as a matrix product",
        "[[19, 22], [43, 50]]",
        shows("identities", "matmul", [[19, 22], [43, 50]], "rows times columns"),
    ),
    *(
        Claim(f"004.{key}-shares", f"{key} shares memory with its source", "shared", _shared(key))
        for key in ("reshape", "view", "squeeze")
    ),
    *(
        Claim(
            f"004.derivative-{key}",
            says,
            printed,
            shows("derivatives", key, wanted, why, within=ROUNDING),
        )
        for key, says, printed, wanted, why in DERIVATIVES
    ),
    Claim(
        "004.jacobian",
        "The Jacobian of x² at [1, 2] has 2 and 4 on its diagonal",
        "2, 4",
        shows("jacobian", "jacobian", [[2, 0], [0, 4]], "2x where i = j, else 0", within=ROUNDING),
    ),
    Claim("004.accumulation", "Gradients accumulate over two backward passes", "4, then 8", _twice),
    Claim(
        "004.zeroing",
        "After zeroing the gradient is 4 again",
        "4",
        shows(
            "accumulation",
            "after_zeroing",
            4,
            "zeroing drops what was added",
            within=ROUNDING,
            backends=("torch",),
        ),
    ),
    Claim(
        "004.detach",
        "detach stops tracking",
        "no gradient",
        _untracked(
            "detached",
            "stopped",
            "a detached tensor has no history; TensorFlow's stop_gradient is alike",
        ),
    ),
    Claim(
        "004.no-grad",
        "no_grad stops tracking",
        "no gradient",
        _untracked("no_grad", "outside", "nothing is recorded; in TensorFlow, outside a tape"),
    ),
    Claim(
        "004.regression",
        "100 steps of descent at 0.01 on y = wx take w to this value",
        str(REGRESSION),
        _regression("torch", "to the last bit of float32"),
    ),
    Claim(
        "004.regression-numpy",
        "NumPy by hand gives the same bit for bit",
        str(REGRESSION),
        _regression("numpy", "to the last bit of float32"),
    ),
    Claim(
        "004.devices",
        "The same code runs on CUDA, Apple mps or the CPU",
        "CUDA, mps or CPU",
        _devices,
    ),
)
