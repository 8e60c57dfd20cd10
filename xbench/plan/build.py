"""From a selection to cells: the product of all axes, less what a backend does not offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

from xbench.contracts import GRADIENTS, MODES, Backend, Gradient, Mode, Probe, Spec
from xbench.errors import Status, UsageError
from xbench.keys import (
    ALLOCATOR_POLICIES,
    CACHES,
    DEFAULT_ALLOCATOR,
    DEFAULT_CACHE,
    DEFAULT_MATH,
    MATH_MODES,
    CellKey,
)
from xbench.ops import OPS, get_op
from xbench.ops.base import ITEM_BYTES
from xbench.ops.suite import Suite, Sweep
from xbench.plan.cell import Cell
from xbench.plan.select import Selection, check_known, check_threads, choose_widths, nothing_matches
from xbench.registry import (
    OPTIONAL,
    Refusal,
    backend_paths,
    check_implementations,
    load_backend,
    load_suite,
    load_suite_file,
    not_installed,
    suite_paths,
    why_not,
)

# Math modes of a workload: which are asked for, and which cannot be.


def maths(selection: Selection, spec: Spec) -> Iterator[str]:
    """Math modes; one that changes nothing for the op is left out unless it is spelt out."""
    for math in MATH_MODES:
        spelt = math == DEFAULT_MATH or selection.spells_out("math", math)
        if selection.wants("math", math, (DEFAULT_MATH,)) and (
            spelt or get_op(spec.op).why_not(spec.dtype, math) is None
        ):
            yield math


def math_refusal(cell: Cell) -> str | None:
    """Why a cell has no such math mode, as far as that is known before its worker has tried."""
    math = cell.worker.math
    unsound = get_op(cell.spec.op).why_not(cell.spec.dtype, math)
    if unsound or math == DEFAULT_MATH or cell.worker.device != "cpu":
        return unsound
    return f"no {math.upper()} on the cpu"


# Rows: every cell that is selected, or why it cannot run.


@dataclass(frozen=True, slots=True)
class Row:
    """A planned cell; `status` is set where it is known already that there will be no number."""

    cell: Cell
    status: Status | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend that is asked about, with what its probe said."""

    backend: Backend
    probe: Probe


def build_rows(selection: Selection, devices: tuple[str, ...], cores: int) -> list[Row]:
    """Every selected cell, each id once. Raises: UsageError if an axis is empty, or all of it is:
    no cell at all, or none but those that no installed backend could ever run."""
    suites = chosen_suites(selection)
    check_implementations()
    _check_axes(selection, suites)
    rows, missing = _find(selection, suites, devices, cores)
    if missing or any(row.status is None for row in rows):
        return rows

    def matching(other: Selection) -> Iterator[Cell]:
        there = devices if other.named("device") else ("cpu",)
        return (row.cell for row in _find(other, suites, there, cores)[0] if row.status is None)

    raise nothing_matches(selection, (row.reason for row in rows), matching)


def _find(
    selection: Selection, suites: list[Suite], devices: tuple[str, ...], cores: int
) -> tuple[list[Row], bool]:
    """The rows, and whether some are there only to say that a backend is not installed."""
    threads = check_threads(selection.named("threads") or selection.preset.threads, cores)
    candidates = [
        Candidate(backend, probe)
        for backend, probe in _offered()
        if selection.wants("backend", backend.name)
        and (probe.installed or backend.name not in OPTIONAL or selection.named("backend"))
    ]
    rows: dict[str, Row] = {}
    for sweep, spec, width in _workloads(selection, suites):
        for count in threads:
            for candidate in candidates:
                for row in _backend_rows(selection, devices, sweep, spec, width, count, candidate):
                    rows.setdefault(row.cell.id, row)
    missing = {each.backend.name for each in candidates if not each.probe.installed}
    found = list(rows.values())
    return found, any(row.cell.worker.backend in missing for row in found)


def _offered() -> Iterator[tuple[Backend, Probe]]:
    for backend in map(load_backend, backend_paths()):
        yield backend, backend.probe()


