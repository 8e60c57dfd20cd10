"""What names a cell, and the worker that serves it: their axes as fields, and ids made of them.

An id is for people and for patterns. Nothing takes one apart but `CellKey.parse`, for the ids of a
command line and of other tools' files. Only the standard library, the contract and `xbench.errors`
are imported: a worker's interpreter may lack our dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from xbench.contracts import GRADIENTS, MODES, Policy, Spec, Variant
from xbench.errors import UsageError

if TYPE_CHECKING:
    from xbench.contracts import Gradient, Mode
else:  # a file may name any, and a report shows what it says; what is planned is checked before
    Gradient = Mode = str

DEFAULT_MATH, DEFAULT_ALLOCATOR, DEFAULT_CACHE = "ieee", "reuse", "warm"
MATH_MODES = (DEFAULT_MATH, "tf32")
ALLOCATOR_POLICIES = (DEFAULT_ALLOCATOR, "system")
CACHES = (DEFAULT_CACHE, "cold")
"""`warm`: each call finds its operands where the last one left them; `cold`: calls take copies in
turn that no cache holds together."""

SIDES = ("", "base", "head")
"""Of an A/B, where each side has processes of its own; elsewhere there is none."""

USUAL_PARAMETERS: Mapping[str, int | str] = {"bias": 1}
"""Parameters that an id leaves out where they have this value."""

T = TypeVar("T")
Params = dict[str, int | str]
_NUMBER = re.compile(r"(.*[^0-9])(0|[1-9][0-9]{0,17})")
_THREADS = re.compile(r"t(all|[1-9][0-9]{0,8})")
_SHOWN = 200
"""Characters of a text in an error."""


@dataclass(frozen=True, eq=False)
class WorkerKey:
    """What one process can serve. `threads` is "all" or a number in decimal; `side` is `base` or
    `head` in an A/B, else empty. Keys of one id are equal."""

    backend: str
    device: str
    mode: Mode
    threads: str
    math: str = DEFAULT_MATH
    allocator: str = DEFAULT_ALLOCATOR
    side: str = ""

    @cached_property
    def id(self) -> str:
        """`torch/cpu/eager/tall`, with math and allocator where they are not the default, and the
        side where there is one."""
        usual = f"{self.backend}/{self.device}/{self.mode}/t{self.threads}"
        return usual + _ending(self.math, self.allocator, self.side)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkerKey) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def policy(self, cores: int) -> Policy:
        """The policy with the thread count spelled out."""
        count = cores if self.threads == "all" else int(self.threads)
        return Policy(self.device, self.mode, count, self.math, self.allocator)


@dataclass(frozen=True, eq=False)
class CellKey:
    """A workload under a policy. `params` are in the op's order; the rest is as in `WorkerKey`.
    Keys of one id are equal."""

    op: str
    params: Params
    dtype: str
    backend: str
    device: str
    mode: Mode
    gradient: Gradient
    threads: str
    math: str = DEFAULT_MATH
    allocator: str = DEFAULT_ALLOCATOR
    cache: str = DEFAULT_CACHE
    side: str = ""

    @cached_property
    def id(self) -> str:
        """`op/params/dtype/backend/device/mode/gradient/tN[/math][/allocator][/cold][/side]`; no
        `=` or `,`."""
        return f"{self.op}/{label(self.params.items())}/{self.policy_id}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CellKey) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def matches(self, pattern: str) -> bool:
        """Whether its id or its op matches a pattern (`*` and `?`)."""
        return fnmatchcase(self.id, pattern) or fnmatchcase(self.op, pattern)

    @property
    def policy_id(self) -> str:
        """The id without op and parameters: what the cells of a scaling curve have in common."""
        usual = f"{self.dtype}/{self.backend}/{self.device}/{self.mode}/{self.gradient}"
        return f"{usual}/t{self.threads}{self._ending}"

    @property
    def workload_id(self) -> str:
        """`op/params/dtype`: the same inputs and the same answer for every backend."""
        return workload_id(self.spec)

    @cached_property
    def group_id(self) -> str:
        """The cells that are measured in the same rounds: of all backends, modes, gradients and
        allocators, and of both sides of an A/B, which may differ in threads; cold ones apart."""
        threads = "ab" if self.side else f"t{self.threads}"
        return f"{self.workload_id}/{self.device}/{threads}" + _ending(self.math, self.cache)

    @property
    def within_group(self) -> str:
        """What its group leaves open: `torch/cpu/eager/autograd`, or `…/system`."""
        return f"{self.backend}/{self.device}/{self.mode}/{self.gradient}{self._ending}"

    @cached_property
    def worker(self) -> WorkerKey:
        """The process that serves it."""
        return WorkerKey(
            self.backend,
            self.device,
            self.mode,
            self.threads,
            self.math,
            self.allocator,
            self.side,
        )

    @cached_property
    def spec(self) -> Spec:
        """The op at these sizes."""
        return Spec(self.op, tuple(self.params.items()), self.dtype)

    @property
    def variant(self) -> Variant:
        """Mode and gradient: what the op's factory is told."""
        return Variant(self.mode, self.gradient)

    @property
    def ceiling_key(self) -> tuple[str, str, str, str, str]:
        """Which of the machine's ceilings hold: by device, dtype, math, threads and allocator."""
        return self.device, self.dtype, self.math, self.threads, self.allocator

    @property
    def _ending(self) -> str:
        return _ending(self.math, self.allocator, self.cache, self.side)

    @classmethod
    def parse(cls, text: str) -> CellKey:
        """The key that has this id. A word among the parameters, such as `adam`, is called by
        itself: which parameter it is of, the id does not say. Raises: UsageError for what is no
        id."""
        parts = text.split("/")
        if len(parts) < _FEWEST_PARTS:
            raise _no_id(text)
        op, sizes, dtype, backend, device, mode, gradient, threads, *rest = parts
        endings = {axis: _taken(rest, known) for axis, known in _ENDINGS.items()}
        known_mode, known_gradient = _one_of(mode, MODES), _one_of(gradient, GRADIENTS)
        count = _THREADS.fullmatch(threads)
        if rest or known_mode is None or known_gradient is None or count is None:
            raise _no_id(text)
        if not all((op, dtype, backend, device)):
            raise _no_id(text)
        return cls(
            op,
            _params(sizes),
            dtype,
            backend,
            device,
            known_mode,
            known_gradient,
            count[1],
            **endings,
        )


