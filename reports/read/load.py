"""A result file, whichever kind it is, told by its content."""

from __future__ import annotations

import re
from pathlib import Path

from reports.model import Source
from reports.read.environment import (
    aa_line,
    canary_lines,
    conditions_line,
    journal_facts,
    variables_line,
)
from reports.read.pytest_json import read_pytest_benchmark
from xbench.claims.judge import read_rulings
from xbench.errors import RecordError
from xbench.gpu.company import gpu_lines
from xbench.records.compare import ratios, unpaired_cells
from xbench.records.crossover import device_crossovers
from xbench.records.facts import machine_line
from xbench.records.files import figures_of, whole_file
from xbench.records.read import Run, no_collecting, read_run
from xbench.records.summary import summarise
from xbench.stats.looks import level_of

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
    level = level_of("fixed" if header.target is None else "adaptive", header.launches)
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
        rulings=read_rulings(run.path.parent),
        choices=chosen,
        crossovers=device_crossovers(cells, level),
        run=run,
    )


def _notes(run: Run) -> list[str]:
    """The reader's notes, the machine's A/A, whether it was slow at times, and whether others used
    it when the run began."""
    environment = run.header.environment
    notes = [*run.notes, aa_line(environment), *canary_lines(run)]
    notes += [*conditions_line(environment), *variables_line(environment)]
    notes += gpu_lines(group.gpus for group in run.groups)
    machine, load = (
        run.header.environment.get("machine"),
        run.header.environment.get("load_average"),
    )
    cores = machine.get("cores") if isinstance(machine, dict) else None
    busy = load[0] if isinstance(load, list) and load else None
    if isinstance(cores, int) and isinstance(busy, float) and busy > 0.5 * cores:
        load_on = f"load {busy:.1f} on {cores} cores"
        return [*notes, f"the machine was busy when the run began ({load_on})"]
    return notes