def chosen_suites(selection: Selection) -> list[Suite]:
    """The selected suites: names may be patterns, anything ending in .py is a file."""
    if selection.made is not None:
        return [selection.made]
    names = selection.suites or selection.preset.suites
    files = [name for name in names if name.endswith(".py")]
    patterns = [name for name in names if not name.endswith(".py")]
    check_known("suite", patterns, suite_paths())
    picked = [
        load_suite(name)
        for name in suite_paths()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    return picked + [load_suite_file(Path(name)) for name in files]


def _check_axes(selection: Selection, suites: list[Suite]) -> None:
    swept = dict.fromkeys(op for suite in suites for op in suite.ops())
    known: dict[str, Iterable[str]] = {
        "op": swept if selection.suites else OPS,
        "backend": backend_paths(),
        "mode": MODES,
        "gradient": (*GRADIENTS, "default"),
        "dtype": ITEM_BYTES,
        "cache": CACHES,
        "allocator": ALLOCATOR_POLICIES,
        "math": MATH_MODES,
    }
    for axis, names in known.items():
        check_known(axis, selection.named(axis), names)
    if selection.named("op") and not any(selection.wants("op", op) for op in swept):
        owners = [
            name
            for name in suite_paths()
            if any(selection.wants("op", op) for op in load_suite(name).ops())
        ]
        raise UsageError(
            f"no chosen suite sweeps {' '.join(selection.named('op'))}",
            f"add --suite {' '.join(owners)}" if owners else "see `xbench list`",
        )


def _workloads(selection: Selection, suites: list[Suite]) -> Iterator[tuple[Sweep, Spec, int]]:
    preset = selection.preset
    for suite in suites:
        for sweep in suite.sweeps:
            # Who names a suite, or gives sizes for one, wants all of it.
            named = bool(selection.suites) or suite is selection.made
            ops = ("*",) if named else preset.ops
            family = named or any(fnmatchcase(sweep.family, each) for each in preset.families)
            if not family or not selection.wants("op", sweep.op, ops):
                continue
            for width in _widths(selection, sweep):
                for dtype in ITEM_BYTES:
                    if selection.wants("dtype", dtype, preset.dtypes):
                        yield sweep, sweep.spec(width, dtype), width


def _widths(selection: Selection, sweep: Sweep) -> list[int]:
    if selection.named("width"):
        return choose_widths(selection.named("width"), sweep.widths)
    common = [width for width in sweep.widths if width in selection.preset.widths]
    return common or list(sweep.widths)


def _backend_rows(
    selection: Selection,
    devices: tuple[str, ...],
    sweep: Sweep,
    spec: Spec,
    width: int,
    threads: str,
    candidate: Candidate,
) -> Iterator[Row]:
    backend, probe = candidate.backend, candidate.probe
    for device in devices:
        if not probe.drives(device) and not selection.names_devices():
            continue
        for mode in _modes(selection, spec, probe):
            for gradient in _gradients(selection, sweep, spec, probe):
                for math, allocator, cache in product(
                    maths(selection, spec), _allocators(selection), _caches(selection, spec)
                ):
                    way = backend.name, device, mode, gradient, threads, math, allocator, cache
                    key = CellKey(spec.op, dict(spec.params), spec.dtype, *way)
                    cell = Cell(key, _family(sweep, cache), width)
                    refusal = _refusal(candidate, cell)
                    if refusal is None:
                        yield Row(cell)
                    elif not probe.installed or _told(selection, cell, refusal):
                        yield Row(cell, "unsupported", refusal.reason)


def _told(selection: Selection, cell: Cell, refusal: Refusal) -> bool:
    """Whether a cell that cannot be has a row to say so: on a device, as a transfer, where its
    adapter errs, or where the user named by the very value what may be why."""
    key, where = cell.key, cell.key.device
    if where != "cpu" or get_op(cell.spec.op).on_host or refusal.adapter_failed:
        return True
    named = {
        "mode": key.mode,
        "gradient": key.gradient,
        "dtype": key.dtype,
        "math": key.math,
        "cache": key.cache,
    }
    return any(selection.spells_out(axis, value) for axis, value in named.items())


def _allocators(selection: Selection) -> Iterator[str]:
    for allocator in ALLOCATOR_POLICIES:
        if selection.wants("allocator", allocator, (DEFAULT_ALLOCATOR,)):
            yield allocator


def _caches(selection: Selection, spec: Spec) -> Iterator[str]:
    """Cold figures are for ops that memory bounds; others have none, and a row only by name."""
    cold = get_op(spec.op).streams or bool(selection.named("op"))
    for cache in CACHES:
        if selection.wants("cache", cache, (DEFAULT_CACHE,)) and (cache == DEFAULT_CACHE or cold):
            yield cache


def _family(sweep: Sweep, cache: str) -> str:
    """Cold cells are a curve of their own: nothing warm is compared with them."""
    return sweep.family if cache == DEFAULT_CACHE else f"{sweep.family}, {cache}"


def _refusal(candidate: Candidate, cell: Cell) -> Refusal | None:
    reason = _reason(candidate, cell)
    if reason is not None:
        return Refusal(reason)
    return why_not(candidate.backend, cell.spec.op, cell.spec.dtype, cell.key.variant)


def _reason(candidate: Candidate, cell: Cell) -> str | None:
    """Why a cell cannot be, whatever its adapter says of the op."""
    backend, probe = candidate.backend, candidate.probe
    absent = not_installed(backend.name, probe)
    if absent is not None:
        return absent
    if not probe.drives(cell.worker.device):
        return f"{backend.name} runs on {probe.kinds}, not on {cell.worker.device}"
    if cell.worker.device == "cpu" and get_op(cell.spec.op).on_host:
        return "a transfer is between the host and another device, and the cpu is the host"
    if cell.key.cache != DEFAULT_CACHE and not get_op(cell.spec.op).streams:
        return (
            f"{cell.key.cache} figures are for ops that memory bounds, and {cell.spec.op} is none"
        )
    return math_refusal(cell)


def _modes(selection: Selection, spec: Spec, probe: Probe) -> Iterator[Mode]:
    preset = selection.preset
    compiled = any(fnmatchcase(spec.op, pattern) for pattern in preset.compiled_ops)
    usual: tuple[Mode, ...] = (*preset.modes, "compiled") if compiled else preset.modes
    for mode in MODES:
        offered = mode in probe.modes or selection.spells_out("mode", mode)
        if offered and selection.wants("mode", mode, usual):
            yield mode


def _gradients(selection: Selection, sweep: Sweep, spec: Spec, probe: Probe) -> Iterator[Gradient]:
    offered = get_op(spec.op).gradients
    default = probe.default_gradient if probe.default_gradient in offered else offered[0]
    preset = selection.preset
    every = preset.gradients == "all" or sweep.family in preset.every_gradient
    usual = offered if every else (default,)
    for gradient in offered:
        by_name = selection.wants("gradient", gradient, usual)
        if by_name or (gradient == default and "default" in selection.named("gradient")):
            yield gradient
