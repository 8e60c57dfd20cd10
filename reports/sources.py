"""Result files read as sources of a report, each of the kind that its content tells: a run's
journal or pytest-benchmark's JSON.

Also what a journal records of its machine, in words; and which cells are kept where the user names
some.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import combinations
from math import expm1, inf
from pathlib import Path
from statistics import median
from typing import Any

from xbench.analysis.bound import find_ceilings
from xbench.analysis.crossover import CPU, DeviceCrossover, device_crossovers
from xbench.analysis.ratios import Comparison, Unpaired, ratios, unpaired_cells
from xbench.analysis.stopping import level_of
from xbench.analysis.summary import summarise
from xbench.errors import RecordError, UsageError
from xbench.extensions import SECTIONS, resolve
from xbench.files import figures_of, whole_file
from xbench.machine.nvml import GpuState
from xbench.records.journal import JOURNAL
from xbench.records.read import Run, no_collecting, read_run
from xbench.records.recorded_facts import (
    UNKNOWN,
    environment_facts,
    framework_line,
    left_outside,
    machine_line,
    restrictions,
    text_of,
)
from xbench.records.schema import CellPlan
from xbench.reports.curves import Setting, series_of, setting_of
from xbench.reports.model import Added, Benchmark, Series, Source
from xbench.reports.pytest_json import read_pytest_benchmark
from xbench.text import near, show_bytes

# What the states of GPUs during a run say about its figures.

NOTICEABLE_BYTES = 64 << 20
"""Memory of another process that is worth a word."""


def gpu_lines(groups: Iterable[list[GpuState]]) -> list[str]:
    """Sentences about lowered clocks and other processes' memory, from the states read in each
    group; none if all was well."""
    found = [states for states in groups if states]
    return [*_slowed(found), *_company(found)]


def _slowed(groups: list[list[GpuState]]) -> Iterator[str]:
    found = Counter(
        name
        for states in groups
        for name in {(state.device, word) for state in states for word in state.slowed_by}
    )
    for (device, word), count in sorted(found.items()):
        yield f"{device} lowered its clock in {count} of {len(groups)} groups ({word})"


def _company(groups: list[list[GpuState]]) -> Iterator[str]:
    most: dict[str, int] = {}
    for state in (state for states in groups for state in states):
        most[state.device] = max(most.get(state.device, 0), state.foreign_bytes or 0)
    for device, held in sorted(most.items()):
        if held >= NOTICEABLE_BYTES:
            yield f"other processes held up to {show_bytes(held)} of {device} meanwhile"


# What a run records of its machine and how far to trust it, in words.

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
    """By group and launch: the rounds before which the machine itself was slow, by the canary that
    is timed before each. The best launch's median is the measure: a run may be slow for most of its
    time."""
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
    slow, rounds = _slow_of_all(run)
    if not slow:
        return []
    return [
        f"the machine itself was more than {100.0 * (SLOW - 1.0):.0f} % slower than usual just "
        f"before {slow} of {rounds} rounds (canary, against its median in the best launch)"
    ]


def _slow_of_all(run: Run) -> tuple[int, int]:
    """The number of rounds before which the machine was slow, and of all."""
    slow = sum(map(len, slow_rounds(run).values()))
    return slow, sum(len(group.canary_ns) for group in run.groups)


def variables_line(environment: dict[str, Any]) -> list[str]:
    """Which variables of the user's shell no worker got; nothing if there are none."""
    names = left_outside(environment)
    if not names:
        return []
    shown = ", ".join(names[:MOST_NAMES]) + (
        f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    )
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
        notes.append(
            f"{FORCES_KERNELS} forces one kernel on every OpenBLAS: NumPy's products may "
            "be several times slower than without it"
        )
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
        found.setdefault(worker.worker.backend, framework_line(worker.attest))
    return sorted(found.items())


def _percent(log_ratio: Any) -> str:
    if not isinstance(log_ratio, int | float) or not abs(log_ratio) < LARGEST_LOG:
        return UNKNOWN
    return f"{100.0 * expm1(log_ratio):.1f} %"


def _ended(run: Run) -> str:
    return run.footer.ended_utc if run.footer else "did not end by itself"


