"""Pairs of commits that change nothing: they execute the same, and are judged by their figures."""

from __future__ import annotations

import ast
import dis
import importlib
import sys
from pathlib import Path
from types import CodeType

import pytest

from xbench.selftest.no_change import (
    KINDS,
    SUITE_FILE,
    Found,
    compare_pair,
    judged,
    make_pair,
    no_change_checks,
    write_base,
    write_head,
)

ARGUMENTS = {"LOAD_FAST", "STORE_FAST"}


def executed(folder: Path) -> dict[str, list[tuple[str, object]]]:
    """The instructions of the three functions that are measured, by framework; names of variables
    as their places."""
    found = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) == "y = x * w + z.":
                code = compile(ast.Module([node], []), str(path), "exec").co_consts[0]
                assert isinstance(code, CodeType)
                found[kind_of(node.name, folder)] = [
                    (each.opname, each.arg if each.opname in ARGUMENTS else each.argval)
                    for each in dis.get_instructions(code)
                ]
    return found


def kind_of(name: str, folder: Path) -> str:
    """The framework whose factory returns the function of that name."""
    text = (folder / SUITE_FILE).read_text()
    lines = text[: text.index(f"step({name})")].splitlines()
    return next(line for line in reversed(lines) if line.startswith("@implements"))


@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_execute_the_same_and_are_written_otherwise(kind: str, tmp_path: Path) -> None:
    for seed in range(8):
        base, head = tmp_path / f"base{seed}", tmp_path / f"head{seed}"
        for folder in (base, head):
            folder.mkdir()
        write_base(base, seed)
        write_head(head, seed, kind)
        assert len(executed(base)) == 3
        assert executed(base) == executed(head)
        texts = [
            {path.name: path.read_text() for path in folder.rglob("*.py")}
            for folder in (base, head)
        ]
        assert texts[0] != texts[1]


def test_a_pair_can_be_made_again_and_another_seed_makes_another(tmp_path: Path) -> None:
    texts = []
    for number, seed in enumerate((3, 3, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_head(folder, seed, "all")
        texts.append(sorted(path.read_text() for path in folder.rglob("*.py")))
    assert texts[0] == texts[1] != texts[2]


def test_a_library_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_base(tmp_path, 0)
    monkeypatch.syspath_prepend(tmp_path)
    kernels = importlib.import_module("mylib.kernels")
    assert kernels.blend_numpy({"x": 2, "w": 3, "z": 4}) == {"y": 10}
    for name in [name for name in sys.modules if name.startswith("mylib")]:
        del sys.modules[name]


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'other' is none of rename"):
        write_head(tmp_path, 0, "other")


def found(low: float, high: float, confirmed: bool = False) -> Found:
    return Found(
        "blend/n100-w4/float32/numpy/cpu/eager/none/tall", low, low, high, confirmed, confirmed
    )


def test_an_interval_misses_the_truth_by_so_much() -> None:
    assert found(0.98, 1.02).name == "numpy 4"
    assert not found(0.99, 1.01).misses()
    assert found(1.005, 1.02).misses()
    assert not found(1.005, 1.02).misses(0.01)
    assert found(1.02, 1.05).misses(0.01)
    assert found(0.95, 0.98).misses(0.01)


def test_a_confirmed_alarm_or_many_misses_fail() -> None:
    quiet = [found(0.99, 1.01)] * 20
    assert [each.passed for each in judged(quiet)] == [True, True]
    assert [each.passed for each in judged([*quiet, found(1.1, 1.2, True)])] == [True, False]
    assert [each.passed for each in judged([found(1.1, 1.2)] * 9 + quiet)] == [False, True]


def test_without_git_the_check_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (check,) = no_change_checks(1)
    assert not check.passed
    assert "git is not installed" in check.advice


def test_a_pair_is_two_commits(tmp_path: Path) -> None:
    assert make_pair(tmp_path / "pair", 1, "all") == ("HEAD~1", "HEAD")


@pytest.mark.proof
def test_commits_that_change_nothing_are_not_called_slower(tmp_path: Path) -> None:
    """Three pairs by `xbench ab`, on NumPy, PyTorch and TensorFlow where they are installed."""
    checks = list(no_change_checks(3))
    assert all(check.passed for check in checks), "\n".join(map(str, checks))


@pytest.mark.proof
def test_a_real_change_among_renamings_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call more in head's function is no renaming: the means by which pairs are judged see it."""

    def spoil(folder: Path, seed: int, kind: str) -> None:
        write_head(folder, seed, kind)
        for path in folder.rglob("*.py"):
            text = path.read_text()
            path.write_text(text.replace('"y": ', '"y": sum(range(300)) * 0 + '))

    monkeypatch.setattr("xbench.selftest.no_change.write_head", spoil)
    results = compare_pair(tmp_path / "pair", 0, "rename", ["numpy"], [4])
    assert [each.confirmed for each in results] == [True]
