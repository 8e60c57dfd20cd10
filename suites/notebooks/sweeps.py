"""What of the notebooks is timed: one sweep a workload, each with the sizes that they used."""

from xbench.plan.preset import Preset
from xbench.plan.suite import Suite, Sweep


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
                "n": 64, "d": 1000, "h": w, "o": 10, "bias": 0, "optimizer": "sgd", "loss": "sse",
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
)  # fmt: skip
PRESET = Preset(
    name="notebooks",
    about="what the course notebooks measured; `xbench claims` judges it",
    suites=("notebooks",),
    ops=("*",),
    families=("*",),
    widths=(),
    dtypes=("float32",),
    threads=("all",),
    modes=("eager", "graph"),
    compiled_ops=("mlp_train",),
    gradients="default",
    launches=3,
    group_s=0.5,
    every_gradient=("001 mlp_train 64×1000→w→10",),
)
