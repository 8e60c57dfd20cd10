"""What a run records of its machine and how far to trust it, in words."""

from __future__ import annotations

from math import expm1, inf
from statistics import median
from typing import Any

from xbench.records.facts import (
    UNKNOWN,
    environment_facts,
    framework_line,
    left_outside,
    restrictions,
    text_of,
)
from xbench.records.read import Run

LARGEST_LOG = 100.0
"""No log ratio of two times is larger."""

MOST_NAMES = 8
"""Of variables in one line."""

FORCES_KERNELS = "OPENBLAS_CORETYPE"
SLOW = 1.1
"""The machine was slow where its canary took longer than this times the best launch's median."""


def aa_line(environment: dict[str, Any]) -> str:
    """What `xbench selftest --aa` found out about the machine before the run, or a hint:
    `A/A on this machine, 2026-01-02: ±0.7 % RMS, 0 of 16 false alarms, smallest effect …`."""
    found = environment.get("selftest")
    figures = found.get("overall") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(figures, dict):
        return "no A/A on this machine yet: xbench selftest --aa tells its false alarms"
    rms, smallest = (_percent(figures.get(name)) for name in ("rms_log", "smallest_log"))
    alarms, all_of = (text_of(figures.get(name)) for name in ("false_alarms", "comparisons"))
    date, launches = text_of(found.get("date")), text_of(found.get("launches"))
    return (
        f"A/A on this machine, {date}: ±{rms} RMS, {alarms} of {all_of} false alarms, smallest "
        f"effect seen with {launches} launches {smallest}"
    )


def slow_rounds(run: Run) -> dict[tuple[str, int], list[int]]:
    """By group and launch: the rounds before which the machine itself was slow, by the canary sung
    before each. Measured by the best launch's median: a run may be slow for most of its time."""
    launches: dict[int, list[int]] = {}
    for group in run.groups:
        launches.setdefault(group.launch, []).extend(group.canary_ns)
    limit = SLOW * min((median(found) for found in launches.values() if found), default=inf)
    return {
        (group.group, group.launch): [
            place for place, each in enumerate(group.canary_ns) if each > limit
        ]
        for group in run.groups
    }


def canary_lines(run: Run) -> list[str]:
    """For how many rounds the machine itself was slow; nothing if for none."""
    slow = sum(map(len, slow_rounds(run).values()))
    if not slow:
        return []
    return [
        f"the machine itself was more than {100.0 * (SLOW - 1.0):.0f} % slower than usual just "
        f"before {slow} of {sum(len(group.canary_ns) for group in run.groups)} rounds (canary, "
        "against its median in the best launch)"
    ]


def variables_line(environment: dict[str, Any]) -> list[str]:
    """Which variables of the user's shell no worker got; nothing if there are none."""
    names = left_outside(environment)
    if not names:
        return []
    shown = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more"
                                             if len(names) > MOST_NAMES else "")  # fmt: skip
    return [
        f"set in the shell and not passed on to workers, so without effect: {shown} (to measure "
        "with one: --env)"
    ]


def conditions_line(environment: dict[str, Any]) -> list[str]:
    """What the workers were held to, and which variables with an effect on speed they had; nothing
    if there is none."""
    variables = environment.get("variables")
    given = variables if isinstance(variables, dict) else {}
    found = [f"{label} {value}" for label, value in restrictions(environment)]
    found += [f"{name}={text_of(value)}" for name, value in sorted(given.items())]
    notes = [f"measured under: {', '.join(found)}"] if found else []
    if FORCES_KERNELS in given:
        notes.append(f"{FORCES_KERNELS} forces one kernel on every OpenBLAS: NumPy's products may "
                     "be several times slower than without it")  # fmt: skip
    return notes


def journal_facts(run: Run) -> list[tuple[str, str]]:
    """Label and value of everything about the run that may move its numbers."""
    header = run.header
    state = environment_facts(header.environment)
    place = next((number for number, fact in enumerate(state) if fact[0] == "Python"), len(state))
    return [
        *state[:place],
        *_frameworks(run),
        *state[place:],
        ("xbench", header.xbench_version),
        ("command", " ".join(header.command)),
        ("preset, seed", f"{header.preset}, {header.seed}"),
        ("started, ended (UTC)", f"{header.started_utc}, {_ended(run)}"),
    ]


def _frameworks(run: Run) -> list[tuple[str, str]]:
    """Each backend with its version and BLAS, as its workers read them back."""
    found: dict[str, str] = {}
    for worker in run.workers:
        found.setdefault(worker.worker.partition("/")[0], framework_line(worker.attest))
    return sorted(found.items())


def _percent(log_ratio: Any) -> str:
    if not isinstance(log_ratio, int | float) or not abs(log_ratio) < LARGEST_LOG:
        return UNKNOWN
    return f"{100.0 * expm1(log_ratio):.1f} %"


def _ended(run: Run) -> str:
    return run.footer.ended_utc if run.footer else "did not end by itself"
