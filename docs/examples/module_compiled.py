"""Is torch.compile worth it for this module?"""

import torch

import xbench

layers = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))

result = xbench.race(
    {"eager": layers, "compiled": torch.compile(layers)},
    args=(torch.randn(64, 784),),
    budget="30s",
)
print(result)
