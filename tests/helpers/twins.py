"""More backends that are NumPy under another name: two that are honest, so that a group has several
cells, and some that are not, or not there."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Backend, Factory, Probe, Spec, Step, Variant


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
        self._given: dict[int, weakref.ref[Any]] = {}

    def put(self, host: Any, dtype: str | None = None, device: str | None = None) -> Any:
        tensor = super().put(host, dtype, device)
        self._given[id(tensor)] = weakref.ref(tensor)
        return tensor

    def where(self, tensor: Any) -> tuple[str, str]:
        device, dtype = super().where(tensor)
        given = self._given.get(id(tensor), lambda: None)()
        return device if given is tensor else "meta", dtype


class Wrong(NumpyBackend):
    """Its results are a thousandth too large."""

    name = "wrong"

    def get(self, tensor: Any) -> Any:
        return super().get(tensor) * 1.001


class Absent(NumpyBackend):
    """Not installed."""

    name = "absent"

    def probe(self) -> Probe:
        return replace(super().probe(), installed=False, hint="pip install absent")


def _die(backend: Backend, spec: Spec, variant: Variant) -> Step:
    os._exit(9)


class Gone(NumpyBackend):
    """Its worker dies when it is to train a net."""

    name = "gone"

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {**super().ops, "mlp_train": _die}
