"""The two-layer network of hidden width w, in both shapes of the course notebooks."""

from xbench.ops.suite import Suite, Sweep

Params = dict[str, int | str]


def thin(w: int) -> Params:
    """100 samples, 1 -> w -> 1."""
    return {"n": 100, "d": 1, "h": w, "o": 1}


def thick(w: int) -> Params:
    """64 samples, 1000 -> w -> 10, without biases."""
    return {"n": 64, "d": 1000, "h": w, "o": 10, "bias": 0}


SUITE = Suite(
    "mlp",
    "forward, gradients and a training step of a two-layer ReLU network of hidden width w",
    (
        Sweep("mlp_forward", "mlp_forward 100×1→w→1", thin),
        Sweep("mlp_backward", "mlp_backward 100×1→w→1", lambda w: thin(w) | {"loss": "mse"}),
        Sweep(
            "mlp_train",
            "mlp_train 100×1→w→1",
            lambda w: thin(w) | {"optimizer": "adam", "loss": "mse"},
        ),
        Sweep("mlp_forward", "mlp_forward 64×1000→w→10", thick),
        Sweep("mlp_backward", "mlp_backward 64×1000→w→10", lambda w: thick(w) | {"loss": "sse"}),
        Sweep(
            "mlp_train",
            "mlp_train 64×1000→w→10",
            lambda w: thick(w) | {"optimizer": "sgd", "loss": "sse"},
        ),
    ),
)
