"""The allocator: whether the policy `reuse` does on this machine what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from xbench.doctor.finding import Finding
from xbench.launch.environment import worker_environment

SCRIPT = Path(__file__).with_name("faults.py")
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