_KINDS = "give a run folder, its run.jsonl, or a pytest-benchmark JSON file"
_HEADER = re.compile(rb'\s*\{\s*"type"\s*:\s*"header"')
_BEGINNING = 256


@no_collecting()
def load(path: Path, reference: str | None) -> Source:
    """Read a run folder, a journal or a pytest-benchmark file.

    Raises: RecordError for anything else, and for figures that cannot be; UsageError for a run
    without a number of `reference`."""
    if not path.is_dir() and not _is_journal(path):
        return read_pytest_benchmark(path, _data(path))
    run = read_run(path, all_samples=False)
    with figures_of(path):
        return source_of(run, reference)


def _is_journal(path: Path) -> bool:
    """Whether it begins as one. Raises: RecordError."""
    try:
        with path.open("rb") as file:
            return _HEADER.match(file.read(_BEGINNING)) is not None
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}", _KINDS) from None


def _data(path: Path) -> bytes:
    """What the file holds. Raises: RecordError."""
    try:
        data = whole_file(path)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}", _KINDS) from None
    if data.isspace() or not data:
        raise RecordError(f"{path} is empty", "what should have written it ended before it began")
    return data


def source_of(run: Run, reference: str | None) -> Source:
    """A journal that was read. Raises: UsageError if it holds no number of `reference`; ValueError
    and ArithmeticError for figures that cannot be."""
    cells = summarise(run)
    header = run.header
    compared, chosen = ratios(run, cells, reference)
    slow, rounds = _slow_of_all(run)
    level = level_of(run.launching, header.launches)
    return Source(
        title=f"run {header.run_id}, preset {header.preset}",
        machine=machine_line(header.environment),
        facts=journal_facts(run),
        launches=header.launches,
        paired=True,
        cells=cells,
        comparisons=compared,
        unpaired=unpaired_cells(cells, reference),
        ceilings=run.ceilings,
        workers=run.workers,
        notes=_notes(run),
        added=_added(run.folder),
        choices=chosen,
        crossovers=device_crossovers(cells, level),
        run=run,
        slow=slow / rounds if rounds else None,
        busy=bool(_load_line(header.environment)),
    )


def _added(folder: Path) -> dict[str, Added]:
    """What extensions find in a run's folder. Raises: RecordError for what is damaged."""
    found = {name: resolve(path)(folder) for name, path in SECTIONS.items()}
    return {name: each for name, each in found.items() if each is not None}


def _notes(run: Run) -> list[str]:
    """The reader's notes, the machine's A/A, whether it was slow at times, and whether others used
    it when the run began."""
    environment = run.header.environment
    notes = [*run.notes, aa_line(environment), *canary_lines(run)]
    notes += [*conditions_line(environment), *variables_line(environment)]
    notes += gpu_lines(group.gpus for group in run.groups)
    return [*notes, *_load_line(environment)]


def _load_line(environment: dict[str, Any]) -> list[str]:
    """That others used the machine when the run began; nothing if nobody did."""
    machine, load = environment.get("machine"), environment.get("load_average")
    cores = machine.get("cores") if isinstance(machine, dict) else None
    busy = load[0] if isinstance(load, list) and load else None
    if isinstance(cores, int) and isinstance(busy, float) and busy > 0.5 * cores:
        load_on = f"load {busy:.1f} on {cores} cores"
        return [f"the machine was busy when the run began ({load_on})"]
    return []


# All results of a report: each once, each with a title of its own.

_ONCE = "name each result once"


def load_all(runs: Sequence[Path], reference: str | None) -> list[Source]:
    """Read these results; `reference` is a backend, or `backend/mode`.

    Raises: RecordError for one that cannot be read; UsageError for one that is named twice, for
    copies of a run, and if `reference` has no number in a run or no ratio can be taken at all."""
    _refuse_twice(runs)
    sources = [load(run, reference) for run in runs]
    _refuse_copies(runs, sources)
    if reference is not None and not any(source.paired for source in sources):
        raise UsageError(
            f"nothing is compared with {reference}: there are no paired rounds in these files",
            "leave --reference out, or give a run's folder",
        )
    titles = [source.title for source in sources]
    for place, title in enumerate(titles):
        if titles.count(title) > 1:  # two saved files may be called the same
            sources[place].title = f"{title} ({place + 1} of {len(sources)})"
    return sources


