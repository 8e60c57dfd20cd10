"""JAX, which returns before it has computed, on the CPU too: with a fence and without."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from helpers.fences import HASTY, HONEST, judged, planted
from xbench.cli.parser import make_parser

needs_jax = [
    pytest.mark.framework,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed"),
]


@pytest.mark.parametrize(
    ("backend", "refused"),
    [
        pytest.param(HASTY, True, marks=needs_jax),
        pytest.param(HONEST, False, marks=needs_jax),
    ],
)
def test_only_the_adapter_without_a_fence_is_refused(
    tmp_path: Path, backend: str, refused: bool
) -> None:
    with planted():
        cell = judged(backend, tmp_path, 1)
    assert (cell.status == "invalid") is refused, cell.reason
    assert ("the fence returned early" in cell.reason) is refused


@pytest.mark.parametrize(
    "words",
    [
        ["--backend", "jax,torch,numpy"],
        ["--backend", "jax", "torch,", "numpy"],
        ["--backend", "jax", "--backend", "torch,numpy"],
    ],
)
def test_values_may_be_listed_with_commas(words: list[str]) -> None:
    assert make_parser().parse_args(["run", *words]).backend == ["jax", "torch", "numpy"]
