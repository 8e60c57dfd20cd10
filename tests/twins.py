"""More backends that are NumPy under another name: two that are honest, so that a group has several
cells, and two that are not."""

from __future__ import annotations

from typing import Any

from backends.numpy_backend import NumpyBackend


class Second(NumpyBackend):
    """NumPy, called `second`."""

    name = "second"


class Third(NumpyBackend):
    """NumPy, called `third`."""

    name = "third"


class Coarse(NumpyBackend):
    """Rounds products as TF32 does, or so it says."""

    name = "coarse"

    def attest(self) -> dict[str, Any]:
        return super().attest() | {"precision_bits": 11}


class Elsewhere(NumpyBackend):
    """Its results lie on another device than its operands."""

    name = "elsewhere"

    def __init__(self) -> None:
        self._given: set[int] = set()

    def put(self, host: Any) -> Any:
        tensor = super().put(host)
        self._given.add(id(tensor))
        return tensor

    def where(self, tensor: Any) -> tuple[str, str]:
        device, dtype = super().where(tensor)
        return device if id(tensor) in self._given else "meta", dtype
