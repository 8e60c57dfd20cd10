"""`python -m xbench.conformance package.module:Class`: the kit on one adapter, without more words.

Other arguments are pytest's: `-k matmul`, `-x`, `--device cuda:0`, `--mode eager`, `--all`. How the
folder that it is run in has configured pytest, and its conftest, do not count.
"""

from __future__ import annotations

import os
import sys

import pytest

ALONE = (
    "-c",
    os.devnull,
    "--rootdir",
    ".",
    "--noconftest",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:benchmark",
)


def main(words: list[str]) -> int:
    """Run the kit. Returns: pytest's status."""
    if not words or words[0].startswith("-"):
        sys.stdout.write("usage: python -m xbench.conformance package.module:Class [options]\n")
        return 0 if words[:1] in (["-h"], ["--help"]) else 2
    kit = ["-p", "xbench.conformance.plugin", "--pyargs", "xbench.conformance"]
    os.environ.pop("PYTEST_ADDOPTS", None)
    return int(pytest.main([*ALONE, *kit, "--backend", *words]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
