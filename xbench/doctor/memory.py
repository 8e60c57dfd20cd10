"""Memory: how much there is to have, and what the kernel does behind the back of a page."""

from __future__ import annotations

import re

from xbench.doctor.finding import Finding, Level, by_room
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
