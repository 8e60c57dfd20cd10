"""`xbench selftest` on this machine, and that it notices what it is there to notice.

Starts real NumPy workers: about half a minute in all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xbench import cli, registry
from xbench.analysis.summary import CellSummary
from xbench.backends import numpy_backend
from xbench.conformance.adapter_checks import computes
from xbench.conformance.subject import examined
from xbench.engine import refusals
from xbench.engine.settings import run_environment
from xbench.machine.machine import this_machine
from xbench.records.aa_record import AaRecord, kept
from xbench.selftest import aa, known_cases, quick_checks
from xbench.selftest.quick_checks import OWN_BACKENDS, Check, measure, own_backends


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "xbench"


@pytest.mark.proof
def test_the_command_passes_and_leaves_nothing_behind(
    tmp_path: Path, checkout: dict[str, str]
) -> None:
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "xbench", "selftest"],
        cwd=tmp_path,
        env=checkout | {"TMPDIR": str(tmp_path / "tmp"), "XDG_CACHE_HOME": str(tmp_path / "c")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert [line.split(":")[0] for line in sorted(lines)] == [
        "effect",
        "fence",
        "fence",
        "fence",
        "truth",
        "truth",
        "truth",
    ]
    assert all(line.endswith("passed") for line in lines)
    (caught,) = (line for line in lines if "without a fence" in line)
    assert "20 of 20 refused" in caught
    assert sum("0 of 20 refused" in line for line in lines if line != caught) == 2
    assert {each.name for each in tmp_path.iterdir()} <= {"tmp", "c"}
    assert not list((tmp_path / "tmp").iterdir())


def test_a_wrong_time_or_ratio_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits stay what they are; the truth is told differently."""
    monkeypatch.setattr(quick_checks, "TRIES", 1)
    monkeypatch.setattr(known_cases, "SPINS_S", {"spin_50us": 200e-6, "spin_1ms": 5e-3})
    monkeypatch.setattr(known_cases, "EFFECT_LOW", 1.5)
    found = list(quick_checks.known_times())
    assert len(found) == 3
    for check in found:
        assert not check.passed
        assert "FAILED" in str(check)
        assert f"next: {quick_checks.QUIET}" in str(check)


def fenced(backends: tuple[str, ...]) -> list[CellSummary]:
    """One cell of the fence's op on each backend, measured for a moment."""
    axes = {"op": (known_cases.FENCE_OP,), "backend": backends, "width": ("16",)}
    return measure(axes, "1", rounds=3)[1]


@pytest.mark.proof
def test_only_reading_results_tells_a_missing_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unfenced device's results are right; without these checks it would get a number."""
    honest, caught = fenced(("late", "unfenced"))
    assert honest.status == "ok"
    assert caught.status == "invalid"
    assert quick_checks.EARLY in caught.reason
    monkeypatch.setattr(refusals, "RESIDUAL_NS", 10**12)
    monkeypatch.setattr(refusals, "THREAD_MARGIN", 10.0)
    (caught,) = fenced(("unfenced",))
    assert "calls were not done when the fence returned" in caught.reason
    monkeypatch.setattr(refusals, "PENDING_NS", 10**12)
    monkeypatch.setattr(refusals, "LONE_NS", 10**12)
    (admitted,) = fenced(("unfenced",))
    assert admitted.time_s is not None
    assert admitted.time_s < 0.5 * known_cases.FENCE_S


def test_a_fence_admitted_or_an_honest_device_refused_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each device judged as if it were the other."""
    honest, caught = fenced(("late", "unfenced"))
    monkeypatch.setattr(known_cases, "FENCE_WIDTHS", (16,))
    right = [quick_checks.refused("late", [honest]), quick_checks.refused("unfenced", [caught])]
    wrong = [quick_checks.refused("late", [caught]), quick_checks.refused("unfenced", [honest])]
    assert [each.passed for each in (*right, *wrong)] == [True, True, False, False]
    assert "the fence returned early" in wrong[0].advice
    assert not quick_checks.refused("late", []).passed


@pytest.mark.parametrize("passed", [True, False])
def test_the_exit_status_follows_the_checks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], passed: bool
) -> None:
    several = [Check("one", "1", "1", True, ""), Check("other", "2", "2", passed, "do this")]
    monkeypatch.setattr("xbench.selftest.quick_checks.quick_checks", lambda: iter(several))
    monkeypatch.setattr("xbench.cli.measuring.end_cleanly_on_signals", lambda: None)
    assert cli.main(["selftest"]) == (0 if passed else 3)
    out = capsys.readouterr().out
    assert ("FAILED" in out) == ("next: do this" in out) == (not passed)


def test_trials_must_be_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["selftest", "--aa", "--trials", "0"]) == 2
    assert "trials is 0" in capsys.readouterr().err
    assert cli.main(["selftest", "--aa", "--pairs", "-1"]) == 2
    assert "pairs is -1" in capsys.readouterr().err


@pytest.mark.proof
def test_aa_is_measured_kept_and_carried(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two trials of two launches of seven rounds."""
    monkeypatch.setattr("xbench.selftest.quick_checks.quick_checks", lambda: iter([]))
    monkeypatch.setattr("xbench.cli.measuring.end_cleanly_on_signals", lambda: None)
    monkeypatch.setattr(aa, "LAUNCHES", 2)
    monkeypatch.setattr(aa, "GROUP_S", 0.0)
    assert run_environment({})["selftest"] is None
    status = cli.main(["selftest", "--aa", "--trials", "2", "--pairs", "0"])
    out = capsys.readouterr().out
    assert status == (3 if "FAILED" in out else 0)
    assert "comparisons" in out
    assert "4 of 4" in out.splitlines()[0], out
    found = kept(this_machine().key)
    assert isinstance(found, AaRecord)
    assert (found.trials, found.launches, found.overall.comparisons) == (2, 2, 4)
    assert {width: each.comparisons for width, each in found.by_width.items()} == {
        "512": 2,
        "20480": 2,
    }
    assert 0.0 < found.overall.rms_log <= found.overall.worst_log
    assert found.overall.smallest_log > 0.0
    assert run_environment({})["selftest"]["overall"]["comparisons"] == 4
    assert len(list(cache.glob("aa-*.json"))) == 1


def test_its_backends_are_known_only_while_it_runs() -> None:
    before = dict(registry.BACKENDS)
    try:
        with own_backends():
            assert set(registry.BACKENDS) == set(before) | set(OWN_BACKENDS)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert before == registry.BACKENDS


@pytest.mark.parametrize("backend", ["twin", "late"])
def test_the_virtual_backends_compute_right(backend: str, tmp_path: Path) -> None:
    """Every op against the oracle; several steps where it trains."""
    with examined(OWN_BACKENDS[backend], "cpu", "eager", tmp_path / "x") as subject:
        for op in numpy_backend.OPS:
            assert subject.refuses(op, "float32", "manual") is None
            assert list(computes(subject, op, "float32")) == []
