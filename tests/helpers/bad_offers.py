"""Adapters that say of themselves what cannot be; NumPy does the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Policy, Probe, Variant


class RefusesAll(NumpyBackend):
    """Runs nothing."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return "nothing of this is supported"


class Nowhere(NumpyBackend):
    """Has no device, and a dtype that nobody knows."""

    def probe(self) -> Probe:
        return replace(super().probe(), devices=(), dtypes=("float32", "float128"))


class Nameless(NumpyBackend):
    """Has a name that is none."""

    name = "../nameless"


class Nods(NumpyBackend):
    """Supports whatever it is asked."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return None


class Mumbles(NumpyBackend):
    """Refuses without a reason."""

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        found = super().supports(op, dtype, variant)
        return None if found is None else "no"


class Heavy(NumpyBackend):
    """Imports a framework to be asked what it is."""

    def probe(self) -> Probe:
        import mlx  # type: ignore[import-not-found]  # noqa: F401  a stand-in, see the test

        return super().probe()


class Numbers(NumpyBackend):
    """Its environment holds numbers."""

    def env(self, policy: Policy) -> dict[str, str]:
        odd: Any = policy.threads
        return super().env(policy) | {"OMP_NUM_THREADS": odd}
