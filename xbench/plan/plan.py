"""A plan: the rows, what can be measured together, and what it will cost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from xbench.contracts import Gradient
from xbench.keys import DEFAULT_ALLOCATOR, WorkerKey
from xbench.plan.build import Row
from xbench.plan.cell import Cell, Group, make_groups
from xbench.plan.predict import (
    FIXED_BYTES,
    OPEN_S,
    Prediction,
    drawing_s,
    input_bytes,
    oracle_s,
    predict,
)
from xbench.records.schema import MOST_LAUNCHES, Launching
from xbench.text import show_bytes, show_seconds

MEMORY_SHARE = 0.85
"""How much of the available memory a plan may fill."""

CALL_LIMIT_S = 30.0
"""A cell whose single call is predicted to take longer is listed as skipped."""

MIN_ROUNDS, GOOD_ROUNDS, MAX_ROUNDS = 7, 15, 400
GOOD_TIMES = 3
"""Up to so many times a group's time is spent on reaching `GOOD_ROUNDS`: with 7 rounds of 2 to
13 ms the error inside a launch (18 % of a ratio) was most of what launches differed by (23 %)."""

WARMUP_S = 0.25
"""How long a cell is warmed up that does not grow steady."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do. `groups` hold the cells that will be tried, in the order of the rows."""

    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    predictions: dict[str, Prediction]
    launches: int
    group_s: float
    cores: int
    rounds: int | None = None
    """Rounds of every group, where they are fixed; else `group_s` decides."""
    target: float | None = None
    """The half-width wanted of every ratio, as a share; launches then end early, at a look."""
    memory: bool = False
    """Whether every cell's peak memory is measured once all is timed."""
    warmup_s: float = WARMUP_S
    """How long each cell is warmed up that does not grow steady."""
    time_s: float | None = None
    """Seconds in which groups get more launches than `launches`, while it is not decided which of
    their cells is the fastest."""

    @property
    def launching(self) -> Launching:
        """What decides how many launches there are."""
        if self.target is not None:
            return "adaptive"
        return "fixed" if self.time_s is None else "deciding"

    @property
    def most_launches(self) -> int:
        """That one group may get."""
        return self.launches if self.time_s is None else max(self.launches, MOST_LAUNCHES)

    @property
    def hash(self) -> str:
        """Of everything that decides what is measured; `--resume` refuses another."""
        parts = [f"{row.cell.id} {row.status}" for row in self.rows]
        how = f"{self.launches} {self.group_s} {self.rounds} {self.target}"
        how += " memory" if self.memory else ""
        how += "" if self.time_s is None else " deciding"
        groups = [f"{group.id} {[cell.id for cell in group.cells]}" for group in self.groups]
        text = "\n".join([*parts, *groups, how])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def launch_s(self) -> float:
        """Predicted seconds of one launch."""
        workers = {cell.worker for group in self.groups for cell in group.cells}
        return OPEN_S * len(workers) / min(self.cores, 4) + sum(map(self.group_cost_s, self.groups))

    def total_s(self) -> float:
        """Predicted seconds of the whole run."""
        oracle = sum(oracle_s(group.spec, self.cores) for group in self.groups)
        return oracle + self.launches * self.launch_s() + sum(self.memory_costs_s().values())

    def memory_costs_s(self) -> dict[str, float]:
        """Predicted seconds of measuring each cell's peak memory, by id; none if it is not wanted:
        a process, its share of drawing the inputs, loading and a few calls."""
        if not self.memory:
            return {}
        return {
            cell.id: OPEN_S + self.predictions[cell.id].load_s + drawing_s(cell.spec) / len(cells)
            for cells in (group.cells for group in self.groups)
            for cell in cells
        }

    def group_cost_s(self, group: Group, oracle: bool = False) -> float:
        """Predicted seconds of one group in one launch; with the oracle's, which only the first
        has to wait for."""
        predicted = [self.predictions[cell.id] for cell in group.cells]
        one_round = sum(each.call_s for each in predicted)
        loading = sum(each.load_s for each in predicted)
        fixed = None if self.rounds is None else self.rounds * one_round
        exact = oracle_s(group.spec, self.cores) if oracle else 0.0
        warming = self.warmup_s * len(group.cells)
        good = min(GOOD_ROUNDS * one_round, GOOD_TIMES * self.group_s)
        rounds = fixed or max(self.group_s, good, MIN_ROUNDS * one_round)
        return rounds + loading + warming + exact


