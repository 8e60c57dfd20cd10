"""Layer norm over rows, on every backend: xbench run --suite docs/examples/layer_norm.py"""

from xbench.ops.suite import Suite, Sweep
from xbench.own_op import array_op, implements, step

EPSILON = 1e-5


def exact(x, g, b):
    """In float64; and what was summed for each entry, which its rounding errors scale with."""
    mean, spread = x.mean(1, keepdims=True), (x.var(1, keepdims=True) + EPSILON) ** 0.5
    size = (abs(x) + abs(x).mean(1, keepdims=True)) / spread * abs(g) + abs(b)
    return (x - mean) / spread * g + b, 2 * size


array_op("layer_norm", ("n", "w"), {"x": ("n", "w"), "g": ("w",), "b": ("w",)}, {"y": ("n", "w")},
         exact, terms="w", flop=8, passes=3)  # fmt: skip


@implements("layer_norm", "numpy")
def with_numpy(backend, spec, variant):
    def run(t):
        spread = (t["x"].var(1, keepdims=True) + EPSILON) ** 0.5
        return {"y": (t["x"] - t["x"].mean(1, keepdims=True)) / spread * t["g"] + t["b"]}

    return step(run)


@implements("layer_norm", "torch")
def with_torch(backend, spec, variant):
    import torch

    norm = torch.compile(torch.layer_norm) if variant.mode == "compiled" else torch.layer_norm
    return step(lambda t: {"y": norm(t["x"], (spec["w"],), t["g"], t["b"], EPSILON)})


@implements("layer_norm", "tensorflow")
def with_tensorflow(backend, spec, variant):
    import tensorflow as tf

    def run(t):
        mean, variance = tf.nn.moments(t["x"], 1, keepdims=True)
        return {"y": (t["x"] - mean) * tf.math.rsqrt(variance + EPSILON) * t["g"] + t["b"]}

    traced = tf.function(run, jit_compile=variant.mode == "compiled")
    return step(run if variant.mode == "eager" else traced)


@implements("layer_norm", "jax")
def with_jax(backend, spec, variant):
    import jax

    def run(t):
        return {"y": jax.nn.standardize(t["x"], epsilon=EPSILON) * t["g"] + t["b"]}

    return step(jax.jit(run) if variant.mode == "compiled" else run)


SUITE = Suite("norms", "", (Sweep("layer_norm", "layer_norm 64×w", lambda w: {"n": 64, "w": w}),))
