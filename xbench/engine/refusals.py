"""What was timed, looked at once more: reasons why it may have no number. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from statistics import median

from xbench.analysis.bound import Least
from xbench.contracts import Spec
from xbench.ops import get_op
from xbench.ops.base import ITEM_BYTES
from xbench.process.messages import KeptReply, NewOperandsReply, VariedReply
from xbench.records.schema import CellLine
from xbench.text import show_seconds

THREAD_MARGIN = 0.05
TICK_NS = 10_000_000
"""The longest that a scheduler's tick is (Linux at 100 Hz)."""

DEVICE_MARGIN = 0.05
RESIDUAL_NS, RESIDUAL_SHARE, READ_TIMES = 100_000, 0.02, 3
"""How long a result may take to be read after the claimed end, beyond what reading costs: in all,
as a share of the burst, and against that cost."""

PENDING_NS, PENDING_SHARE, LATE_TIMES, OUTLIERS = 50_000, 0.05, 2, 50
"""How long the results of all calls in a row may take to be read, beyond twice what reading as many
finished tensors takes: in all, as a share of the calls' own time, and against one more such
reading of each. Of 50 readings one is left out: it met another program."""

STORED_NS, STORED_TIMES = 5_000, 3
"""How much longer a call on new operands may take than on old ones, whose data are in the nearest
cache."""

VARIED_SLACK_NS = 2_000
"""How much longer calls may take in all that keep their results, or have operands of their own,
beside what fetching their data costs."""

MOVING_TIMES, SLOWEST = {"kept_ns": 3, "new_ns": 4}, 20e9
"""Data from farther away may take so many times what the ceilings say: honest calls on new operands
fetched them at 10 to 14 GB/s where memory reaches 38, since pages are new to the processor, and
what is written is often fetched first. And bytes/s of memory where no ceiling was measured."""

PAGE_BYTES, PAGE_NS = 4096, 1_000
"""What a page costs at most that the kernel has to give."""

NEW_TIMES, TIMED_TIMES = 1.25, 2.0
"""How many times a call on old operands, and how many times a timed one, a call on new operands may
take. Timed ones have another call just before them: of 36 honest ones 35 took 0.4 to 1.15 times as
long on new operands, one 1.53 times until its fourth trial."""

VARIED = (
    (
        "kept_ns",
        1.5,
        "if all results are kept in memory",
        "the framework skips work whose result is dropped; compute every call's result",
    ),
    (
        "new_ns",
        NEW_TIMES,
        "if each call has operands of its own",
        "the framework returns stored results; every call must compute its own",
    ),
)
"""How calls were varied, and how many times the usual call they may take. What leaves out results
that nobody holds takes some four times as long when all are held; what hands out every second
result again, twice."""

LONE_NS, LONE_TIMES, LONE_FENCES = 200_000, 5, 5
"""How long a call alone may take: in all, against a call in a row, and against an idle fence. A
framework's other threads are asleep when it begins, and are woken."""

FAST_TIMES = 1.5
"""How many times faster than the ceilings allow a call may be, besides their own spread: they are
measured by other kernels, at another moment."""

WAIT = (
    "the adapter must start each call's work in `run`, and its `fence` must wait for all of it; if "
    "you did not write the adapter, run again while nothing else runs, and report it if it recurs"
)


