"""What is read of this machine and this Python is the same for everyone who asks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helpers.places import ROOT
from xbench import files
from xbench.doctor.memory_findings import limit
from xbench.files import cache_folder
from xbench.machine import cgroup, machine

GB = 10**9


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's group with a limit of 1 GB, below a root without one, as Slurm and Kubernetes do."""
    found = {
        "/proc/self/cgroup": "0::/slurm/job_7/step_0\n",
        "/sys/fs/cgroup/slurm/job_7/memory.max": str(GB),
        "/sys/fs/cgroup/slurm/job_7/memory.current": str(GB // 4),
        "/sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max",
        "/sys/fs/cgroup/memory.max": "max",
    }
    monkeypatch.setattr(files, "read", lambda path: found.get(str(path)))


@pytest.mark.usefixtures("nested")
def test_planner_and_doctor_know_the_same_limit_of_a_nested_group() -> None:
    assert cgroup.memory_bytes() == GB
    assert machine.available_bytes() <= GB - GB // 4
    assert limit(cgroup.memory_bytes(), 64 * GB).values == {"allowed_bytes": GB}


def test_there_is_one_cache_folder_also_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/xbench")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path("/home/someone/Library/Caches/xbench")


def test_nobody_else_spells_the_cache_folder() -> None:
    sources = [path for name in ("xbench", "reports") for path in (ROOT / name).rglob("*.py")]
    spelt = [path for path in sources if 'get("XDG_CACHE_HOME"' in path.read_text(encoding="utf-8")]
    assert [path.name for path in spelt] == ["files.py"]
