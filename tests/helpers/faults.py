"""A user's suite file of products whose worker fails in the middle of timing, each in its own way.

Every op is `matmul` under another name; `numpy` runs it with the fault, `second` without."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from xbench.backends.numpy_ops import FACTORIES
from xbench.contracts import Backend, Spec, Step, Tensors, Variant
from xbench.ops import get_op
from xbench.ops.suite import Suite, Sweep
from xbench.process import protocol
from xbench.process.messages import Reading
from xbench.registry import add_op, implements
from xbench.worker import counters
from xbench.worker.session import Session

FLOOD = b"x" * (1 << 20)
SLEPT_NS = 3_000_000_000
SECOND_READING = 9
SWEEPS: list[Sweep] = []


def in_a_burst() -> bool:
    """Whether the parent has asked for the burst that this call belongs to."""
    asked = Session.burst.__code__
    return any(frame.f_code is asked for frame, _ in traceback.walk_stack(None))


def fault(act: Callable[[], None]) -> Callable[[], None]:
    """Decorator: an op named like the function, which it calls once, in its first timed burst."""
    add_op(replace(get_op("matmul"), name=act.__name__))
    implements(act.__name__, "second")(FACTORIES["matmul"])
    shape: dict[str, int | str] = {"m": 12, "k": 12, "n": 12}
    SWEEPS.append(Sweep(act.__name__, f"{act.__name__} of matmul", lambda w: shape, widths=(1,)))

    def factory(backend: Backend, spec: Spec, variant: Variant) -> Step:
        honest = FACTORIES["matmul"](backend, spec, variant)
        bursts = count()

        def run(state: Tensors, batch: Tensors) -> tuple[Tensors, Tensors]:
            if in_a_burst() and next(bursts) == 0:
                act()
            return honest.run(state, batch)

        return Step(run)

    implements(act.__name__, "numpy")(factory)
    return act


@fault
def unharmed() -> None:
    """Nothing."""


@fault
def segfaults() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


@fault
def aborts() -> None:
    """As an assertion in C does."""
    os.abort()


@fault
def ends() -> None:
    """Without a word, and as if all were well."""
    os._exit(0)


@fault
def complains() -> None:
    """With text that is no UTF-8, moves the cursor, and is long."""
    raise ArithmeticError("a name: b\udcff \x1b[2J" + "x" * 100_000)


@fault
def hangs_in_c() -> None:
    """In C, with the interpreter's lock, deaf to every signal that can be ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    ctypes.PyDLL(None).sleep(600)


@fault
def stands_still() -> None:
    """As if somebody had stopped it."""
    os.kill(os.getpid(), signal.SIGSTOP)


@fault
def noisy() -> None:
    """On stdout and stderr, in the process and below it, in the protocol's own words."""
    print('{"v":1,"n":1,"ok":{}}', flush=True)
    os.write(1, protocol.success(2, {"wall_ns": 1}))
    os.system("echo noise of a child; echo more >&2")
    sys.stderr.write("\xff\x00\n")


def pipes() -> list[int]:
    """The pipes of this process: the protocol's, and with them any other."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    found = []
    for number in (each for each in numbers if each > 2):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            continue
    return found


def speak(data: bytes) -> None:
    """Into the protocol's own pipe."""
    for number in pipes():
        try:
            while os.write(number, data):
                if len(data) < len(FLOOD):
                    break
        except OSError:  # the end that is read
            continue


@fault
def garbles() -> None:
    """What is no line of the protocol."""
    speak(b"\x00\xff noise }{\n")


@fault
def nests() -> None:
    """JSON that is nested deeper than anybody reads."""
    speak(b"[" * 500_000 + b"]" * 500_000 + b"\n")


@fault
def floods() -> None:
    """Without an end, and without a line's end."""
    speak(FLOOD)


@fault
def speaks_wrong() -> None:
    """A reply of the protocol, and none to what was asked."""
    honest_success = protocol.success

    def success(number: int, result: object) -> bytes:
        return honest_success(number, ["soon", *[-5] * (len(Reading._fields) - 1)])

    vars(protocol)["success"] = success


@fault
def lies() -> None:
    """A burst that took longer than it can have."""
    honest_success = protocol.success

    def success(number: int, result: object) -> bytes:
        longer = result._replace(wall_ns=10**12) if isinstance(result, Reading) else result
        return honest_success(number, longer)

    vars(protocol)["success"] = success


def jump(slept_ns: int, wall_ns: int) -> None:
    """From a little later on the clocks beside the one that times are elsewhere: they jump between
    the two readings of one burst, of which the second is the next."""
    real, readings = counters.Clocks.read, count(1)

    def read(cls: type[counters.Clocks]) -> counters.Clocks:
        now, moved = real(), next(readings) >= SECOND_READING
        if not moved:
            return now
        return counters.Clocks(now.slept_ns + slept_ns, now.wall_ns + slept_ns + wall_ns)

    counters.Clocks.read = classmethod(read)  # type: ignore[assignment]


@fault
def suspended() -> None:
    """As a laptop whose lid was closed for three seconds."""
    jump(SLEPT_NS, 0)


@fault
def clock_set_back() -> None:
    """As by somebody who sets the clock back by an hour."""
    jump(0, -3600 * 10**9)


@fault
def never_settles() -> None:
    """A clock that jumps in every burst."""
    real, jumps = counters.Clocks.read, count()

    def read(cls: type[counters.Clocks]) -> counters.Clocks:
        now = real()
        return counters.Clocks(now.slept_ns + next(jumps) * SLEPT_NS, now.wall_ns)

    counters.Clocks.read = classmethod(read)  # type: ignore[assignment]


@fault
def fills_the_disk() -> None:
    """As a compiler that has nowhere to keep what it made."""
    file = Path(os.environ["XBENCH_TEST_FULL"])
    if file.exists():
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/cache/kernel.so")
        except OSError as error:
            raise RuntimeError("compiling failed") from error


SUITE = Suite("faults", "products whose worker fails", tuple(SWEEPS))
