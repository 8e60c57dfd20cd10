"""The two workloads of `adapter_cost` as a torch user writes them, without xbench."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import torch


def matmul(batch: Any, state: Any) -> Callable[[int], None]:
    """a @ b, nothing recorded."""
    a, b = (torch.tensor(batch[name]) for name in "ab")

    def loop(calls: int) -> None:
        with torch.inference_mode():
            for _ in range(calls):
                a @ b

    return loop


def mlp_train(batch: Any, state: Any) -> Callable[[int], None]:
    """Adam on mean squared error, by autograd."""
    x, target = torch.tensor(batch["x"]), torch.tensor(batch["y"])
    p = [torch.tensor(state[name]).requires_grad_() for name in ("w1", "b1", "w2", "b2")]
    m, v = [torch.zeros_like(each) for each in p], [torch.zeros_like(each) for each in p]
    t = torch.tensor(0.0)

    def loop(calls: int) -> None:
        for _ in range(calls):
            h = torch.relu_(torch.addmm(p[1], x, p[0]))
            loss = torch.nn.functional.mse_loss(torch.addmm(p[3], h, p[2]), target)
            gradients = torch.autograd.grad(loss, p)
            with torch.no_grad():
                t.add_(1)
                c1 = torch.expm1(t * log(0.9))
                c2 = torch.expm1(t * log(0.999)).neg_().sqrt_()
                torch._foreach_lerp_(m, gradients, 0.1)
                torch._foreach_mul_(v, 0.999)
                torch._foreach_addcmul_(v, gradients, gradients, 0.001)
                d = torch._foreach_sqrt(v)
                torch._foreach_mul_(d, c1 / c2)
                torch._foreach_add_(d, c1, alpha=1e-8)
                torch._foreach_addcdiv_(p, m, d, 1e-3)

    return loop
