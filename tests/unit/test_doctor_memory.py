"""Checks of `xbench doctor` on memory, its limits and the allocator."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from helpers.judging import GB, judged
from xbench import files as small_files
from xbench.doctor import memory_findings
from xbench.machine import cgroup


def test_limits_of_cgroups_are_looked_for_up_to_the_root() -> None:
    two = cgroup.folders("0::/user.slice/app\n", "cpu")
    root = "/sys/fs/cgroup"
    assert two == [f"{root}/user.slice/app", f"{root}/user.slice", root]
    one = cgroup.folders("4:memory:/box\n1:cpu,cpuacct:/\n0::/\n", "memory")
    assert one == [f"{root}/memory/box", f"{root}/memory", root]
    assert cgroup.parse_cpu_max("250000 100000") == 2.5
    assert cgroup.parse_cpu_max("max 100000") is None
    assert cgroup.parse_quota("50000", "100000") == 0.5
    assert cgroup.parse_quota("-1", "100000") is None
    assert cgroup.parse_bytes("1073741824") == 1 << 30
    assert cgroup.parse_bytes("max") is None
    assert cgroup.parse_bytes("9223372036854771712") is None
    assert cgroup.parse_throttled("nr_periods 10\nnr_throttled 4\n") == 4


def test_the_tightest_limit_counts_in_both_versions_of_cgroups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = "/sys/fs/cgroup"
    files: dict[str, str] = {
        "/proc/self/cgroup": "0::/pod/box",
        f"{root}/pod/box/cpu.max": "max 100000",
        f"{root}/pod/cpu.max": "150000 100000",
        f"{root}/pod/box/memory.max": str(8 * GB),
        f"{root}/pod/memory.max": str(4 * GB),
        f"{root}/pod/cpu.stat": "nr_periods 9\nnr_throttled 2",
    }
    monkeypatch.setattr(small_files, "read", files.get)
    assert (cgroup.cpu_cores(), cgroup.memory_bytes(), cgroup.throttled()) == (1.5, 4 * GB, 2)
    files.clear()
    files |= {
        "/proc/self/cgroup": "4:memory:/gone\n1:cpu,cpuacct:/gone",
        f"{root}/cpu/cpu.cfs_quota_us": "50000",
        f"{root}/cpu/cpu.cfs_period_us": "100000",
        f"{root}/memory/memory.limit_in_bytes": "9223372036854771712",
    }
    assert (cgroup.cpu_cores(), cgroup.memory_bytes(), cgroup.throttled()) == (0.5, None, 0)


def test_what_a_limit_leaves_is_less_what_that_group_has(monkeypatch: pytest.MonkeyPatch) -> None:
    root = "/sys/fs/cgroup"
    files: dict[str, str] = {
        "/proc/self/cgroup": "no group\n0::/box",
        f"{root}/box/memory.max": str(8 * GB),
        f"{root}/box/memory.current": str(6 * GB),
        f"{root}/memory.max": "max",
    }
    monkeypatch.setattr(small_files, "read", files.get)
    assert cgroup.available_bytes() == 2 * GB
    files[f"{root}/box/cpu.max"] = "max"  # not what a kernel writes
    files[f"{root}/cpu.max"] = "100000 0"
    assert cgroup.cpu_cores() is None


def test_memory() -> None:
    judged(memory_findings.available(20 * GB, 32 * GB), "ok", "20 GB of 32 GB")
    judged(memory_findings.available(1 * GB, 32 * GB), "warning", "xbench run --dry-run")
    judged(memory_findings.available(GB // 10, 32 * GB), "problem")
    judged(memory_findings.limit(None, 32 * GB), "ok", "none")
    judged(memory_findings.limit(64 * GB, 32 * GB), "ok", "none")
    judged(
        memory_findings.limit(4 * GB, 32 * GB), "note", "4 GB of the machine's 32 GB", "--memory"
    )


def test_swap() -> None:
    judged(memory_findings.swap(0, 0, 0), "ok", "there is none")
    judged(memory_findings.swap(8 * GB, 1000, 0), "ok")
    judged(memory_findings.swap(8 * GB, 2 * GB, 0), "note", "2 GB of 8 GB in use", "swapoff")
    judged(memory_findings.swap(8 * GB, 2 * GB, 4096), "warning", "4.1 kB moved just now")


def test_huge_pages() -> None:
    judged(memory_findings.huge_pages("[always] madvise never"), "ok", "always")
    judged(memory_findings.huge_pages("always madvise [never]"), "ok", "never")
    judged(memory_findings.huge_pages("always [madvise] never"), "note", "echo always | sudo tee")
    assert memory_findings.huge_pages(None) is None


def test_allocator() -> None:
    judged(memory_findings.reuse("glibc 2.36", 16384.0, 0.0), "ok", "glibc 2.36", "16384", "works")
    judged(memory_findings.reuse("glibc 2.36", 32.0, 0.0), "ok")  # huge pages
    judged(memory_findings.reuse("", 16384.0, 16384.0), "warning", "no effect", "unset LD_PRELOAD")
    judged(memory_findings.reuse("glibc 2.36", 0.0, 0.0), "note", "kept anyway")
    assert memory_findings.reuse("", None, 0.0) is None


def test_the_allocators_faults_are_counted_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = memory_findings.faults("reuse", tmp_path)
    assert counted is not None
    assert counted >= 0
    monkeypatch.setattr(memory_findings, "SCRIPT", tmp_path / "missing.py")
    assert memory_findings.faults("reuse", tmp_path) is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="tunables of glibc")
def test_tunables_that_would_defeat_the_policy_reach_no_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ("mmap_threshold=1", "trim_threshold=1")
    tunables = ":".join(f"glibc.malloc.{each}" for each in settings)
    monkeypatch.setenv("GLIBC_TUNABLES", tunables)
    system, tuned = (memory_findings.faults(policy, tmp_path) for policy in ("system", "reuse"))
    judged(memory_findings.reuse("glibc", system, tuned), "ok", "which works")
