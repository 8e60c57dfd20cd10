"""The text files of a report. Of a large one they are written by a process beside, since they take
as long as the page."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from xbench.errors import UsageError
from xbench.reports.formats.csv_files import cells_csv, comparisons_csv, measurements_csv
from xbench.reports.formats.files import write_files
from xbench.reports.formats.markdown import render_markdown
from xbench.reports.model import Report

MARKDOWN, TIDY = "report.md", "measurements.csv"
MANY = 2000
"""From so many cells on a second process is worth its start and its memory."""


def write_texts(out: Path, report: Report) -> None:
    """Markdown and CSV. Raises: UsageError if one cannot be written."""
    write_files(
        out,
        {
            MARKDOWN: render_markdown(report),
            "cells.csv": cells_csv(report.sources),
            "comparisons.csv": comparisons_csv(report.sources),
            TIDY: measurements_csv(report.sources),
        },
    )


@contextmanager
def texts_beside(out: Path, report: Report) -> Iterator[None]:
    """They are there when the block ends. Raises: UsageError."""
    cells = sum(len(source.cells) for source in report.sources)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if cells < MANY or cores < 2:
        write_texts(out, report)
        yield
        return
    # Forked, so that the report need not be copied; what is given at the start is not pickled.
    with ProcessPoolExecutor(1, get_context("fork"), _keep, (out, report)) as pool:
        job = pool.submit(_write_kept)
        yield
        try:
            job.result()
        except BrokenProcessPool:
            raise UsageError(
                "the process that wrote the text files was ended, perhaps for its memory",
                "report fewer cells with --only",
            ) from None


_kept: tuple[Path, Report] | None = None


def _keep(out: Path, report: Report) -> None:
    global _kept  # noqa: PLW0603 - of the forked process, which does one thing
    _kept = out, report


def _write_kept() -> None:
    assert _kept is not None
    write_texts(*_kept)
