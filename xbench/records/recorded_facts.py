"""Where and how a run was measured, in words, from records whose every field may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeGuard

from xbench.process.environment import ALLOCATORS, PADDING
from xbench.text import show_bytes

UNKNOWN = "unknown"
DRAWN = frozenset({"PYTHONHASHSEED", PADDING})
"""Variables that are drawn for each worker, so that no two of them are alike by accident."""

POLICY = frozenset(ALLOCATORS["reuse"])
"""Variables by which the policy for freed memory is set, which a cell names."""

_LARGEST = 2**63


def machine_line(environment: Mapping[str, object]) -> str:
    """`AMD EPYC, 2 cores, 25.3 GB, no GPU`."""
    machine = environment.get("machine")
    if not isinstance(machine, dict):
        return "unknown machine"
    memory = machine.get("ram_bytes")
    gpus = machine.get("gpus") or []
    parts = [text_of(machine.get("cpu")), f"{text_of(machine.get('cores'))} cores"]
    parts += [show_bytes(memory)] if _is_number(memory) else []
    names = ", ".join(map(text_of, gpus)) if isinstance(gpus, list) else text_of(gpus)
    return ", ".join([*parts, names or "no GPU"])


def environment_facts(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of the machine's state, as far as it is known."""
    system = [environment.get(name) for name in ("os", "libc")]
    facts = [
        ("machine", machine_line(environment)),
        ("system", ", ".join(text_of(each) for each in system if each) or UNKNOWN),
        ("GPU driver", text_of(environment.get("driver"))),
        ("Python", text_of(environment.get("python"))),
        ("frequency governor", text_of(environment.get("governor"))),
        ("transparent huge pages", text_of(environment.get("thp"))),
        ("C++ compiler", text_of(environment.get("compiler"))),
        ("usable CPUs", text_of(environment.get("usable_cpus"))),
        *restrictions(environment),
        ("load average at the start", _load(environment.get("load_average"))),
        ("source", _git_text(environment.get("git"))),
    ]
    known = [(label, value) for label, value in facts if value != UNKNOWN]
    return [*known, *variable_facts(environment)]


def restrictions(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of what the run was held to and most others are not; without what is not
    known."""
    scheduling, denied = environment.get("scheduling"), environment.get("huge_pages_denied")
    facts = [
        ("CPU quota", _quota(environment.get("cpu_quota_cores"))),
        ("priority (nice)", _nice(environment.get("nice"))),
        ("scheduling policy", UNKNOWN if scheduling == "other" else text_of(scheduling)),
        ("huge pages", "denied to this process" if denied is True else UNKNOWN),
        ("stack limit", _stack(environment.get("stack_limit_bytes"))),
        ("address layout", _layout(environment.get("randomised_layout"))),
    ]
    return [(label, value) for label, value in facts if value != UNKNOWN]


def variable_facts(environment: Mapping[str, object]) -> list[tuple[str, str]]:
    """Label and value of each variable that reached the workers and decides speed, or where code is
    looked for."""
    facts: list[tuple[str, str]] = []
    for kind in ("variables", "paths"):
        found = environment.get(kind)
        if isinstance(found, dict):
            facts += [(f"variable {name}", text_of(found[name])) for name in sorted(found)]
    return facts


def worker_facts(workers: Iterable[tuple[Mapping[str, str], str]]) -> dict[str, str]:
    """Label and value of what workers were started with: of each its environment and the library
    that replaces malloc. Left out is what is drawn for each by chance, and by what the
    allocator's policy is set."""
    found: dict[str, set[str]] = {}
    for environment, malloc in workers:
        for name, value in environment.items():
            if name not in DRAWN and name not in POLICY:
                found.setdefault(f"variable {name}", set()).add(value)
        if malloc:
            found.setdefault("malloc", set()).add(malloc)
    return {label: ", ".join(sorted(found[label])) for label in sorted(found)}


def left_outside(environment: Mapping[str, object]) -> list[str]:
    """The variables of the caller that change speed and that no worker got."""
    found = environment.get("left_outside")
    return [text_of(name) for name in found] if isinstance(found, list) else []


def framework_line(attest: Mapping[str, object]) -> str:
    """`2.13.0+cpu, BLAS mkl 2024.2-Product AVX512`: what a worker read back of itself."""
    parts = [text_of(attest.get("version"))]
    blas = attest.get("blas")
    if isinstance(blas, dict):
        named = [blas.get(each) for each in ("name", "version", "kernel")]
        parts += ["BLAS " + " ".join(text_of(each) for each in named if each)]
    if attest.get("cuda"):
        parts += [f"CUDA {text_of(attest['cuda'])}"]
    return ", ".join(parts)


def text_of(found: object) -> str:
    """Any value as text; `unknown` for none."""
    return UNKNOWN if found is None else str(found)


def _is_number(found: object) -> TypeGuard[float]:
    """Whether it can be shown as one: JSON's integers have no end."""
    return isinstance(found, int | float) and abs(found) < _LARGEST


def _load(found: object) -> str:
    if not isinstance(found, list) or not all(map(_is_number, found)):
        return UNKNOWN
    return " ".join(f"{each:.2f}" for each in found) or UNKNOWN


def _quota(found: object) -> str:
    """`1.5 cores`; unknown without a limit."""
    return f"{found:g} cores" if _is_number(found) else UNKNOWN


def _nice(found: object) -> str:
    """Unknown for 0, which is everybody's."""
    return str(found) if isinstance(found, int) and found else UNKNOWN


def _stack(found: object) -> str:
    """Said only where it is unlimited: Linux then lays libraries out in another way."""
    return "unlimited" if found == -1 else UNKNOWN


def _layout(found: object) -> str:
    """Said only where it is not random: equal processes then have equal addresses."""
    return "not randomised" if found is False else UNKNOWN


def _git_text(found: object) -> str:
    if not isinstance(found, dict):
        return UNKNOWN
    state = ", with uncommitted changes" if found.get("dirty") else ""
    return f"{text_of(found.get('commit'))[:12]} ({text_of(found.get('branch'))}){state}"
