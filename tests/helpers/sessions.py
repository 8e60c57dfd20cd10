"""Sessions of pytest on the suites, with a backend that is wrong and one that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from helpers.places import TESTS
from xbench.process.child import ROOT
from xbench.records.read import Run, read_run

PLANTED = """
from xbench import registry

registry.BACKENDS = {
    "numpy": "xbench.backends.numpy_backend:NumpyBackend",
    "wrong": "helpers.twins:Wrong",
    "absent": "helpers.twins:Absent",
}
"""
ELEMENTWISE = "elementwise/n100-w512/float32/{}/cpu/eager/none/tall"


@dataclass
class Session:
    """A folder in which pytest is run on the suites, by the checkout's settings."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "planted.py").write_text(PLANTED)
        paths = (ROOT, TESTS, self.folder)
        self.environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on the suites."""
        settings = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(self.folder))
        plugins = ("-p", "planted", "-p", "no:cacheprovider")
        return self.python("pytest", str(ROOT / "suites"), *settings, *plugins, *arguments)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def collected(self, *arguments: str) -> list[str]:
        """The ids of the cells that would be measured."""
        done = self.pytest("--collect-only", "-q", "--xbench-preset", "smoke", *arguments)
        return [line.partition("[")[2][:-1] for line in done.stdout.splitlines() if "::" in line]

    def run(self) -> Run:
        """What was measured."""
        (folder,) = (self.folder / "xbench-results").iterdir()
        return read_run(folder)
