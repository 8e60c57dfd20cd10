"""What of the notebooks is timed: one sweep a workload, each with the sizes that they used."""

from __future__ import annotations

from xbench.ops.suite import Suite, Sweep
from xbench.suites.claims.claim import Request, Values


def _linear(w: int) -> dict[str, int | str]:
    return {"m": 16, "k": 10, "n": w}


SUITE = Suite(
    "notebooks",
    "the workloads of the five course notebooks, at their sizes",
    (
        Sweep("elementwise_grad", "000 elementwise_grad 3×w", lambda w: {"n": 3, "w": w}, (4,)),
        Sweep(
            "mlp_train",
            "001 mlp_train 64×1000→w→10",
            lambda w: {
                "n": 64,
                "d": 1000,
                "h": w,
                "o": 10,
                "bias": 0,
                "optimizer": "sgd",
                "loss": "sse",
            },
            (100,),
        ),
        Sweep(
            "mlp_train",
            "002 mlp_train 100×1→w→1",
            lambda w: {"n": 100, "d": 1, "h": w, "o": 1, "optimizer": "adam", "loss": "mse"},
            (512, 20480, 204800),
        ),
        Sweep(
            "mlp_train",
            "002 mlp_train w×784→32→1",
            lambda w: {"n": w, "d": 784, "h": 32, "o": 1, "optimizer": "adam", "loss": "bce"},
            (2048, 12665),
        ),
        Sweep(
            "mlp_forward",
            "002 mlp_forward 100×1→w→1",
            lambda w: {"n": 100, "d": 1, "h": w, "o": 1},
            (20480,),
        ),
        Sweep(
            "mlp_forward_recorded",
            "002 mlp_forward_recorded 100×1→w→1",
            lambda w: {"n": 100, "d": 1, "h": w, "o": 1},
            (20480,),
        ),
        Sweep("linear", "003 linear 16×10→w", _linear, (5,)),
        Sweep("linear_layer", "003 linear_layer 16×10→w", _linear, (5,)),
    ),
)


# What of the notebooks is run once for its values: exhibits, by backend.

EVERYONE = ("numpy", "torch", "tensorflow")
DERIVING = ("torch", "tensorflow")
"""Those with automatic differentiation."""

X = [
    [1.764052, 0.400157, 0.978738, 2.240893],
    [1.867558, -0.977278, 0.950088, -0.151357],
    [-0.103219, 0.410599, 0.144044, 1.454274],
]
W = [
    [0.761038, 0.121675, 0.443863, 0.333674],
    [1.494079, -0.205158, 0.313068, -0.854096],
    [-2.55299, 0.653619, 0.864436, -0.742165],
]
Z = [
    [2.269755, -1.454366, 0.045759, -0.187184],
    [1.532779, 1.469359, 0.154947, 0.378163],
    [-0.887786, -1.980796, -0.347912, 0.156349],
]
"""NumPy's legacy normal numbers of seed 0, which the prints 1.764… and 0.761… give away."""

NET: Values = {
    "op": "mlp_train",
    "params": {
        "n": 64,
        "d": 1000,
        "h": 100,
        "o": 10,
        "bias": 0,
        "optimizer": "sgd",
        "loss": "sse",
    },
    "dtype": "float32",
    "mode": "eager",
    "steps": 500,
    "seed": 5,
}
NOISE: Values = {
    "op": "mlp_train",
    "params": {"n": 100, "d": 1, "h": 512, "o": 1, "optimizer": "adam", "loss": "mse"},
    "dtype": "float32",
    "mode": "eager",
    "steps": 1000,
    "seed": 5,
}
REQUESTS: tuple[Request, ...] = (
    Request("elementwise_sum", EVERYONE, params={"x": X, "w": W, "z": Z}),
    Request("quadratic", EVERYONE),
    Request("loss_curve", EVERYONE, params={**NET, "gradient": "manual"}, name="curve_manual"),
    Request("loss_curve", DERIVING, params={**NET, "gradient": "autograd"}, name="curve_autograd"),
    Request("loss_curve", ("torch",), params={**NET, "gradient": "custom"}, name="curve_custom"),
    Request("custom_called", ("torch",)),
    Request("loss_curve", ("torch",), params={**NOISE, "gradient": "autograd"}, name="noise"),
    Request(
        "naive_bce",
        EVERYONE,
        params={"n": 256, "d": 784, "h": 64, "steps": 20, "rate": 0.002, "seed": 5},
    ),
    Request("saved_for_backward", ("torch",), params={"n": 100, "h": 20480}),
    Request("mixed_devices", ("torch",)),
    Request("seeded_net", ("torch",), params={"seed": 43052, "x": [0.0, 0.1, 0.2], "slope": 2.0}),
    Request("module_parameters", DERIVING),
    Request("train_eval", DERIVING),
    Request("plane", EVERYONE, params={"seed": 5, "steps": 500, "rate": 0.1}),
    Request("identities", EVERYONE),
    Request("views", EVERYONE),
    Request("derivatives", EVERYONE),
    Request("jacobian", DERIVING),
    Request("accumulation", DERIVING),
    Request("recording_off", DERIVING),
    Request("regression", EVERYONE, params={"steps": 100, "rate": 0.01}),
)
