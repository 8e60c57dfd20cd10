"""What reading a result file costs, each in a fresh process; and large files to be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from xbench.process.child import ROOT
from xbench.records.journal import JOURNAL
from xbench.tracking.baseline import ACCEPTED

MEGA = 1_000_000
SPARSE_BYTES = 2 << 30
READ = """
import resource, sys, time
from pathlib import Path
from xbench.errors import XbenchError
from {module} import {name} as read
def peak():
    try:  # getrusage's has not forgotten what the parent held
        (line,) = (x for x in Path("/proc/self/status").open() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
before = peak()
began = time.perf_counter()
try:
    found = read(Path(sys.argv[1]), *{more})
    said = ""
except XbenchError as error:
    said = error.message
seconds = time.perf_counter() - began
print(before, peak(), seconds, said, sep="\\t")
"""
RUN = ("xbench.records.read", "read_run")
READERS: dict[str, tuple[str, str, str]] = {
    "journal, all samples": (*RUN, "()"),
    "journal, lean": (*RUN, "(False,)"),
    "stored run": ("xbench.tracking.stored", "read_stored", "()"),
    "accepted": ("xbench.tracking.baseline", "read_accepted", "()"),
    "claims": ("xbench.suites.claims.rulings", "read_rulings", "()"),
    "another tool's": ("xbench.tracking.foreign", "read_foreign", "()"),
    "another tool's, report": ("xbench.reports.sources", "load", "(None,)"),
}


def read(reader: str, path: Path, file: Path) -> str:
    """A row of the table."""
    module, name, more = READERS[reader]
    code = READ.format(module=module, name=name, more=more)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    before, peak, seconds, said = done.stdout.rstrip("\n").split("\t")
    size, more_bytes = file.stat().st_size, int(peak) - int(before)
    return (
        f"| {reader} | {file.name} | {size / MEGA:.0f} | {float(seconds):.2f} | "
        f"{more_bytes / MEGA:.0f} | {more_bytes / size:.2f} | {said} |"
    )


def repeated(file: Path, size: int, begin: bytes, row: Callable[[int], bytes], end: bytes) -> None:
    """A file of rows until it is that large."""
    with file.open("wb") as out:
        out.write(begin)
        number = 0
        while out.tell() < size:
            out.write(row(number))
            number += 1
        out.write(end)


def of_real(real: Path, file: Path, size: int) -> None:
    """A journal of the groups of a real one, each time in a later launch."""
    lines = real.read_bytes().splitlines(keepends=True)
    head = json.loads(lines[0]) | {"launches": 10**6}
    groups = [line for line in lines if line.startswith(b'{"type":"group"')]

    def row(number: int) -> bytes:
        again, place = divmod(number, len(groups))
        return groups[place].replace(b'"launch":', b'"launch":%d' % (again + 1), 1)

    repeated(file, size, json.dumps(head, separators=(",", ":")).encode() + b"\n", row, b"")


def sparse(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """2 GB of zeros, and of one line, for every reader."""
    names = {
        "journal, lean": "any",
        "stored run": f"run/{JOURNAL}",
        "accepted": ACCEPTED,
        "claims": "claims.jsonl",
        "another tool's": "any",
        "another tool's, report": "any",
    }
    for begin in (b"", b'{"type":"header","schema_version":4,"x":"'):
        for reader, name in names.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(begin)
            os.truncate(file, SPARSE_BYTES)
            yield reader, folder if reader in ("accepted", "claims") else file, file
