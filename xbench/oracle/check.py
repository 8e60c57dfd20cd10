"""Exact answers kept in the form of digests, and the comparison that admits or refuses a result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xbench.oracle.digest import Digest
from xbench.workloads.base import UNIT_ROUNDOFF, Block, Shapes

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Sent = dict[str, "Array"]


@dataclass(slots=True)
class Answer:
    """The exact values of one output, whole (`values`) or as sample and projection.

    The 2-norm of a projection by random signs has the expectation of the tensor's own 2-norm, so
    norm checks apply to it unchanged; the bound of an entrywise check is summed over the rows."""

    shape: tuple[int, ...]
    digest: Digest | None
    parts: dict[str, Array] = field(default_factory=dict)
    rtol: float = 0.0
    rounding: float = 0.0
    slack: float = 0.0

    def add(self, block: Block) -> None:
        """Store one run of columns."""
        self.rtol, self.rounding, self.slack = block.rtol, block.rounding, block.slack
        kept = (("exact", block.exact), ("bound", self._widened(block)), ("base", block.base))
        for kind, array in kept:
            if array is None:
                continue
            if self.digest is None:
                self._place(f"{kind}/values", block.start, array, self.shape)
            else:
                self._project(kind, block.start, array, self.digest)

    def _place(self, key: str, start: int, array: Array, shape: tuple[int, ...]) -> None:
        import numpy as np

        target = self.parts.setdefault(key, np.full(shape, np.nan))
        if shape:
            target[..., start : start + array.shape[-1]] = array
        else:
            target[...] = array

    def _project(self, kind: str, start: int, array: Array, digest: Digest) -> None:
        import numpy as np

        width = array.shape[1]
        here = (digest.columns >= start) & (digest.columns < start + width)
        sample = self.parts.setdefault(f"{kind}/sample", np.full(len(digest.rows), np.nan))
        sample[here] = array[digest.rows[here], digest.columns[here] - start]
        signs = np.ones(len(digest.signs)) if kind == "bound" else digest.signs
        self._place(f"{kind}/projection", start, signs @ array, (self.shape[1],))

    def _widened(self, block: Block) -> Array | None:
        """The bound, with room for the rounding of the projection's own sum over the rows, which
        worker and oracle take in different orders."""
        if block.bound is None or self.digest is None:
            return block.bound
        rows = len(self.digest.signs)
        room: Array = rows * UNIT_ROUNDOFF["float64"] * abs(block.exact)
        return block.bound + room

    def problem(self, name: str, sent: Sent) -> str | None:
        """None if the result passes, else what is wrong with it, with values."""
        import numpy as np

        keys = [name] if self.digest is None else [f"{name}/sample", f"{name}/projection"]
        if any(key not in sent for key in keys):
            shape = sent[name].shape if name in sent else None
            return (
                f"{name} has shape {shape}, expected {self.shape}"
                if shape is not None
                else f"no {name}"
            )
        if self.digest is None and sent[name].shape != self.shape:
            return f"{name} has shape {sent[name].shape}, expected {self.shape}"
        if self.digest is not None and tuple(sent[f"{name}/shape"]) != self.shape:
            shape = tuple(map(int, sent[f"{name}/shape"]))
            return f"{name} has shape {shape}, expected {self.shape}"
        for key in keys:
            values = np.asarray(sent[key], dtype="float64")
            if not np.isfinite(values).all():
                count = int((~np.isfinite(values)).sum())
                return f"{name} holds {count} values that are not finite"
            found = self._compare(name, key.removeprefix(name).lstrip("/") or "values", values)
            if found:
                return found
        return None

    def _compare(self, name: str, kind: str, values: Array) -> str | None:
        import numpy as np

        exact = self.parts[f"exact/{kind}"]
        error = np.abs(values - exact)
        if f"bound/{kind}" in self.parts:
            bound = self.parts[f"bound/{kind}"]
            bad = error > bound
            if not bad.any():
                return None
            worst = np.unravel_index(int(np.argmax(error - bound)), error.shape)
            return (
                f"{name}: {int(bad.sum())} of {error.size} {kind} differ from the float64 oracle "
                f"by more than the rounding bound; worst {values[worst]:.9g} for {exact[worst]:.9g}"
                f" (allowed ±{bound[worst]:.3g})"
            )
        base = self.parts[f"base/{kind}"]
        change = float(np.linalg.norm(exact - base))
        allowed = self.rtol * change + self.rounding * float(np.linalg.norm(exact)) + self.slack
        off = float(np.linalg.norm(error))
        if off <= allowed:
            return None
        return (
            f"{name}: its change is off by {off:.3g} in the 2-norm from the float64 oracle, whose "
            f"change is {change:.3g} (allowed {allowed:.3g}; {kind})"
        )


def collect(
    blocks: Iterator[Block], shapes: Shapes, digests: dict[str, Digest]
) -> dict[str, Answer]:
    """The exact answers of every output in `shapes`."""
    answers = {name: Answer(shape, digests.get(name)) for name, shape in shapes.items()}
    for block in blocks:
        answers[block.name].add(block)
    return answers


def judge(answers: dict[str, Answer], sent: Sent) -> list[str]:
    """What is wrong with a result; empty if it is right."""
    problems = [answer.problem(name, sent) for name, answer in answers.items()]
    return [problem for problem in problems if problem]
