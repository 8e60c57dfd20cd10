"""One function on every framework that is installed, as it is and compiled."""

import numpy as np

import xbench


def softmax(xp, x):
    e = xp.exp(x - xp.max(x, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


result = xbench.race(
    softmax,
    args=lambda n: (np.random.rand(64, n).astype("float32"),),
    over=[512],
    backends="all",
    mode=["eager", "compiled"],
    budget="40s",
)
print(result)
