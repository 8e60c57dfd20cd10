"""What a suite is: families of workloads, each swept over a width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from xbench.contracts import Mode, Spec
from xbench.errors import UsageError
from xbench.keys import label
from xbench.ops import get_op

WIDTHS = (512, 2048, 8192, 20480, 65536, 204800)
"""512, 20480 and 204800 are those of the suite `notebooks`."""

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
                "fix the suite",
            ) from error
        spec = get_op(self.op).spec(dtype, **params)
        for text in (self.family, label(spec.params)):
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
    declared: tuple[object, ...] = ()
    """What made the sweeps, of a file whose functions are declared as ops."""

    def ops(self) -> Iterator[str]:
        """Names of the ops it sweeps, each once."""
        yield from dict.fromkeys(sweep.op for sweep in self.sweeps)


# A preset: what `xbench run` measures on every axis the user does not name, and how long for.


@dataclass(frozen=True, slots=True)
class Preset:
    """Patterns may hold * and ?. `compiled_ops` are the ops also run in mode `compiled`."""

    name: str
    about: str
    suites: tuple[str, ...]
    ops: tuple[str, ...]
    families: tuple[str, ...]
    widths: tuple[int, ...]
    dtypes: tuple[str, ...]
    threads: tuple[str, ...]
    modes: tuple[Mode, ...]
    compiled_ops: tuple[str, ...]
    gradients: Literal["default", "all"]
    launches: int
    group_s: float
    """Seconds of rounds a group gets in each launch (at least the smallest number of rounds)."""

    time_s: float | None = None
    """Seconds of the whole run. While they last, workloads of which it is not decided which cell is
    the fastest get more launches than `launches`, which all get."""

    every_gradient: tuple[str, ...] = ()
    """Families in which every gradient is measured, whatever `gradients` says."""
