"""The A/A's figures, their file and their sentence: pure functions of made-up comparisons."""

from __future__ import annotations

from math import log, sqrt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helpers.made_runs import families, header, write_run
from xbench.analysis.interval import over_launches, verdict
from xbench.analysis.ratios import Comparison
from xbench.errors import UsageError
from xbench.files import cache_folder
from xbench.records.aa_record import AaRecord, keep, kept, make_cache
from xbench.reports.assemble import write_report
from xbench.reports.sources import aa_line
from xbench.selftest.aa import LAUNCHES, Equal, equal, figures, judged, most_alarms


def made(log_ratio: float, spread: float = 0.01, width: int = 512, **changes: bool) -> Equal:
    """One comparison of equal things."""
    alarms = {"alarm": False, "margin_alarm": False} | changes
    return Equal(width, log_ratio, spread, **alarms)


def record(found: list[Equal], **changes: Any) -> AaRecord:
    """A machine's record."""
    fields: dict[str, Any] = {
        "date": "2026-01-02",
        "xbench_version": "0.1.0",
        "machine_key": "abc",
        "trials": 8,
        "launches": 5,
        "overall": figures(found),
        "by_width": {"512": figures(found)},
    }
    return AaRecord(**(fields | changes))


def test_figures_are_of_all_comparisons() -> None:
    found = figures([made(0.03), made(-0.04, alarm=True, margin_alarm=True), made(0.0, alarm=True)])
    assert (found.comparisons, found.false_alarms, found.margin_alarms) == (3, 2, 1)
    assert found.rms_log == pytest.approx(0.05 / sqrt(3))
    assert found.worst_log == 0.04


def test_the_smallest_effect_is_seen_in_four_of_five_runs() -> None:
    """Against SciPy's quantiles, with the spread pooled over comparisons."""
    from scipy import stats

    t = stats.t(LAUNCHES - 1)
    expected = (t.ppf(0.975) + t.ppf(0.8)) * 0.05 / sqrt(LAUNCHES)
    found = figures([made(0.0, 0.03), made(0.0, sqrt(2 * 0.05**2 - 0.03**2))])
    assert found.smallest_log == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("logs", "alarm", "margin_alarm"),
    [
        ([-0.01, 0.0, 0.01, 0.02, -0.02], False, False),
        ([0.010, 0.011, 0.012, 0.011, 0.010], True, False),
        ([0.10, 0.11, 0.12, 0.11, 0.10], True, True),
        ([-0.10, -0.11, -0.12, -0.11, -0.10], True, True),
    ],
)
def test_an_alarm_is_an_interval_without_one(
    logs: list[float], alarm: bool, margin_alarm: bool
) -> None:
    cell, ratio = families(1)[0], over_launches(logs)
    found = equal(Comparison("g", "backend", cell, cell, ratio, verdict(ratio), tuple(logs)))
    assert (found.alarm, found.margin_alarm) == (alarm, margin_alarm)
    assert found.log_ratio == pytest.approx(sum(logs) / 5)
    assert found.width == cell.width


@pytest.mark.parametrize("rate", [0.05, 0.005])
@pytest.mark.parametrize("count", [1, 4, 16, 400])
def test_more_alarms_than_allowed_come_once_in_a_thousand(count: int, rate: float) -> None:
    from scipy import stats

    assert most_alarms(count, rate) == stats.binom(count, rate).isf(1e-3)


def test_too_many_alarms_fail() -> None:
    quiet = judged(record([made(0.001) for _ in range(16)]))
    loud = judged(record([made(0.1, alarm=True, margin_alarm=True) for _ in range(16)]))
    assert [each.passed for each in quiet] == [True, True, True, True]
    assert [each.passed for each in loud] == [True, True, False, False]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    make_cache()
    return tmp_path / "xbench"


def test_a_record_is_kept_by_machine(cache: Path) -> None:
    first, other = record([made(0.01)]), record([made(0.02)], machine_key="def")
    assert kept("abc") is None
    assert keep(first) == cache / "aa-abc.json"
    keep(other)
    assert (kept("abc"), kept("def")) == (first, other)
    keep(record([made(0.03)]))
    assert kept("abc") == record([made(0.03)])
    assert sorted(each.name for each in cache.iterdir()) == ["aa-abc.json", "aa-def.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"date": 5}', "\xff"])
def test_a_damaged_record_is_none(cache: Path, text: str) -> None:
    (cache / "aa-abc.json").write_text(text, encoding="latin-1")
    assert kept("abc") is None


def test_another_machines_record_is_none(cache: Path) -> None:
    keep(record([made(0.01)])).rename(cache / "aa-def.json")
    assert kept("def") is None


def test_a_cache_that_is_no_absolute_path_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("", "relative/cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert cache_folder() == tmp_path / ".cache" / "xbench"


def test_a_cache_that_cannot_be_written_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot be written"):
        make_cache()


def test_the_report_says_how_equal_things_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = record([made(log(1.007), 0.01) for _ in range(16)])
    environment = header([]).environment | {"selftest": msgspec.to_builtins(found)}
    run = write_run(tmp_path / "run", families(1, (512,)), environment=environment)
    write_report([run], tmp_path / "out", None)
    said = "A/A on this machine, 2026-01-02: ±0.7 % RMS, 0 of 16 false alarms, smallest effect"
    assert said in capsys.readouterr().out
    assert said in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_the_report_says_how_to_find_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_report([write_run(tmp_path / "run", families(1, (512,)))], tmp_path / "out", None)
    assert "xbench selftest --aa" in capsys.readouterr().out


@pytest.mark.parametrize(
    "selftest", [None, 5, {}, {"overall": 5}, {"overall": {"rms_log": "x", "smallest_log": 1e9}}]
)
def test_any_damage_to_a_header_is_survived(selftest: Any) -> None:
    assert "A/A" in aa_line({"selftest": selftest})
