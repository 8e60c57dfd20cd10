"""The mean of each group: pandas, or NumPy's bincount?"""

import numpy as np
import pandas as pd

import xbench


def frame(n):
    groups = np.random.randint(0, 100, n)
    return pd.DataFrame({"group": groups, "value": np.random.rand(n)})


def with_pandas(table):
    return table.groupby("group")["value"].mean().to_numpy()


def with_numpy(table):
    group, value = table["group"].to_numpy(), table["value"].to_numpy()
    return np.bincount(group, value) / np.bincount(group)


result = xbench.race(
    {"pandas": with_pandas, "numpy": with_numpy}, args=frame, over=[10_000, 100_000], budget="10s"
)
print(result)
