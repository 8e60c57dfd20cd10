"""Exhibits in PyTorch: tensors, and what is recorded of them. Nets are in `torch_exhibits_nets`.

What each gives is in `tests/test_exhibits.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backends import torch_exhibits_nets as nets

if TYPE_CHECKING:
    from xbench.contracts import Backend, Exhibit

Values = dict[str, Any]


def elementwise_sum(backend: Backend, params: Values) -> Values:
    """s = sum(x * w + z) and its gradients."""
    x, w, z = (
        torch.tensor(params[name], dtype=torch.float64, requires_grad=True) for name in "xwz"
    )
    s = (x * w + z).sum()
    torch.autograd.backward(s)
    return {"sum": s.item(), "dx": x.grad, "dw": w.grad, "dz": z.grad}


def quadratic(backend: Backend, params: Values) -> Values:
    """z = 2x² + 3 and the gradient of sum(|z - t|)."""
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    z = 2 * x**2 + 3
    loss = (z - torch.tensor([3.0, 4.0])).abs().sum()
    torch.autograd.backward(loss)
    return {"z": z, "loss": loss, "gradient": x.grad}


def identities(backend: Backend, params: Values) -> Values:
    """Sum, product and matrix product of two matrices."""
    a, b = torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5, 6], [7, 8]])
    return {"add": a + b, "multiply": a * b, "matmul": a @ b}


def views(backend: Backend, params: Values) -> Values:
    """Does a write through the result show in its source?"""
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "reshape": lambda a: a.reshape(3, 2),
        "view": lambda a: a.view(3, 2),
        "squeeze": lambda a: a.squeeze(),
    }
    found = {}
    for name, way in ways.items():
        source = torch.zeros(1, 2, 3)
        way(source)[0] = 1
        found[name] = bool(source.any())
    return found


def derivatives(backend: Backend, params: Values) -> Values:
    """Of x² + 3x + 5 at 2, of 2x² + 3x at 1, 2 and 3, and of 3u with u = x² at 1."""
    x = torch.tensor(2.0, requires_grad=True)
    torch.autograd.backward(x**2 + 3 * x + 5)
    several = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    torch.autograd.backward((2 * several**2 + 3 * several).sum())
    one = torch.tensor(1.0, requires_grad=True)
    u = one**2
    v = 3 * u
    torch.autograd.backward(v)
    return {"quadratic": x.grad, "several": several.grad, "chain": one.grad}


def jacobian(backend: Backend, params: Values) -> Values:
    """Of x² at [1, 2]."""
    square: Callable[[Tensor], Tensor] = torch.square
    x = torch.tensor([1.0, 2.0])
    found: Tensor = torch.autograd.functional.jacobian(square, x)  # type: ignore[no-untyped-call]
    return {"jacobian": found}


def accumulation(backend: Backend, params: Values) -> Values:
    """The gradient of x² at 2 after one backward pass, a second, and a third from zero."""
    x = torch.tensor(2.0, requires_grad=True)
    found = {}
    for name in ("once", "twice", "after_zeroing"):
        if name == "after_zeroing" and x.grad is not None:
            x.grad.zero_()
        torch.autograd.backward(x**2)
        found[name] = float(x.grad) if x.grad is not None else None
    return found


def recording_off(backend: Backend, params: Values) -> Values:
    """Is x² recorded; is it after `detach`; is it under `no_grad`?"""
    x = torch.tensor(2.0, requires_grad=True)
    y = x**2
    with torch.no_grad():
        unrecorded = x**2
    return {
        "tracked": y.requires_grad,
        "detached": y.detach().requires_grad,
        "no_grad": unrecorded.requires_grad,
    }


def mixed_devices(backend: Backend, params: Values) -> Values:
    """What adding tensors of two devices says; `meta` is a device that every build has."""
    try:
        torch.ones(2) + torch.ones(2, device="meta")
    except RuntimeError as error:
        return {"error": str(error).splitlines()[0]}
    return {"error": None}


EXHIBITS: dict[str, Exhibit] = {
    exhibit.__name__: exhibit
    for exhibit in (
        elementwise_sum, quadratic, identities, views, derivatives, jacobian, accumulation,
        recording_off, mixed_devices,
        nets.regression, nets.plane, nets.naive_bce, nets.module_parameters, nets.train_eval,
        nets.custom_called, nets.saved_for_backward, nets.seeded_net,
    )
}  # fmt: skip
