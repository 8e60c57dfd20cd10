"""Two made-up worlds to judge the notebooks' claims in: all as printed, and all otherwise."""

from __future__ import annotations

import random
from math import exp, log
from typing import Any

from helpers.made_keys import cell_key, worker_key
from xbench.analysis.interval import over_launches, verdict
from xbench.analysis.ratios import Comparison, one_axis
from xbench.analysis.summary import CellSummary
from xbench.errors import Status
from xbench.records.schema import CellPlan, ValuesLine, WorkerLine
from xbench.suites.claims.claim import Evidence
from xbench.suites.claims.notebook_002 import CPU_S, GPU_S, STEPS
from xbench.suites.claims.sweeps import NET, W, X

GPU, LAUNCHES, SCATTER = "cuda:0", 3, 1e-4
GRADIENT = {"numpy": "manual", "torch": "autograd", "tensorflow": "autograd"}
ONES = [[1.0] * 4] * 3
NET_002: dict[str, Any] = {"n": 100, "d": 1, "o": 1}


def cell(
    op: str,
    backend: str,
    time_s: float | None,
    mode: str = "eager",
    device: str = "cpu",
    status: Status = "ok",
    flop: int = 32,
    eager_bytes: int = 100,
    first_s: float = 0.0,
    bound: Any = "",
    **params: Any,
) -> CellSummary:
    """A cell with three launches around this time."""
    label = "-".join(f"{name}{value}" for name, value in params.items())
    group, gradient = f"{op}/{label}/float32/{device}/tall", GRADIENT[backend]
    plan = CellPlan(
        key=cell_key(op, backend, params=params, device=device, mode=mode, gradient=gradient),
        group=group,
        family=op,
        width=1,
        default_gradient=True,
        flop=flop,
        min_bytes=10,
        eager_bytes=eager_bytes,
        predicted_s=1e-6,
        predicted_bytes=10,
    )
    chance = random.Random(plan.id)
    launches = [time_s * exp(chance.gauss(0, SCATTER)) for _ in range(LAUNCHES)] if time_s else []
    ours = over_launches([log(each) for each in launches]) if launches else None
    return CellSummary(
        plan=plan,
        status=status,
        reason="" if status == "ok" else "for a reason",
        launch_s=launches,
        time_s=ours.value if ours else None,
        low_s=ours.low if ours else None,
        high_s=ours.high if ours else None,
        first_s=first_s,
        build_s=0.0,
        open_s=0.0,
        calls=1,
        rounds=7,
        overhead=0.0,
        converged=True,
        check={},
        faults_per_call=0.0,
        environment_hash="",
        compute_fraction=0.1,
        bound=bound,
    )


def compared(cells: list[CellSummary]) -> list[Comparison]:
    """Every pair of a group that differs in one axis, either way round."""
    found = []
    for one in cells:
        for two in cells:
            axis = one_axis(one.plan, two.plan) if one.plan.group == two.plan.group else None
            if axis and one.launch_s and two.launch_s:
                pairs = zip(one.launch_s, two.launch_s, strict=True)
                logs = [log(upper / lower) for upper, lower in pairs]
                ratio = over_launches(logs)
                plans = (one.plan, two.plan)
                found.append(
                    Comparison(one.plan.group, axis, *plans, ratio, verdict(ratio), tuple(logs))
                )
    return found


def curve(right: bool) -> list[float]:
    """500 losses, straight on a logarithmic axis; or ones that stay where they were."""
    slope = log(3e7 / 2e-3) / 419 if right else 1e-3
    return [(3e7 if right else 3e5) * exp(-slope * step) for step in range(500)]


