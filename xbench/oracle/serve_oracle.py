"""The oracle process: makes a workload's inputs, keeps its answers, judges results.

Files of a workload lie in a folder of their own under the run's temporary folder: one .npy per
input and `samplings.npz`. Beyond `KEPT_BYTES` they are deleted when a group has been measured, and
made again, with the checksum asserted, at the next launch; the answers stay in memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbench.contracts import Spec
from xbench.keys import workload_id
from xbench.ops import get_op
from xbench.ops.base import Inputs
from xbench.oracle.check import Answer, collect, judge
from xbench.oracle.digest import Sampling, make_samplings, map_arrays, save_samplings
from xbench.process.bootstrap import OracleConfig
from xbench.process.messages import (
    CloseRequest,
    Done,
    InputFiles,
    JudgeReply,
    JudgeRequest,
    PrecomputeAnswerRequest,
    PrepareRequest,
    ReleaseRequest,
)
from xbench.process.serve import Answers, serve, storage, typed
from xbench.registry import load_suites

if TYPE_CHECKING:
    import numpy as np

KEPT_BYTES = 4 << 30
"""Files of inputs kept from launch to launch; a full sweep's would fill tens of GB."""


@dataclass(slots=True)
class Work:
    """A workload's inputs (mapped from their files), what is compared of its results, and where all
    that is."""

    spec: Spec
    inputs: Inputs
    samplings: dict[str, Sampling]
    files: InputFiles
    size_bytes: int


def main(config: OracleConfig) -> None:
    """Serve one run."""
    load_suites(config["suites"])
    oracle = Oracle(Path(config["folder"]), config["seed"])
    answers: Answers = {
        PrepareRequest: oracle.prepare,
        PrecomputeAnswerRequest: oracle.precompute_answer,
        JudgeRequest: oracle.judge,
        ReleaseRequest: oracle.release,
        CloseRequest: lambda _: Done(),
    }
    serve(config["read_fd"], config["write_fd"], typed(answers), lambda _: None)


class Oracle:
    """Inputs and answers of one run, all drawn from its seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.work: dict[str, Work] = {}
        self.checksums: dict[str, str] = {}
        self.answers: dict[tuple[str, int], dict[str, Answer]] = {}

    def prepare(self, request: PrepareRequest) -> InputFiles:
        """Draw the inputs of a workload and write them; they are the same at every launch."""
        spec = request.spec
        drawn = workload_id(spec)
        name = drawn if spec.math == "ieee" else f"{drawn}/{spec.math}"
        if name not in self.work:
            self.work[name] = self._make(spec, name, drawn)
        return self.work[name].files

    def _make(self, spec: Spec, name: str, seeded_by: str) -> Work:
        op, folder = get_op(spec.op), self._place(name)
        seed, tensors = _seed(self.seed, seeded_by), op.tensors(spec)
        samplings = make_samplings(tensors.outputs | tensors.state, seed + 1)
        with storage():
            folder.mkdir(parents=True, exist_ok=True)
            save_samplings(folder / "samplings.npz", samplings)
        drawn = op.inputs(spec, _generator(seed))
        checksum = hashlib.sha256()
        files = (folder / f"input-{number}.npy" for number in count())
        batch = {k: _store(next(files), k, array, checksum) for k, array in drawn.batch.items()}
        state = {k: _store(next(files), k, array, checksum) for k, array in drawn.state.items()}
        digest = checksum.hexdigest()
        if self.checksums.setdefault(name, digest) != digest:
            raise RuntimeError(f"the inputs of {name} differ from those of the launch before")
        written = InputFiles(name, batch, state, str(folder / "samplings.npz"), digest)
        size = sum(Path(file).stat().st_size for file in (batch | state).values())
        return Work(spec, Inputs(map_arrays(batch), map_arrays(state)), samplings, written, size)

    def precompute_answer(self, request: PrecomputeAnswerRequest) -> Done:
        """Work out the answer after one call, which will be asked for first."""
        self._answers(request.workload, 1)
        return Done()

    def judge(self, request: JudgeRequest) -> JudgeReply:
        """Compare results in a file with the answer after so many calls."""
        import numpy as np

        answers = self._answers(request.workload, request.calls)
        with storage(), np.load(request.file, allow_pickle=False) as stored:
            found = {key: stored[key] for key in stored.files}
        os.unlink(request.file)
        problems = judge(answers, found)
        checks = {name: "sampled" if each.sampling else "full" for name, each in answers.items()}
        return JudgeReply(problems, checks)

    def _answers(self, workload: str, calls: int) -> dict[str, Answer]:
        work = self.work[workload]
        op = get_op(work.spec.op)
        calls = calls if op.trains else 1
        if (workload, calls) not in self.answers:
            tensors = op.tensors(work.spec)
            blocks = op.expected(work.spec, work.inputs, calls)
            shapes = tensors.outputs | tensors.state
            self.answers[workload, calls] = collect(blocks, shapes, work.samplings)
        return self.answers[workload, calls]

    def release(self, request: ReleaseRequest) -> Done:
        """A workload is done with in this launch: its files go if there are many of them."""
        if sum(work.size_bytes for work in self.work.values()) > KEPT_BYTES:
            self.work.pop(request.workload, None)
            shutil.rmtree(self._place(request.workload), ignore_errors=True)
        return Done()

    def _place(self, workload: str) -> Path:
        """A workload's folder: a plain, short name, whatever an op and its sizes are called."""
        return self.folder / hashlib.sha256(workload.encode("utf-8", "replace")).hexdigest()[:16]


def _seed(seed: int, name: str) -> int:
    """A workload's own seed: independent of which others the run holds."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little")


def _generator(seed: int) -> np.random.Generator:
    import numpy as np

    return np.random.Generator(np.random.PCG64(seed))


def _store(file: Path, name: str, array: np.ndarray[Any, Any], checksum: Any) -> str:
    import numpy as np

    with storage():
        np.save(file, array, allow_pickle=False)
    checksum.update(name.encode())
    checksum.update(np.ascontiguousarray(array).data)
    return str(file)
