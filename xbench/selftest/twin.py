"""`twin`: NumPy under another name, so that two equal things can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xbench.contracts import Factory, Handle, Memory, Policy, Probe, Tensors, Variant
from xbench.errors import Status
from xbench.registry import load_backend

if TYPE_CHECKING:
    import numpy as np


class TwinBackend:
    """The NumPy adapter, all of it; documented by the contract it keeps."""

    name = "twin"

    def __init__(self) -> None:
        self.inner = load_backend("numpy")

    def probe(self) -> Probe:
        """See `Backend.probe`."""
        return self.inner.probe()

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        """See `Backend.supports`."""
        return self.inner.supports(op, dtype, variant)

    def env(self, policy: Policy) -> dict[str, str]:
        """See `Backend.env`."""
        return self.inner.env(policy)

    def open(self, policy: Policy) -> None:
        """See `Backend.open`."""
        self.inner.open(policy)

    @property
    def ops(self) -> Mapping[str, Factory]:
        """See `Backend.ops`."""
        return self.inner.ops

    def attest(self) -> dict[str, Any]:
        """See `Backend.attest`."""
        return self.inner.attest()

    def put(self, host: np.ndarray[Any, Any]) -> Handle:
        """See `Backend.put`."""
        return self.inner.put(host)

    def get(self, tensor: Handle) -> np.ndarray[Any, Any]:
        """See `Backend.get`."""
        return self.inner.get(tensor)

    def where(self, tensor: Handle) -> tuple[str, str]:
        """See `Backend.where`."""
        return self.inner.where(tensor)

    def fence(self, tensors: Tensors) -> None:
        """See `Backend.fence`."""
        self.inner.fence(tensors)

    def memory(self) -> Memory:
        """See `Backend.memory`."""
        return self.inner.memory()

    def classify(self, error: BaseException) -> Status | None:
        """See `Backend.classify`."""
        return self.inner.classify(error)

    def close(self) -> None:
        """See `Backend.close`."""
        self.inner.close()
