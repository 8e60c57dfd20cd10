"""`xbench claims`: measure what a list of claims is about, show its exhibits, and judge each."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.cli.options import add_new_runs_folder, add_no_lock, add_seed
from xbench.errors import RecordError, UsageError

if TYPE_CHECKING:
    from xbench.analysis.summary import CellSummary
    from xbench.engine.workers import Workers
    from xbench.plan.plan import Plan
    from xbench.records.read import Run
    from xbench.records.schema import ValuesLine
    from xbench.suites.claims.claim import ClaimSet, Evidence
    from xbench.suites.claims.rulings import Rulings

LEAST_COLUMNS, WIDEST = 80, 140


DESCRIPTION = (
    "Measure what the course notebooks measured and run what they ran. Then rule on every figure "
    "and claim that they print: it is reproduced, contradicted, or not measurable here, and why."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--run",
        type=Path,
        metavar="RUN",
        help="judge an earlier run of `xbench claims` again; measure nothing",
    )
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="DIR",
        help="a folder with MNIST as idx or png files, which claims on accuracy need",
    )
    parser.add_argument(
        "--launches",
        type=int,
        metavar="N",
        help="number of launches (default 3); each starts fresh worker processes",
    )
    add_seed(parser)
    add_new_runs_folder(parser)
    add_no_lock(parser)
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Run the command. Returns: 0, whatever the rulings are."""
    from xbench.cli.measuring import end_cleanly_on_signals, refuse_windows
    from xbench.suites.claims.notebooks import NOTEBOOKS

    refuse_windows()
    end_cleanly_on_signals()
    claims = NOTEBOOKS
    mnist = _folder(options.mnist)
    if options.run is None:
        folder = _measured(claims, options)
    else:
        folder = _measured_before(claims, options.run)
    show(rule(claims, folder, mnist))
    import_module("xbench.reports.assemble").write_report(
        [folder], folder / "report", None, print_text=False
    )
    return 0


def _measured_before(claims: ClaimSet, path: Path) -> Path:
    """The folder of an earlier run of these claims.

    Raises: RecordError; UsageError for another run, which has measured nothing of them."""
    from xbench.records.read import read_run

    run = read_run(path)
    if run.header.preset != claims.preset.name:
        raise UsageError(
            f"{run.journal} is a run of the preset {run.header.preset}, not of `xbench claims`",
            "name one that `xbench claims` made",
        )
    return run.folder


def _folder(mnist: Path | None) -> Path | None:
    """Raises: UsageError if a folder was named that is not there."""
    if mnist is not None and not mnist.is_dir():
        raise UsageError(f"--mnist {mnist} is no folder", "name the one that holds the idx files")
    return mnist


def _measured(claims: ClaimSet, options: argparse.Namespace) -> Path:
    """Measure and show everything. Returns: the run's folder."""
    from xbench.cli.measuring import hold_machine, plan_in_one_line
    from xbench.engine.progress import make_progress
    from xbench.engine.run_plan import run_plan
    from xbench.engine.settings import Settings, make_header, new_run_id
    from xbench.records.journal import make_run_folder
    from xbench.suites.claims.show import show_exhibits

    with hold_machine(options) as lease:
        plan = _plan(claims, options.launches)
        print(plan_in_one_line(plan, claims.preset), file=sys.stderr)
        shown = claims.planted()
        run_id = new_run_id()
        folder = make_run_folder(options.out, run_id).resolve()
        header = make_header(plan, run_id, claims.preset.name, options.command_line, options.seed)
        settings = Settings(options.seed, folder, unlocked=lease.unlocked)
        progress = make_progress(plan)

        def after_last_launch(workers: Workers) -> Iterator[ValuesLine]:
            yield from shown
            progress.starting("running the exhibits")
            yield from show_exhibits(workers, claims.requests)

        run_plan(plan, settings, header, progress, after_last_launch=after_last_launch)
        return folder


def _plan(claims: ClaimSet, launches: int | None) -> Plan:
    from xbench.plan.effort import Effort, plan_selection
    from xbench.plan.select import Selection

    return plan_selection(Selection(claims.preset, (), {}), Effort(launches))


def rule(claims: ClaimSet, folder: Path, mnist: Path | None) -> Rulings:
    """Judge what a run's folder holds, and write the rulings beside it. Raises: RecordError."""
    from xbench.analysis.summary import summarise
    from xbench.files import DAMAGED, figures_of
    from xbench.records.read import read_run
    from xbench.suites.claims.rulings import judge, write_rulings

    run = read_run(folder)
    with figures_of(run.journal):
        evidence = evidence_of(run, summarise(run), mnist)
    try:
        found = judge(claims, evidence)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"
        raise RecordError(
            f"{run.journal} holds exhibits that cannot be judged: {why}", DAMAGED
        ) from error
    write_rulings(folder, found)
    return found


def show(rulings: Rulings) -> None:
    """Print every claim with its ruling, in lines that fit the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("claim", "printed", "here", "ruling and why", box=None, pad_edge=False)
    for each in rulings.claims:
        claim, why = f"{each.id}\n{each.says}", f"{each.ruling}\n{each.why}"
        table.add_row(*(Text(text) for text in (claim, each.printed, each.ours, why)))
        table.add_row()
    width = max(LEAST_COLUMNS, shutil.get_terminal_size((WIDEST, 24)).columns)
    Console(width=width, highlight=False).print(table)
    counts = Counter(each.ruling for each in rulings.claims)
    print(f"{len(rulings.claims)} claims:", ", ".join(f"{n} {name}" for name, n in counts.items()))


def evidence_of(run: Run, cells: list[CellSummary], mnist: Path | None) -> Evidence:
    """A run as evidence."""
    from xbench.analysis.ratios import compare_cells
    from xbench.suites.claims.claim import Evidence

    timed = [cell.plan.key.device for cell in cells if cell.time_s is not None]
    return Evidence(
        cells,
        compare_cells(run, cells),
        run.values,
        run.workers,
        gpus=tuple(dict.fromkeys(device for device in timed if device != "cpu")),
        mnist=mnist,
    )
