"""What is asked of an adapter. Every check yields its complaints, a sentence each; none is good."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xbench.conformance.questions import (
    ClassifiedRequest,
    IdleRequest,
    OverfullRequest,
    OwnershipRequest,
    ReadOutputRequest,
)
from xbench.conformance.subject import CELL, Subject, load, specs_of
from xbench.contracts import GRADIENTS, MODES, Backend, Gradient, Policy, Probe, Spec, Variant
from xbench.engine.burst import keep
from xbench.engine.refusals import (
    SLOWEST,
    device_disagrees,
    early_fence,
    less_work_than_usual,
    moving_ns,
    returns_old_results,
    too_many_threads,
    unfinished_after_fence,
)
from xbench.errors import CellFailed
from xbench.keys import label
from xbench.ops import OPS
from xbench.ops.base import ITEM_BYTES
from xbench.process.messages import (
    FollowsInputsRequest,
    KeepResultsRequest,
    NewOperandsRequest,
    ReadCostRequest,
    VaryCallsRequest,
)
from xbench.records.schema import CellLine
from xbench.text import PLAIN_NAME, is_plain

FRAMEWORKS = ("torch", "tensorflow", "jax", "cupy", "mxnet", "paddle", "mlx")
TRAINING_CALLS = 5
FENCED_SIZE, FENCED_CALLS, FENCED_BURSTS, FENCED_TRIES = 512, 20, 9, 3
WORK_TRIALS = 5
VARIED = VaryCallsRequest(CELL, calls=8, repeats=5, sets=8)
BUSY = 0.2
TRACED_NS, TRACED_SHARE = 10_000_000, 1 / 3
LEAST_SHARE = 0.1

_ASK = """
import importlib, json, sys
sys.path.insert(0, sys.argv[2])
module, _, name = sys.argv[1].partition(":")
probe = getattr(importlib.import_module(module), name)().probe()
print(json.dumps([each for each in sys.argv[3:] if each in sys.modules]))
"""


def quick_to_ask(path: str) -> Iterator[str]:
    """`probe` must not import a framework: `xbench list` asks every adapter."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, path, str(Path.cwd()), *FRAMEWORKS],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        yield f"probe raised {done.stderr.strip().splitlines()[-1]}"
    elif done.stdout.strip() != "[]":
        yield f"importing the adapter and asking probe imported {done.stdout.strip()}"


def says_what_it_supports(path: str) -> Iterator[str]:
    """`supports` must be None or a sentence, and refuse what `probe` does not offer."""
    backend = load(path)
    probe = backend.probe()
    yield from _offers(backend, probe)
    if not (probe.modes and probe.dtypes):
        return
    for op in OPS:
        for dtype in (*probe.dtypes, "float8"):
            for mode in MODES:
                for gradient in GRADIENTS:
                    said = backend.supports(op, dtype, Variant(mode, gradient))
                    what = f"supports({op!r}, {dtype!r}, {mode} {gradient})"
                    if said is not None and not (isinstance(said, str) and len(said) > 10):
                        yield f"{what} is {said!r}, neither None nor a reason"
                    elif said is None and (mode not in probe.modes or dtype not in probe.dtypes):
                        yield f"{what} is None, and probe offers {probe.modes} and {probe.dtypes}"
    yield from _default_gradient(backend, probe)
    if backend.supports("no_such_op", probe.dtypes[0], Variant("eager", "none")) is None:
        yield "supports('no_such_op', ...) is None"


def _offers(backend: Backend, probe: Probe) -> Iterator[str]:
    """What an adapter offers must be something that can be asked for."""
    if not isinstance(backend.name, str) or not is_plain(backend.name):
        yield f"its name is {backend.name!r}, not one of {PLAIN_NAME}"
    for what, offered, known in (
        ("modes", probe.modes, MODES),
        ("dtypes", probe.dtypes, ITEM_BYTES),
        ("devices", probe.devices, None),
    ):
        unknown = [each for each in offered if known is not None and each not in known]
        if unknown or not offered:
            yield f"probe offers the {what} {offered!r}" + (f"; {unknown} are none" * bool(unknown))
    asked = ((op, dtype, mode) for op in OPS for dtype in probe.dtypes for mode in probe.modes)
    if not any(
        backend.supports(op, dtype, Variant(mode, gradient)) is None
        for op, dtype, mode in asked
        for gradient in OPS[op].gradients
    ):
        yield "supports refuses every op, in every mode and dtype that probe offers"


def _default_gradient(backend: Backend, probe: Probe) -> Iterator[str]:
    """What is measured where the user names no gradient must be there, where any is."""
    mode, dtype, default = probe.modes[0], probe.dtypes[0], probe.default_gradient
    for op in (op for op in OPS.values() if default in op.gradients):
        said = {
            gradient: backend.supports(op.name, dtype, Variant(mode, gradient))
            for gradient in op.gradients
        }
        if said[default] is not None and None in said.values():
            yield f"the default gradient, {default}, is refused for {op.name}: {said[default]}"


def names_its_environment(path: str) -> Iterator[str]:
    """`env` must be texts: they are set before the process starts."""
    found: dict[Any, Any] = {**load(path).env(Policy("cpu", "eager", 1, "ieee", "reuse"))}
    for name, value in found.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            yield f"env holds {name!r}: {value!r}, which is no text"