def early_fence(line: CellLine) -> str | None:
    """Whether results were still being computed when the clock was read.

    Judged by the tenth of the bursts that were read soonest: what is pending after one is pending
    after each, while a busy machine delays many. What reading costs is known from the other bursts,
    after which a finished tensor was read with caches as cold (a first reading took torch 170 µs
    after a burst over 32 MB, a second 5). It still varies by more than itself: of honest cells, one
    number of JAX's on a busy machine came 80 µs later than usual, one from a GPU 100 µs. What a
    burst without a fence leaves behind is most of its 2 ms or more."""
    residuals = sorted(line.timed.residual_ns)
    if not residuals:
        return None
    read_ns = max(line.read_ns, median(line.timed.placed_ns or [0]))
    beyond = residuals[len(residuals) // 10] - read_ns
    burst = median(line.timed.wall_ns)
    if beyond <= max(RESIDUAL_NS, RESIDUAL_SHARE * burst, READ_TIMES * read_ns):
        return None
    return (
        f"the fence returned early: results came {show_seconds(beyond * 1e-9)} after the end of a "
        f"burst of {show_seconds(burst * 1e-9)}; {WAIT}"
    )


def unfinished_after_fence(kept: KeptReply) -> str | None:
    """Whether work of some calls was still to be done when the fence after the last one returned:
    their results, all kept, took longer to read than finished tensors do. One reading of a busy
    machine may be late, so that a cell is refused only if this holds each time."""
    calls, late, placed = kept.calls, kept.late_ns, kept.placed_ns
    wall = kept.wall_ns * len(late) / calls  # of as many calls as were read
    usual = median(placed)
    beyond = sorted(max(each - LATE_TIMES * usual, 0) for each in late)
    pending = sum(beyond[: len(beyond) - len(beyond) // OUTLIERS])
    if pending <= max(PENDING_NS, PENDING_SHARE * wall, usual * len(late)):
        return None
    return (
        f"calls were not done when the fence returned: {calls} of them in a row and the fence took "
        f"{show_seconds(kept.wall_ns * 1e-9)}, but reading {len(late)} of their results took "
        f"{show_seconds(pending * 1e-9)} more than reading finished ones; {WAIT}"
    )


def operand_and_result_bytes(spec: Spec) -> tuple[int, int]:
    """Bytes of a call's operands, and of its results."""
    tensors, item = get_op(spec.op).tensors(spec), ITEM_BYTES[spec.dtype]
    return item * tensors.elements("batch"), item * tensors.elements("outputs")


def moving_ns(spec: Spec, bytes_per_s: float, new_pages: bool) -> dict[str, float]:
    """How much longer a call may take whose results are kept, or whose operands are its own: all of
    them lie in a farther cache, or in memory, and perhaps on pages that are new."""
    given, made = operand_and_result_bytes(spec)
    byte_ns, page_ns = 1e9 / bytes_per_s, PAGE_NS / PAGE_BYTES if new_pages else 0.0
    return {
        "kept_ns": made * (MOVING_TIMES["kept_ns"] * byte_ns + page_ns),
        "new_ns": given * MOVING_TIMES["new_ns"] * byte_ns,
    }


def less_work_than_usual(
    varied: VariedReply, calls: int, moving: Mapping[str, float]
) -> str | None:
    """Whether calls do less than others that differ in what must not matter: they drop their
    results while the others keep them, or repeat the operands while the others have their own.

    The shortest time of each kind of call counts. `moving` says by how much longer the others may
    take since their data lie further away. On a busy machine times may differ by chance, so that a
    cell is refused only if this holds each time."""
    if varied.same:
        return (
            f"some calls gave back the very {varied.same[0]} of the call before: the framework "
            "returns stored results; every call must compute its own"
        )
    usual = min(varied.usual_ns) / calls
    found_ns = {"kept_ns": varied.kept_ns, "new_ns": varied.new_ns}
    for way, times, what, why in VARIED:
        found = min(found_ns[way]) / calls
        if found > times * usual + moving[way] + VARIED_SLACK_NS:
            return (
                f"a call takes {show_seconds(usual * 1e-9)} in a row, and {what} "
                f"{show_seconds(found * 1e-9)}: {why}"
            )
    return None


def returns_old_results(
    trials: Sequence[NewOperandsReply], times: float = STORED_TIMES, more_ns: float = STORED_NS
) -> str | None:
    """Whether results come from earlier calls: a call gives back the very tensors of an earlier
    one, or a call on new operands takes more than `times` as long as one on operands that were seen
    before, and `more_ns`. The shortest call on new operands counts, against the usual one on old
    ones: a busy machine makes calls longer, and some of an honest step's are short each time."""
    if all(each.same for each in trials):
        return (
            f"a second call on the same operands gave back the first one's {trials[0].same[0]}, "
            "and a call on other operands did not: the framework returns stored results; every "
            "call must compute its own"
        )
    new = min(each.new_ns for each in trials)
    again = median(call for each in trials for call in each.again_ns)
    if new <= times * again + more_ns:
        return None
    return (
        f"a call on new operands takes {show_seconds(new * 1e-9)}, and on operands that an earlier "
        f"call had {show_seconds(again * 1e-9)}: the framework returns stored results; every call "
        "must compute its own"
    )


def longer_than_timed(
    trials: Sequence[NewOperandsReply], line: CellLine, more_ns: float
) -> str | None:
    """Whether calls that were timed one by one take less than a call on new operands: what stores
    results once it saw operands often has none for new ones, nor for the same again. The shortest
    call on new operands counts, against the usual timed one."""
    new, timed = min(each.new_ns for each in trials), median(line.timed.wall_ns)
    if new <= TIMED_TIMES * timed + more_ns:
        return None
    return (
        f"a call on new operands takes {show_seconds(new * 1e-9)}, and a timed one "
        f"{show_seconds(timed * 1e-9)}: the framework returns stored results; every call must "
        "compute its own"
    )


def lone_call(line: CellLine, fence_ns: int) -> str | None:
    """Whether a call alone takes so many times what it takes in a row that launching and waiting
    cannot explain it: then calls in a row leave work undone. Time for which its threads waited for
    a core is left out, and the shortest call counts."""
    if not line.latency.wall_ns or not line.timed.wall_ns:
        return None
    latency = line.latency
    alone = min(
        wall - min(waited, wall)
        for wall, waited in zip_longest(latency.wall_ns, latency.wait_ns, fillvalue=0)
    )
    row = median(line.timed.wall_ns) / line.calls
    if alone <= LONE_TIMES * row + LONE_FENCES * fence_ns + LONE_NS:
        return None
    return (
        f"a single call takes {show_seconds(alone * 1e-9)}, one of many in a row "
        f"{show_seconds(row * 1e-9)}, and a fence with nothing to wait for "
        f"{show_seconds(fence_ns * 1e-9)}: calls in a row do not finish their work; {WAIT}"
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


def too_fast(line: CellLine, least: Least | None) -> str | None:
    """Whether a call takes less than its work needs on this machine."""
    if least is None or not line.timed.wall_ns:
        return None
    seconds = median(line.timed.wall_ns) * 1e-9 / line.calls
    if seconds * (FAST_TIMES + least.spread) >= least.seconds:
        return None
    return (
        f"a call takes {show_seconds(seconds)}, but {least.because} takes "
        f"{show_seconds(least.seconds)}: the call cannot have done all its work; compute it "
        "in every call, before the fence returns (of your own op, check the `cost` it declares)"
    )


def too_many_threads(line: CellLine, threads: int) -> str | None:
    """Whether more threads worked than were declared: CPU time against wall time, of the burst at
    the upper quartile, since a busy machine gives no thread its time in many of them.

    Where only the process's clock could be read, each thread may have had a tick more or less than
    it says: then only bursts that are long beside a tick can tell."""
    lag_ns = TICK_NS * (threads + 1)
    timed = line.timed
    readings = zip_longest(timed.cpu_ns, timed.wall_ns, timed.cpu_exact, fillvalue=1)
    active = sorted(
        (cpu - (0 if exact else lag_ns)) / wall for cpu, wall, exact in readings if wall
    )
    if not active:
        return None
    usual = active[3 * len(active) // 4]
    if usual <= threads * (1.0 + THREAD_MARGIN):
        return None
    return (
        f"{usual:.2f} threads worked in a burst, {threads} were declared: limit the framework's "
        "threads in `open`, or ask for as many (--threads)"
    )


def traced_again(before: int, after: int) -> str | None:
    """Whether something was traced or compiled while it was timed."""
    if before == after:
        return None
    return (
        f"retraced or recompiled {after - before} times while timed: give each call the same "
        "shapes, dtypes and Python values, and leave compilation switched on"
    )
