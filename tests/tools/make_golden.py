"""Writes `tests/golden/` anew, the report of a small run in every text format.

    python tests/tools/make_golden.py

Do so where a format is meant to change, and read the difference.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.format_runs import FILES, printed, small_run
from helpers.places import GOLDEN


def write_golden() -> None:
    """Write every golden file anew."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = small_run(Path(folder))
        for form, name in FILES.items():
            (GOLDEN / name).write_text(printed(made, form), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
