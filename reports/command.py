"""`write_report`: read, draw, write, say where."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from reports.chapters import make_chapter
from reports.formats.csv_files import cells_csv, comparisons_csv
from reports.formats.markdown import render_markdown
from reports.model import Chapter, Source
from reports.page.render import render_page
from reports.read.load import load
from xbench.errors import UsageError


def write_report(
    runs: Sequence[Path], out: Path, reference: str | None, aloud: bool = True
) -> None:  # fmt: skip
    """Print the report of these results as Markdown, if `aloud`, and write it to the folder `out`.

    `reference` is the backend that others are compared with (else numpy, torch, the first there
    is). Results are shown one after another and never compared with each other.

    Raises: RecordError for a result that cannot be read, UsageError if `out` cannot be written or a
    run has no number of `reference`."""
    sources = [load(run, reference) for run in runs]
    taken: set[str] = set()
    prefixes = [""] if len(sources) == 1 else [f"run{place + 1}-" for place in range(len(sources))]
    try:
        out.mkdir(parents=True, exist_ok=True)
        chapters = [
            make_chapter(source, prefix, taken)
            for source, prefix in zip(sources, prefixes, strict=True)
        ]
        text = render_markdown(chapters)
        _write(out, text, sources, chapters)
    except OSError as error:
        raise UsageError(
            f"cannot write the report to {out}: {error.strerror}",
            "name a writable folder with --out",
        ) from None
    sys.stdout.write(text if aloud else "")
    sys.stdout.flush()
    sys.stderr.write(f"report: {out / 'index.html'}\n")


def _write(out: Path, text: str, sources: list[Source], chapters: list[Chapter]) -> None:
    figures = [
        figure for each in chapters for section in each.sections for figure in section.figures
    ]
    for figure in figures:
        (out / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        (out / f"{figure.name}.png").write_bytes(figure.png)
    (out / "report.md").write_text(text, encoding="utf-8")
    (out / "cells.csv").write_text(cells_csv(sources), encoding="utf-8")
    (out / "comparisons.csv").write_text(comparisons_csv(sources), encoding="utf-8")
    (out / "index.html").write_text(render_page(chapters), encoding="utf-8")
