"""Exact answers as far as they are kept, and the comparison that admits or refuses a result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xbench.ops.base import Block, Shapes
from xbench.ops.rounding import UNIT_ROUNDOFF
from xbench.oracle.digest import Sampling

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

HOEFFDING = 8.0
"""Exceeded by chance with probability 2 exp(-32) = 2.5e-14, some 1e-8 in a sweep of a million."""

Sent = dict[str, "Array"]


@dataclass(slots=True)
class Answer:
    """The exact values of one output, whole (`values`) or as sample and projection.

    A projection's error is a sum of entrywise errors with random signs that are independent of
    them, so besides the sum of the bounds, HOEFFDING times the root of the sum of their squares
    bounds it (Hoeffding's inequality). The 2-norm of a projection by random signs has the
    expectation of the tensor's own 2-norm, so norm checks apply to it unchanged."""

    shape: tuple[int, ...]
    sampling: Sampling | None
    parts: dict[str, Array] = field(default_factory=dict)
    rtol: float = 0.0
    rounding: float = 0.0
    slack: float = 0.0

    def add(self, block: Block) -> None:
        """Store one run of columns."""
        self.rtol, self.rounding, self.slack = block.rtol, block.rounding, block.slack
        for kind in ("exact", "bound", "base"):
            array = getattr(block, kind)
            if array is None:
                continue
            if self.sampling is None:
                self._place(f"{kind}/values", block.start, array, self.shape)
            else:
                self._sample(kind, block.start, array, self.sampling)
                self._project(kind, block.start, array, self.sampling)

    def finish(self) -> None:
        """Make the bound of a projection from the bounds of its terms."""
        import numpy as np

        if self.sampling is None or "bound/projection" not in self.parts:
            return
        sure, squares = self.parts["bound/projection"], self.parts.pop("squares/projection")
        likely = HOEFFDING * np.sqrt(squares)
        size = self.parts.pop("size/projection")
        # Worker and oracle add up in different orders: each may round every partial sum.
        rounding = 2 * len(self.sampling.signs) * UNIT_ROUNDOFF["float64"] * size
        self.parts["bound/projection"] = np.minimum(sure, likely) + rounding

    def _place(self, key: str, start: int, array: Array, shape: tuple[int, ...]) -> None:
        import numpy as np

        target = self.parts.setdefault(key, np.full(shape, np.nan))
        if shape:
            target[..., start : start + array.shape[-1]] = array
        else:
            target[...] = array

    def _sample(self, kind: str, start: int, array: Array, sampling: Sampling) -> None:
        import numpy as np

        here = (sampling.columns >= start) & (sampling.columns < start + array.shape[1])
        sample = self.parts.setdefault(f"{kind}/sample", np.full(len(sampling.rows), np.nan))
        sample[here] = array[sampling.rows[here], sampling.columns[here] - start]

    def _project(self, kind: str, start: int, array: Array, sampling: Sampling) -> None:
        import numpy as np

        ones = np.ones(len(sampling.signs))
        if kind == "bound":
            self._sum("bound/projection", start, array, ones)
            self._sum("squares/projection", start, array**2, ones)
            return
        self._sum(f"{kind}/projection", start, array, sampling.signs)
        if kind == "exact":
            self._sum("size/projection", start, abs(array), ones)

    def _sum(self, key: str, start: int, array: Array, weights: Array) -> None:
        """Add a run of columns to a weighted sum along the shorter side of the output."""
        import numpy as np

        total = self.parts.setdefault(key, np.zeros(max(self.shape)))
        columns = slice(start, start + array.shape[1])
        if self.sampling is not None and self.sampling.tall:
            total += array @ weights[columns]
        else:
            total[columns] += weights @ array

    def problem(self, name: str, sent: Sent) -> str | None:
        """None if the result passes, else what is wrong with it, with values."""
        import numpy as np

        keys = [name] if self.sampling is None else [f"{name}/sample", f"{name}/projection"]
        if any(key not in sent for key in keys):
            shape = sent[name].shape if name in sent else None
            return (
                f"{name} has shape {shape}, expected {self.shape}"
                if shape is not None
                else f"no {name}"
            )
        if self.sampling is None and sent[name].shape != self.shape:
            return f"{name} has shape {sent[name].shape}, expected {self.shape}"
        if self.sampling is not None and tuple(sent[f"{name}/shape"]) != self.shape:
            shape = tuple(map(int, sent[f"{name}/shape"]))
            return f"{name} has shape {shape}, expected {self.shape}"
        for key in keys:
            values = np.asarray(sent[key], dtype="float64")
            kind = key.removeprefix(name).lstrip("/") or "values"
            if (count := self._not_finite(kind, values)) > 0:
                return f"{name} holds {count} values that are not finite"
            found = self._compare(name, kind, values)
            if found:
                return found
        return None

    def _not_finite(self, kind: str, values: Array) -> int:
        """How many values are no finite numbers, of those that are compared: an infinite bound lets
        anything pass."""
        import numpy as np

        bound = self.parts.get(f"bound/{kind}")
        compared = True if bound is None else ~np.isposinf(bound)
        return int((~np.isfinite(values) & compared).sum())

    def _compare(self, name: str, kind: str, values: Array) -> str | None:
        import numpy as np

        exact = self.parts[f"exact/{kind}"]
        error = np.abs(values - exact)
        if f"bound/{kind}" in self.parts:
            bound = self.parts[f"bound/{kind}"]
            error = np.where(np.isposinf(bound), 0.0, error)
            bad = ~(error <= bound)  # where either is NaN too
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
    blocks: Iterator[Block], shapes: Shapes, samplings: dict[str, Sampling]
) -> dict[str, Answer]:
    """The exact answers of every output in `shapes`."""
    answers = {name: Answer(shape, samplings.get(name)) for name, shape in shapes.items()}
    for block in blocks:
        answers[block.name].add(block)
    for answer in answers.values():
        answer.finish()
    return answers


def judge(answers: dict[str, Answer], sent: Sent) -> list[str]:
    """What is wrong with a result; empty if it is right."""
    problems = [answer.problem(name, sent) for name, answer in answers.items()]
    unknown = {key.split("/")[0] for key in sent} - answers.keys()
    problems += [f"{name} is no output of this op" for name in sorted(unknown)]
    return [problem for problem in problems if problem]
