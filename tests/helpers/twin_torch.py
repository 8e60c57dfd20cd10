"""PyTorch under another name, so that a cell can be compared with itself."""

from __future__ import annotations

from xbench.backends.torch_backend import TorchBackend


class Twin(TorchBackend):
    """The `torch` adapter, called `twin`."""

    name = "twin"
