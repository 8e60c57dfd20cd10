"""002: what recording for gradients costs, nets on a processor and a GPU, batches, cross-entropies,
and nets that learn noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log
from typing import Any

from xbench.analysis.interval import Estimate
from xbench.analysis.summary import CellSummary
from xbench.ops import get_op
from xbench.suites.claims.accuracy import FULL, MINI, SCALED, accuracy_judge
from xbench.suites.claims.claim import (
    Claim,
    Evidence,
    Judged,
    Missing,
)
from xbench.suites.claims.sweeps import NOISE
from xbench.suites.claims.times import (
    FACTOR,
    NO_GPU,
    NOT_PAIRED,
    Judge,
    alike,
    by_backend,
    gpu_of,
    is_number,
    less,
    near,
    rounded,
    ruled,
    show_ratio,
    show_time,
    time_of,
    undecided,
    unmeasurable,
    unpaired,
    values_of,
)
from xbench.text import show_bytes

# What recording for gradients costs a forward pass: 002's inference and 003's no_grad.

WIDTH = 20480


def recording_time(backend: str) -> Judge:
    """A judge: a forward pass takes less time without recording."""

    def judge(evidence: Evidence) -> Judged:
        plain, recorded = (
            evidence.cell(op, backend, n=100, d=1, h=WIDTH, o=1)
            for op in ("mlp_forward", "mlp_forward_recorded")
        )
        ratio = unpaired(plain, recorded)
        times = f"{show_time(time_of(plain))} against {show_time(time_of(recorded))}"
        return less(
            ratio,
            f"{show_ratio(ratio)}, {NOT_PAIRED}: {times}",
            f"nothing is kept for a backward pass of 1→{WIDTH}→1",
            f"recording 1→{WIDTH}→1 only keeps what is computed anyway",
        )

    return judge


def recording_memory(evidence: Evidence) -> Judged:
    """Bytes that a forward pass keeps for the backward pass."""
    found = evidence.values("saved_for_backward", "torch")
    kept, without = (found.get(f"{name}_bytes") for name in ("recorded", "unrecorded"))
    if not is_number(kept) or not is_number(without):
        raise Missing("saved_for_backward gives no bytes here")
    return ruled(
        f"{show_bytes(kept or 0)} kept with recording, {show_bytes(without or 0)} without",
        (without or 0) < (kept or 0),
        f"the hidden layer of 100×{WIDTH} is kept for the backward pass",
        "recording keeps nothing more",
    )


# 002's three widths: what was printed, what is found, and where a GPU overtakes the processor.

STEPS = 1000
"""The notebook times so many at once; here a step is timed, and the rest is extrapolated."""

CPU_S = {512: 0.5374, 20480: 3.8065, 204800: 65.3397}
GPU_S = {512: 1.4512, 20480: 1.3085, 204800: 2.0779}
WIDTHS = tuple(CPU_S)
CROSSOVER = (2700.0, 5200.0)


def step_at(
    evidence: Evidence, width: int, backend: str = "torch", mode: str = "eager", device: str = "cpu"
) -> CellSummary:
    """The cell of 100 × 1 → width → 1 with Adam. Raises: Missing."""
    return evidence.cell(
        "mlp_train",
        backend,
        mode=mode,
        device=device,
        n=100,
        d=1,
        h=width,
        o=1,
        optimizer="adam",
        loss="mse",
    )


def cpu_time(width: int) -> Judge:
    """A judge of the printed time on the processor."""

    def judge(evidence: Evidence) -> Judged:
        return _thousand(step_at(evidence, width), CPU_S[width])

    return judge


def gpu_time(width: int) -> Judge:
    """A judge of the printed time on a GPU."""

    def judge(evidence: Evidence) -> Judged:
        return _thousand(step_at(evidence, width, device=gpu_of(evidence)), GPU_S[width])

    return judge


def _thousand(cell: CellSummary, printed: float) -> Judged:
    ours = time_of(cell, STEPS)
    bound = f", bound by {cell.bound}" if cell.bound else ""
    return alike(
        ours,
        printed,
        f"{show_time(ours)}, extrapolated from a step",
        larger=f"this machine is slower{bound}",
        smaller="a faster machine, freed memory kept (no page faults) and warm-up left out",
    )


def speedup(width: int) -> Judge:
    """A judge of CPU time over GPU time: near the printed one, and on the same side of 1."""

    def judge(evidence: Evidence) -> Judged:
        device, printed = gpu_of(evidence), CPU_S[width] / GPU_S[width]
        ratio = unpaired(step_at(evidence, width), step_at(evidence, width, device=device))
        found = f"{show_ratio(ratio)}, {NOT_PAIRED}"
        if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
            return undecided(found, ratio)
        if (ratio.low > 1) != (printed > 1):
            faster = device if ratio.low > 1 else "the processor"
            return Judged(found, "contradicted", f"{faster} is the faster one here")
        cause = "another processor and another GPU; the print has no fence and no warm-up"
        return alike(ratio, printed, found, larger=cause, smaller=cause)

    return judge


def crossing(widths: Sequence[float], ratios: Sequence[float]) -> float | None:
    """The width from which on a ratio is above 1, on logarithmic axes between two points."""
    points = [(log(width), log(ratio)) for width, ratio in zip(widths, ratios, strict=True)]
    for (x, y), (next_x, next_y) in pairwise(points):
        if y < 0 <= next_y:
            return exp(x - y * (next_x - x) / (next_y - y))
    return None


def crossover(evidence: Evidence) -> Judged:
    """From measured widths on both; without a GPU ours against the published GPU is only told."""
    if not evidence.gpus:
        return _against_published(evidence)
    cpu = [step_at(evidence, width) for width in WIDTHS]
    gpu = [step_at(evidence, width, device=gpu_of(evidence)) for width in WIDTHS]
    ratios = [unpaired(one, other) for one, other in zip(cpu, gpu, strict=True)]
    found = crossing(WIDTHS, [ratio.value for ratio in ratios])
    late, early = (_crossing_of(ratios, end) for end in ("low", "high"))
    if found is None or late is None or early is None:
        text = "no crossover for sure between 512 and 204800"
        if all(ratio.low is not None and ratio.low > 1 for ratio in ratios):
            return Judged(text, "contradicted", "the GPU is faster at every width")
        if all(ratio.high is not None and ratio.high < 1 for ratio in ratios):
            return Judged(text, "contradicted", "the processor is faster at every width")
        return undecided(text, ratios[0])
    low, high = CROSSOVER[0] / FACTOR, CROSSOVER[1] * FACTOR
    text = f"{_wide(found)} ({_wide(early)} to {_wide(late)}), {NOT_PAIRED}"
    if early < low <= late or early <= high < late:
        return undecided(text, ratios[0])
    return ruled(
        text,
        low <= early and late <= high,
        f"within a factor {FACTOR:g}, which another machine may make; between measured widths it "
        "is a straight line on logarithmic axes",
        "another processor and another GPU",
    )


def _crossing_of(ratios: Sequence[Estimate], end: str) -> float | None:
    ends = [getattr(ratio, end) for ratio in ratios]
    return None if None in ends else crossing(WIDTHS, ends)


def _against_published(evidence: Evidence) -> Judged:
    try:
        cpu = [time_of(step_at(evidence, width), STEPS).value for width in WIDTHS]
    except Missing:
        raise Missing(NO_GPU) from None
    found = crossing(WIDTHS, [ours / GPU_S[width] for ours, width in zip(cpu, WIDTHS, strict=True)])
    if found is None:
        raise Missing(NO_GPU)
    ours = f"{_wide(found)} for our CPU against the published GPU"
    return Judged(ours, "not measurable here", f"{NO_GPU}, and two different machines tell nothing")


def _wide(width: float) -> str:
    return f"{width:.2g}" if width < 1000 else f"{width / 1000:.2g}k"


# How 002's claims about bounds, batches, cross-entropies, seeds and noise are judged.

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
        f"share of the measured peak: {', '.join(texts)}",
        "compute" not in bounds,
        f"what explains the times, by width: {', '.join(bounds)}",
        f"arithmetic explains some: {', '.join(bounds)}",
    )


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
        ratio,
        found,
        f"an update costs what its images cost, and {MINI_BATCH} are fewer",
        "calls, not images, decide the time here",
    )


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
            by_backend({"torch": rounded(found, 4)}),
            near(found, wanted, LAST_DIGIT),
            "its layers are not given, but Linear(1, 1) at x = 0, 0.1, 0.2 and y = 2x fits them",
            "its layers are not given; Linear(1, 1) at x = 0, 0.1, 0.2 gives this here",
        )

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


NO_FIGURE = "no figure is printed to compare with"


def _rows() -> tuple[Claim, ...]:
    """What the notebook does without printing a figure."""
    none = {
        "net-30": ("A net 784→30→1 tells 0 from 1", f"{NO_FIGURE}; 784→32→1 is timed"),
        "step-net": (
            "1→2048→1 with a step-like activation fits a step",
            f"{NO_FIGURE}, and its activation is not given",
        ),
        "bump": ("Sigmoids set by hand make a bump", f"{NO_FIGURE}, and no weights"),
        "sin-exp": (
            "1→2048→1 fits sin and exp data in 200 steps (n 200)",
            f"{NO_FIGURE}, and its data are not given",
        ),
        "sin-exp-bce": (
            "The same with BCE in 100 steps (n 2000)",
            f"{NO_FIGURE}, and its data are not given",
        ),
        "split": (
            "An 80/20 split shows what a net has not learnt",
            f"{NO_FIGURE}; 002.overfits-noise shows why a split is needed",
        ),
        "batch-one": ("The net trains with batch size 1", f"{NO_FIGURE}, of time or accuracy"),
        "streamed": ("Mini-batches can be streamed to the device", f"{NO_FIGURE}, and {NO_GPU}"),
    }
    return tuple(
        Claim(f"002.{name}", says, "no figure", unmeasurable(why))
        for name, (says, why) in none.items()
    )


def _width(w: int) -> tuple[Claim, ...]:
    """The three figures of a width."""
    net = f"1000 Adam steps of 1→{w}→1 on 100 samples"
    ratio = f"{CPU_S[w] / GPU_S[w]:.3g}"
    return (
        Claim(f"002.cpu-{w}", f"{net} take a CPU {CPU_S[w]} s", f"{CPU_S[w]} s", cpu_time(w)),
        Claim(f"002.gpu-{w}", f"{net} take a GPU {GPU_S[w]} s", f"{GPU_S[w]} s", gpu_time(w)),
        Claim(
            f"002.ratio-{w}",
            f"At width {w} the GPU is {ratio} times as fast as the CPU",
            f"×{ratio}",
            speedup(w),
        ),
    )


CLAIMS_002: tuple[Claim, ...] = (
    *_width(512),
    *_width(20480),
    *_width(204800),
    Claim(
        "002.crossover",
        "The GPU overtakes the CPU between widths 2.7k and 5.2k",
        "2.7k to 5.2k",
        crossover,
    ),
    Claim(
        "002.intensity",
        "The step does 0.32 FLOP for each byte at every width",
        "0.32 FLOP/byte",
        intensity,
    ),
    Claim(
        "002.never-compute-bound",
        "The step is compute-bound at no width",
        "never compute-bound",
        never_compute_bound,
    ),
    Claim(
        "002.batches-time",
        "70 updates on mini-batches of 2048 take less time than 70 on all 12665 images",
        "70 steps; 10 epochs of 7",
        batches,
    ),
    Claim(
        "002.full-batch-accuracy",
        "784→32→1 tells 0 from 1 after 70 full-batch steps",
        "0.9981",
        accuracy_judge(FULL, 0.9981),
    ),
    Claim(
        "002.mini-batch-accuracy",
        "784→32→1 does after 10 epochs of 7 mini-batches",
        "0.9949",
        accuracy_judge(MINI, 0.9949),
    ),
    Claim(
        "002.bce-nan", "Hand-written BCE becomes NaN on pixels from 0 to 255", "nan", naive_is_nan
    ),
    Claim(
        "002.bce-scaled",
        "Hand-written BCE is fine on pixels divided by 255",
        "a finite loss",
        finite_loss("naive_1", "small inputs keep the sigmoid off 0 and 1"),
    ),
    Claim(
        "002.bce-stable",
        "BCE on logits is fine on pixels from 0 to 255",
        "a finite loss",
        finite_loss("stable_255", "it never takes the logarithm of a rounded sigmoid"),
    ),
    Claim(
        "002.scaled-accuracy",
        "784→64→1 tells 0 from 1 after 200 steps at 0.002 on pixels divided by 255",
        "0.9997",
        accuracy_judge(SCALED, 0.9997),
    ),
    Claim(
        "002.inference-time",
        "Inference without recording gradients is faster",
        "faster",
        recording_time("torch"),
    ),
    Claim(
        "002.inference-memory",
        "Inference without recording keeps less memory",
        "less memory",
        recording_memory,
    ),
    Claim("002.mixed-devices", "CPU and GPU tensors do not mix", "an error", mixed_devices),
    Claim(
        "002.net-cpu",
        "net(x) of seed 43052 on the CPU",
        "-0.8470, -0.8817, -0.9164",
        seeded_net("y", [-0.8470, -0.8817, -0.9164]),
    ),
    Claim(
        "002.net-gpu",
        "net(x) of seed 43052 on the GPU",
        "-0.8470, -0.8817, -0.9163",
        unmeasurable(f"{NO_GPU} with that seed; its last digit is rounding"),
    ),
    Claim("002.net-mse", "The mean squared error of that net", "1.2068", seeded_net("mse", 1.2068)),
    Claim("002.overfits-noise", "A wide net learns noise by heart", "no figure", overfits),
    *_rows(),
)
