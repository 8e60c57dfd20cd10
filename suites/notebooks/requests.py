"""What of the notebooks is run once for its values: exhibits, by backend."""

from xbench.claims.model import Request

EVERYONE = ("numpy", "torch", "tensorflow")
NET = {
    "op": "mlp_train",
    "params": {
        "n": 64, "d": 1000, "h": 100, "o": 10, "bias": 0, "optimizer": "sgd", "loss": "sse",
    },
    "dtype": "float32", "mode": "eager", "steps": 500, "seed": 5,
}  # fmt: skip
REQUESTS: tuple[Request, ...] = (
    Request("loss_curve", EVERYONE, params={**NET, "gradient": "manual"}, name="curve_manual"),
)
