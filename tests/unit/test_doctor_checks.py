"""Checks of `xbench doctor` on processor and surroundings, each with a good and a bad value."""

from __future__ import annotations

from pathlib import Path

from helpers.judging import GB, judged
from xbench.doctor import (
    environment_findings,
    memory_findings,
    processor_findings,
    sharing_findings,
)
from xbench.doctor.sharing_findings import CpuTicks, Sample, Snapshot

STAT = """\
cpu  300 10 100 1000 50 5 5 130 40 0
cpu0 100 10 50 500 25 5 5 30 40 0
cpu1 200 0 50 500 25 0 0 100 0 0
intr 1 2 3
"""


def test_governor() -> None:
    judged(processor_findings.governor({0: "performance", 1: "performance"}), "ok", "on 2 CPUs")
    bad = processor_findings.governor({0: "performance", 1: "powersave"})
    judged(bad, "warning", "powersave", "cpupower frequency-set -g performance")
    assert processor_findings.governor({}) is None


def test_turbo() -> None:
    judged(processor_findings.turbo("1", None), "ok", "off")
    judged(processor_findings.turbo(None, "0"), "ok", "off")
    judged(processor_findings.turbo("0", None), "note", "echo 1 | sudo tee", "no_turbo")
    judged(processor_findings.turbo(None, "1"), "note", "echo 0 | sudo tee", "boost")
    assert processor_findings.turbo(None, None) is None


def test_frequency() -> None:
    top = {0: 4_000_000, 1: 4_000_000}
    judged(
        processor_findings.frequency({0: 1_500_000, 1: 3_000_000}, top, top),
        "ok",
        "1.50 to 3.00 GHz",
    )
    capped = processor_findings.frequency({}, {0: 4_000_000, 1: 2_000_000}, top)
    judged(capped, "warning", "1 CPU may run at 2.00 GHz at most", "-u 4000000kHz")
    kinds = {0: 5_000_000, 1: 5_000_000, 2: 3_000_000}
    judged(
        processor_findings.frequency({}, kinds, kinds),
        "warning",
        "two kinds",
        "taskset -c 0,1 xbench",
    )
    assert processor_findings.frequency({0: 1}, {}, {}) is None


def test_throttling() -> None:
    judged(processor_findings.throttling({"a": 0}, {"a": 0}), "ok", "none since boot")
    judged(processor_findings.throttling({"a": 3}, {"a": 3}), "note", "3 times since boot, not now")
    judged(processor_findings.throttling({"a": 3}, {"a": 4}), "warning", "just now")
    assert processor_findings.throttling({}, {}) is None


def test_cpus_that_share_a_core() -> None:
    judged(processor_findings.smt({0: "0", 1: "1"}, [0, 1]), "ok", "2 usable CPUs on 2 cores")
    halves = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}
    judged(
        processor_findings.smt(halves, [0, 1, 2, 3]),
        "note",
        "4 usable CPUs on 2",
        "taskset -c 0,1 ",
    )
    judged(processor_findings.smt({2: "0,2", 3: "1,3"}, [2, 3]), "ok")  # the siblings are not ours
    assert processor_findings.smt({}, [0]) is None
    assert processor_findings.cpu_list("0-2,5\n") == {0, 1, 2, 5}


def test_power() -> None:
    judged(processor_findings.power(True), "ok")
    judged(processor_findings.power(False), "warning", "on battery")
    assert processor_findings.power(None) is None


def test_ticks_are_those_of_the_usable_cpus() -> None:
    assert sharing_findings.parse_stat(STAT, [0]) == CpuTicks(busy=170, stolen=30, total=725)
    assert sharing_findings.parse_stat(STAT, [0, 1]) == sharing_findings.parse_stat(STAT, [])
    assert sharing_findings.parse_stat("cpu 0 0 0 0 0 0 0 0\n", [0]) is None
    assert sharing_findings.parse_stat("", [0]) is None


def test_load_average() -> None:
    judged(sharing_findings.load((0.05, 0.2, 0.2), 2), "ok", "0.05", "2 CPUs")
    judged(sharing_findings.load((0.5, 0.2, 0.2), 2), "note")
    judged(sharing_findings.load((3.0, 0.2, 0.2), 2), "warning", "uptime")


def test_steal_time_now_and_since_boot() -> None:
    start = CpuTicks(500, 0, 1000)
    judged(sharing_findings.steal(start, CpuTicks(550, 0, 1100)), "ok", "0 % of CPU time now")
    judged(
        sharing_findings.steal(start, CpuTicks(550, 20, 1100)), "warning", "20 % of CPU time now"
    )
    long = CpuTicks(500, 5, 1000), CpuTicks(550, 5, 1100)
    judged(sharing_findings.steal(*long), "note", "0 % of CPU time now, 0.45 % since boot")
    assert sharing_findings.steal(None, start) is None


