"""Imported first by the scripts here, so that they find `helpers` and the checkout's packages."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS), str(TESTS.parent)]