_FEWEST_PARTS = 8
_ENDINGS = {"math": MATH_MODES, "allocator": ALLOCATOR_POLICIES, "cache": CACHES, "side": SIDES}
"""What may follow in an id, in this order; the first of each is not said."""

_UNSAID = frozenset(known[0] for known in _ENDINGS.values())


def workload_id(spec: Spec) -> str:
    """`op/params/dtype` of an op at given sizes."""
    return f"{spec.op}/{label(spec.params)}/{spec.dtype}"


def label(params: Iterable[tuple[str, int | str]]) -> str:
    """Parameters in an id: numbers with their names, words as they are, `m64-k1000-n512`."""
    return "-".join(  # of a list, not a generator: reading a journal makes many
        [
            f"{name}{value}" if isinstance(value, int) else value
            for name, value in params
            if USUAL_PARAMETERS.get(name) != value
        ]
    )


def _params(sizes: str) -> Params:
    """The parameters of a label: such that their label is the same."""
    found: Params = {}
    for place, part in enumerate(sizes.split("-") if sizes else ()):
        number = _NUMBER.fullmatch(part)
        name, value = (number[1], int(number[2])) if number else (part, part)
        if name in found or USUAL_PARAMETERS.get(name) == value:
            name, value = f"{part} {place}", part
        found[name] = value
    return found


def _ending(*parts: str) -> str:
    return "".join([f"/{part}" for part in parts if part not in _UNSAID])


def _taken(rest: list[str], known: tuple[str, ...]) -> str:
    """The first of what is left of an id, if it is one of these values; else the usual one."""
    return rest.pop(0) if rest and rest[0] in known[1:] else known[0]


def _one_of(text: str, known: tuple[T, ...]) -> T | None:
    return next((each for each in known if each == text), None)


def _no_id(text: str) -> UsageError:
    return UsageError(
        f"{text[:_SHOWN]!r} is no cell's id",
        "for instance matmul/m2-k2-n2/float32/numpy/cpu/eager/none/tall",
    )
