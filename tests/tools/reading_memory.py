"""What reading a result file costs, each in a fresh process: seconds, and the most memory beyond
the interpreter's own, as a multiple of the file.

    python tests/tools/reading_memory.py [--megabytes 5 50 200] [--sparse] [--journal RUN.JSONL]

Files are made up; `--journal` makes large journals of a real one, by its groups, over and over.
`--sparse` reads 2 GB of zeros and 2 GB of one line. Nothing is asserted: the table is for people.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers import fuzz_seeds as seeds
from helpers.large_journals import write_journal
from helpers.reading_cost import MEGA, of_real, read, repeated, sparse
from helpers.stored_runs import cell_line, head_line
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.tracking.baseline import ACCEPTED


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
    repeated(
        file,
        size,
        b"[",
        lambda n: (
            (b"," if n else b"") + b'{"name":"a/rather/long/name/%d",'
            b'"value":1.5,"unit":"ns","extra":"launches: 3"}' % n
        ),
        b"]",
    )
    yield "another tool's", file, file
    file = folder / "bencher.json"
    repeated(
        file,
        size,
        b"{",
        lambda n: (
            (b"," if n else b"") + b'"a/rather/long/name/%d":'
            b'{"latency":{"value":1.5,"lower_value":1.4}}' % n
        ),
        b"}",
    )
    yield "another tool's", file, file


def line(found: object) -> bytes:
    """JSON, and an end of line."""
    return json.dumps(found, separators=(",", ":")).encode() + b"\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, nargs="*", default=[5, 50])
    parser.add_argument("--sparse", action="store_true")
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args()
    print(
        "| reader | file | MB | seconds | more MB | of the file | refused |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    )
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
