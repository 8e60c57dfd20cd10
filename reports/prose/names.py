"""Names as people say them: backends, ways to run an op, what was run and where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count

from xbench.records.schema import CellPlan
from xbench.reports.curves import series_of, thread_label
from xbench.reports.model import Series, Source

BACKEND_NAMES = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
GRADIENT_NAMES = {
    "none": "without gradient",
    "manual": "with gradients by hand",
    "autograd": "with autograd",
    "custom": "with a custom function",
}
THREAD_NAMES = {"all": "on all cores", "1": "with 1 thread"}
LONGEST = 60


def backend_name(backend: str) -> str:
    """`PyTorch`; a backend that is not known by its own name."""
    return BACKEND_NAMES.get(backend, short_name(backend))


def backend_names(plans: Iterable[CellPlan]) -> dict[str, str]:
    """The name of each backend, by which it is told from the others."""
    found: dict[str, str] = {}
    for each in sorted({series_of(plan) for plan in plans}, key=lambda one: one.rank):
        if each.backend not in found:
            found[each.backend] = _free(backend_name(each.backend), found.values())
    return found


def way_names(plans: Iterable[CellPlan]) -> dict[str, str]:
    """What to call each of a curve's cells, by its id: `NumPy`, `compiled TensorFlow`, `TensorFlow
    in graph mode`, `eager PyTorch with autograd`. Of mode and gradient only what tells cells of
    the same backend apart, the allocator where memory is not kept, and the side of an A/B."""
    series = {plan.id: series_of(plan) for plan in plans}
    several = _Several(series.values())
    found: dict[Series, str] = {}
    for each in sorted(set(series.values()), key=lambda one: one.rank):
        name = backend_name(each.backend)
        if several.modes(each):
            name = _in_mode(name, each.mode)
        if several.gradients(each):
            said = GRADIENT_NAMES.get(each.gradient, f"with gradient {short_name(each.gradient)}")
            name = f"{name} {said}"
        if each.allocator != "reuse":
            name = f"{name} with allocator {short_name(each.allocator)}"
        if each.side:
            name = f"{name} as {short_name(each.side)}"
        found[each] = _free(name, found.values())
    return {key: found[each] for key, each in series.items()}


def mode_names(plans: Iterable[CellPlan]) -> dict[str, str]:
    """The same in a table whose columns name the backend: `compiled`, `eager autograd`; nothing
    where a backend has one way only."""
    series = {plan.id: series_of(plan) for plan in plans}
    several = _Several(series.values())
    return {
        key: " ".join(
            short_name(part)
            for part, wanted in (
                (each.mode, several.modes(each)),
                (each.gradient, several.gradients(each)),
                (each.allocator, each.allocator != "reuse"),
                (each.side, bool(each.side)),
            )
            if wanted
        )
        for key, each in series.items()
    }


class _Several:
    """Which backends have several modes, and several gradients."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._modes: dict[str, set[str]] = {}
        self._gradients: dict[str, set[str]] = {}
        for each in series:
            self._modes.setdefault(each.backend, set()).add(each.mode)
            self._gradients.setdefault(each.backend, set()).add(each.gradient)

    def modes(self, each: Series) -> bool:
        """Whether the mode tells cells of this backend apart."""
        return len(self._modes[each.backend]) > 1

    def gradients(self, each: Series) -> bool:
        """Whether the gradient does."""
        return len(self._gradients[each.backend]) > 1


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number where another has it: long names may be cut to the same."""
    names = chain([name], (f"{name} ({number})" for number in count(2)))
    return next(each for each in names if each not in taken)


def _in_mode(name: str, mode: str) -> str:
    return (
        f"{mode} {name}" if mode in ("eager", "compiled") else f"{name} in {short_name(mode)} mode"
    )


class Works:
    """Names of what was run, as far as a source has several: `mlp_train`; its family where others
    share the op; then dtype, device, threads and math."""

    def __init__(self, source: Source) -> None:
        plans = [cell.plan for cell in source.cells]
        self._families: dict[str, set[str]] = {}
        for plan in plans:
            self._families.setdefault(plan.key.op, set()).add(plan.family)
        self._dtypes = {plan.key.dtype for plan in plans}
        self._devices = {plan.key.device for plan in plans}
        self._threads = {plan.key.threads for plan in plans}
        self._maths = {plan.key.math for plan in plans}
        machine = source.run.header.environment.get("machine") if source.run else None
        gpus = machine.get("gpus") if isinstance(machine, dict) else None
        self._gpus: list[object] = gpus if isinstance(gpus, list) else []

    def in_table(self, plan: CellPlan) -> str:
        """`mlp_train float32 cuda:0 1 thread`: the same in few words."""
        name = short_name(plan.key.op if len(self._families[plan.key.op]) == 1 else plan.family)
        parts = (
            (plan.key.dtype, self._dtypes),
            (plan.key.device, self._devices),
            (thread_label(plan.key.threads), self._threads),
            (plan.key.math, self._maths),
        )
        return " ".join([name, *(short_name(part) for part, all_ in parts if len(all_) > 1)])

    def name(self, plan: CellPlan) -> str:
        """`mlp_train in float32 on this CPU with 1 thread`. A processor that is the only device
        needs no name."""
        parts = [short_name(plan.key.op if len(self._families[plan.key.op]) == 1 else plan.family)]
        if len(self._dtypes) > 1:
            parts.append(f"in {short_name(plan.key.dtype)}")
        if self._devices != {"cpu"}:
            parts.append(f"on {self._device(plan.key.device)}")
        if len(self._threads) > 1:
            parts.append(
                THREAD_NAMES.get(plan.key.threads, f"with {short_name(plan.key.threads)} threads")
            )
        if len(self._maths) > 1:
            parts.append(f"by {short_name(plan.key.math)} math")
        return " ".join(parts)

    def _device(self, device: str) -> str:
        """`this CPU`; a GPU's name where the run knows it, with its number where it has several."""
        if device == "cpu":
            return "this CPU"
        kind, _, number = device.partition(":")
        place = int(number) if re.fullmatch("[0-9]{1,3}", number) else 0
        if kind != "cuda" or place >= len(self._gpus):
            return short_name(device)
        name = short_name(str(self._gpus[place]))
        return f"{name} ({device})" if len(self._gpus) > 1 else name


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else list(names))


def either(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else list(names))


def short_name(text: str) -> str:
    """Text from a file, no longer than a name may be."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
