"""The step of `aa`, measured by other tools, each in a fresh process as its users run it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

STEP = """
import torch
torch.manual_seed(5)
x = torch.linspace(0, 1, 100).reshape(-1, 1)
y = torch.randn(100).reshape(-1, 1) * 0.01
net = torch.nn.Sequential(torch.nn.Linear(1, {width}), torch.nn.ReLU(), torch.nn.Linear({width}, 1))
loss_of = torch.nn.MSELoss()
adam = torch.optim.Adam(net.parameters())
def step():
    loss = loss_of(net(x), y)
    loss.backward()
    adam.step()
    adam.zero_grad()
"""
SECONDS = 6.0
"""Of measuring, for one side."""


def _run(folder: str, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def pytest_benchmark(width: int) -> float:
    """The median that `pytest --benchmark-only` reports, in seconds."""
    code = STEP.format(width=width) + "\ndef test_step(benchmark):\n    benchmark(step)\n"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_step.py").write_text(code)
        options = [f"--benchmark-max-time={SECONDS}", "--benchmark-json=out.json"]
        _run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_step.py")
        found = json.loads(Path(folder, "out.json").read_text())
    return float(found["benchmarks"][0]["stats"]["median"])


def pyperf(width: int) -> float:
    """The mean over pyperf's processes, in seconds."""
    code = (
        "import pyperf\nrunner = pyperf.Runner(processes=5, values=4, min_time=0.1)\n"
        + STEP.format(width=width)
        + "\nrunner.bench_func('step', step)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bench.py").write_text(code)
        _run(folder, "bench.py", "-o", "out.json", "--quiet")
        read = "import pyperf; print(pyperf.Benchmark.load('out.json').mean())"
        return float(_run(folder, "-c", read))


def torch_benchmark(width: int) -> float:
    """The median of `torch.utils.benchmark.Timer.blocked_autorange`, in seconds."""
    code = STEP.format(width=width) + (
        "\nfrom torch.utils.benchmark import Timer\n"
        "timer = Timer('step()', globals=globals(), num_threads=torch.get_num_threads())\n"
        f"print(timer.blocked_autorange(min_run_time={SECONDS}).median)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        return float(_run(folder, "-c", code))


TOOLS: dict[str, Callable[[int], float]] = {
    "pytest-benchmark": pytest_benchmark,
    "pyperf": pyperf,
    "torch.utils.benchmark": torch_benchmark,
}
