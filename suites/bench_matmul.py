"""What `pytest --benchmark-only` collects of the suite `matmul`: one test a cell."""

from typing import Any

import pytest

from xbench.pytest_plugin import replay

SUITE = "matmul"


def test_matmul(request: pytest.FixtureRequest, xbench_cell: str, benchmark: Any) -> None:
    """Measure one cell and show its bursts."""
    replay(request, xbench_cell, benchmark)
