"""Writes a made-up run of 200 cells, to look at its report or to time it.

    python tests/tools/make_run.py FOLDER

Five launches of 21 rounds, the same every time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.made_runs import families, write_run

if __name__ == "__main__":
    print(write_run(Path(sys.argv[1]), families(10), launches=5, rounds=21))
