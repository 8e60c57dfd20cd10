"""002: nets on a processor and a GPU, batches, cross-entropies, and nets that learn noise."""

from __future__ import annotations

from suites.notebooks.accuracy import FULL, MINI, SCALED, accuracy_judge
from suites.notebooks.crossover import (
    CPU_S,
    GPU_S,
    cpu_time,
    crossover,
    gpu_time,
    speedup,
)
from suites.notebooks.judges_002 import (
    batches,
    finite_loss,
    intensity,
    mixed_devices,
    naive_is_nan,
    never_compute_bound,
    overfits,
    seeded_net,
)
from suites.notebooks.recording import recording_memory, recording_time
from suites.notebooks.times import NO_GPU
from suites.notebooks.values import unmeasurable
from xbench.claims.model import Claim

NO_FIGURE = "no figure is printed to compare with"


def _rows() -> tuple[Claim, ...]:
    """What the notebook does without printing a figure."""
    none = {
        "net-30": ("A net 784→30→1 tells 0 from 1", f"{NO_FIGURE}; 784→32→1 is timed"),
        "step-net": ("1→2048→1 with a step-like activation fits a step",
                     f"{NO_FIGURE}, and its activation is not given"),
        "bump": ("Sigmoids set by hand make a bump", f"{NO_FIGURE}, and no weights"),
        "sin-exp": ("1→2048→1 fits sin and exp data in 200 steps (n 200)",
                    f"{NO_FIGURE}, and its data are not given"),
        "sin-exp-bce": ("The same with BCE in 100 steps (n 2000)",
                        f"{NO_FIGURE}, and its data are not given"),
        "split": ("An 80/20 split shows what a net has not learnt",
                  f"{NO_FIGURE}; 002.overfits-noise shows why a split is needed"),
        "batch-one": ("The net trains with batch size 1", f"{NO_FIGURE}, of time or accuracy"),
        "streamed": ("Mini-batches can be streamed to the device", f"{NO_FIGURE}, and {NO_GPU}"),
    }  # fmt: skip
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
        Claim(f"002.ratio-{w}", f"At width {w} the GPU is {ratio} times as fast as the CPU",
              f"×{ratio}", speedup(w)),
    )  # fmt: skip


CLAIMS_002: tuple[Claim, ...] = (
    *_width(512),
    *_width(20480),
    *_width(204800),
    Claim("002.crossover", "The GPU overtakes the CPU between widths 2.7k and 5.2k", "2.7k to 5.2k",
          crossover),
    Claim("002.intensity", "The step does 0.32 FLOP for each byte at every width",
          "0.32 FLOP/byte", intensity),
    Claim("002.never-compute-bound", "The step is compute-bound at no width", "never compute-bound",
          never_compute_bound),
    Claim("002.batches-time", "70 updates on mini-batches of 2048 take less time than 70 on all "
          "12665 images", "70 steps; 10 epochs of 7", batches),
    Claim("002.full-batch-accuracy", "784→32→1 tells 0 from 1 after 70 full-batch steps", "0.9981",
          accuracy_judge(FULL, 0.9981)),
    Claim("002.mini-batch-accuracy", "784→32→1 does after 10 epochs of 7 mini-batches", "0.9949",
          accuracy_judge(MINI, 0.9949)),
    Claim("002.bce-nan", "Hand-written BCE becomes NaN on pixels from 0 to 255", "nan",
          naive_is_nan),
    Claim("002.bce-scaled", "Hand-written BCE is fine on pixels divided by 255", "a finite loss",
          finite_loss("naive_1", "small inputs keep the sigmoid off 0 and 1")),
    Claim("002.bce-stable", "BCE on logits is fine on pixels from 0 to 255", "a finite loss",
          finite_loss("stable_255", "it never takes the logarithm of a rounded sigmoid")),
    Claim("002.scaled-accuracy", "784→64→1 tells 0 from 1 after 200 steps at 0.002 on pixels "
          "divided by 255", "0.9997", accuracy_judge(SCALED, 0.9997)),
    Claim("002.inference-time", "Inference without recording gradients is faster", "faster",
          recording_time("torch")),
    Claim("002.inference-memory", "Inference without recording keeps less memory", "less memory",
          recording_memory),
    Claim("002.mixed-devices", "CPU and GPU tensors do not mix", "an error", mixed_devices),
    Claim("002.net-cpu", "net(x) of seed 43052 on the CPU", "-0.8470, -0.8817, -0.9164",
          seeded_net("y", [-0.8470, -0.8817, -0.9164])),
    Claim("002.net-gpu", "net(x) of seed 43052 on the GPU", "-0.8470, -0.8817, -0.9163",
          unmeasurable(f"{NO_GPU} with that seed; its last digit is rounding")),
    Claim("002.net-mse", "The mean squared error of that net", "1.2068",
          seeded_net("mse", 1.2068)),
    Claim("002.overfits-noise", "A wide net learns noise by heart", "no figure", overfits),
    *_rows(),
)  # fmt: skip
