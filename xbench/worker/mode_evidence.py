"""Whether a cell ran in the mode that was asked for, by the framework's own counters.

A variable in the environment, a setting or a decorator can switch compilation off, and the figures
would still be called compiled. So what the framework has made is counted before a cell is built and
after its first call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xbench.contracts import Backend, Mode, Spec, Step
from xbench.errors import CellFailed
from xbench.ops import get_op

Made = Mapping[str, int]
COUNTED: Mapping[str, str] = {"graph": "graphs", "compiled": "compiled"}
"""Mode to what rises when it happens."""


def made(backend: Backend) -> Made:
    """The framework's counters now; empty if the adapter has none."""
    count: Callable[[], Made] | None = getattr(backend, "made", None)
    return dict(count()) if count is not None else {}


def check_mode(
    backend: Backend, mode: Mode, spec: Spec, step: Step, before: Made, known: bool = False
) -> None:
    """Judge a cell after its first call; `before` is what was made before it was built. `known`: a
    cell of this op was compiled in this process before, whose code this one may share.

    Raises: CellFailed("unsupported") if it did not run in its mode, naming the settings in force;
    CellFailed("invalid") if only a part of it did."""
    if get_op(spec.op).cost(spec).operators == 0:
        return  # nothing to compile
    now = made(backend)
    rise = {name: now[name] - before.get(name, 0) for name in now}
    counted = COUNTED.get(mode, "")
    shared = known and not _switched(backend)
    if counted and rise.get(counted, step.traces()) < 1 and not shared:
        raise CellFailed("unsupported", _not_done(backend, mode, counted in rise))
    if mode != "compiled" and rise.get("compiled", 0) > 0:
        raise CellFailed(
            "unsupported",
            f"mode {mode} was asked for, and {backend.name} compiled {rise['compiled']} functions "
            f"in the first call{_switched(backend)}; build the step without compiling, or ask "
            "for mode compiled",
        )
    if rise.get("breaks", 0) > 0:
        raise CellFailed(
            "invalid",
            f"{backend.name} broke the graph {rise['breaks']} times and ran the rest eagerly; "
            "compile the whole step as one graph (torch.compile(..., fullgraph=True) says where)",
        )


def _not_done(backend: Backend, mode: Mode, counted: bool) -> str:
    if counted:
        what = "traced no graph" if mode == "graph" else "compiled nothing"
        todo = _switched(backend) or "; the function that builds the step must compile all of it"
        return f"mode {mode}: {backend.name} {what} at the first call{todo}"
    return (
        f"mode {mode}: nothing shows that {backend.name} did it; the adapter "
        "must count traces (`Step.traces`) or read the framework's counters (`made`)"
    )


def _switched(backend: Backend) -> str:
    ask: Callable[[], Sequence[str]] | None = getattr(backend, "switches", None)
    found = list(ask()) if ask is not None else []
    return f"; in force: {', '.join(found)} (remove that)" if found else ""
