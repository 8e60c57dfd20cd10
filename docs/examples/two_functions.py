"""Which is faster at which size: NumPy's product, or PyTorch's?"""

import numpy as np
import torch

import xbench

result = xbench.race(
    {"numpy": lambda a, b: a @ b, "torch": torch.matmul},
    args=lambda n: (np.random.rand(n, n).astype("float32"),) * 2,
    over=[64, 512],
    budget="30s",
)
print(result)
print(result.ratio("torch", "numpy", at=512))
