"""All results of a report: each once, each with a title of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from reports.model import Source
from reports.read.load import load
from xbench.errors import UsageError
from xbench.records.journal import JOURNAL

_ONCE = "name each result once"


def load_all(runs: Sequence[Path], reference: str | None) -> list[Source]:
    """Read these results; `reference` is a backend, or `backend/mode`.

    Raises: RecordError for one that cannot be read; UsageError for one that is named twice, for
    copies of a run, and if `reference` has no number in a run or no ratio can be taken at all."""
    _refuse_twice(runs)
    sources = [load(run, reference) for run in runs]
    _refuse_copies(runs, sources)
    if reference is not None and not any(source.paired for source in sources):
        raise UsageError(
            f"nothing is compared with {reference}: there are no paired rounds in these files",
            "leave --reference out, or give a run's folder",
        )
    titles = [source.title for source in sources]
    for place, title in enumerate(titles):
        if titles.count(title) > 1:  # two saved files may be called the same
            sources[place].title = f"{title} ({place + 1} of {len(sources)})"
    return sources


def _refuse_twice(runs: Sequence[Path]) -> None:
    """Whatever a result is called each time: a folder, the journal in it, a link."""
    files = [run / JOURNAL if run.is_dir() else run for run in runs]
    for one, other in combinations(files, 2):
        if one.exists() and other.exists() and one.samefile(other):
            raise UsageError(f"{one} is named twice", _ONCE)


def _refuse_copies(runs: Sequence[Path], sources: Sequence[Source]) -> None:
    known: dict[str, Path] = {}
    for path, source in zip(runs, sources, strict=True):
        if source.run is not None:
            own = source.run.header.run_id
            if own in known:
                raise UsageError(f"{known[own]} and {path} are one run, {own}", _ONCE)
            known[own] = path
