"""Ceilings: measured for real for a moment, kept in the cache, never a reason to fail."""

from __future__ import annotations

import json
import mmap
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from xbench.engine import machine_ceilings
from xbench.engine.ceilings_cache import ceilings_file, product_file, read_cached
from xbench.engine.machine_ceilings import known_ceilings
from xbench.engine.settings import Settings
from xbench.errors import WorkerDied
from xbench.files import cache_folder
from xbench.machine.caches import last_level_bytes
from xbench.plan.build import build_rows
from xbench.plan.plan import Plan, make_plan
from xbench.plan.select import Selection
from xbench.process.messages import BestReading, CeilingsReply
from xbench.suites.presets import PRESETS
from xbench.worker import cpu_ceilings as worker

FOUND = CeilingsReply(
    bandwidth=BestReading(2e10, spread=0.02, repeats=9),
    compute=BestReading(1e11, spread=0.02, repeats=9),
    fault_ns=BestReading(250.0, spread=0.9, repeats=9),
    caches=[],
    array_bytes=1 << 26,
    cache_bytes=1 << 24,
    matrix_n=1024,
    page_bytes=4096,
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a run in an empty folder, with an empty cache, on a quiet machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    found = Settings(5, tmp_path)
    found.scratch.mkdir()
    found.logs.mkdir()
    return found


def make(**axes: tuple[str, ...]) -> Plan:
    """A plan of NumPy's matrix products."""
    chosen = {"op": ("matmul",), "backend": ("numpy",), "width": ("512",)} | axes
    rows = build_rows(Selection(PRESETS["smoke"], (), chosen), ("cpu",), 2)
    return make_plan(rows, 1, 0.02, 2, 1 << 33)


class Counter:
    """Stands in for the worker: how often it was asked, and what it says."""

    def __init__(self, found: CeilingsReply) -> None:
        self.found = found
        self.died = ""
        self.asked: list[tuple[str, str]] = []

    def __call__(self, key: Any, dtype: str, *_: Any) -> tuple[CeilingsReply, str]:
        self.asked.append((key.threads, dtype))
        if self.died:
            raise WorkerDied(self.died)
        return self.found, ""


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """No worker is started; figures are steady."""
    found = Counter(FOUND)
    monkeypatch.setattr(machine_ceilings, "_measure", found)
    return found


def cached_file() -> Path:
    """The one file in the cache."""
    folder = cache_folder()
    assert folder is not None
    (found,) = folder.iterdir()
    return found


def test_a_worker_measures_what_the_machine_reaches(settings: Settings) -> None:
    (line,) = known_ceilings(make(threads=("1",)), settings, budget_s=0.05)
    assert line.reason == ""
    assert (line.device, line.dtype, line.threads, line.cached) == ("cpu", "float32", "1", False)
    for figure in (line.bandwidth, line.compute, line.fault_ns):
        assert figure is not None
        assert figure.best > 0.0
        assert 0.0 <= figure.spread < 1e3
        assert figure.repeats >= 3
    assert 3 * line.array_bytes >= min(2 * line.cache_bytes, 1 << 20)
    assert all(level.bandwidth.best > 0.0 and level.size_bytes > 0 for level in line.caches)
    assert [level.level for level in line.caches] == sorted(level.level for level in line.caches)
    assert line.matrix_n >= 1024
    assert line.page_bytes == mmap.PAGESIZE


def test_memory_is_not_measured_with_what_the_caches_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "last_level_bytes", lambda: 1 << 30)
    found = worker.measure("float32", 1, 0.01, memory_bytes=1 << 24)
    assert found.bandwidth is None
    assert "memory not measured" in found.reason
    assert found.compute is not None
    assert found.compute.best > 0.0


def test_the_last_level_cache_is_read_once_a_cache(tmp_path: Path) -> None:
    """Two cores share a level 3; a level 2 of each, and instructions, do not count."""
    core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    kinds = [("Data", "1", "32K"), ("Instruction", "4", "9M"), ("Unified", "3", "2M")]
    for number, (kind, level, size) in enumerate(kinds):
        index = tmp_path / f"cpu{core}" / "cache" / f"index{number}"
        index.mkdir(parents=True)
        for name, text in (("type", kind), ("level", level), ("size", size)):
            (index / name).write_text(f"{text}\n")
    if hasattr(os, "sched_getaffinity"):
        assert last_level_bytes(tmp_path) == 2 << 20
        assert last_level_bytes(tmp_path / "nowhere") == 0
    assert last_level_bytes() >= 0


