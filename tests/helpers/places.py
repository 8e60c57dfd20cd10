"""Folders that tests name."""

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
HELPERS = TESTS / "helpers"
DATA = TESTS / "data"
GOLDEN = TESTS / "golden"
