"""000: y = xw + z on 3 x 4 with its gradients in three frameworks, and z = 2x² + 3."""

from __future__ import annotations

from xbench.analysis.summary import CellSummary
from xbench.suites.claims.claim import Claim, Evidence, Judged
from xbench.suites.claims.sweeps import W, X
from xbench.suites.claims.times import (
    FACTOR,
    Judge,
    alike,
    by_backend,
    factor_text,
    near,
    rounded,
    ruled,
    show_ratio,
    show_time,
    shows,
    time_of,
    unmeasurable,
    values_of,
)
from xbench.text import show_seconds

PRINTED_S = {"numpy": 0.001710, "tensorflow": 5.257465, "torch": 0.055343}
DIGITS = 1e-6
"""Of X and W, as the requests spell them."""


def _cell(evidence: Evidence, backend: str) -> CellSummary:
    return evidence.cell("elementwise_grad", backend, n=3, w=4)


def _cold(backend: str) -> Judge:
    """Between a first call and one with the import before it: the print does not say which."""

    def judge(evidence: Evidence) -> Judged:
        first, opened = _cell(evidence, backend).first_s or 0.0, evidence.open_s(backend)
        printed = PRINTED_S[backend]
        ours = f"import {show_seconds(opened)} + first call {show_seconds(first)}"
        return ruled(
            f"{ours} (once each: no interval)",
            first / FACTOR <= printed <= FACTOR * (opened + first),
            f"the printed time is start-up: within a factor {FACTOR:g} of first call to import + "
            "first call",
            f"outside a factor {FACTOR:g} of start-up here; another release on another machine",
        )

    return judge


def _steady(backend: str) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        cell = _cell(evidence, backend)
        ours = time_of(cell)
        opened, first = show_seconds(evidence.open_s(backend)), show_seconds(cell.first_s or 0.0)
        return alike(
            ours,
            PRINTED_S[backend],
            f"{show_time(ours)} a call",
            larger="another machine",
            smaller=f"the print is start-up (here import {opened}, first call {first}), not the "
            "computation",
        )

    return judge


def _against_numpy(backend: str) -> Judge:
    def judge(evidence: Evidence) -> Judged:
        ratio = evidence.ratio(_cell(evidence, backend), _cell(evidence, "numpy")).ratio
        return alike(
            ratio,
            PRINTED_S[backend] / PRINTED_S["numpy"],
            f"{show_ratio(ratio)} a steady call",
            larger="NumPy pays little for each operator on 12 numbers",
            smaller="one cold run each was timed, and start-up is not speed",
        )

    return judge


def _gradients(evidence: Evidence) -> Judged:
    found = {key: values_of(evidence, "elementwise_sum", key) for key in ("dx", "dw", "dz")}
    ones = [[1.0] * len(row) for row in X]
    wanted = {"dx": W, "dw": X, "dz": ones}
    wrong = [
        f"{backend} {key}"
        for key, by_name in found.items()
        for backend, value in by_name.items()
        if not near(value, wanted[key], DIGITS)
    ]
    heads = {
        backend: [rounded(each[backend], 3)[0][0] for each in found.values()]
        for backend in found["dx"]
        if all(isinstance(each.get(backend), list) for each in found.values())
    }
    return ruled(
        f"first entries of dx, dw, dz: {by_backend(heads)}",
        not wrong,
        "dx is w, dw is x and dz is 1, in every framework",
        f"wrong: {', '.join(wrong)}",
    )


def _times(backend: str, name: str) -> tuple[Claim, ...]:
    printed = f"{PRINTED_S[backend]:.6f} s"
    what = "sum(x·w + z) with its gradients on 3×4"
    return (
        Claim(
            f"000.{backend}-cold",
            f"The first {what} takes {name} {printed}",
            printed,
            _cold(backend),
        ),
        Claim(
            f"000.{backend}-steady",
            f"Computing {what} takes {name} {printed}",
            printed,
            _steady(backend),
        ),
    )


def _ratio(backend: str, name: str) -> Claim:
    printed = factor_text(PRINTED_S[backend] / PRINTED_S["numpy"])
    return Claim(
        f"000.{backend}-against-numpy",
        f"{name} takes {printed[1:]} times as long as NumPy",
        f"{printed} (of the printed times)",
        _against_numpy(backend),
    )


CLAIMS_000: tuple[Claim, ...] = (
    *_times("numpy", "NumPy"),
    *_times("tensorflow", "TensorFlow"),
    *_times("torch", "PyTorch"),
    _ratio("tensorflow", "TensorFlow"),
    _ratio("torch", "PyTorch"),
    Claim(
        "000.gradients",
        "The gradients of sum(x·w + z) are w, x and ones",
        "dx = w = 0.761…",
        _gradients,
    ),
    Claim(
        "000.quadratic",
        "z = 2x² + 3 at x = [2, 3] is [11, 21]",
        "[11, 21]",
        shows("quadratic", "z", [11, 21], "2·4 + 3 and 2·9 + 3"),
    ),
    Claim(
        "000.quadratic-loss",
        "Its loss Σ|z − t| against t = [3, 4] is 25",
        "25",
        shows("quadratic", "loss", 25, "8 + 17"),
    ),
    Claim(
        "000.quadratic-gradient",
        "The gradient of that loss is [8, 12]",
        "[8, 12]",
        shows("quadratic", "gradient", [8, 12], "4x, since z lies above t"),
    ),
    Claim(
        "000.line",
        "Descent finds the line y = 2x + 3",
        "no figure",
        unmeasurable(
            "no figure is printed to compare with; 003.plane and 004.regression are like it"
        ),
    ),
)
