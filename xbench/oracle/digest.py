"""How much of a result is compared, and how it travels from a worker to the oracle.

A result of at most `FULL_ELEMENTS` entries is compared whole. A larger one is compared at a seeded
random sample of entries, and whole by a random projection: the sum along its shorter side with
random signs, one number for each place on the longer side, where a wrong row or column shows. The
sample and the signs are stored by the oracle, not drawn again by the worker: random streams differ
between NumPy versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.ops.base import Shapes
from xbench.process.serve import storage

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FULL_ELEMENTS = 1 << 20
SAMPLES = 4096
PARTS = ("rows", "columns", "signs", "tall")


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is compared of one 2-d output: a sorted sample of entries (rows, columns), and signs for
    the shorter side: of the rows, or, if the output is taller than wide, of the columns."""

    rows: Array
    columns: Array
    signs: Array
    tall: bool

    def of(self, values: Array) -> tuple[Array, Array]:
        """Returns, in float64: the sampled entries; the projection, as long as the longer side."""
        import numpy as np

        lines = values.T if self.tall else values
        projection = np.zeros(lines.shape[1])
        for sign, line in zip(self.signs, lines, strict=True):
            projection += sign * line
        return values[self.rows, self.columns].astype("float64"), projection


def make_samplings(shapes: Shapes, seed: int) -> dict[str, Sampling]:
    """A sampling for every 2-d output too large to compare whole."""
    import numpy as np

    rng = np.random.default_rng(seed)
    found: dict[str, Sampling] = {}
    for name, shape in shapes.items():
        if prod(shape) <= FULL_ELEMENTS or len(shape) != 2:
            continue
        rows, columns = shape
        picked = np.unique(rng.integers(0, rows * columns, SAMPLES))
        signs = rng.choice((-1.0, 1.0), min(shape))
        found[name] = Sampling(picked // columns, picked % columns, signs, rows > columns)
    return found


def save_samplings(path: Path, samplings: dict[str, Sampling]) -> None:
    """Write an npz file that `load_samplings` reads."""
    import numpy as np

    arrays: dict[str, Array] = {}
    for name, sampling in samplings.items():
        for part in PARTS:
            arrays[f"{name}/{part}"] = getattr(sampling, part)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_samplings(path: Path) -> dict[str, Sampling]:
    """Read what `save_samplings` wrote."""
    import numpy as np

    with np.load(path, allow_pickle=False) as stored:
        names = {key.split("/")[0] for key in stored.files}
        return {name: Sampling(*(stored[f"{name}/{part}"] for part in PARTS)) for name in names}


def digest_results(values: dict[str, Array], samplings: dict[str, Sampling]) -> dict[str, Array]:
    """A worker's results as they are sent to the oracle: `name`, or `name/sample` and
    `name/projection` with `name/shape`."""
    import numpy as np

    sent: dict[str, Array] = {}
    for name, array in values.items():
        sampling = samplings.get(name)
        if sampling is None or array.ndim != 2 or not _fits(sampling, array):
            sent[name] = array  # the oracle then says that its shape is wrong
            continue
        sent[f"{name}/sample"], sent[f"{name}/projection"] = sampling.of(array)
        sent[f"{name}/shape"] = np.array(array.shape)
    return sent


def _fits(sampling: Sampling, array: Array) -> bool:
    tall = array.shape[0] > array.shape[1]
    reach = (
        int(sampling.rows.max()) < array.shape[0] and int(sampling.columns.max()) < array.shape[1]
    )
    return bool(reach and tall == bool(sampling.tall) and min(array.shape) == len(sampling.signs))


def map_arrays(files: dict[str, str]) -> dict[str, Array]:
    """Host arrays by name, mapped read-only from the oracle's files. Raises: StorageFailed."""
    import numpy as np

    with storage():
        return {
            name: np.load(Path(file), mmap_mode="r", allow_pickle=False)
            for name, file in files.items()
        }