def shown(right: bool) -> list[ValuesLine]:
    """What every exhibit gives: right, or wrong in every value."""
    wrong = 0 if right else 1
    every: dict[str, dict[str, Any]] = {
        "elementwise_sum": {
            "sum": 1.0,
            "dx": W if right else X,
            "dw": X if right else W,
            "dz": ONES,
        },
        "quadratic": {"z": [11 + wrong, 21], "loss": 25.0 + wrong, "gradient": [8.0, 12.0 + wrong]},
        "identities": {
            "add": [[6, 8], [10, 12 + wrong]],
            "multiply": [[5, 12], [21, 32 + wrong]],
            "matmul": [[19, 22], [43, 50 + wrong]],
        },
        "views": {"reshape": right, "view": right, "squeeze": right},
        "derivatives": {"quadratic": 7 + wrong, "several": [7, 11, 15 + wrong], "chain": 6 + wrong},
        "jacobian": {"jacobian": [[2.0 + wrong, 0.0], [0.0, 4.0]]},
        "regression": {"w": 1.9999443292617798 + wrong},
        "plane": {"w": [3.0, 1.0 + wrong, -2.00001], "b": 1e-5},
        "naive_bce": {
            "naive_255": "nan" if right else 0.5,
            "naive_1": 0.5 if right else "nan",
            "stable_255": 0.5 if right else "inf",
            "step_of_nan": 3,
        },
        "module_parameters": {"registered": ["weight"] if right else [], "plain": []},
    }
    called = {"with": 1 - wrong, "without": 0}
    torch: dict[str, dict[str, Any]] = {
        "custom_called": called,
        "accumulation": {"once": 4.0, "twice": 8.0 - wrong, "after_zeroing": 4.0 + wrong},
        "recording_off": {"tracked": True, "detached": not right, "no_grad": not right},
        "saved_for_backward": {"recorded_bytes": 8192000 if right else 0, "unrecorded_bytes": 0},
        "train_eval": {"train_changes": right, "eval_changes": False},
        "mixed_devices": {"error": "two devices" if right else None},
        "seeded_net": {"y": [-0.84702 + wrong, -0.88169, -0.91636], "mse": 1.20679 + wrong},
        "noise": {"losses": [1.0, 6e-5 if right else 9e-4], "label": ""},
        "curve_custom": {"losses": curve(right), "label": ""},
    }
    lines = [line(name, backend, each) for name, each in every.items() for backend in GRADIENT]
    lines += [line(name, "torch", each) for name, each in torch.items()]
    for gradient, backends in (("manual", GRADIENT), ("autograd", ("torch", "tensorflow"))):
        for backend in backends:
            # a world that is otherwise has another curve in each backend
            losses = [each * (1 + wrong * len(backend)) for each in curve(right)]
            lines.append(line(f"curve_{gradient}", backend, {"losses": losses, "label": ""}))
    return lines


def line(exhibit: str, backend: str, values: dict[str, Any]) -> ValuesLine:
    """An exhibit that could be shown."""
    return ValuesLine(name=exhibit, worker=worker_key(backend), values=values)


def timed(right: bool) -> list[CellSummary]:
    """Times as they were printed; or ten times as long on the processor, a tenth on a GPU."""
    cold = {"numpy": 0.001710, "tensorflow": 5.257465, "torch": 0.055343}
    slow, odd = (1, 1) if right else (10, 2)
    cells = [
        cell(
            "elementwise_grad",
            name,
            each if right else 1e-5,
            first_s=each if right else 0.0,
            n=3,
            w=4,
        )
        for name, each in cold.items()
    ]
    flop = 26_213_960 * odd
    cells.append(cell("mlp_train", "numpy", 6e-3 / odd, flop=flop, **NET["params"]))
    cells.append(cell("mlp_train", "torch", 1e-4, flop=flop, device=GPU, **NET["params"]))
    for width, printed in CPU_S.items():
        size: dict[str, Any] = NET_002 | {"h": width, "optimizer": "adam", "loss": "mse"}
        step = printed / STEPS * slow
        modes = (
            ("torch", "eager", 1.0),
            ("torch", "compiled", 0.5),
            ("tensorflow", "eager", 1.0),
            ("tensorflow", "graph", 0.4),
            ("tensorflow", "compiled", 0.3),
            ("numpy", "eager", 2.0),
        )
        cells += [
            cell(
                "mlp_train",
                name,
                step * (share if right else 1 / share),
                mode,
                flop=32 * odd,
                bound="" if right else "compute",
                **size,
            )
            for name, mode, share in modes
        ]
        gpu = GPU_S[width] / STEPS / slow
        cells.append(cell("mlp_train", "torch", gpu, device=GPU, **size))
    for n, time_s in ((2048, 0.1 * odd), (12665, 0.6 / odd / odd)):
        cells.append(cell("mlp_train", "torch", time_s, n=n, d=784, h=32, o=1))
    for name in ("torch", "tensorflow"):
        forward: dict[str, Any] = NET_002 | {"h": 20480}
        cells.append(cell("mlp_forward", name, 1e-3 * odd, **forward))
        cells.append(cell("mlp_forward_recorded", name, 1.5e-3, **forward))
        cells.append(cell("linear", name, 1e-5, m=16, k=10, n=5))
        cells.append(cell("linear_layer", name, 1e-5 * odd, m=16, k=10, n=5))
    status: Status = "ok" if right else "invalid"
    cells.append(cell("linear", "numpy", 1e-5, m=16, k=10, n=5))
    cells.append(
        cell("linear_layer", "numpy", 1e-5 if right else None, status=status, m=16, k=10, n=5)
    )
    return cells


def world(right: bool = True) -> Evidence:
    """Everything as the notebooks printed it, or nothing."""
    cells = timed(right)
    workers = [
        WorkerLine(
            launch=0,
            worker=worker_key(name),
            pid=7,
            environment={},
            open_ns=1000,
            fence_ns=90,
            python="3.11",
            attest={},
        )
        for name in GRADIENT
    ]
    return Evidence(cells, compared(cells), shown(right), workers, gpus=(GPU,))
