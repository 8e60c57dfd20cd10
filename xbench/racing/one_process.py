"""A race in the caller's own process, at once: `fresh=False`.

Nothing is started, stopped or pinned. Contenders are called and compared as usual, and then take
turns in an order that is drawn anew each round. All their times share one memory layout and one
state of their libraries, which differs from process to process: no interval can be given."""

from __future__ import annotations

import gc
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

from xbench.contracts import Mode, Policy, Tensors, Variant
from xbench.engine.burst import LADDER
from xbench.engine.run_plan import end_run
from xbench.engine.settings import make_header, new_run_id
from xbench.errors import Status
from xbench.extensions import resolve
from xbench.machine.machine import this_machine
from xbench.plan.cell import Cell, Group
from xbench.plan.plan import MAX_ROUNDS, MIN_ROUNDS, Plan
from xbench.racing.contender_backend import ADAPTER, RaceAdapter, wait_for
from xbench.racing.examine import look_at_all
from xbench.racing.judging import judge
from xbench.racing.look import look
from xbench.racing.outcome import Outcome, TemporaryFolder
from xbench.racing.payload import SIZE, Race, Sent, loaded_race, race_op, raced_here
from xbench.racing.planning import race_plan
from xbench.racing.request import Asked, Entry, Given
from xbench.racing.sharing import (
    arguments_file,
    contender_file,
    contenders_of,
    described,
    sent_entries,
    setup_file,
)
from xbench.racing.steps import contender_call
from xbench.racing.trees import results
from xbench.records.journal import JOURNAL, Journal, make_run_folder
from xbench.records.read import Run
from xbench.records.schema import CellLine, Footer, GroupLine, Samples
from xbench.registry import BACKENDS, in_one_run

if TYPE_CHECKING:
    import numpy as np

BURST_NS = 200_000
"""A burst lasts so long at least: reading the clock takes 0.1 µs."""


@dataclass(frozen=True, slots=True)
class RaceHere(Race):
    """A race whose contenders and arguments are the caller's own objects, by the names of the files
    that would hold them."""

    things: Mapping[str, Any] | None = None

    def thing(self, file: str) -> Any:
        """The object itself."""
        return (self.things or {})[file]


class HereBackend:
    """What a contender's first look and its calls need of an adapter, in a process that nothing is
    set in: device and arrays."""

    def __init__(self, race: Callable[[], Race], sent: Sent, policy: Policy) -> None:
        self.race, self.sent, self.policy = race, sent, policy
        self.inner: Any = resolve(BACKENDS[sent.framework])()

    def put(self, host: np.ndarray[Any, Any]) -> Any:
        """An array of the contender's framework that shares no memory with this one."""
        if self.sent.framework == "numpy":
            return host.copy()
        path = f"xbench.backends.{self.sent.framework}_functions:tensor"
        dtype = "bfloat16" if self.race().dtype == "bfloat16" and host.dtype == "float32" else None
        return resolve(path)(host.copy(), self.policy.device, dtype)

    def fence(self, tensors: Tensors) -> None:
        """Wait until these are computed, of whatever framework they are."""
        wait_for("", tensors.values())

    def classify(self, error: BaseException) -> Status | None:
        """Of what kind an error is, by the framework's adapter."""
        status: Status | None = self.inner.classify(error)
        return status


def raced_in_this_process(asked: Asked) -> Outcome:
    """Race at once, in this process. Raises: UsageError."""
    end = time.monotonic() + asked.budget_s
    folder = TemporaryFolder()
    payload = folder.path / "payload"
    payload.mkdir()
    race: Race = _here(asked, payload)
    cores = this_machine().cores
    threads = cores if asked.threads == "all" else int(asked.threads)
    adapters = {slug: f"{ADAPTER}{slug}" for slug in race.contenders}

    def backend(slug: str, mode: Mode) -> RaceAdapter:
        policy = Policy(asked.device, mode, threads, "ieee", "system")
        return cast(RaceAdapter, HereBackend(loaded_race, race.contenders[slug], policy))

    def look_once(entry: Entry, mode: Mode, given: Given, halve: list[str]) -> Mapping[str, Any]:
        return look(backend(entry.slug, mode), given.size.width, mode, halve)

    with raced_here(payload, race), in_one_run(race_op(loaded_race, race), adapters):
        verdict = judge(race, asked, look_at_all(asked, look_once))
    with raced_here(payload, verdict.race), in_one_run(race_op(loaded_race, race), adapters):
        left_s = max(end - time.monotonic(), 0.1)
        plan = race_plan(asked, verdict.known, 0.0, left_s, cores, once=True)
        run = _run(plan, backend, left_s, make_run_folder(folder.path, "run"))
    sizes = tuple(each.size for each in asked.given)
    checked = asked.compare if verdict.exact else "agree"
    contenders = contenders_of(asked, verdict.uncompared)
    return Outcome(run, contenders, sizes, checked, fresh=False, folder=folder)


