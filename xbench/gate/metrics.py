"""What is tracked of a cell, with its unit, its direction and the smallest change that counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log
from typing import Literal

from xbench.gate.compare import LEAST_BYTES
from xbench.gate.stored import Cell


@dataclass(frozen=True, slots=True)
class Metric:
    """`value` is its figure in a cell, in `unit`, None where there is none; `least` the change in
    that unit below which there is none, whatever its share."""

    name: str
    unit: str
    value: Callable[[Cell], float | None]
    better: Literal["lower", "higher"] = "lower"
    least: float = 0.0

    def worse(self, value: float) -> float:
        """A value as a logarithm that grows as things get worse."""
        return log(value) if self.better == "lower" else -log(value)

    def back(self, worse: float) -> float:
        """The value of such a logarithm."""
        return exp(worse if self.better == "lower" else -worse)


TIME = Metric("time", "s", lambda cell: cell.time_s)
PEAK = Metric("peak memory", "B", lambda cell: cell.peak_bytes or None, least=LEAST_BYTES)
METRICS = (TIME, PEAK)
