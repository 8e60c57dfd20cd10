"""The end of a run: its summary, then the last line of its journal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from xbench.records.journal import SUMMARY, Journal
from xbench.records.read import Run, read_run
from xbench.records.schema import Footer
from xbench.records.summary import CellSummary, summarise, write_summary


def end_run(
    journal: Journal, run: Run, footer: Footer, folder: Path
) -> tuple[Run, list[CellSummary]]:
    """Write both, and read the run back. A run whose summary finds no room is interrupted: taken up
    again, it has that left to do. Raises: StorageFailed."""
    run.footer = footer
    summaries = summarise(run)
    try:
        write_summary(folder / SUMMARY, summaries)
    except OSError as error:
        journal.write(msgspec.structs.replace(footer, outcome="interrupted"))
        raise journal.failed(error) from None
    journal.write(footer)
    journal.close()
    return read_run(folder), summaries
