"""The types of claims: a claim, the evidence that it is judged by, what a judge found, and the
lines and figures that are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.contracts import Backend, Mode
from xbench.ops.suite import Preset
from xbench.records.schema import ValuesLine, WorkerLine

# What a judge looks at: cells with their times, paired ratios, exhibits.

Values = dict[str, Any]
"""What an exhibit takes, or gives: JSON whose keys are its own. Only it and the judges that read it
know them, so no type could say more."""

Exhibit = Callable[[Backend, Values], Values]
"""A small piece of a user's code and what it gives, as evidence for a claim."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was measured and shown for a list of claims.

    `gpus` are the names of GPUs that were measured on; `mnist` is the user's folder of MNIST."""

    cells: list[CellSummary]
    comparisons: list[Comparison]
    exhibits: list[ValuesLine]
    workers: list[WorkerLine]
    gpus: tuple[str, ...] = ()
    mnist: Path | None = None

    def values(self, exhibit: str, backend: str, mode: str = "eager") -> Values:
        """What an exhibit gave on a backend. Raises: Missing with the reason."""
        for line in self.exhibits:
            worker = line.worker.backend, line.worker.mode
            if line.name == exhibit and worker == (backend, mode):
                if line.status == "ok":
                    return line.values
                raise Missing(f"{backend}: {line.reason}")
        raise Missing(f"{exhibit} was not run on {backend} {mode}")

    def shown_by(self, exhibit: str) -> dict[str, Values]:
        """What an exhibit gave, by backend, wherever it could run. Raises: Missing if nowhere."""
        lines = [line for line in self.exhibits if line.name == exhibit]
        found = {line.worker.backend: line.values for line in lines if line.status == "ok"}
        if not found:
            raise Missing("; ".join(line.reason for line in lines) or f"{exhibit} was not run")
        return found

    def cell(
        self,
        op: str,
        backend: str,
        mode: str = "eager",
        gradient: str | None = None,
        device: str = "cpu",
        **params: int | str,
    ) -> CellSummary:
        """A cell with a time; of the backend's default gradient if none is named.

        Raises: Missing with the reason."""
        wanted = op, backend, mode, device
        for cell in self.cells:
            key = cell.plan.key
            if (key.op, key.backend, key.mode, key.device) != wanted:
                continue
            default = cell.plan.default_gradient
            right = default if gradient is None else key.gradient == gradient
            if right and params.items() <= key.params.items():
                if cell.time_s is None:
                    raise Missing(f"{backend}: {cell.status}: {cell.reason}")
                return cell
        named = " ".join(f"{name} {value}" for name, value in params.items())
        raise Missing(f"{op} {named} was not measured on {backend} {mode} {device}")

    def ratio(self, cell: CellSummary, reference: CellSummary) -> Comparison:
        """The paired ratio of two cells of a group, in this direction. Raises: Missing."""
        for each in self.comparisons:
            if (each.cell.id, each.reference.id) == (cell.plan.id, reference.plan.id):
                return each
        raise Missing(f"{cell.plan.id} and {reference.plan.id} were not compared")

    def open_s(self, backend: str) -> float:
        """Seconds that importing a framework took, at the most in any launch. Raises: Missing."""
        found = [each.open_ns for each in self.workers if each.worker.backend == backend]
        if not found:
            raise Missing(f"{backend} was not opened")
        return max(found) * 1e-9


Ruling = Literal["reproduced", "contradicted", "not measurable here"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found (`ours`, a short text), the ruling, and why in one line."""

    ours: str
    ruling: Ruling
    why: str


class Missing(Exception):
    """There is no evidence: the claim is not measurable here, for this reason."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that was printed somewhere. `id` is `001.custom-called`, `says` one sentence.

    `judge` may raise Missing; it never guesses."""

    id: str
    says: str
    printed: str
    judge: Callable[[Evidence], Judged]

    @property
    def source(self) -> str:
        """Where it was printed: what stands before the first point of its id."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Request:
    """An exhibit to be shown by these backends in this mode."""

    exhibit: str
    backends: tuple[str, ...]
    mode: Mode = "eager"
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """What its line in the journal is called; the exhibit's name if empty."""


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True, tag="claim"):
    """A line of `claims.jsonl`: a claim and its ruling."""

    id: str
    source: str
    says: str
    printed: str
    ours: str
    ruling: Ruling
    why: str


class PlotPoint(msgspec.Struct, frozen=True):
    """A point with the ends of its interval, where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


class PlotLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a plot. `backend`, `mode` and `gradient` decide its look, as in other figures;
    `published`: its points were printed elsewhere, not measured here."""

    label: str
    backend: str
    points: list[PlotPoint]
    mode: str = "eager"
    gradient: str = "none"
    published: bool = False


class PlotFile(msgspec.Struct, frozen=True, kw_only=True, tag="plot"):
    """A line of `claims.jsonl`: a figure as data, on logarithmic axes. `alt` says it in words;
    `y_is_time`: in seconds, else plain numbers."""

    name: str
    title: str
    x_label: str
    y_label: str
    alt: str
    lines: list[PlotLine]
    y_is_time: bool = True


def _nothing_planted() -> Sequence[ValuesLine]:
    return ()


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Everything about one list of claims: what to measure, what to show, and how to judge.

    `planted` runs mistakes through the engine before all else, and tells what came of them."""

    name: str
    about: str
    preset: Preset
    requests: tuple[Request, ...]
    claims: tuple[Claim, ...]
    plots: tuple[Callable[[Evidence], PlotFile | None], ...] = ()
    planted: Callable[[], Sequence[ValuesLine]] = _nothing_planted
