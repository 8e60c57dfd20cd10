"""What reading a result file costs, each in a fresh process: seconds, and the most memory beyond
the interpreter's own, as a multiple of the file.

    python tests/reading_memory.py [--megabytes 5 50 200] [--sparse] [--journal RUN.JSONL]

Files are made up; `--journal` makes large journals of a real one, by its groups, over and over.
`--sparse` reads 2 GB of zeros and 2 GB of one line. Nothing is asserted: the table is for people.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fuzz_seeds as seeds
from report_cost import write_journal
from stored_runs import cell_line, head_line

from xbench.gate.accepted import ACCEPTED
from xbench.launch.process import ROOT
from xbench.records.journal import JOURNAL, SUMMARY

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
    "stored run": ("xbench.gate.stored", "read_stored", "()"),
    "accepted": ("xbench.gate.accepted", "read_accepted", "()"),
    "claims": ("xbench.claims.judge", "read_rulings", "()"),
    "another tool's": ("xbench.gate.foreign", "read_foreign", "()"),
    "another tool's, report": ("reports.read.load", "load", "(None,)"),
}


def read(reader: str, path: Path, file: Path) -> str:
    """A row of the table."""
    module, name, more = READERS[reader]
    code = READ.format(module=module, name=name, more=more)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    before, peak, seconds, said = done.stdout.rstrip("\n").split("\t")
    size, more_bytes = file.stat().st_size, int(peak) - int(before)
    return (f"| {reader} | {file.name} | {size / MEGA:.0f} | {float(seconds):.2f} | "
            f"{more_bytes / MEGA:.0f} | {more_bytes / size:.2f} | {said} |")  # fmt: skip


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


def made(folder: Path, size: int, real: Path | None) -> Iterator[tuple[str, Path, Path]]:
    """Reader, what it is given, and the file that is that large."""
    journal = folder / "run" / JOURNAL
    if real is None:
        write_journal(folder / "run", max(1, round(size / 9000)))
    else:
        journal.parent.mkdir(parents=True)
        of_real(real, journal, size)
    yield "journal, all samples", journal, journal
    yield "journal, lean", journal, journal
    journal.write_text(json.dumps(head_line()) + "\n")
    summary = folder / "run" / SUMMARY
    more = {"x": "x" * 800}  # of a real line, what tracking passes over
    repeated(summary, size, b"", lambda n: line(cell_line(f"op/{n}/f", [1e-3] * 5, **more)), b"")
    yield "stored run", folder / "run", summary
    for name, row in ((ACCEPTED, seeds.accepted()), ("claims.jsonl", seeds.ruled())):
        repeated(folder / name, size, b"", lambda n, row=row: row, b"")  # type: ignore[misc]
        yield name.partition(".")[0], folder, folder / name
    stats = seeds.STATS | {"data": [0.123456789] * 1000}

    def saved(n: int) -> bytes:
        found = {"name": f"n{n}", "fullname": f"t::n{n}", "extra_info": {}, "stats": stats}
        return (b"," if n else b"") + json.dumps(found).encode()

    file = folder / "saved.json"
    repeated(file, size, b'{"benchmarks":[', saved, b"]}")
    yield "another tool's", file, file
    yield "another tool's, report", file, file
    file = folder / "github.json"
    repeated(file, size, b"[", lambda n: (b"," if n else b"") + b'{"name":"a/rather/long/name/%d",'
             b'"value":1.5,"unit":"ns","extra":"launches: 3"}' % n, b"]")  # fmt: skip
    yield "another tool's", file, file
    file = folder / "bencher.json"
    repeated(file, size, b"{", lambda n: (b"," if n else b"") + b'"a/rather/long/name/%d":'
             b'{"latency":{"value":1.5,"lower_value":1.4}}' % n, b"}")  # fmt: skip
    yield "another tool's", file, file


def line(found: object) -> bytes:
    """JSON, and an end of line."""
    return json.dumps(found, separators=(",", ":")).encode() + b"\n"


def sparse(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """2 GB of zeros, and of one line, for every reader."""
    names = {
        "journal, lean": "any", "stored run": f"run/{JOURNAL}", "accepted": ACCEPTED,
        "claims": "claims.jsonl", "another tool's": "any", "another tool's, report": "any",
    }  # fmt: skip
    for begin in (b"", b'{"type":"header","schema_version":3,"x":"'):
        for reader, name in names.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(begin)
            os.truncate(file, SPARSE_BYTES)
            yield reader, folder if reader in ("accepted", "claims") else file, file


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, nargs="*", default=[5, 50])
    parser.add_argument("--sparse", action="store_true")
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args()
    print("| reader | file | MB | seconds | more MB | of the file | refused |\n"
          "| --- | --- | ---: | ---: | ---: | ---: | --- |")  # fmt: skip
    for size in options.megabytes:
        with tempfile.TemporaryDirectory() as name:
            for each in made(Path(name), size * MEGA, options.journal):
                print(read(*each), flush=True)
    if options.sparse:
        with tempfile.TemporaryDirectory() as name:
            for each in sparse(Path(name)):
                print(read(*each).replace(name, ""), flush=True)


if __name__ == "__main__":
    main()
