"""What recording for gradients costs a forward pass: 002's inference and 003's no_grad."""

from __future__ import annotations

from suites.notebooks.times import NOT_PAIRED, less, show_ratio, show_time, time_of, unpaired
from suites.notebooks.values import Judge, is_number, ruled
from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing
from xbench.text import show_bytes

WIDTH = 20480


def recording_time(backend: str) -> Judge:
    """A judge: a forward pass takes less time without recording."""

    def judge(evidence: Evidence) -> Judged:
        plain, recorded = (
            evidence.cell(op, backend, n=100, d=1, h=WIDTH, o=1)
            for op in ("mlp_forward", "mlp_forward_recorded")
        )
        ratio = unpaired(plain, recorded)
        times = f"{show_time(time_of(plain))} against {show_time(time_of(recorded))}"
        return less(
            ratio, f"{show_ratio(ratio)}, {NOT_PAIRED}: {times}",
            f"nothing is kept for a backward pass of 1→{WIDTH}→1",
            f"recording 1→{WIDTH}→1 only keeps what is computed anyway",
        )  # fmt: skip

    return judge


def recording_memory(evidence: Evidence) -> Judged:
    """Bytes that a forward pass keeps for the backward pass."""
    found = evidence.values("saved_for_backward", "torch")
    kept, without = (found.get(f"{name}_bytes") for name in ("recorded", "unrecorded"))
    if not is_number(kept) or not is_number(without):
        raise Missing("saved_for_backward gives no bytes here")
    return ruled(
        f"{show_bytes(kept or 0)} kept with recording, {show_bytes(without or 0)} without",
        (without or 0) < (kept or 0),
        f"the hidden layer of 100×{WIDTH} is kept for the backward pass",
        "recording keeps nothing more",
    )  # fmt: skip
