"""What `pytest --benchmark-only` collects of the suite `mlp`: one test a cell."""

from typing import Any

import pytest

from xbench.pytest_plugin import replay

SUITE = "mlp"


def test_mlp(request: pytest.FixtureRequest, xbench_cell: str, benchmark: Any) -> None:
    """Measure one cell and show its bursts."""
    replay(request, xbench_cell, benchmark)
