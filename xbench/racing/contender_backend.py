"""A contender as a backend: its framework's adapter, with its own name and the race's op."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from xbench.contracts import Backend, Factory, Memory, Policy, Probe, Tensors, Variant
from xbench.errors import Status
from xbench.extensions import resolve
from xbench.racing.payload import OP, Race, Sent, loaded_race
from xbench.racing.steps import race_step
from xbench.racing.trees import kind_of, result_array
from xbench.registry import BACKENDS

if TYPE_CHECKING:
    import numpy as np

ADAPTER = "xbench.racing.contender_backend:of "
"""What the slug of a contender follows: "module:attribute" of its adapter."""


def __getattr__(name: str) -> Callable[[], Backend]:
    """The adapter of a contender of the race that this process loaded: `of numpy`."""
    word, _, slug = name.partition(" ")
    if word != "of":
        raise AttributeError(name)
    return lambda: RaceAdapter(loaded_race, slug)


class RaceAdapter:
    """One contender. What is not of the race is asked of the framework's adapter."""

    def __init__(self, race: Callable[[], Race], slug: str) -> None:
        self.name = slug
        self.race = race
        self.sent: Sent = race().contenders[slug]
        self.inner: Backend = resolve(BACKENDS[self.sent.framework])()
        self.policy = Policy("cpu", "eager", 1, "ieee", "reuse")

    def __getattr__(self, name: str) -> Any:
        """What an adapter may have and need not, such as a stopwatch."""
        return getattr(self.inner, name)

    def probe(self) -> Probe:
        return self.inner.probe()

    def supports(self, op: str, dtype: str, variant: Variant) -> str | None:
        return None if op == OP else self.inner.supports(op, dtype, variant)

    def env(self, policy: Policy) -> dict[str, str]:
        return self.inner.env(policy)

    def open(self, policy: Policy) -> None:
        """As its framework's adapter does. JAX gets 64 bits only where an argument has them: a
        user's own code would make arrays of float64 unasked."""
        self.policy = policy
        self.inner.open(policy)
        if self.sent.framework == "jax":
            wide = any(
                each.dtype.endswith("64") or each.dtype == "complex128"
                for work in self.race().workloads.values()
                for each in work.operands.values()
            )
            resolve("xbench.backends.jax_functions:use_64_bits")(wide)

    @property
    def ops(self) -> Mapping[str, Factory]:
        return {**self.inner.ops, OP: race_step}

    def attest(self) -> dict[str, Any]:
        return self.inner.attest()

    def put(
        self, host: np.ndarray[Any, Any], dtype: str | None = None, device: str | None = None
    ) -> Any:
        """In the array's own dtype: the arguments of a call may have several. Only bfloat16, which
        no host array has, is made here."""
        if self.race().dtype == "bfloat16" and str(host.dtype) == "float32":
            return self.inner.put(host, "bfloat16")
        return self.inner.put(host)

    def get(self, tensor: Any) -> np.ndarray[Any, Any]:
        return result_array(tensor)

    def where(self, tensor: Any) -> tuple[str, str]:
        """Where an array of the framework is. Anything else that a contender gives is where it was
        asked to be. Dtypes were compared before: those of a race may differ."""
        own = kind_of(tensor) == self.sent.framework
        return self.inner.where(tensor)[0] if own else self.policy.device, self.race().dtype

    def first_entry(self, tensor: Any) -> Any:
        """The first entry of an array of the framework, where it has a way to take it."""
        take: Callable[[Any], Any] | None = getattr(self.inner, "first_entry", None)
        own = kind_of(tensor) == self.sent.framework
        return take(tensor) if take is not None and own else tensor

    def fence(self, tensors: Tensors) -> None:
        """Waits for what the framework was given, and for arrays of others."""
        self.inner.fence(tensors)
        wait_for(self.sent.framework, tensors.values())

    def made(self) -> Mapping[str, int]:
        """The framework's counters, where a mode was asked for."""
        count: Callable[[], Mapping[str, int]] | None = getattr(self.inner, "made", None)
        return count() if count is not None and self.sent.asked else {}

    def memory(self) -> Memory:
        return self.inner.memory()

    def classify(self, error: BaseException) -> Status | None:
        return self.inner.classify(error)

    def close(self) -> None:
        self.inner.close()


def wait_for(framework: str, results: Iterable[Any]) -> None:
    """Wait until results of frameworks other than the contender's own are computed."""
    for each in results:
        kind = kind_of(each)
        if kind in ("", "numpy", framework):
            continue
        if kind == "jax":
            each.block_until_ready()
        elif kind == "torch" and each.device.type != "cpu":
            sys.modules["torch"].accelerator.synchronize(each.device)
        elif kind == "cupy":
            sys.modules["cupy"].cuda.get_current_stream().synchronize()
        elif kind == "tensorflow" and "GPU" in (each.device or ""):
            sys.modules["tensorflow"].test.experimental.sync_devices()
