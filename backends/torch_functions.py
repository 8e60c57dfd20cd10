"""What PyTorch does with a user's own function: its namespace, and its compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from xbench.contracts import Mode

Traces = Callable[[], int]
"""How often something was traced or compiled so far."""


def namespace() -> Any:
    """torch by the names of the Python array API standard."""
    import array_api_compat.torch

    return array_api_compat.torch


def compiled(function: Callable[..., Any], mode: Mode) -> tuple[Callable[..., Any], Traces]:
    """A function of tensors, compiled for the shapes it is called with, and how many graphs were
    compiled in this process so far. What was compiled of the same code before is forgotten: it
    would be taken again, and nobody could see that anything was compiled."""
    torch.compiler.reset()
    made: Callable[..., Any] = torch.compile(function, dynamic=False)
    return made, graphs


def graphs() -> int:
    """How many graphs were compiled in this process so far."""
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def compiled_again(function: Any) -> Any:
    """What a user had compiled, compiled in this process: with torch's usual settings."""
    return torch.compile(function)


def placed(function: Any, device: str) -> Any:
    """The function; a module of torch's on this device."""
    return function.to(device) if isinstance(function, torch.nn.Module) else function


def tensor(host: Any, device: str, dtype: str | None) -> Any:
    """A tensor of a host array, on a device."""
    kind = getattr(torch, dtype) if dtype else None
    return torch.tensor(host, dtype=kind, device=device)