def test_each_dtype_and_thread_count_is_measured_once_a_day(
    settings: Settings, counter: Counter
) -> None:
    plan = make(threads=("1", "all"), dtype=("float32", "float64"), op=("matmul", "linear"))
    first = list(known_ceilings(plan, settings))
    assert sorted(counter.asked) == sorted(
        (threads, dtype) for threads in ("1", "all") for dtype in ("float32", "float64")
    )
    again = list(known_ceilings(plan, settings))
    assert len(counter.asked) == 4
    assert [line.cached for line in first + again] == [False] * 4 + [True] * 4
    assert [line.bandwidth for line in again] == [line.bandwidth for line in first]
    assert [(line.dtype, line.threads) for line in again] == [
        (line.dtype, line.threads) for line in first
    ]


def test_fresh_ceilings_are_measured_anew_and_kept(settings: Settings, counter: Counter) -> None:
    list(known_ceilings(make(), settings))
    counter.found = replace(FOUND, compute=BestReading(3e11, spread=0.0, repeats=3))
    (line,) = known_ceilings(make(), replace(settings, fresh_ceilings=True))
    assert (line.cached, len(counter.asked)) == (False, 2)
    (kept,) = known_ceilings(make(), settings)
    assert kept.cached
    assert kept.compute == line.compute


def test_what_a_run_has_already_is_not_asked_for_again(
    settings: Settings, counter: Counter
) -> None:
    plan = make(threads=("1", "all"))
    both = list(known_ceilings(plan, settings))
    (rest,) = known_ceilings(plan, replace(settings, fresh_ceilings=True), both[:1])
    assert (rest.threads, len(counter.asked)) == (both[1].threads, 3)
    assert list(known_ceilings(plan, settings, both)) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"ceilings"', '"worker"'),
        lambda text: text.replace("20000000000.0", "-1.0"),
        lambda text: text.replace("20000000000.0", "1e999"),
        lambda text: json.dumps({**json.loads(text), "measured_utc": "yesterday"}),
        lambda text: json.dumps({**json.loads(text), "measured_utc": "2026-01-01T00:00:00"}),
    ],
)
def test_a_damaged_cache_is_as_good_as_none(
    settings: Settings, counter: Counter, damage: Any
) -> None:
    (whole,) = known_ceilings(make(), settings)
    file = cached_file()
    file.write_text(damage(file.read_text()))
    (line,) = known_ceilings(make(), settings)
    assert len(counter.asked) == 2
    assert (line.cached, line.bandwidth) == (False, whole.bandwidth)


@pytest.mark.parametrize("hours", [25, -1])
def test_old_and_future_figures_are_not_used(
    settings: Settings, counter: Counter, hours: int
) -> None:
    list(known_ceilings(make(), settings))
    file = cached_file()
    taken = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
    file.write_text(json.dumps({**json.loads(file.read_text()), "measured_utc": taken}))
    assert read_cached(file.parent, file.name) is None


def test_a_cache_that_cannot_be_written_is_not_used(
    settings: Settings, counter: Counter, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert [line.cached for line in known_ceilings(make(), settings)] == [False]
    assert [line.cached for line in known_ceilings(make(), settings)] == [False]


def test_figures_of_a_busy_machine_are_not_kept(settings: Settings, counter: Counter) -> None:
    counter.found = replace(FOUND, bandwidth=BestReading(2e10, spread=0.5, repeats=9))
    (line,) = known_ceilings(make(), settings)
    assert line.bandwidth is not None
    assert [line.cached for line in known_ceilings(make(), settings)] == [False]


def test_what_was_measured_under_load_is_not_kept(
    settings: Settings, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 0.0, 0.0))
    assert [line.cached for line in known_ceilings(make(), settings)] == [False]
    assert [line.cached for line in known_ceilings(make(), settings)] == [False]


def test_a_worker_that_dies_costs_the_ceilings_and_says_why(
    settings: Settings, counter: Counter
) -> None:
    counter.died = "the worker ended during 'cpu_ceilings'"
    (line,) = known_ceilings(make(), settings)
    assert line.reason == "the worker ended during 'cpu_ceilings'"
    assert line.bandwidth is line.compute is line.fault_ns is None
    assert [each.cached for each in known_ceilings(make(), settings)] == [False]


def test_the_key_holds_whatever_decides_a_ceiling() -> None:
    names = [
        ceilings_file("float32", 2, "reuse"),
        ceilings_file("float64", 2, "reuse"),
        ceilings_file("float32", 1, "reuse"),
        ceilings_file("float32", 2, "system"),
    ]
    names.append(ceilings_file("float32", 2, "reuse", {"OPENBLAS_CORETYPE": "Haswell"}))
    names.append(product_file("torch", "2.13", "float32", "ieee", "eager", 2, "reuse"))
    names.append(product_file("torch", "2.14", "float32", "ieee", "eager", 2, "reuse"))
    names.append(product_file("torch", "2.14", "float32", "tf32", "eager", 2, "reuse"))
    names.append(product_file("torch", "2.14", "float32", "ieee", "compiled", 2, "reuse"))
    assert len(set(names)) == len(names)


def test_the_cache_follows_the_users_wish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "xbench"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = cache_folder()
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "home")
