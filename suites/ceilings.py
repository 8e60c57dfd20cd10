"""What bounds every other op: memory bandwidth (copy, triad), the cost of a dispatch (noop)."""

from xbench.ops.suite import Suite, Sweep

SUITE = Suite(
    "ceilings",
    "copy and triad (bandwidth) and noop (dispatch floor) on 100 x width",
    (
        Sweep("noop", "noop 100×w", lambda w: {"n": 100, "w": w}),
        Sweep("copy", "copy 100×w", lambda w: {"n": 100, "w": w}),
        Sweep("triad", "triad 100×w", lambda w: {"n": 100, "w": w}),
    ),
)
