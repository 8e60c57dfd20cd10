"""What JAX does with a user's own function: its namespace, and its compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from xbench.contracts import Mode

Traces = Callable[[], int]


def namespace() -> Any:
    """`jax.numpy`, which follows the Python array API standard."""
    return jax.numpy


def use_64_bits(wide: bool) -> None:
    """Whether arrays may have 64 bits. Unless a user asks for it, JAX makes them of 32; the adapter
    of our own ops asks always."""
    jax.config.update("jax_enable_x64", wide)


def compiled(function: Callable[..., Any], mode: Mode) -> tuple[Callable[..., Any], Traces]:
    """A function of arrays, compiled by XLA for the shapes it is called with, and how often it was
    traced."""
    traces = 0

    def traced(*arrays: Any) -> Any:
        nonlocal traces
        traces += 1  # the function itself runs only while it is traced
        return function(*arrays)

    made: Callable[..., Any] = jax.jit(traced)
    return made, lambda: traces


def placed(function: Any, device: str) -> Any:
    """The function: JAX computes where its arguments are."""
    return function


def tensor(host: Any, device: str, dtype: str | None) -> Any:
    """An array of a host array, on a device."""
    kind, _, number = device.partition(":")
    place = jax.devices(kind)[int(number or 0)]
    return jax.device_put(host if dtype is None else host.astype(jax.numpy.dtype(dtype)), place)
