"""Two more backends that are NumPy under another name, so that a group has several cells."""

from __future__ import annotations

from backends.numpy_backend import NumpyBackend


class Second(NumpyBackend):
    """NumPy, called `second`."""

    name = "second"


class Third(NumpyBackend):
    """NumPy, called `third`."""

    name = "third"