def attests(subject: Subject) -> Iterator[str]:
    """`attest` must read back the version and the threads that were asked for."""
    attest, probe = subject.facts.attest, subject.adapter.probe()
    if attest.get("version") != probe.version:
        yield f"attest has version {attest.get('version')!r}, probe {probe.version!r}"
    if attest.get("threads") not in (1, -1):
        yield f"attest has threads {attest.get('threads')!r}, 1 was asked for (-1: unknown)"


def owns(subject: Subject, dtype: str) -> Iterator[str]:
    """`put`, `get` and `where`."""
    yield from subject.ask(OwnershipRequest(dtype)).problems


def classifies(subject: Subject) -> Iterator[str]:
    """`classify`, of errors made here and of memory that cannot be had."""
    yield from subject.ask(ClassifiedRequest()).problems
    yield from subject.ask(OverfullRequest(subject.mode)).problems


def computes(subject: Subject, op: str, dtype: str, few: bool = False) -> Iterator[str]:
    """Every result of an op must be right, follow its inputs and leave them alone, and only the
    first call may trace; `few`: only the first and the last of its specs."""
    specs = list(specs_of(op, dtype))
    for spec in (specs[0], specs[-1]) if few and len(specs) > 1 else specs:
        for gradient in OPS[op].gradients:
            if subject.refuses(op, dtype, gradient) is None:
                for problem in _computed(subject, spec, gradient):
                    yield f"{op} {label(spec.params)} {dtype} {gradient}: {problem}"


def _computed(subject: Subject, spec: Spec, gradient: Gradient) -> Iterator[str]:
    calls = TRAINING_CALLS if OPS[spec.op].trains else 1
    try:
        with subject.placed(spec, gradient) as (inputs, once):
            first = subject.burst(1)
            yield from subject.judged(inputs, 1)
            last = subject.burst(calls)
            yield from subject.judged(inputs, calls + (calls > 1))
            if last.traces != first.traces:
                again = last.traces - first.traces
                yield f"traced or compiled {again} times more after the first call (traces())"
            later = min(first.wall_ns, last.wall_ns / calls)
            if subject.mode != "eager" and once > TRACED_NS and later > TRACED_SHARE * once:
                yield (
                    f"a later call takes {later / once:.2f} of the first, which traced or compiled "
                    f"in {once / 1e6:.0f} ms: does each? (traces() does not say)"
                )
            subject.ask(FollowsInputsRequest(CELL))
    except CellFailed as error:
        yield f"{error.status}: {error.message}"


def fenced(subject: Subject, spec: Spec, gradient: Gradient) -> Iterator[str]:
    """`fence` must return when all results are there, by the engine's own judgement of bursts, and
    no more threads may work than were asked for."""
    with subject.placed(spec, gradient):
        subject.burst(FENCED_CALLS)
        outputs = subject.ask(ReadOutputRequest(CELL, "")).outputs
        for name in outputs:
            found: list[str] = []
            for _ in range(FENCED_TRIES):  # a reading may be late for another program's sake
                found = list(_fenced(subject, name))
                if not found:
                    break
            yield from (f"{name}: {each}" for each in found)


def _fenced(subject: Subject, name: str) -> Iterator[str]:
    """The same of one output, in a few bursts."""
    subject.ask(ReadOutputRequest(CELL, name))
    subject.burst(FENCED_CALLS)
    read_ns = subject.ask(ReadCostRequest(CELL)).read_ns
    line = CellLine(key=subject.key, calls=FENCED_CALLS, read_ns=read_ns)
    for number in range(FENCED_BURSTS):
        keep(subject.burst(FENCED_CALLS, read_placed=number % 3 == 2), line.timed)
    threads = too_many_threads(line, 1) if subject.device == "cpu" else None
    for each in (early_fence(line), device_disagrees(line), threads, _too_short(line)):
        if each is not None:
            yield each


def works(subject: Subject, spec: Spec, gradient: Gradient) -> Iterator[str]:
    """Every call must do its own work before the fence returns, by the engine's own checks."""
    with subject.placed(spec, gradient):
        subject.burst(FENCED_CALLS)
        yield from _each_time(
            lambda: unfinished_after_fence(
                subject.ask(KeepResultsRequest(CELL, FENCED_CALLS, lead_in=1))
            )
        )
        new = [subject.ask(NewOperandsRequest(CELL)) for _ in range(WORK_TRIALS)]
        if (problem := returns_old_results(new)) is not None:
            yield problem
        moving = moving_ns(spec, SLOWEST, new_pages=False)
        yield from _each_time(
            lambda: less_work_than_usual(subject.ask(VARIED), VARIED.calls, moving)
        )


def _each_time(judge: Callable[[], str | None]) -> Iterator[str]:
    """What is wrong each time that it is looked at, if anything is: once may be by chance."""
    problem = None
    for _ in range(WORK_TRIALS):
        if (problem := judge()) is None:
            return
    if problem is not None:
        yield problem


def _too_short(line: CellLine) -> str | None:
    """Whether the device's events take next to nothing of a burst that computes: another unit."""
    pairs = list(zip(line.timed.device_ns, line.timed.wall_ns, strict=False))
    shares = sorted(device / wall for device, wall in pairs if wall and device >= 0)
    if not shares or shares[-1] >= LEAST_SHARE:
        return None
    return f"events take {shares[-1]:.2g} of the time around them: are they in nanoseconds?"


def rests(subject: Subject) -> Iterator[str]:
    """A worker that is asked nothing must not use the processor: others are being timed."""
    busy = subject.ask(IdleRequest()).busy
    if busy > BUSY:
        yield f"it used {busy:.2f} cores while it was asked nothing"
