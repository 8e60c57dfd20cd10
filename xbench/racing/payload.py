"""What a race's processes share, as files of one folder: contenders, arguments, expected results.

`race.pickle` says what there is; each contender and each array has a file of its own, so that what
one process cannot read costs that one alone. Loading the folder makes the race's op known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Mode, Spec
from xbench.ops import OPS
from xbench.ops.base import ITEM_BYTES, Block, Cost, Inputs, Op, TensorShapes
from xbench.ops.suite import Suite
from xbench.racing.sending import pickled, unpickled
from xbench.racing.trees import Tree

if TYPE_CHECKING:
    import numpy as np

OP, SIZE = "race", "n"
REFERENCE = "float64-on-numpy"
"""The slug of a single source that runs on NumPy in float64, to compare the others with."""

TOKEN = "token"  # noqa: S105  the name of a tensor
"""The operand of a workload whose arguments hold no array; contenders do not get it."""

DESCRIPTION, LOADER = "race.pickle", "race.py"
_SOURCE = """from xbench.racing.payload import loaded_suite

SUITE = loaded_suite(__file__)
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A contender as its workers know it. `slug` is its backend's name, `file` holds it pickled,
    `setup` what is to be run before it, if anything. `asked`: a mode was asked for, which the
    worker applies; else it runs as it is."""

    name: str
    slug: str
    framework: str
    modes: tuple[Mode, ...]
    file: str
    setup: str = ""
    asked: bool = False
    one_source: bool = False
    may_return_nothing: bool = False
    source: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Its lines by number, by the name of the function that they are of: what is sent by value has
    no file."""


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An array of a race: its file in the folder, its shape, and its dtype."""

    file: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Workload:
    """One size. `arguments` is the file with the arguments' trees, `names` theirs where they are
    given by name; `operands` their arrays. `expected` are the results that are compared with,
    `bounds` how far another may be off."""

    arguments: str
    names: tuple[str, ...]
    operands: dict[str, ArrayFile]
    expected: dict[str, ArrayFile] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Race:
    """What `race.pickle` holds. `paths`: where modules are looked for as well; `unchecked`: slugs
    of contenders whose results are not compared while they are timed. `constant` are results that
    no operand changes; `telling` is the operand that is halved to see whether the others follow."""

    dtype: str
    contenders: dict[str, Sent]
    workloads: dict[int, Workload]
    paths: tuple[str, ...]
    unchecked: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    telling: str = ""
    folder: Path = Path()

    def write(self, folder: Path) -> Race:
        """Write the description, and the file that a process loads."""
        placed = replace(self, folder=folder)
        (folder / DESCRIPTION).write_bytes(pickled("the race", placed))
        (folder / LOADER).write_text(_SOURCE)
        return placed

    def array(self, file: str) -> np.ndarray[Any, Any]:
        """An array of the folder, mapped."""
        import numpy as np

        found: np.ndarray[Any, Any] = np.load(self.folder / file, mmap_mode="r", allow_pickle=False)
        return found

    def thing(self, file: str) -> Any:
        """What was pickled into a file of the folder."""
        return unpickled((self.folder / file).read_bytes())

    def trees(self, width: int) -> tuple[Tree, ...]:
        """The arguments of one size."""
        found: tuple[Tree, ...] = self.thing(self.workloads[width].arguments)
        return found


def read_race(folder: Path) -> Race:
    """The race of a folder, as it is described now."""
    race: Race = unpickled((folder / DESCRIPTION).read_bytes())
    return race


# The race of this process, which loaded its folder: its op, and its contenders as backends.


@dataclass(slots=True)
class _Loaded:
    """The race of this process; read again until it says what is expected, since a worker may
    begin before that is known."""

    folder: Path | None = None
    race: Race | None = None
    here: bool = False

    def now(self) -> Race:
        """Raises: RuntimeError where no race was loaded."""
        if self.folder is None:
            raise RuntimeError("no race was loaded in this process")
        if self.race is None or not (
            self.here or any(each.expected for each in self.race.workloads.values())
        ):
            self.race = read_race(self.folder)
            if OP in OPS:  # what was not known before decides how results are checked
                OPS[OP] = race_op(loaded_race, self.race)
        return self.race


_LOADED = _Loaded()


def loaded_race() -> Race:
    """The race that this process loaded."""
    return _LOADED.now()


def loaded_suite(file: str) -> Suite:
    """Make the race beside this file known to a worker, or to the oracle."""
    _LOADED.folder, _LOADED.race = Path(file).parent, None
    known = set(sys.path)
    race = _LOADED.now()
    sys.path += [each for each in race.paths if each not in known]
    OPS[OP] = race_op(loaded_race, race)
    return Suite("race", "the functions of a race", ())


@contextmanager
def raced_here(folder: Path, race: Race | None = None) -> Iterator[None]:
    """Have a race be this process's while the block runs: that of a folder, which the parent plans,
    or one that is run here and read from nowhere."""
    before = _LOADED.folder, _LOADED.race, _LOADED.here
    _LOADED.folder, _LOADED.race, _LOADED.here = folder, race, race is not None
    try:
        yield
    finally:
        _LOADED.folder, _LOADED.race, _LOADED.here = before


def race_op(race: Callable[[], Race], known: Race) -> Op:
    """The op of a race: its operands are the arrays of the arguments, at one size each. How results
    are checked is that of the race as it is known now."""

    def workload(spec: Spec) -> Workload:
        return race().workloads[spec[SIZE]]

    def tensors(spec: Spec) -> TensorShapes:
        mine = workload(spec)
        outputs = {name: each.shape for name, each in mine.expected.items()} or {"y": ()}
        return TensorShapes({name: each.shape for name, each in mine.operands.items()}, outputs)

    def inputs(spec: Spec, rng: np.random.Generator) -> Inputs:
        mine = workload(spec)
        return Inputs({name: race().array(each.file) for name, each in mine.operands.items()})

    def expected(spec: Spec, given: Inputs, steps: int) -> Iterator[Block]:
        for name, each in workload(spec).expected.items():
            yield _block(race(), name, each, workload(spec).bounds.get(name))

    return Op(
        OP,
        (SIZE,),
        tensors,
        _no_cost,
        inputs,
        expected,
        constant=known.constant,
        telling=known.telling,
        uncompared=known.unchecked,
        why_not_16_bits="",
    )


def _no_cost(spec: Spec) -> Cost:
    """Nobody knows what a black box computes."""
    return Cost(0, 0, 0)


def _block(race: Race, name: str, expected: ArrayFile, bound: str | None) -> Block:
    """A result with what others may be off by: nothing is asked where there is no bound, and
    where the expected value is no finite number, which was compared before."""
    import numpy as np

    values = np.asarray(race.array(expected.file), dtype="float64")
    if bound is None:
        return Block(name, np.zeros(values.shape), np.full(values.shape, np.inf))
    allowed = np.asarray(race.array(bound), dtype="float64")
    finite = np.isfinite(values)
    return Block(name, np.where(finite, values, 0.0), np.where(finite, allowed, np.inf))


def operand_bytes(race: Race, width: int) -> int:
    """Bytes of the arrays of one size, in the race's dtype."""
    operands = race.workloads[width].operands.values()
    return sum(prod(each.shape) for each in operands) * ITEM_BYTES[race.dtype]
