"""Where and how a run was measured, in words, from records whose every field may be missing."""

from __future__ import annotations

from typing import Any, TypeGuard

from xbench.text import show_bytes

UNKNOWN = "unknown"
_LARGEST = 2**63


def machine_line(environment: dict[str, Any]) -> str:
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


def environment_facts(environment: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and value of the machine's state, as far as it is known."""
    system = [environment.get(name) for name in ("os", "libc")]
    facts = [
        ("machine", machine_line(environment)),
        ("system", ", ".join(text_of(each) for each in system if each) or UNKNOWN),
        ("GPU driver", text_of(environment.get("driver"))),
        ("Python", text_of(environment.get("python"))),
        ("frequency governor", text_of(environment.get("governor"))),
        ("transparent huge pages", text_of(environment.get("thp"))),
        ("load average at the start", _load(environment.get("load_average"))),
        ("source", _git(environment.get("git"))),
    ]
    return [(label, value) for label, value in facts if value != UNKNOWN]


def framework_line(attest: dict[str, Any]) -> str:
    """`2.13.0+cpu, BLAS mkl 2024.2-Product AVX512`: what a worker read back of itself."""
    parts = [text_of(attest.get("version"))]
    blas = attest.get("blas")
    if isinstance(blas, dict):
        named = [blas.get(each) for each in ("name", "version", "kernel")]
        parts += ["BLAS " + " ".join(text_of(each) for each in named if each)]
    if attest.get("cuda"):
        parts += [f"CUDA {text_of(attest['cuda'])}"]
    return ", ".join(parts)


def text_of(found: Any) -> str:
    """Any value as text; `unknown` for none."""
    return UNKNOWN if found is None else str(found)


def _is_number(found: Any) -> TypeGuard[float]:
    """Whether it can be shown as one: JSON's integers have no end."""
    return isinstance(found, int | float) and abs(found) < _LARGEST


def _load(found: Any) -> str:
    if not isinstance(found, list) or not all(map(_is_number, found)):
        return UNKNOWN
    return " ".join(f"{each:.2f}" for each in found) or UNKNOWN


def _git(found: Any) -> str:
    if not isinstance(found, dict):
        return UNKNOWN
    state = ", with uncommitted changes" if found.get("dirty") else ""
    return f"{text_of(found.get('commit'))[:12]} ({text_of(found.get('branch'))}){state}"
