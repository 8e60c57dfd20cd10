"""The sides of an A/B as a verdict names them: what their workers read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xbench.ab.asked import Asked
from xbench.ab.sides import described
from xbench.gate.model import Side
from xbench.records.facts import framework_line, worker_facts
from xbench.records.read import Run


def side_of(name: str, asked: Asked, policy: Mapping[str, str], runs: Sequence[Run]) -> Side:
    """One side: frameworks with versions and BLAS as its workers attested them, the interpreter's
    version, the variables that were chosen for its workers or decide speed, commit, and the
    `policy` along the axes that the sides may differ in."""
    header = runs[0].header
    facts: dict[str, str] = {}
    workers = [
        worker for run in runs for worker in run.workers if worker.worker.endswith(f"/{name}")
    ]
    for worker in workers:
        facts.setdefault(worker.worker.partition("/")[0], framework_line(worker.attest))
        facts.setdefault("Python", worker.python)
    facts |= worker_facts((worker.environment, worker.malloc) for worker in workers)
    facts |= {"interpreter": asked.python} if asked.python else {}
    facts |= {"commit": asked.commit or _commit(header.environment.get("git"))}
    facts |= policy
    return Side(
        name=described(asked), runs=[run.header.run_id for run in runs],
        machine_key=str(header.environment.get("machine_key") or ""),
        environment={label: value for label, value in facts.items() if value},
    )  # fmt: skip


def _commit(git: object) -> str:
    """Of the tree that one stands in, with what is not committed said."""
    if not isinstance(git, dict):
        return ""
    return f"{git['commit']} with changes" if git.get("dirty") else str(git["commit"])