def _run(
    plan: Plan, backend: Callable[[str, Mode], RaceAdapter], left_s: float, folder: Path
) -> Run:
    """Time the groups of a plan one after another, and write the journal that a run has."""
    seed = secrets.randbelow(1 << 31)
    header = make_header(plan, new_run_id(), "race", ["xbench.race"], seed)
    journal, lines = Journal(folder / JOURNAL), list[GroupLine]()
    journal.write(header)
    for group in plan.groups:
        callers = {
            cell: _caller(backend(cell.key.backend, cell.key.mode), cell) for cell in group.cells
        }
        lines.append(_timed(group, callers, left_s / len(plan.groups), Random(seed)))
        journal.write(lines[-1])
    run = Run(folder / JOURNAL, header, [], [], lines)
    return end_run(journal, run, Footer(ended_utc=_now(), outcome="complete"), folder)[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _here(asked: Asked, folder: Path) -> RaceHere:
    """The race with the caller's own objects; arrays lie in the folder."""
    race = described(asked, folder)
    things: dict[str, Any] = {arguments_file(each): each.trees for each in asked.given}
    for entry in sent_entries(asked):
        things[contender_file(entry)] = entry.thing
        things[setup_file(entry)] = entry.setup
    return RaceHere(
        race.dtype, race.contenders, race.workloads, race.paths, folder=folder, things=things
    )


# Timing.


@dataclass(frozen=True, slots=True)
class _Caller:
    """A contender with its operands, ready to be called."""

    backend: RaceAdapter
    call: Callable[[Tensors], Any]
    batch: Tensors

    def burst(self, calls: int) -> tuple[int, int]:
        """Nanoseconds of so many calls and their fence, by the wall and of the processor."""
        call, batch, returned = self.call, self.batch, None
        cpu, start = time.process_time_ns(), time.perf_counter_ns()
        for _ in range(calls):
            returned = call(batch)
        self.backend.fence(results(returned))
        return time.perf_counter_ns() - start, time.process_time_ns() - cpu


def _caller(backend: RaceAdapter, cell: Cell) -> _Caller:
    race, width = backend.race(), cell.spec[SIZE]
    call, _ = contender_call(backend, race, backend.sent, width, Variant(cell.key.mode, "none"))
    operands = race.workloads[width].operands
    batch = {name: backend.put(race.array(each.file)) for name, each in operands.items()}
    return _Caller(backend, call, batch)


def _timed(
    group: Group, callers: Mapping[Cell, _Caller], budget_s: float, random: Random
) -> GroupLine:
    """Rounds of bursts of one size until its time is over."""
    end = time.monotonic() + budget_s
    lines = {cell: CellLine(key=cell.key) for cell in group.cells}
    for cell, caller in callers.items():
        lines[cell].first_ns = caller.burst(1)[0]
        lines[cell].calls = _calls(caller)
    order: list[list[int]] = []
    started, cells = _now(), list(group.cells)
    gc.collect()
    while len(order) < MIN_ROUNDS or (time.monotonic() < end and len(order) < MAX_ROUNDS):
        turn = random.sample(range(len(cells)), len(cells))
        for place in turn:
            line = lines[cells[place]]
            wall_ns, cpu_ns = callers[cells[place]].burst(line.calls)
            _keep(line.timed, wall_ns, cpu_ns)
        order.append(turn)
    return GroupLine(
        group=group.id,
        launch=0,
        started_utc=started,
        inputs_sha256="",
        order=order,
        cells=[lines[cell] for cell in cells],
    )


def _calls(caller: _Caller) -> int:
    """How many calls make a burst that is long enough."""
    return next((calls for calls in LADDER if caller.burst(calls)[0] >= BURST_NS), LADDER[-1])


def _keep(samples: Samples, wall_ns: int, cpu_ns: int) -> None:
    samples.wall_ns.append(wall_ns)
    samples.cpu_ns.append(cpu_ns)
    samples.cpu_exact.append(0)
    for each in (
        samples.minor_faults,
        samples.involuntary_switches,
        samples.voluntary_switches,
        samples.start_ns,
        samples.wait_ns,
    ):
        each.append(0)
