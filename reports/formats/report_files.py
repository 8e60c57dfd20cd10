"""Writing the files of a report, each whole or not at all, and none outside its folder.

The text files of a large one are written by a process beside, since they take as long as the page.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from xbench.errors import UsageError
from xbench.files import write_whole
from xbench.reports.formats.csv_files import cells_csv, comparisons_csv, measurements_csv
from xbench.reports.formats.markdown import render_markdown
from xbench.reports.model import Report

MARKDOWN, TIDY = "report.md", "measurements.csv"
MANY = 2000
"""From so many cells on a second process is worth its start and its memory."""


def make_folder(out: Path) -> None:
    """Make the folder, if it is not there. Raises: UsageError if that cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _cannot(out, "it is no folder") from None
    except OSError as error:
        raise _cannot(out, error.strerror) from None


def write_files(out: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files of these plain names to a folder that is there; text as UTF-8.

    A link of such a name is replaced, never followed. Raises: UsageError if a file cannot be
    written; those before it are there then."""
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        try:
            write_whole(out / name, data)
        except OSError as error:
            raise _cannot(out, f"{name}: {error.strerror}") from None


def _cannot(out: Path, why: str | None) -> UsageError:
    return UsageError(
        f"cannot write the report to {out}: {why}", "name a writable folder with --out"
    )


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
