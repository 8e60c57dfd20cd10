"""What other packages may offer as a backend or a suite, each wrong in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xbench.backends.numpy_backend import NumpyBackend
from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Factory, Memory, Policy, Variant

NO_SUITE = 5


class Raises(NumpyBackend):
    """Cannot even be made."""

    def __init__(self) -> None:
        raise OSError("licence file not found")


class NoProbe(NumpyBackend):
    """Says nothing of itself."""

    name = "mine"

    def probe(self) -> Any:
        return None


class Misnamed(NumpyBackend):
    """Goes by another name than its entry point."""


class Own(NumpyBackend):
    """NumPy under another name, with a product of its own."""

    @property
    def ops(self) -> Mapping[str, Factory]:
        return FACTORIES | {"honest": FACTORIES["matmul"]}


class Unsure(Own):
    """Does not know what it runs."""

    name = "unsure"

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        raise KeyError(dtype)


class Envless(Own):
    """Sets a variable to a number."""

    name = "envless"

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return None

    def env(self, policy: Policy) -> Any:
        return {"A": 1}


class Floating(Own):
    """Counts its memory in halves of a byte."""

    name = "floating"

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return None

    def memory(self) -> Memory:
        return replace(super().memory(), current_bytes=1.5)  # type: ignore[arg-type]
