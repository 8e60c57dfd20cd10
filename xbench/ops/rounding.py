"""Number formats, and how far an honest result may lie from the exact one in each.

float16 and bfloat16 are stored in 16 bits and added up in float32: so do NumPy, torch and
TensorFlow, on the CPU and, with reduced-precision sums switched off, on devices. A product's error
is then that of a float32 sum plus the rounding of each stored result to the dtype. The bound
(8 + log2 K) u |A||B| with their own u would be 0.3 times the typical entry itself for float16 at
K = 1000, and 2 times for bfloat16: all zeros would pass. Measured over 64 x 1000 x 8192, 2048
cubed and 64 x 20480 x 10, eager, graph and compiled: at most 1.0 u |y| for one stored result.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING, Any

from xbench.contracts import Spec

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ITEM_BYTES = {"float32": 4, "float64": 8, "float16": 2, "bfloat16": 2}
UNIT_ROUNDOFF = {
    "float32": 2.0**-24,
    "float64": 2.0**-53,
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
}
HALVES = ("float16", "bfloat16")
"""Dtypes of 16 bits, whose products are summed in float32."""

STORED = 3.0
"""Units of roundoff for a stored result and the sums before it: a product and its bias may each be
rounded (2 u), the rest is room."""

TINY = {"float16": 2.0**-24, "bfloat16": 0.0}
"""float16's smallest step: what two roundings near 0 may add. bfloat16's is never reached."""

TF32_FACTORS = 4.0 * 2.0**-11
"""Of |A||B|: two factors cut to 11 bits, each by less than 2 u where a device cuts off."""

BY_CHANCE = 2.0
"""Roots of the sum of squared bounds by which many roundings of random sign may add up: 7.3
standard deviations of what two roundings to 16 bits do to a result (each bound allows `STORED` u,
they are off by 0.8 u in the root mean square), more of TF32's. Their plain sum grows with the root
of the number of terms: for H = 20480 in bfloat16 it is twice the network's y itself."""


def host_dtype(dtype: str) -> str:
    """The NumPy dtype that holds the values: float32 for bfloat16, which NumPy lacks."""
    return "float32" if dtype == "bfloat16" else dtype


def rounded(values: Array, dtype: str) -> Array:
    """float32 values to the nearest of the dtype, ties to even, as an array of `host_dtype`."""
    import numpy as np

    if dtype != "bfloat16":
        return values.astype(dtype)
    bits = np.ascontiguousarray(values, dtype="float32").view("uint32")
    upper = bits >> 16
    up = bits + (0x7FFF + (upper & 1))  # carries into the upper half past a tie, or at an odd one
    kept = np.where(np.isfinite(values), up, bits) & np.uint32(0xFFFF0000)
    found: Array = np.where(np.isnan(values), np.float32(np.nan), kept.view("float32"))
    return found.reshape(values.shape)


def gamma(terms: int, dtype: str) -> float:
    """Relative error allowed to a sum of `terms` products: (8 + log2 terms) * unit roundoff.

    Measured: correct float32 products stay within 2.4 u of |A||B| for 64 to 20480 terms, while
    `allclose(rtol=1e-5, atol=1e-8)` refuses them."""
    return (8.0 + log2(max(terms, 1))) * UNIT_ROUNDOFF[dtype]


def factors(spec: Spec) -> float:
    """The share by which a term of a product may be off since its factors were cut; 0 in IEEE."""
    return TF32_FACTORS if spec.math == "tf32" else 0.0


def sum_gamma(terms: int, spec: Spec) -> float:
    """The share of |A||B| by which adding up a product of `terms` terms may be off."""
    return gamma(terms, "float32" if spec.dtype in HALVES else spec.dtype)


def product_gamma(terms: int, spec: Spec) -> float:
    """The share of |A||B| by which a product of `terms` terms may be off before it is stored."""
    return sum_gamma(terms, spec) + factors(spec)


def product_bound(a: Array, b: Array, exact: Array, magnitude: Array, spec: Spec) -> Array:
    """The error of a @ b = `exact` before it is stored; `magnitude` is |a| @ |b|.

    In TF32 that of the factors is bounded by the sum of what each term allows, or by what cutting
    off takes from every term alike, and chance."""
    import numpy as np

    bound: Array = sum_gamma(a.shape[1], spec) * magnitude
    share = factors(spec)
    if share:
        likely = abs(exact) + BY_CHANCE * np.sqrt(a**2 @ b**2)
        bound += share * np.minimum(magnitude, likely)
    return bound


def stored(size: Array, dtype: str) -> Array:
    """What rounding to a 16-bit dtype may add to results (and sums before them) of this `size`,
    not negative; 0 for wider dtypes, whose `gamma` has room for it. What is 0 is exact."""
    if dtype not in HALVES:
        return 0.0 * size
    found: Array = STORED * UNIT_ROUNDOFF[dtype] * size + TINY[dtype] * (size > 0.0)
    return found


def entry_bound(magnitude: Array, dtype: str) -> Array:
    """The error of a result of one or two operators, entry by entry, on terms of `magnitude`."""
    if dtype in HALVES:
        return stored(magnitude, dtype)
    return gamma(1, dtype) * magnitude