def _refuse_twice(runs: Sequence[Path]) -> None:
    """Whatever a result is called each time: a folder, the journal in it, a link."""
    files = [run / JOURNAL if run.is_dir() else run for run in runs]
    for one, other in combinations(files, 2):
        if one.exists() and other.exists() and one.samefile(other):
            raise UsageError(f"{one} is named twice", _ONCE)


def _refuse_copies(runs: Sequence[Path], sources: Sequence[Source]) -> None:
    known: dict[str, Path] = {}
    for path, source in zip(runs, sources, strict=True):
        if source.run is not None:
            own = source.run.header.run_id
            if own in known:
                raise UsageError(f"{known[own]} and {path} are one run, {own}", _ONCE)
            known[own] = path


# Which cells of the results are shown, where the user names some.


def select(sources: Sequence[Source], patterns: Sequence[str]) -> list[Source]:
    """The sources with only those cells of which the id, op, family or backend matches a pattern
    (`*` and `?`, upper and lower case differ); other people's benchmarks match by name or group.

    A ratio stays where both its cells do, and a note says how many cells are left out. Without
    patterns everything stays. Raises: UsageError for a pattern that matches nothing anywhere."""
    if not patterns:
        return list(sources)
    names = {name for source in sources for name in _all_names(source)}
    known = {cell.plan.key.op for each in sources for cell in each.cells}
    known |= {cell.plan.key.backend for each in sources for cell in each.cells}
    known |= {each.name for source in sources for each in source.benchmarks}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(f"no cell matches {pattern!r}", near(pattern, known))
    return [_selected(source, patterns) for source in sources]


def _all_names(source: Source) -> list[str]:
    return [
        *(name for cell in source.cells for name in _names(cell.plan)),
        *(name for each in source.benchmarks for name in _names(each)),
    ]


def _names(row: CellPlan | Benchmark) -> tuple[str, ...]:
    if isinstance(row, Benchmark):
        return row.name, row.group
    return row.id, row.key.op, row.family, row.key.backend


def _line(plan: CellPlan) -> tuple[Series, Setting]:
    """What the cells of a crossover have in common: all but device and width."""
    return series_of(plan), setting_of(plan)._replace(device="")


def _selected(source: Source, patterns: Sequence[str]) -> Source:
    def wanted(row: CellPlan | Benchmark) -> bool:
        return any(fnmatchcase(name, each) for name in _names(row) for each in patterns)

    def both(pair: Comparison | Unpaired) -> bool:
        return wanted(pair.cell) and wanted(pair.reference)

    def whole(crossing: DeviceCrossover) -> bool:
        """Whether all cells it rests on are wanted."""
        line = _line(crossing.plan)
        devices = (CPU, crossing.device)
        plans = [cell.plan for cell in source.cells if cell.plan.key.device in devices]
        return all(wanted(plan) for plan in plans if _line(plan) == line)

    cells = [cell for cell in source.cells if wanted(cell.plan)]
    benchmarks = [each for each in source.benchmarks if wanted(each)]
    workers = {cell.plan.key.worker for cell in cells}
    ceilings = [find_ceilings(cell.plan, source.ceilings) for cell in cells]
    kept, there = len(cells) + len(benchmarks), len(source.cells) + len(source.benchmarks)
    shown = f"only {kept} of {there} rows are shown, by --only {' '.join(patterns)}"
    return replace(
        source,
        cells=cells,
        comparisons=[pair for pair in source.comparisons if both(pair)],
        choices=[pair for pair in source.choices if both(pair)],
        unpaired=[pair for pair in source.unpaired if both(pair)],
        crossovers=[each for each in source.crossovers if whole(each)],
        benchmarks=benchmarks,
        ceilings=[line for line in source.ceilings if line in ceilings],
        workers=[line for line in source.workers if line.worker in workers],
        added={},
        notes=[shown, *source.notes],
    )