def test_other_processes() -> None:
    judged(sharing_findings.others([0.0, 0.01], 0.02, 4), "ok", "0.02 of 4 CPUs")
    bad = sharing_findings.others([0.9, 0.8, 0.01], 1.7, 4)
    judged(bad, "warning", "1.70 of 4 CPUs", "2 processes above 5 %")
    judged(sharing_findings.others([0.2], None, 4), "note", "0.20 of 4 CPUs", "1 process above")
    judged(sharing_findings.others([], 2.0, 4), "warning", "not visible here")


def test_a_sample_gives_rates() -> None:
    def at(seconds: float, busy: int, spent: float) -> Snapshot:
        ticks = CpuTicks(busy, 0, int(200 * seconds))
        return Snapshot(seconds, ticks, {(7, 1.0): spent, (8, seconds): 9.0}, {}, 0, 0)

    sample = Sample(at(1.0, 50, 3.0), at(3.0, 150, 4.0))
    assert sample.shares == [0.5]  # process 8 is another one at the end: same id, later start
    assert sample.busy_cores(2) == 0.5


def test_quota() -> None:
    judged(sharing_findings.quota(None, [0, 1], 0), "ok", "none")
    judged(sharing_findings.quota(2.0, [0, 1], 0), "ok", "2 CPUs")
    less = sharing_findings.quota(2.5, [4, 5, 6, 7], 3)
    judged(less, "warning", "2.5 CPUs' worth", "stopped 3 times", "taskset -c 4,5 xbench run")
    judged(sharing_findings.quota(0.5, [0], 0), "problem", "docker run --cpus=1")


def test_variables() -> None:
    judged(environment_findings.dropped({"HOME": "/"}), "ok")
    set_by_user = {"OMP_NUM_THREADS": "4", "MALLOC_TOP_PAD_": "1"}
    found = environment_findings.dropped(set_by_user)
    judged(found, "note", "OMP_NUM_THREADS", "not passed on to workers", "--allocator")
    secret = environment_findings.dropped({"XLA_FLAGS": "--secret"})
    judged(secret, "note", 'xbench run --env XLA_FLAGS="$XLA_FLAGS"')
    assert "--secret" not in str(secret)
    judged(environment_findings.forced_kernels({}), "ok")
    judged(
        environment_findings.forced_kernels({"OPENBLAS_CORETYPE": "Haswell"}),
        "warning",
        "unset OPENBLAS_",
    )
    judged(
        environment_findings.passed_on({"PYTHONHASHSEED": "1", "OPENBLAS_CORETYPE": "Haswell"}),
        "ok",
    )
    judged(environment_findings.passed_on({"CXX": "clang++"}), "note", "CXX=clang++", "unset CXX")


def test_preloaded_libraries() -> None:
    judged(environment_findings.preloaded({}), "ok", "none")
    judged(
        environment_findings.preloaded({"LD_PRELOAD": "/opt/libtrace.so"}), "note", "libtrace.so"
    )
    both = environment_findings.preloaded(
        {"LD_PRELOAD": "/opt/libtrace.so:/usr/lib/libjemalloc.so.2"}
    )
    judged(both, "warning", "libjemalloc.so.2 replaces malloc", "unset LD_PRELOAD")


def test_clock() -> None:
    judged(processor_findings.clock(1e-9, 5e-8, "tsc"), "ok", "50 ns a reading", "tsc")
    judged(processor_findings.clock(1e-9, 2e-6, "hpet"), "warning", "hpet", "echo tsc | sudo tee")
    judged(processor_findings.clock(1e-2, 5e-8, None), "problem", "10 ms")
    resolution_s, cost_s = processor_findings.read_clock()
    assert 0 < resolution_s < processor_findings.USELESS_S
    assert 0 < cost_s < processor_findings.USELESS_S


def test_disk(tmp_path: Path) -> None:
    judged(memory_findings.disk("results", 50 * GB, True), "ok", "50 GB free for results")
    judged(memory_findings.disk("results", 2 * GB, True), "warning", "--out DIR")
    judged(memory_findings.disk("results", 1000, True), "problem")
    judged(memory_findings.disk("results", 50 * GB, False), "problem", "not writable")
    free, writable = memory_findings.look_at(tmp_path / "not" / "there")
    assert free > 0
    assert writable
    (tmp_path / "file").touch()
    assert not memory_findings.look_at(tmp_path / "file" / "below")[1]
