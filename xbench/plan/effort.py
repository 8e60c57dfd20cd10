"""How much is to be measured, and the plan of a selection on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from xbench.analysis.stopping import LOOKS
from xbench.errors import UsageError
from xbench.machine.machine import available_bytes, devices, this_machine
from xbench.machine.nvml import device_bytes
from xbench.ops.suite import Preset
from xbench.plan.build import build_rows
from xbench.plan.plan import MIN_ROUNDS, Plan, make_plan
from xbench.plan.select import Selection, choose_devices


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure, where the user says so: launches, rounds, the half-width wanted, the
    seconds of rounds of a group in each launch, whether peak memory, and the seconds of all."""

    launches: int | None = None
    rounds: int | None = None
    target: float | None = None
    group_s: float | None = None
    memory: bool = False
    budget_s: float | None = None

    def launches_of(self, preset: Preset) -> int:
        """The most launches there will be. Raises: UsageError."""
        if self.launches is not None and self.launches < 1:
            raise UsageError(f"launches is {self.launches}", "at least 1; 3 for an interval")
        if self.launches is not None and self.target is not None:
            raise UsageError("--launches fixes what --target decides", "give one of the two")
        if self.rounds is not None and self.rounds < MIN_ROUNDS:
            raise UsageError(f"rounds is {self.rounds}", f"at least {MIN_ROUNDS}")
        if self.target is not None:
            return LOOKS[-1]
        return self.launches or preset.launches

    def time_s(self, preset: Preset) -> float | None:
        """Seconds in which launches are added where nothing is decided; None where the user, or the
        preset, says how many there are."""
        if preset.time_s is None or self.launches is not None or self.target is not None:
            return None
        return self.budget_s or preset.time_s


def plan_selection(selection: Selection, effort: Effort) -> Plan:
    """The plan of a selection on this machine. Raises: UsageError."""
    preset, cores = selection.preset, this_machine().cores
    launches = effort.launches_of(preset)
    chosen = choose_devices(selection.named("device"), devices())
    rows = build_rows(selection, chosen, cores)
    group_s = effort.group_s or preset.group_s
    return make_plan(
        rows,
        launches,
        group_s,
        cores,
        available_bytes(),
        effort.rounds,
        effort.target,
        effort.memory,
        device_bytes(chosen),
        effort.time_s(preset),
    )
