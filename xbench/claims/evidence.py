"""What a judge looks at: cells with their times, paired ratios, exhibits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xbench.claims.model import Missing
from xbench.records.compare import Comparison
from xbench.records.schema import ExhibitLine, WorkerLine
from xbench.records.summary import CellSummary

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was measured and shown for a list of claims.

    `gpus` are the names of GPUs that were measured on; `mnist` is the user's folder of MNIST."""

    cells: list[CellSummary]
    comparisons: list[Comparison]
    exhibits: list[ExhibitLine]
    workers: list[WorkerLine]
    gpus: tuple[str, ...] = ()
    mnist: Path | None = None

    def values(self, exhibit: str, backend: str, mode: str = "eager") -> Values:
        """What an exhibit gave on a backend. Raises: Missing with the reason."""
        for line in self.exhibits:
            if line.exhibit == exhibit and line.worker == f"{backend} {mode}":
                if line.status == "ok":
                    return line.values
                raise Missing(f"{backend}: {line.reason}")
        raise Missing(f"{exhibit} was not run on {backend} {mode}")

    def shown_by(self, exhibit: str) -> dict[str, Values]:
        """What an exhibit gave, by backend, wherever it could run. Raises: Missing if nowhere."""
        lines = [line for line in self.exhibits if line.exhibit == exhibit]
        found = {line.worker.split()[0]: line.values for line in lines if line.status == "ok"}
        if not found:
            raise Missing("; ".join(line.reason for line in lines) or f"{exhibit} was not run")
        return found

    def cell(
        self, op: str, backend: str, mode: str = "eager", gradient: str | None = None,
        device: str = "cpu", **params: int | str,
    ) -> CellSummary:  # fmt: skip
        """A cell with a time; of the backend's default gradient if none is named.

        Raises: Missing with the reason."""
        wanted = {"op": op, "backend": backend, "mode": mode, "device": device}
        for cell in self.cells:
            plan = cell.plan
            if any(getattr(plan, name) != value for name, value in wanted.items()):
                continue
            right = plan.default_gradient if gradient is None else plan.gradient == gradient
            if right and params.items() <= plan.params.items():
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
        found = [each.open_ns for each in self.workers if each.worker.split("/")[0] == backend]
        if not found:
            raise Missing(f"{backend} was not opened")
        return max(found) * 1e-9
