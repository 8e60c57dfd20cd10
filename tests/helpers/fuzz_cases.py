"""Every reader of a file that somebody else may have written or damaged, with what is done with
what it read; and whole commands on such files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from helpers import fuzz_seeds as seeds
from helpers.large_journals import ceilings
from xbench import registry
from xbench.analysis.crossover import device_crossovers
from xbench.analysis.ratios import compare_cells, ratios, unpaired_cells
from xbench.analysis.summary import summarise
from xbench.engine.ceilings_cache import read_cached
from xbench.files import cache_folder, figures_of
from xbench.records.aa_record import kept
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.records.read import read_run
from xbench.registry import load_suite_file
from xbench.reports import results
from xbench.reports.assemble import make_report
from xbench.reports.draw.frame import colours
from xbench.reports.formats.csv_files import cells_csv, comparisons_csv, measurements_csv
from xbench.reports.formats.exports import (
    read_measured,
    to_bencher,
    to_github_action,
    to_pytest_benchmark,
)
from xbench.reports.formats.html_tables import render_tables
from xbench.reports.formats.json_document import json_document
from xbench.reports.formats.latex import render_latex
from xbench.reports.formats.markdown import render_markdown
from xbench.reports.page.render import prepare_page
from xbench.reports.sources import load
from xbench.reports.verdict.history_page import render_history
from xbench.reports.verdict.history_table import show_past
from xbench.reports.verdict.job_summary import as_markdown
from xbench.reports.verdict.wording import as_text
from xbench.suites.claims.rulings import CLAIMS, read_rulings
from xbench.suites.claims.tables_of_rulings import ruling_charts, ruling_tables
from xbench.tracking.baseline import ACCEPTED, read_accepted, read_history
from xbench.tracking.compare import compare_runs
from xbench.tracking.foreign import read_stored_or_foreign
from xbench.tracking.gate import gate
from xbench.tracking.history import look_back
from xbench.tracking.thresholds import FILE, Thresholds, read_thresholds

OTHERS = 11
"""Good runs beside the damaged one, so that rules are applied."""


@dataclass(frozen=True)
class Case:
    """A good file, and what reads it. `read` gets the folder in which the damaged one lies as
    `file`; whatever else is there is good."""

    name: str
    file: str
    good: bytes
    read: Callable[[Path], object]


def journal(folder: Path, all_samples: bool = True) -> None:
    """Read it, and work out all that rests on it."""
    run = read_run(folder / "run", all_samples)
    with figures_of(run.journal):
        cells = summarise(run)
        ratios(run, cells)
        compare_cells(run, cells)
        unpaired_cells(cells)
        device_crossovers(cells)
    msgspec.json.encode(cells)


def report(path: Path) -> None:
    """Read it, and write all that is text."""
    made = make_report([load(path, None)], None)
    for write in (cells_csv, comparisons_csv, measurements_csv):
        write(made.sources)
    render_markdown(made)
    for form in (json_document, render_latex, render_tables):
        form(made.sources, None)
    prepare_page(made)


def notebook(folder: Path) -> None:
    """As an object."""
    found = results.load(folder / "run")
    found.to_pandas()
    found.to_pandas("comparisons")
    found._repr_html_()
    repr(found)


def export(folder: Path) -> None:
    """In every format."""
    measured = read_measured(folder / "run")
    for write in (to_pytest_benchmark, to_github_action, to_bencher):
        msgspec.json.encode(write(measured))


def compared(folder: Path, path: Path) -> None:
    """Against a good one, either way round, and against itself."""
    found, good = read_stored_or_foreign(path), read_stored_or_foreign(folder / "good")
    for base, head in ((found, good), (good, found), (found, found)):
        shown(compare_runs(base, head, Thresholds()))


def shown(verdict: object) -> None:
    """In every form."""
    as_text(verdict)  # type: ignore[arg-type]
    as_markdown(verdict)  # type: ignore[arg-type]
    msgspec.json.encode(verdict)


def gated(folder: Path) -> None:
    """As one of the stored runs, and as the one that is judged."""
    runs = folder / "runs"
    for candidate in (runs / "run", runs / "20260101T000000Z-000000"):
        shown(gate(read_stored_or_foreign(candidate), runs, Thresholds(), learning=True))
    stored = read_history(runs)
    rows = look_back(stored, Thresholds(), ())
    list(show_past(rows, stored))
    render_history(rows, stored)


def ruled(folder: Path) -> None:
    """With its tables and figures."""
    found = read_rulings(folder)
    ruling_tables(found)
    colours(line.backend for plot in found.plots for line in plot.lines)
    for chart in ruling_charts(found):
        repr(chart)


def suite(folder: Path) -> None:
    """Python: what it does is its own affair."""
    registry._loaded.pop((folder / "suite.py").resolve(), None)  # it is run once a process
    load_suite_file(folder / "suite.py")


def cached(folder: Path) -> None:
    """A hint, never an error."""
    if read_cached(folder, "cached.json") is None:
        raise LookupError("left out")


def aa(folder: Path) -> None:
    """A hint, never an error."""
    if kept("abc") is None:
        raise LookupError("left out")


def cases(folder: Path) -> list[Case]:
    """All of them; the good files beside are made in the folder."""
    run = seeds.run_folder(folder / "run")
    shutil.copytree(run, folder / "good")
    for day in range(OTHERS):
        name = f"202601{day + 1:02d}T000000Z-{day:06d}"
        seeds.run_folder(folder / "runs" / name, name)
    shutil.copytree(run, folder / "runs" / "run")
    text, summary = (run / JOURNAL).read_bytes(), (run / SUMMARY).read_bytes()
    now = datetime.now(UTC).isoformat()
    ceiling = msgspec.json.encode(msgspec.structs.replace(ceilings(), measured_utc=now))
    ours = msgspec.json.encode(to_pytest_benchmark(read_measured(run)))
    other = folder / "other"
    cache = cache_folder()
    assert cache is not None
    beside = f"{cache.relative_to(folder)}/aa-abc.json"
    return [
        Case("journal, all samples", f"run/{JOURNAL}", text, journal),
        Case("journal, lean", f"run/{JOURNAL}", text, lambda at: journal(at, False)),
        Case("journal, report", f"run/{JOURNAL}", text, lambda at: report(at / "run")),
        Case("journal, notebook", f"run/{JOURNAL}", text, notebook),
        Case("journal, exports", f"run/{JOURNAL}", text, export),
        Case("stored: journal", f"run/{JOURNAL}", text, lambda at: compared(at, at / "run")),
        Case("stored: summary", f"run/{SUMMARY}", summary, lambda at: compared(at, at / "run")),
        Case("gate and history", f"runs/run/{SUMMARY}", summary, gated),
        Case("gate: accepted", f"runs/{ACCEPTED}", seeds.accepted(), gated),
        Case("accepted", ACCEPTED, seeds.accepted(), read_accepted),
        Case("claims", CLAIMS, (run / CLAIMS).read_bytes(), ruled),
        Case("A/A record", beside, seeds.aa_record("abc"), aa),
        Case("ceilings cache", "cached.json", ceiling, cached),
        Case("pytest-benchmark", "other", seeds.saved(), lambda at: compared(at, other)),
        Case("its report", "other", seeds.saved(), lambda at: report(other)),
        Case("our export", "other", ours, lambda at: compared(at, other)),
        Case("its report (ours)", "other", ours, lambda at: report(other)),
        Case("github-action", "other", seeds.github(), lambda at: compared(at, other)),
        Case("Bencher", "other", seeds.bencher(), lambda at: compared(at, other)),
        Case("thresholds", FILE, seeds.PYPROJECT, read_thresholds),
        Case("suite file", "suite.py", seeds.SUITE, suite),
    ]


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """The user's cache is in the folder."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "cache" / "xbench").mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before
