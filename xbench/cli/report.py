"""`xbench report`: find the results, hand them to the report stage."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from xbench.errors import RecordError, UsageError
from xbench.records.journal import JOURNAL


def main(options: argparse.Namespace) -> int:
    """Write the report of the given runs, or of the newest."""
    if not options.runs:
        _refuse_results(options.only)
    runs: list[Path] = options.runs or [newest_run(options.results)]
    out = options.out or _beside(runs[0])
    import_module("xbench.reports.assemble").write_report(
        runs,
        out,
        options.reference,
        form=options.format,
        only=options.only,
        title=options.title,
        show=options.open,
    )
    return 0


def newest_run(results: Path) -> Path:
    """The newest run's folder. Raises: RecordError if there is none."""
    found = sorted(results.glob(f"*/{JOURNAL}"))
    if not found:
        raise RecordError(f"there are no runs in {results}", "run `xbench run` first")
    return found[-1].parent


def _refuse_results(patterns: Sequence[str]) -> None:
    """Raises: UsageError where a run stands among the patterns, which take all that follows."""
    for each in patterns:
        if Path(each).is_file() or (Path(each) / JOURNAL).is_file():
            raise UsageError(
                f"--only took {each} for a pattern", "name results before --only, not after it"
            )


def _beside(run: Path) -> Path:
    """`report/` in a run's folder; for a lone file, `<name>-report/` beside it.

    Raises: UsageError if that is a link: only a user sends a report elsewhere."""
    inside = run if run.is_dir() else run.parent
    lone = not run.is_dir() and run.name != JOURNAL
    out = inside / (f"{run.stem}-report" if lone else "report")
    if out.is_symlink():
        raise UsageError(f"{out} is a link to {out.readlink()}", "name a folder with --out")
    return out
