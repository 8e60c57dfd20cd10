"""Accuracies of 784 -> H -> 1 on the zeros and ones of the user's own MNIST: its files read, nets
trained anew in NumPy from several seeds, and the printed accuracy judged by theirs.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from xbench.analysis.interval import t_quantile
from xbench.ops.base import ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON
from xbench.suites.claims.claim import Evidence, Judged, Missing
from xbench.suites.claims.times import Judge, ruled

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# The user's own MNIST: its training images of 0 and 1, as idx or png files.

DIGITS, SIDE = (0, 1), 28
IDX_DIMENSIONS = {"images": 3, "labels": 1}


def zeros_and_ones(folder: Path) -> tuple[Array, Array]:
    """Pixels from 0 to 255 of shape (n, 784), and labels 0 or 1 of shape (n, 1), float32.

    Raises: Missing if the folder holds neither form of the training set, or damaged files."""
    images = _idx_file(folder, "images")
    try:
        return _from_idx(folder, images) if images else _from_png(folder)
    except (OSError, ValueError, SyntaxError) as error:
        raise Missing(f"{folder} cannot be read as MNIST: {error}") from None


def _idx_file(folder: Path, kind: str) -> Path | None:
    """`train-images-idx3-ubyte` or `train-images.idx3-ubyte`, perhaps with `.gz`."""
    pattern = f"train-{kind}?idx{IDX_DIMENSIONS[kind]}-ubyte*"
    return next((path for path in sorted(folder.rglob(pattern)) if path.is_file()), None)


def _from_idx(folder: Path, images: Path) -> tuple[Array, Array]:
    labels = _idx_file(folder, "labels")
    if labels is None:
        raise Missing(f"{folder} holds images, but no train-labels-idx1-ubyte")
    pixels, digits = _read_idx(images), _read_idx(labels)
    chosen = (digits == DIGITS[0]) | (digits == DIGITS[1])
    return _shaped(pixels[chosen], digits[chosen])


def _read_idx(path: Path) -> Array:
    """Two zero bytes, 8 for unsigned bytes, the number of sizes; sizes of 4 bytes; the data."""
    import numpy as np

    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} is no idx file of bytes")
    sizes = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def _from_png(folder: Path) -> tuple[Array, Array]:
    """`training/0/*.png`, or `train/0` or `0` alone."""
    import numpy as np

    top = next((each for each in ("training", "train", ".") if (folder / each / "0").is_dir()), "")
    files = [(path, digit) for digit in DIGITS for path in _pngs(folder / top / str(digit))]
    if not top or len({digit for _, digit in files}) < len(DIGITS):
        raise Missing(f"{folder} holds neither train-images-idx3-ubyte nor training/0/*.png")
    return _shaped(
        np.stack([_read_png(path) for path, _ in files]), np.array([digit for _, digit in files])
    )


def _read_png(path: Path) -> Array:
    """Pixels from 0 to 255; of a coloured image its first channel."""
    import numpy as np
    from matplotlib.image import imread

    image = np.asarray(imread(path), np.float32) * np.float32(255)
    return image if image.ndim == 2 else image[..., 0]


def _pngs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def _shaped(pixels: Array, digits: Array) -> tuple[Array, Array]:
    if pixels.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"images of {pixels.shape[1:]}, not {SIDE}×{SIDE}")
    flat = pixels.reshape(len(pixels), SIDE * SIDE).astype("float32")
    return flat, (digits.reshape(-1, 1) == DIGITS[1]).astype("float32")


SEEDS = 5
CENTRAL = 0.99
FALSE_PRECISION = 5e-5
"""Half of the last printed digit."""


@dataclass(frozen=True, slots=True)
class Training:
    """`epochs` over batches of `batch` images (0: all of them, in order), with Adam at `rate`."""

    hidden: int
    epochs: int
    batch: int = 0
    rate: float = 1e-3


FULL, MINI = Training(32, 70), Training(32, 10, 2048)
SCALED = Training(64, 200, rate=0.002)


def accuracy_judge(training: Training, printed: float) -> Judge:
    """Judges a printed accuracy by the 99 % range that replays from other seeds allow."""

    def judge(evidence: Evidence) -> Judged:
        if evidence.mnist is None:
            raise Missing("MNIST is not shipped: give its folder with --mnist")
        found = accuracies(evidence.mnist, training)
        low, high = likely(found)
        ours = f"{fmean(found):.4f} ({SEEDS} seeds; 99 % range {low:.4f} to {high:.4f})"
        return ruled(
            ours,
            low - FALSE_PRECISION <= printed <= high + FALSE_PRECISION,
            "inside the range of replays in NumPy on the user's MNIST, after the last update",
            "outside the range of replays in NumPy on the user's MNIST, after the last update",
        )

    return judge


def likely(found: list[float]) -> tuple[float, float]:
    """The range that holds one more replay with probability 99 %, by t; none is above 1."""
    count = len(found)
    half = t_quantile(0.5 + 0.5 * CENTRAL, count - 1) * stdev(found) * (1 + 1 / count) ** 0.5
    return fmean(found) - half, min(1.0, fmean(found) + half)


@cache
def accuracies(folder: Path, training: Training) -> list[float]:
    """The share of training images that are told apart, for each seed. Raises: Missing."""
    pixels, labels = zeros_and_ones(folder)
    return [_trained(pixels / 255, labels, training, seed) for seed in range(SEEDS)]


def _trained(x: Array, t: Array, training: Training, seed: int) -> float:
    import numpy as np

    chance = np.random.default_rng(seed)
    net = _start(x.shape[1], training.hidden, chance)
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in net]
    step = 0
    for _ in range(training.epochs):
        for rows in _batches(len(x), training.batch, chance):
            step += 1
            gradients = _gradients(x[rows], t[rows], net)
            for weight, gradient, (m, v) in zip(net, gradients, moments, strict=True):
                _adam(weight, gradient, m, v, step, training.rate)
    return float(((_logits(x, net)[1] > 0) == (t > 0.5)).mean())


def _start(inputs: int, hidden: int, chance: np.random.Generator) -> list[Array]:
    """As `torch.nn.Linear` starts: uniform within one over the root of the inputs."""
    shapes = ((inputs, hidden), (hidden,), (hidden, 1), (1,))
    fans = (inputs, inputs, hidden, hidden)
    return [
        (fan**-0.5 * chance.uniform(-1, 1, shape)).astype("float32")
        for shape, fan in zip(shapes, fans, strict=True)
    ]


def _adam(weight: Array, gradient: Array, m: Array, v: Array, step: int, rate: float) -> None:
    """One step, in place; the form is that of `xbench.ops.base`."""
    import numpy as np

    m += (1 - ADAM_BETA1) * (gradient - m)
    v += (1 - ADAM_BETA2) * (gradient * gradient - v)
    root = np.sqrt(v / (1 - ADAM_BETA2**step)) + ADAM_EPSILON
    weight -= rate * (m / (1 - ADAM_BETA1**step)) / root


def _batches(count: int, size: int, chance: np.random.Generator) -> Iterator[Array | slice]:
    if not size:
        yield slice(None)
        return
    order = chance.permutation(count)
    for start in range(0, count, size):
        yield order[start : start + size]


def _logits(x: Array, net: list[Array]) -> tuple[Array, Array]:
    import numpy as np

    h = np.maximum(x @ net[0] + net[1], 0)
    return h, h @ net[2] + net[3]


def _gradients(x: Array, t: Array, net: list[Array]) -> list[Array]:
    """Of the mean binary cross-entropy of logits."""
    import numpy as np

    h, z = _logits(x, net)
    slope = (0.5 * (1 + np.tanh(0.5 * z)) - t) / np.float32(len(x))
    dh = (slope @ net[2].T) * (h > 0)
    return [x.T @ dh, dh.sum(0), h.T @ slope, slope.sum(0)]
