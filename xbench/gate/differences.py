"""What a stored run was measured with, and in what two of them differ."""

from __future__ import annotations

from xbench.gate.model import Difference, Side
from xbench.gate.stored import StoredRun
from xbench.records.facts import environment_facts, framework_line
from xbench.text import one_line

MISSING = "–"


def side_of(run: StoredRun, name: str = "") -> Side:
    """A run as one side of a comparison; its `name` is the run's id if none is given."""
    frameworks = {backend: framework_line(found) for backend, found in sorted(run.versions.items())}
    facts = dict(environment_facts(run.head.environment))
    environment = {"machine": facts.pop("machine", MISSING), **frameworks, **facts, **run.started}
    if run.head.xbench_version:
        environment["xbench"] = run.head.xbench_version
    return Side(
        name=one_line(name or run.head.run_id), runs=[one_line(run.head.run_id)],
        machine_key=run.machine_key, environment=environment,
    )  # fmt: skip


def differences(base: Side, head: Side) -> list[Difference]:
    """Whatever is not recorded as the same on both sides, in base's order, then head's."""
    labels = dict.fromkeys((*base.environment, *head.environment))
    pairs = [
        (label, base.environment.get(label, MISSING), head.environment.get(label, MISSING))
        for label in labels
    ]
    return [Difference(label=label, base=one, head=other)
            for label, one, other in pairs if one != other]  # fmt: skip
