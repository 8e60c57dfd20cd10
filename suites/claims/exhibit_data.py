"""Seeded data of the exhibits: the same numbers for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

PLANE = (3.0, 1.0, -2.0)
INKED = 0.19
"""The share of a handwritten digit's pixels that are not 0."""


def plane(seed: int) -> tuple[Array, Array]:
    """Returns: x of shape (100, 3) and y = 3 x1 + x2 - 2 x3 of shape (100, 1), float32."""
    import numpy as np

    x = np.random.default_rng(seed).standard_normal((100, 3), dtype="float32")
    return x, x @ np.array(PLANE, "float32").reshape(3, 1)


def pixels(n: int, d: int, seed: int) -> tuple[Array, Array]:
    """Returns: n images of d pixels from 0 to 255, and labels 0 or 1 of shape (n, 1), float32."""
    import numpy as np

    chance = np.random.default_rng(seed)
    inked = chance.random((n, d)) < INKED
    values = chance.integers(1, 256, (n, d)) * inked
    return values.astype("float32"), chance.integers(0, 2, (n, 1)).astype("float32")


def start(d: int, h: int, seed: int) -> dict[str, Array]:
    """Weights (in, out) and biases of d -> h -> 1, uniform within one over the root of the inputs,
    as torch's layers start; float32."""
    import numpy as np

    chance = np.random.default_rng(seed)
    shapes = {"w1": (d, h), "b1": (h,), "w2": (h, 1), "b2": (1,)}
    fans = {"w1": d, "b1": d, "w2": h, "b2": h}
    return {
        name: (fans[name] ** -0.5 * chance.uniform(-1, 1, shape)).astype("float32")
        for name, shape in shapes.items()
    }
