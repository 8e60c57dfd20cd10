"""16-bit tensors in each framework: put, told and read back to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from xbench.process.child import ROOT
from xbench.registry import BACKENDS, load_backend

_THERE_AND_BACK = """
import sys
import numpy as np
from xbench.contracts import Policy
from xbench.registry import load_backend
from xbench.ops.rounding import host_dtype, rounded
backend = load_backend(sys.argv[1])
backend.open(Policy("cpu", "eager", 1, "ieee", "reuse"))
values = np.float32([[0.0, -0.0, 1.0, 3.14159], [65504.0, 2.0**-24, -2.0**-14, 1e-3]])
for dtype in backend.probe().dtypes:
    for host in (values, values[0, 3], values[:0]):
        held = rounded(np.asarray(host), dtype)
        asked = {} if str(held.dtype) == dtype else {"dtype": dtype}
        tensor = backend.put(held, **asked)
        assert backend.where(tensor) == ("cpu", dtype), backend.where(tensor)
        found = backend.get(tensor)
        assert found.dtype == host_dtype(dtype), found.dtype
        assert found.shape == held.shape
        assert found.tobytes() == held.tobytes(), (dtype, found, held)
print("back")
"""


def _marks(name: str) -> tuple[pytest.MarkDecorator, ...]:
    return () if name == "numpy" else (pytest.mark.framework,)


@pytest.mark.parametrize("name", [pytest.param(each, marks=_marks(each)) for each in BACKENDS])
def test_values_of_16_bits_go_there_and_back(name: str) -> None:
    if not load_backend(name).probe().installed:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _THERE_AND_BACK, name],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip().endswith("back"), done.stderr
