"""`[tool.xbench]` of a user's pyproject.toml, and what a ratio's interval says by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xbench.analysis.interval import Estimate
from xbench.errors import UsageError
from xbench.keys import CellKey
from xbench.tracking.thresholds import Threshold, Thresholds, judge, read_thresholds

CELL = CellKey.parse("mlp_train/n100-w512/float32/torch/cpu/eager/autograd/tall")


def read(folder: Path, text: str) -> Thresholds:
    """The thresholds of a pyproject.toml with this text."""
    (folder / "pyproject.toml").write_text(text)
    return read_thresholds(folder)


def test_without_a_table_the_usual_ones_hold(tmp_path: Path) -> None:
    assert read(tmp_path, "[project]\nname = 'x'\n").of(CELL) == Threshold(0.05, 0.02)


def test_shares_are_percent_or_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, '[tool.xbench]\neffect = "10 %"\nmargin = 0.03\n').of(CELL)
    assert found.effect == pytest.approx(0.1)
    assert found.margin == 0.03


def test_the_last_pattern_that_matches_counts_and_changes_only_what_it_names(
    tmp_path: Path,
) -> None:
    rules = "[tool.xbench]\neffect = 0.06\n" + "".join(
        f"[[tool.xbench.thresholds]]\ncells = '{cells}'\n{key} = {value}\n"
        for cells, key, value in (
            ("mlp_*", "margin", 0.04),
            ("*/torch/*", "effect", 0.2),
            ("mlp_train", "effect", 0.3),
            ("matmul*", "effect", 0.4),
        )
    )
    found = read(tmp_path, rules)
    assert found.of(CELL) == Threshold(0.3, 0.04)
    assert found.of(replace(CELL, op="mlp_forward")) == Threshold(0.2, 0.04)
    assert found.of(replace(CELL, op="matmul", backend="numpy")) == Threshold(0.4, 0.02)
    assert found.of(replace(CELL, op="elementwise", backend="numpy")) == Threshold(0.06, 0.02)


def test_the_nearest_file_with_a_table_upwards_counts(tmp_path: Path) -> None:
    inner = tmp_path / "package" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "package" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    read(tmp_path, "[tool.xbench]\neffect = 0.07\n")
    assert read_thresholds(inner).of(CELL).effect == 0.07


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.xbench]\nefect = 0.1\n", ("'efect'", "effect")),
        ("[[tool.xbench.thresholds]]\ncells = 'a'\nmargins = 0.1\n", ("'margins'", "margin")),
        ("[[tool.xbench.thresholds]]\neffect = 0.1\n", ("thresholds]] 1", "no cells")),
        ("[tool.xbench]\nthresholds = 3\n", ("no list",)),
        ("[tool.xbench]\neffect = 5\n", ("effect = 5",)),
        ("[tool.xbench]\neffect = true\n", ("effect = True",)),
        ("[tool.xbench]\nmargin = 'a lot'\n", ("'a lot'",)),
        ("[tool.xbench]\nmargin = nan\n", ("nan",)),
        ("[tool]\nxbench = 1\n", ("no table",)),
        ("[tool.xbench\n", ("no TOML",)),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text)
    assert raised.value.hint
    for part in (str(tmp_path / "pyproject.toml"), *said):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("value", "low", "high", "kind"),
    [
        (1.05, 1.021, 1.08, "regressed"),
        (1.049, 1.03, 1.07, "inconclusive"),  # sure to be slower, but by less than counts
        (1.2, 1.02, 1.4, "inconclusive"),
        (1.0, 0.981, 1.02, "same"),
        (1.0, 0.98, 1.02, "inconclusive"),  # 1 / 1.02 is the other margin
        (0.95, 0.92, 0.979, "improved"),
        (0.96, 0.95, 0.97, "inconclusive"),
        (2.0, None, None, "inconclusive"),
    ],
)
def test_what_an_interval_says(
    value: float, low: float | None, high: float | None, kind: str
) -> None:
    assert judge(Estimate(value, low, high, 5), Threshold()) == kind
