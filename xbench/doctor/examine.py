"""Reads the machine and asks every check."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from xbench import files
from xbench.contracts import Probe
from xbench.doctor import (
    backend_findings,
    environment_findings,
    memory_findings,
    processor_findings,
    sharing_findings,
)
from xbench.doctor.backend_findings import Say
from xbench.doctor.finding import Examination, Finding
from xbench.doctor.sharing_findings import Sample, take_sample
from xbench.machine import cgroup, live_state
from xbench.machine.lock import lock_holder
from xbench.machine.machine import available_bytes, devices, this_machine
from xbench.machine.nvml import card_of, state_of
from xbench.registry import backend_paths, load_backend
from xbench.text import plural, show_bytes

Asked = Iterator[tuple[str, Finding | None]]


def examine(results: Path, workers: bool, say: Say) -> Examination:
    """Look at everything. `results`: where runs will be kept; `workers`: start one of each backend
    on each device there is; `say` is told what is being waited for."""
    averages = os.getloadavg()  # before we add to it
    say("watching the machine for half a second")
    sample = take_sample()
    asked = [*_processor(sample), *_sharing(sample, averages), *_memory(sample)]
    asked += [*_surroundings(results)]
    found = [finding for _, finding in asked if finding is not None]
    found += _gpus()
    hidden = tuple(topic for topic, finding in asked if finding is None)
    return Examination(_machine(), (*found, *_backends(workers, say)), hidden)


def _machine() -> str:
    here = this_machine()
    size = f"{plural(here.cores, 'usable CPU')}, {show_bytes(here.ram_bytes)}"
    return f"{here.cpu}, {size}; devices {', '.join(devices())}; {platform.platform(terse=True)}"


def _processor(sample: Sample) -> Asked:
    yield (
        "governor",
        processor_findings.governor(live_state.of_each_cpu("cpufreq/scaling_governor")),
    )
    switches = files.read(processor_findings.NO_TURBO), files.read(processor_findings.BOOST)
    yield "turbo", processor_findings.turbo(*switches)
    names = ("scaling_cur_freq", "scaling_max_freq", "cpuinfo_max_freq")
    now, limit, top = (live_state.number_of_each_cpu(f"cpufreq/{name}") for name in names)
    yield "frequency", processor_findings.frequency(now, limit, top)
    counts = sample.before.throttle_counts, sample.after.throttle_counts
    yield "throttling", processor_findings.throttling(*counts)
    siblings = live_state.of_each_cpu("topology/thread_siblings_list")
    yield "SMT", processor_findings.smt(siblings, live_state.usable_cpus())
    plugged = live_state.on_mains()
    if plugged is not None:  # most machines have no battery: that hides nothing
        yield "power", processor_findings.power(plugged)


def _sharing(sample: Sample, averages: tuple[float, float, float]) -> Asked:
    usable = live_state.usable_cpus()
    cores = len(usable)
    before, after = sample.before, sample.after
    yield "load average", sharing_findings.load(averages, cores)
    yield "other processes", sharing_findings.others(sample.shares, sample.busy_cores(cores), cores)
    yield "other run", sharing_findings.other_run(lock_holder())
    yield "steal time", sharing_findings.steal(before.ticks, after.ticks)
    stops = after.quota_stops - before.quota_stops
    limited = (
        sharing_findings.quota(cgroup.cpu_cores(), usable, stops) if cgroup.visible() else None
    )
    yield "CPU quota", limited


def _memory(sample: Sample) -> Asked:
    total = this_machine().ram_bytes
    yield "free memory", memory_findings.available(available_bytes(), total)
    limited = memory_findings.limit(cgroup.memory_bytes(), total) if cgroup.visible() else None
    yield "memory limit", limited
    swap_total, used, _ = live_state.swap_bytes()
    moved = sample.after.swapped_bytes - sample.before.swapped_bytes
    yield "swap", memory_findings.swap(swap_total, used, moved)
    yield "huge pages", memory_findings.huge_pages(files.read(memory_findings.THP))
    yield "allocator", _allocator()


def _allocator() -> Finding | None:
    if sys.platform != "linux":  # the policy's variables are the C library's there
        return None
    scratch = Path(gettempdir())
    system, tuned = (memory_findings.faults(policy, scratch) for policy in ("system", "reuse"))
    return memory_findings.reuse(" ".join(platform.libc_ver()).strip(), system, tuned)


def _gpus() -> Iterator[Finding]:
    """None on a machine without: the line about the machine says so."""
    lacking = processor_findings.without_library(this_machine().gpus)
    yield from [lacking] if lacking is not None else []
    for device in devices():
        card, state = card_of(device), state_of(device, ())
        if card is not None and state is not None:
            yield from processor_findings.state(device, card, state)


def _surroundings(results: Path) -> Asked:
    for check in (
        environment_findings.preloaded,
        environment_findings.dropped,
        environment_findings.forced_kernels,
        environment_findings.passed_on,
    ):
        yield "", check(os.environ)
    resolution_s, cost_s = processor_findings.read_clock()
    yield (
        "clock",
        processor_findings.clock(resolution_s, cost_s, files.read(processor_findings.SOURCE)),
    )
    free, writable = memory_findings.look_at(results)
    yield "disk", memory_findings.disk(str(results), free, writable)


def _backends(workers: bool, say: Say) -> list[Finding]:
    found: list[Finding] = []
    asked: list[tuple[str, str]] = []
    for name in backend_paths():
        try:
            probe = load_backend(name).probe()
        except Exception as error:  # a third party's code: whatever it raises is its finding
            found.append(backend_findings.unreadable(name, error))
            continue
        if workers and probe.installed:
            asked += [(name, device) for device in _drivable(probe)]
        else:
            found.append(backend_findings.installed(name, probe))
    found = [*backend_findings.ask_workers(asked, this_machine().cores, say), *found]
    nothing = backend_findings.none_works(found)
    return [*found, nothing] if nothing else found


def _drivable(probe: Probe) -> list[str]:
    return [device for device in devices() if probe.drives(device)]
