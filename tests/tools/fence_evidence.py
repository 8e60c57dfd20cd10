"""How often a JAX adapter without a fence is refused, and an honest one is not: real runs.

    python tests/tools/fence_evidence.py [--runs 20]

JAX computes a product of two 700 x 700 matrices long after the call has returned, on the CPU too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import tests_on_path  # noqa: F401

from helpers.fences import HASTY, HONEST, judged, planted


def main() -> None:
    """Count, and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, planted():
        for backend in (HASTY, HONEST):
            cells = [judged(backend, Path(folder), number) for number in range(runs)]
            refused = [cell for cell in cells if cell.status == "invalid"]
            print(f"{backend}: {len(refused)} of {runs} refused", file=sys.stderr)
            for cell in refused[:3]:
                print(f"    {cell.reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
