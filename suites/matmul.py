"""One matrix product: (64, 1000) @ (1000, width), with and without bias, and width x width."""

from xbench.ops.suite import Suite, Sweep

SUITE = Suite(
    "matmul",
    "(64, 1000) @ (1000, width), the same with a bias, and width x width square",
    (
        Sweep("matmul", "matmul 64×1000×w", lambda w: {"m": 64, "k": 1000, "n": w}),
        Sweep("linear", "linear 64×1000×w", lambda w: {"m": 64, "k": 1000, "n": w}),
        Sweep("matmul", "matmul w×w×w", lambda w: {"m": w, "k": w, "n": w}),
    ),
)
