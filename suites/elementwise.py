"""x * w + z on (100, width), and its gradients."""

from xbench.ops.suite import Suite, Sweep

SUITE = Suite(
    "elementwise",
    "y = x * w + z on 100 x width, and the gradient of its sum",
    (
        Sweep("elementwise", "elementwise 100×w", lambda w: {"n": 100, "w": w}),
        Sweep("elementwise_grad", "elementwise_grad 100×w", lambda w: {"n": 100, "w": w}),
    ),
)
