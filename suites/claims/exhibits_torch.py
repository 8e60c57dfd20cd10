"""Exhibits in PyTorch: tensors, and what is recorded of them; regressions, nets, what autograd
calls and keeps for them.

What each gives is in `tests/backends/test_exhibits.py`."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from xbench.backends.torch_mlp import Relu
from xbench.contracts import Variant
from xbench.ops import get_op
from xbench.registry import factory_of
from xbench.suites.claims import exhibit_data
from xbench.suites.claims.claim import Exhibit, Values

if TYPE_CHECKING:
    from xbench.contracts import Backend, Gradient

BCE = Callable[[Tensor, Tensor], Tensor]
"""(logits, labels) -> the loss."""

NET: dict[str, int | str] = {
    "n": 64,
    "d": 1000,
    "h": 100,
    "o": 10,
    "bias": 0,
    "optimizer": "sgd",
    "loss": "sse",
}


def regression(backend: Backend, params: Values) -> Values:
    """y = wx by descent on the mean squared error."""
    x = torch.tensor([1.0, 2.0, 3.0])
    y = 2 * x
    w = torch.tensor(1.0, requires_grad=True)
    for _ in range(params["steps"]):
        loss = ((w * x - y) ** 2).mean()
        torch.autograd.backward(loss)
        with torch.no_grad():
            assert w.grad is not None
            w -= params["rate"] * w.grad
            w.grad.zero_()
    return {"w": w.item()}


def plane(backend: Backend, params: Values) -> Values:
    """3 x1 + x2 - 2 x3 by a linear layer."""
    x, y = map(torch.tensor, exhibit_data.plane(params["seed"]))
    torch.manual_seed(params["seed"])
    layer = nn.Linear(3, 1)
    descent = torch.optim.SGD(layer.parameters(), lr=params["rate"])
    for _ in range(params["steps"]):
        descent.zero_grad()
        torch.autograd.backward(functional.mse_loss(layer(x), y))
        descent.step()
    return {"w": layer.weight[0], "b": layer.bias.item()}


def naive_bce(backend: Backend, params: Values) -> Values:
    """The hand-written cross-entropy on pixels 0..255 and 0..1, the stable one on 0..255."""
    x, t = map(torch.tensor, exhibit_data.pixels(params["n"], params["d"], params["seed"]))
    stable = functional.binary_cross_entropy_with_logits
    on_255 = _losses(_naive, x, t, params)
    return {
        "naive_255": on_255[-1],
        "naive_1": _losses(_naive, x / 255, t, params)[-1],
        "stable_255": _losses(stable, x, t, params)[-1],
        "step_of_nan": next((step for step, loss in enumerate(on_255) if isnan(loss)), None),
    }


def _naive(logits: Tensor, t: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def _losses(bce: BCE, x: Tensor, t: Tensor, params: Values) -> list[float]:
    """The loss of every step of training with Adam."""
    drawn = exhibit_data.start(params["d"], params["h"], params["seed"])
    w1, b1, w2, b2 = net = [torch.tensor(each, requires_grad=True) for each in drawn.values()]
    descent = torch.optim.Adam(net, lr=params["rate"])
    losses = []
    for _ in range(params["steps"]):
        descent.zero_grad()
        loss = bce((x @ w1 + b1).relu() @ w2 + b2, t)
        torch.autograd.backward(loss)
        descent.step()
        losses.append(loss.item())
    return losses


class _Registered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(10, 5)


class _Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = torch.randn(5, 10), torch.zeros(5)


def module_parameters(backend: Backend, params: Values) -> Values:
    """Names of a module's parameters: from a layer, and from tensors that are attributes."""
    ways = {"registered": _Registered(), "plain": _Plain()}
    return {way: [name for name, _ in net.named_parameters()] for way, net in ways.items()}


def train_eval(backend: Backend, params: Values) -> Values:
    """Does dropout change its input in training, and in evaluation?"""
    torch.manual_seed(0)
    net, x = nn.Dropout(0.5), torch.ones(100)
    trained = net.train()(x)
    return {
        "train_changes": not torch.equal(trained, x),
        "eval_changes": not torch.equal(net.eval()(x), x),
    }


def custom_called(backend: Backend, params: Values) -> Values:
    """Calls of the custom function's backward in one step that uses it, and in one that was to
    use it and has plain relu."""
    return {
        "with": _backward_calls(backend, "custom"),
        "without": _backward_calls(backend, "autograd"),
    }


def _backward_calls(backend: Backend, gradient: Gradient) -> int:
    op = get_op("mlp_train")
    spec = op.spec("float32", **NET)
    inputs = op.inputs(spec, np.random.default_rng(0))
    step = factory_of(backend, spec.op)(backend, spec, Variant("eager", gradient))
    state = step.prepare({name: backend.put(values) for name, values in inputs.state.items()})
    batch = {name: backend.put(values) for name, values in inputs.batch.items()}
    with patch.object(Relu, "backward", side_effect=Relu.backward) as backward:
        step.run(state, batch)
    return backward.call_count


def saved_for_backward(backend: Backend, params: Values) -> Values:
    """Bytes that a forward pass of 1 -> h -> 1 keeps, beside its input and its weights."""
    x = torch.linspace(0, 1, params["n"]).reshape(-1, 1)
    net = nn.Sequential(nn.Linear(1, params["h"]), nn.ReLU(), nn.Linear(params["h"], 1))
    recorded = _bytes_kept(net, x)
    with torch.no_grad():
        return {"recorded_bytes": recorded, "unrecorded_bytes": _bytes_kept(net, x)}


def _bytes_kept(net: nn.Module, x: Tensor) -> int:
    """Of distinct storages: a tensor saved twice is kept once."""
    held = {each.untyped_storage().data_ptr() for each in (x, *net.parameters())}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in held:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _ = net(x)
    return sum(kept.values())


def seeded_net(backend: Backend, params: Values) -> Values:
    """A linear layer 1 -> 1 as a seed starts it, and its error for y = slope x."""
    x = torch.tensor(params["x"]).reshape(-1, 1)
    torch.manual_seed(params["seed"])
    y = nn.Linear(1, 1)(x)
    return {"y": y.flatten(), "mse": functional.mse_loss(y, params["slope"] * x).item()}


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
        elementwise_sum,
        quadratic,
        identities,
        views,
        derivatives,
        jacobian,
        accumulation,
        recording_off,
        mixed_devices,
        regression,
        plane,
        naive_bce,
        module_parameters,
        train_eval,
        custom_called,
        saved_for_backward,
        seeded_net,
    )
}
