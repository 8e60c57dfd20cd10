"""`xbench report`: find stored runs, hand them to what writes reports."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from xbench.cli.options import add_stored_runs_folder, folder, newest_run
from xbench.errors import UsageError

FORMATS = ("md", "csv", "json", "latex", "html", "answer")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give the command its options, and `main` as the handler."""
    parser.description = (
        "Write a report of one or more runs into a folder: tables, figures and a page for the "
        "browser. Also print it."
    )
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="a run's folder or its run.jsonl, or a JSON file of pytest-benchmark (default: the "
        "newest run)",
    )
    parser.add_argument(
        "--out",
        type=folder,
        metavar="DIR",
        help="write the report to this folder (default: report/ in the folder of the first run)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="format of what is printed (default md); the folder gets the same files in any case",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="report only cells whose id, op, family or backend matches; name the runs before this "
        "option",
    )
    parser.add_argument(
        "--reference",
        metavar="BACKEND[/MODE]",
        help="compare the others with this backend, for instance torch or torch/compiled (default "
        "numpy, in mode eager)",
    )
    parser.add_argument("--title", metavar="TEXT", help="title of the report")
    parser.add_argument("--open", action="store_true", help="show the page in your browser")
    add_stored_runs_folder(parser, "--results")
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Write the report of the given runs, or of the newest."""
    if not options.runs:
        _refuse_runs_as_patterns(options.only)
    runs: list[Path] = options.runs or [newest_run(options.results)]
    out = options.out or _default_folder(runs[0])

    from xbench.reports.assemble import write_report  # slow, and of no use before there are runs

    write_report(
        runs,
        out,
        options.reference,
        output_format=options.format,
        only=options.only,
        title=options.title,
        open_page=options.open,
    )
    return 0


def _refuse_runs_as_patterns(patterns: Sequence[str]) -> None:
    """Raises: UsageError where a run stands among the patterns: `--only` takes all that follows."""
    from xbench.records.journal import JOURNAL

    for each in patterns:
        if Path(each).is_file() or (Path(each) / JOURNAL).is_file():
            raise UsageError(
                f"--only took {each} for a pattern", "name runs before --only, not after it"
            )


def _default_folder(run: Path) -> Path:
    """`report/` in a run's folder; for a lone file, `<name>-report/` beside it.

    Raises: UsageError if that is a link: only a user sends a report elsewhere."""
    from xbench.records.journal import JOURNAL

    inside = run if run.is_dir() else run.parent
    lone = not run.is_dir() and run.name != JOURNAL
    out = inside / (f"{run.stem}-report" if lone else "report")
    if out.is_symlink():
        raise UsageError(f"{out} is a link to {out.readlink()}", "name a folder with --out")
    return out
