"""`history.html`: one self-contained page of the stored runs of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from xbench.errors import UsageError
from xbench.files import write_whole
from xbench.reports.page.data import five_digits, pack, plotly_source
from xbench.reports.page.render import SHARED, cut, joined, policy
from xbench.reports.verdict.history_table import COLUMNS, row_cells, show_change, step_rows
from xbench.text import show_seconds
from xbench.tracking.baseline import History
from xbench.tracking.history import Past, Row, what_changed
from xbench.version import __version__

PAGE = "history.html"
MOST_ROWS = 200
"""Of the table; the plot has all."""

_HERE = Path(__file__).resolve().parent
_STYLE = SHARED.parent / "page.css"


def write_history(rows: Sequence[Row], stored: History, out: Path) -> Path:
    """Write the page into a folder, which is made if it is not there. Returns: its path. Raises:
    UsageError if it cannot be written."""
    page = render_history(rows, stored).encode()
    try:
        out.mkdir(parents=True, exist_ok=True)
        return write_whole(out / PAGE, page)
    except OSError as error:
        raise UsageError(
            f"cannot write to {out}: {error.strerror}", "name another folder with --out"
        ) from None


def render_history(rows: Sequence[Row], stored: History) -> str:
    """The page. Text from result files is escaped, or packed."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cut": cut}
    shared = (SHARED / f"{name}.js" for name in ("elements", "canvas"))
    script, plotly = joined([*shared, _HERE / "history.js"]), plotly_source()
    return environment.get_template("history.html").render(
        columns=COLUMNS,
        rows=[row_cells(row) for row in rows[:MOST_ROWS]],
        count=len(rows),
        steps=step_rows(rows, stored),
        stored=stored,
        css=Markup(_STYLE.read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        hashes=Markup(policy(script.encode(), plotly)),  # noqa: S704 - our own
        packed=pack(msgspec.json.encode(_data(rows, stored))),
        plots=pack(plotly),
        version=__version__,
    )


def _data(rows: Sequence[Row], stored: History) -> dict[str, object]:
    """What the script draws: values where a point lies, and texts of what it shows."""
    return {
        "runs": [
            {
                "id": run.head.run_id,
                "when": run.head.started_utc[:10],
                "changed": [
                    f"{each.label}: {each.base} → {each.head}"
                    for each in what_changed(stored, place)
                ],
                "accepted": [each.reason for each in stored.accepted.get(place, ())],
            }
            for place, run in enumerate(stored.runs)
        ],
        "rows": [
            {
                "name": row.name,
                "steps": [
                    [each.place, show_change(each.change), each.cells] for each in row.changes
                ],
                "about": _farthest(row),
                "cells": [_course(past) for past in row.cells],
            }
            for row in rows
        ],
    }


def _course(past: Past) -> dict[str, object]:
    """One cell: `over` are its times over their baseline (where it has none, over their median), at
    these places of runs; `texts` say both."""
    times = past.values.values
    level = past.baseline or sorted(times)[len(times) // 2]
    return {
        "id": past.plan.id,
        "width": past.plan.width,
        "at": past.values.places,
        "over": [five_digits(each / level) for each in times],
        "texts": [f"{show_seconds(each)}, {_factor(each / level)}" for each in times],
    }


def _farthest(row: Row) -> str:
    """How far the baseline has gone from the anchor, of the cell in which it is most, if any."""
    found = [
        (past.baseline / past.anchor, past.plan.id)
        for past in row.cells
        if past.baseline and past.anchor
    ]
    if not found:
        return ""
    most, cell = max(found, key=lambda each: each[0])
    return f"Baseline over anchor, at most: {_factor(most)} ({cell})"


def _factor(factor: float) -> str:
    return f"{factor:.3g}×"