def make_plan(
    rows: list[Row],
    launches: int,
    group_s: float,
    cores: int,
    memory_bytes: int,
    rounds: int | None = None,
    target: float | None = None,
    memory: bool = False,
    device_bytes: Mapping[str, int] | None = None,
    time_s: float | None = None,
) -> Plan:
    """Refuse what cannot fit or would take for ever, split what does not fit together.
    `device_bytes`: the memory of devices that tell; what does not fit on another is tried."""
    room = _Room(int(memory_bytes * MEMORY_SHARE), device_bytes or {})
    predictions = {row.cell.id: predict(row.cell, cores) for row in rows}
    judged = [_preflight(row, predictions[row.cell.id], room) for row in rows]
    groups: list[Group] = []
    for group in make_groups(row.cell for row in judged if row.status is None):
        groups += _split(group, predictions, room)
    return Plan(
        tuple(judged),
        tuple(groups),
        predictions,
        launches,
        group_s,
        cores,
        rounds,
        target,
        memory,
        time_s=time_s,
    )


@dataclass(frozen=True, slots=True)
class _Room:
    """What may be held: on the host, where inputs are mapped in any case, and on each device."""

    host_bytes: int
    devices: Mapping[str, int]

    def of(self, device: str) -> float:
        """Where a cell's tensors lie; infinite where nothing is known."""
        if device == "cpu":
            return self.host_bytes
        return self.devices[device] * MEMORY_SHARE if device in self.devices else inf

    def lacks(self, cell: Cell, held: int) -> str | None:
        """Why a cell that holds so much cannot fit, if so."""
        device, inputs = cell.worker.device, input_bytes(cell.spec)
        on_host = device == "cpu"
        for need, room, where in (
            (inputs + held if on_host else inputs, self.host_bytes, "here"),
            (held, self.of(device), f"on {device}"),
        ):
            if need > room:
                usable = show_bytes(int(room))
                return f"needs {show_bytes(need)}; {usable} can be used {where} ({need} bytes)"
        return None


def _preflight(row: Row, predicted: Prediction, room: _Room) -> Row:
    if row.status is not None:
        return row
    lacking = room.lacks(row.cell, predicted.held_bytes)
    if lacking is not None:
        return Row(row.cell, "would_oom", lacking)
    if predicted.call_s > CALL_LIMIT_S:
        reason = f"one call would take about {show_seconds(predicted.call_s)}"
        return Row(row.cell, "skipped", f"{reason} (the limit is {CALL_LIMIT_S:.0f} s)")
    return row


def _split(group: Group, predictions: dict[str, Prediction], room: _Room) -> list[Group]:
    """The group, or parts of it that each fit in memory; parts are not paired with each other.
    Cells that differ only in allocator, and both sides of an A/B, stay together where they fit."""
    device = group.cells[0].worker.device
    limit, shared = room.of(device), input_bytes(group.spec) if device == "cpu" else 0

    def need(cells: Iterable[Cell]) -> int:
        return sum(predictions[cell.id].held_bytes + FIXED_BYTES for cell in cells)

    parts: list[list[Cell]] = [[]]
    for twins in _inseparable(group.cells):
        fits = shared + need(twins) <= limit
        for cells in [twins] if fits else [[cell] for cell in twins]:
            if parts[-1] and shared + need([*parts[-1], *cells]) > limit:
                parts.append([])
            parts[-1] += cells
    if len(parts) == 1:
        return [group]
    return [Group(f"{group.id}#{n}", tuple(cells)) for n, cells in enumerate(parts, 1)]


def _inseparable(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Cells that differ in nothing but the allocator, or that are a pair of an A/B, in the order of
    the first of each."""
    found: dict[str | tuple[WorkerKey, Gradient], list[Cell]] = {}
    for cell in cells:
        key = replace(cell.worker, allocator=DEFAULT_ALLOCATOR)
        found.setdefault(cell.pair or (key, cell.key.gradient), []).append(cell)
    return list(found.values())
