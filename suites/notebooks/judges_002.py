"""How 002's claims about bounds, batches, cross-entropies, seeds and noise are judged."""

from __future__ import annotations

from typing import Any

from suites.notebooks.crossover import WIDTHS, step_at
from suites.notebooks.requests import NOISE
from suites.notebooks.times import NOT_PAIRED, less, show_ratio, unpaired
from suites.notebooks.values import Judge, by_backend, is_number, near, rounded, ruled, values_of
from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing
from xbench.workloads import get_op

INTENSITY, LAST_DIGIT = 0.32, 5e-5
FULL_BATCH, MINI_BATCH = 12665, 2048


def intensity(evidence: Evidence) -> Judged:
    """FLOP over bytes of the cost model, eager operators."""
    plans = {width: step_at(evidence, width).plan for width in WIDTHS}
    found = {width: round(plan.flop / plan.eager_bytes, 2) for width, plan in plans.items()}
    return ruled(
        ", ".join(f"{each:.2f} at {width}" for width, each in found.items()),
        set(found.values()) == {INTENSITY},
        "counted, not measured: eager operators move as many bytes for each FLOP at every width",
        "counted, not measured, for eager operators",
    )


def never_compute_bound(evidence: Evidence) -> Judged:
    """The share of the measured peak at each width."""
    cells = [step_at(evidence, width) for width in WIDTHS]
    shares = [cell.compute_fraction for cell in cells if cell.compute_fraction is not None]
    if len(shares) < len(cells):
        raise Missing("the processor's peak was not measured, so no share of it is known")
    texts = [f"{share:.2g} at {width}" for width, share in zip(WIDTHS, shares, strict=True)]
    bounds = [cell.bound or "nothing measured" for cell in cells]
    return ruled(
        f"share of the measured peak: {', '.join(texts)}", "compute" not in bounds,
        f"what explains the times, by width: {', '.join(bounds)}",
        f"arithmetic explains some: {', '.join(bounds)}",
    )  # fmt: skip


def batches(evidence: Evidence) -> Judged:
    """A step on 2048 images against one on all; the notebook makes 70 of either."""
    mini, full = (
        evidence.cell("mlp_train", "torch", n=n, d=784, h=32) for n in (MINI_BATCH, FULL_BATCH)
    )
    ratio = unpaired(mini, full)
    in_parts, at_once = (
        f"{n / (cell.time_s or 1.0):.3g}" for n, cell in ((MINI_BATCH, mini), (FULL_BATCH, full))
    )
    found = f"{show_ratio(ratio)}, {NOT_PAIRED}; images a second: {in_parts} against {at_once}"
    return less(
        ratio, found, f"an update costs what its images cost, and {MINI_BATCH} are fewer",
        "calls, not images, decide the time here",
    )  # fmt: skip


def naive_is_nan(evidence: Evidence) -> Judged:
    """Hand-written cross-entropy on large pixels, in every framework."""
    found = values_of(evidence, "naive_bce", "naive_255")
    shown = evidence.shown_by("naive_bce")
    first = {name: shown[name].get("step_of_nan") for name in found}
    return ruled(
        f"{by_backend(found)}; first at step {by_backend(first)}",
        all(each == "nan" for each in found.values()),
        "large pixels drive the sigmoid to exactly 0 or 1, and 0·log 0 is not a number",
        "not every backend gives NaN",
    )


def finite_loss(key: str, why: str) -> Judge:
    """A judge: this form's loss is a number in every framework."""

    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, "naive_bce", key)
        short = {name: rounded(each, 4) for name, each in found.items()}
        return ruled(by_backend(short), all(map(is_number, found.values())), why, "not finite")

    return judge


def mixed_devices(evidence: Evidence) -> Judged:
    """An operator on tensors of two devices is refused."""
    found = values_of(evidence, "mixed_devices", "error", ("torch",))["torch"]
    why = "shown with the device `meta`, which every build has, in place of a GPU"
    return ruled(str(found), bool(found), why, f"no error was raised; {why}")


def seeded_net(key: str, wanted: Any) -> Judge:
    """A judge of prints from seed 43052. The outputs lie on a line, which is one linear layer, and
    y = 2x gives the printed error."""

    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, "seeded_net", key, ("torch",))["torch"]
        return ruled(
            by_backend({"torch": rounded(found, 4)}), near(found, wanted, LAST_DIGIT),
            "its layers are not given, but Linear(1, 1) at x = 0, 0.1, 0.2 and y = 2x fits them",
            "its layers are not given; Linear(1, 1) at x = 0, 0.1, 0.2 gives this here",
        )  # fmt: skip

    return judge


def overfits(evidence: Evidence) -> Judged:
    """The targets are noise around 0: a loss below that of 0 has learnt the noise."""
    import numpy as np

    losses = values_of(evidence, "noise", "losses", ("torch",))["torch"]
    spec = get_op(NOISE["op"]).spec(NOISE["dtype"], **NOISE["params"])
    drawn = get_op(spec.op).inputs(spec, np.random.default_rng(NOISE["seed"])).batch["y"]
    truth = float(np.square(drawn).mean())
    last: Any = losses[-1] if losses else "nan"
    return ruled(
        f"loss {rounded(last, 6)} after {len(losses)} steps; the truth y = 0 has {truth:.6f}",
        is_number(last) and last < truth,
        "on this suite's noise: a loss below that of the truth is noise learnt by heart",
        "its loss stays above that of the truth",
    )
