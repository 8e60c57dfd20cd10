"""What a run keeps to itself: it asks nobody on the network, and writes down no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SPY = """
import os, sys
ASKED = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
         "socket.sendmsg", "urllib.Request", "http.client.connect")
def hook(event, arguments):
    if event in ASKED:
        with open(PLACE, "a") as file:
            print(event, arguments[1:], file=file)
PLACE = os.path.join(os.path.dirname(__file__), "asked")
sys.addaudithook(hook)
with open(PLACE + ".there", "a") as file:
    print(os.getpid(), file=file)
"""
SECRET = "hunter2-0f7c1e"
NAMES = (
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "HF_TOKEN",
    "DATABASE_URL",
    "PASSWORD",
    "API_KEY",
    "OMP_TOKEN",
    "OPENBLAS_CORETYPE_",
    "XLA_FLAGS_SECRET",
    "CUDA_VISIBLE",
    "PYTHONSTARTUP_TOKEN",
    "XBENCH_TOKEN",
    "TF_TOKEN",
    "TORCH_TOKEN",
    "MKL_SECRET",
    "PYTEST_TOKEN",
    "GIT_ASKPASS_TOKEN",
)
BACKENDS = ("numpy", "torch", "tensorflow")


def without_network() -> list[str]:
    """A prefix that leaves a command no network at all, where this system has one."""
    prefix = ["unshare", "--user", "--map-root-user", "--net"]
    try:
        done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return prefix if done.returncode == 0 else []


@pytest.mark.framework
def test_it_asks_nobody_and_keeps_no_secret(tmp_path: Path, checkout: dict[str, str]) -> None:
    """The three frameworks, with an eye on every Python process, and no network to ask."""
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(SPY)
    path = f"{tmp_path / 'spy'}:{checkout['PYTHONPATH']}"
    environment = checkout | {name: f"{name}-{SECRET}" for name in NAMES}
    environment |= {"PYTHONPATH": path}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= {"XBENCH_LOCK": str(tmp_path / "lock")}
    done = subprocess.run(
        [
            *without_network(),
            sys.executable,
            "-m",
            "xbench",
            "run",
            "--preset",
            "smoke",
            "--op",
            "matmul",
            "--backend",
            *BACKENDS,
            "--mode",
            "eager",
            "--memory",
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked = tmp_path / "spy" / "asked"
    watched = asked.with_suffix(".there").read_text().split()
    assert len(watched) > 1 + len(BACKENDS)
    assert not asked.exists(), asked.read_text()
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"run.jsonl", "summary.jsonl", "index.html", "lock"} <= {file.name for file in written}
    told = [file for file in written if SECRET.encode() in file.read_bytes()]
    assert told == []
    assert SECRET not in done.stdout + done.stderr
