"""Memory and disk: how much is free, swap, huge pages, and what the allocator gives back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from xbench.doctor.finding import Finding, Level, by_room
from xbench.process.environment import worker_environment
from xbench.text import show_bytes

TOO_LITTLE_BYTES, LITTLE_BYTES = 500_000_000, 2_000_000_000
"""Below the first a framework cannot even be imported; below the second cells of `quick` may not
fit."""
SWAP_NOTED_BYTES = 50_000_000
THP = "/sys/kernel/mm/transparent_hugepage/enabled"


def available(free: int, total: int) -> Finding:
    """Bytes that can be had now, and that the machine has."""
    return Finding(
        "free memory",
        by_room(free, TOO_LITTLE_BYTES, LITTLE_BYTES),
        f"{show_bytes(free)} of {show_bytes(total)}",
        "cells that need more get no number, and a full machine swaps or kills",
        "end other work; to see which cells do not fit:",
        "xbench run --dry-run",
        {"available_bytes": free, "total_bytes": total},
    )


def limit(allowed: int | None, total: int) -> Finding:
    """`allowed`: bytes a cgroup grants, None without a limit."""
    limited = allowed is not None and allowed < total
    seen = f"{show_bytes(allowed or 0)} of the machine's {show_bytes(total)}" if limited else "none"
    return Finding(
        "memory limit",
        "note" if limited else "ok",
        seen,
        "a worker that goes beyond the container's limit is killed, and its cell is oom",
        "to measure larger cells raise it, with docker for instance:",
        "docker run --memory=SIZE …",
        {"allowed_bytes": allowed},
    )


def swap(total: int, used: int, moved: int) -> Finding:
    """Bytes of swap there are and in use; `moved` to or from it during the sample."""
    values = {"total_bytes": total, "used_bytes": used, "moved_bytes": moved}
    level: Level = "warning" if moved else "note" if used > SWAP_NOTED_BYTES else "ok"
    going = f", {show_bytes(moved)} moved just now" if moved else ""
    return Finding(
        "swap",
        level,
        f"{show_bytes(used)} of {show_bytes(total)} in use{going}" if total else "there is none",
        "a page that comes back from disk takes a thousand times as long",
        "end what fills the memory, then bring everything back:",
        "sudo swapoff -a && sudo swapon -a",
        values,
    )


def huge_pages(text: str | None) -> Finding | None:
    """`text`: the kernel's choices with the chosen one in brackets, `always [madvise] never`."""
    chosen = re.search(r"\[(\w+)\]", text or "")
    if chosen is None:
        return None
    asked = chosen[1] == "madvise"
    return Finding(
        "huge pages",
        "note" if asked else "ok",
        f"{chosen[1]}: {'only for those who ask' if asked else 'the same for all backends'}",
        "NumPy asks for them for large arrays and the others do not, which may favour it there",
        "to give them to all alike:",
        f"echo always | sudo tee {THP}",
        {"transparent_huge_pages": chosen[1]},
    )


# The disk that results, and inputs while they are measured, are written to.

TOO_LITTLE_DISK_BYTES, LITTLE_DISK_BYTES = 100_000_000, 5_000_000_000
"""Inputs are kept up to 4 GiB a run, beside results of a few MB."""


def disk(folder: str, free: int, writable: bool) -> Finding:
    """`free` bytes where `folder` is or will be made, and whether we may write there."""
    refused = "" if writable else ", not writable"
    return Finding(
        "disk",
        by_room(free, TOO_LITTLE_DISK_BYTES, LITTLE_DISK_BYTES) if writable else "problem",
        f"{show_bytes(free)} free for {folder}{refused}",
        "inputs of up to 4 GiB and the journal are written there while it is measured",
        "name a roomier folder that can be written:",
        "xbench run --out DIR",
        {"folder": folder, "free_bytes": free, "writable": writable},
    )


def look_at(folder: Path) -> tuple[int, bool]:
    """Free bytes and whether we may write, at `folder` or the nearest parent there is."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    usable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return shutil.disk_usage(there).free, usable


# The allocator: whether the policy `reuse` does on this machine what it says.

SCRIPT = Path(__file__).with_name("page_faults.py")
LIMIT_S = 30.0
FEW_FAULTS = 8.0
"""Per pass over 64 MiB. Fresh pages cost 16384 faults, huge ones at least 32, reused ones none."""


def reuse(libc: str, system: float | None, tuned: float | None) -> Finding | None:
    """Page faults per 64 MiB allocated, filled and freed, as shipped (`system`) and with the
    policy's variables (`tuned`); None where it could not be tried."""
    if system is None or tuned is None:
        return None
    values = {"libc": libc, "system_faults": system, "reuse_faults": tuned}
    seen = f"{libc or 'this C library'}: {system:.0f} page faults per 64 MiB"
    why = "where freed memory goes back to the system, page faults are part of every large time"
    if tuned > FEW_FAULTS:
        todo = "use a glibc without a preloaded allocator:"
        command = "unset LD_PRELOAD"
        seen += f", {tuned:.0f} with policy `reuse`, which has no effect"
        return Finding("allocator", "warning", seen, why, todo, command, values)
    if system <= FEW_FAULTS:
        seen += f", {tuned:.0f} with policy `reuse`: freed memory is kept anyway"
        todo = "nothing to do, but policy `system` does not show what glibc's defaults cost"
        return Finding("allocator", "note", seen, why, todo, values=values)
    seen += f" as shipped, {tuned:.0f} with policy `reuse`, which works"
    return Finding("allocator", "ok", seen, why, values=values)


def faults(policy: str, scratch: Path) -> float | None:
    """Page faults a pass, in a child with the environment of a worker of this allocator policy;
    None if it did not answer."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(SCRIPT)],
            env=worker_environment({}, policy, scratch),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=True,
        )
        return float(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
