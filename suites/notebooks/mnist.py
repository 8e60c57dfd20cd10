"""The user's own MNIST: its training images of 0 and 1, as idx or png files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.claims.model import Missing

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

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
