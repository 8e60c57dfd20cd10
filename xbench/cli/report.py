"""`xbench report`: find the results, hand them to the report stage."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from xbench.errors import RecordError, UsageError
from xbench.records.journal import JOURNAL
from xbench.registry import backend_paths
from xbench.text import near


def main(options: argparse.Namespace) -> int:
    """Write the report of the given runs, or of the newest."""
    runs: list[Path] = options.runs or [newest_run(options.results)]
    if options.reference is not None and options.reference not in backend_paths():
        known = near(options.reference, backend_paths())
        raise UsageError(f"no backend is called {options.reference!r}", known)
    out = options.out or _beside(runs[0])
    import_module("reports.command").write_report(runs, out, options.reference)
    return 0


def newest_run(results: Path) -> Path:
    """The newest run's folder. Raises: RecordError if there is none."""
    found = sorted(results.glob(f"*/{JOURNAL}"))
    if not found:
        raise RecordError(f"there are no runs in {results}", "run `xbench run` first")
    return found[-1].parent


def _beside(run: Path) -> Path:
    """`report/` in a run's folder; for a lone file, `<name>-report/` beside it."""
    if run.is_dir():
        return run / "report"
    return run.parent / "report" if run.name == JOURNAL else run.with_name(f"{run.stem}-report")
