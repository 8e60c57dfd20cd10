"""Backends under another name, so that a cell can be compared with itself."""

from __future__ import annotations

from xbench.backends.numpy_backend import NumpyBackend
from xbench.backends.torch_backend import TorchBackend


class NumpyTwin(NumpyBackend):
    """The `numpy` adapter, called `numpy-twin`."""

    name = "numpy-twin"


class TorchTwin(TorchBackend):
    """The `torch` adapter, called `torch-twin`."""

    name = "torch-twin"


TWINS = {
    "numpy": ("numpy-twin", "helpers.twins:NumpyTwin"),
    "torch": ("torch-twin", "helpers.twins:TorchTwin"),
}
"""Name and "module:Class" of each twin."""
