"""What a suite is: families of workloads, each swept over a width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xbench.contracts import Spec
from xbench.errors import UsageError
from xbench.workloads import get_op, label

WIDTHS = (512, 2048, 8192, 20480, 65536, 204800)
"""512, 20480 and 204800 are the notebooks' own."""

LONGEST = 200
"""Of a family, and of the sizes in a cell's id."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One op at every width: `params(width)` gives the op's parameters.

    `family` names the scaling curve in tables and plots: `mlp_train 100×1→w→1`."""

    op: str
    family: str
    params: Callable[[int], dict[str, int | str]]
    widths: tuple[int, ...] = WIDTHS

    def spec(self, width: int, dtype: str) -> Spec:
        """The workload at one width. Raises: UsageError."""
        try:
            params = self.params(width)
        except Exception as error:
            raise UsageError(
                f"{self.family}: params({width}) raised {type(error).__name__}: {error}",
                "mend the suite",
            ) from error
        spec = get_op(self.op).spec(dtype, **params)
        for text in (self.family, label(spec)):
            if len(text) > LONGEST or not text.isprintable():
                raise UsageError(
                    f"{self.op}: {text[:80]!r} cannot be part of a cell's name",
                    f"up to {LONGEST} characters that can be printed on one line",
                )
        return spec


@dataclass(frozen=True, slots=True)
class Suite:
    """A named set of sweeps; `about` is one line."""

    name: str
    about: str
    sweeps: tuple[Sweep, ...]

    def ops(self) -> Iterator[str]:
        """Names of the ops it sweeps, each once."""
        yield from dict.fromkeys(sweep.op for sweep in self.sweeps)
