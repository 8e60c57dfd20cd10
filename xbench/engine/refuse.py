"""What was timed, looked at once more: reasons why it may have no number. Pure functions."""

from __future__ import annotations

from statistics import median

from xbench.records.schema import CellLine
from xbench.text import show_seconds

THREAD_MARGIN = 0.05
DEVICE_MARGIN = 0.05
RESIDUAL_NS, RESIDUAL_SHARE, READ_TIMES = 100_000, 0.02, 3
"""How long a result may take to be read after the claimed end, beyond what reading costs: in all,
as a share of the burst, and against that cost."""


def early_fence(line: CellLine) -> str | None:
    """Whether results were still being computed when the clock was read.

    Judged by the tenth of the bursts that were read soonest: what is pending after one is pending
    after each, while a busy machine delays many. What reading costs varies by more than itself: of
    honest cells, one number of JAX's on a busy machine came 80 µs later than usual, one from a GPU
    100 µs. What a burst without a fence leaves behind is most of its 2 ms or more."""
    residuals = sorted(line.timed.residual_ns)
    if not residuals:
        return None
    beyond = residuals[len(residuals) // 10] - line.read_ns
    burst = median(line.timed.wall_ns)
    if beyond <= max(RESIDUAL_NS, RESIDUAL_SHARE * burst, READ_TIMES * line.read_ns):
        return None
    return (
        f"the fence returned early: results came {show_seconds(beyond * 1e-9)} after the end of a "
        f"burst of {show_seconds(burst * 1e-9)}"
    )


def device_disagrees(line: CellLine) -> str | None:
    """Whether the device's own clock says that the work was not over at the claimed end: its last
    event had not come, or its events lie further apart than the clock readings around them."""
    pairs = list(zip(line.timed.device_ns, line.timed.wall_ns, strict=False))
    pending = sum(device < 0 for device, _ in pairs)
    if pending:
        return f"the fence returned early: the device was still at work in {pending} bursts"
    longer = sorted(device / wall for device, wall in pairs if wall)
    if not longer or longer[len(longer) // 10] <= 1.0 + DEVICE_MARGIN:
        return None
    return (
        f"the device's own events take {longer[len(longer) // 2]:.2f} times the wall time around "
        "them: one of the two clocks is wrong"
    )


def too_many_threads(line: CellLine, threads: int) -> str | None:
    """Whether more threads worked than were declared: CPU time against wall time, of the burst at
    the upper quartile, since a busy machine gives no thread its time in many of them."""
    pairs = zip(line.timed.cpu_ns, line.timed.wall_ns, strict=True)
    active = sorted(cpu / wall for cpu, wall in pairs if wall)
    if not active:
        return None
    usual = active[3 * len(active) // 4]
    if usual <= threads * (1.0 + THREAD_MARGIN):
        return None
    return f"{usual:.2f} threads worked in a burst, {threads} were declared"


def traced_again(before: int, after: int) -> str | None:
    """Whether something was traced or compiled while it was timed."""
    return None if before == after else f"retraced or recompiled {after - before} times while timed"
