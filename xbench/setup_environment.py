"""Choose CPU or GPU builds of the frameworks, say so with their size, and install them.

`make` runs this file with the Python of the new virtual environment. Nothing is installed there
yet, so that it needs the standard library and pip only.
"""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
DRIVER = Path("/proc/driver/nvidia/gpus")
"""A folder with an entry for each card, where NVIDIA's driver is loaded."""
PYTORCH_PAGE = "https://pytorch.org/get-started/locally/"

WITH_NVIDIA = {"cpu": "cpu,nvidia", "jax": "jax-gpu"}
"""Extras, and those that take their place where there is an NVIDIA GPU."""
DOWNLOAD_GB = {"cpu": 0.7, "cpu,nvidia": 3.4, "jax": 0.1, "jax-gpu": 0.4}
"""The most that an extra downloads on any platform, in GB: into a new environment, or of JAX beside
the others. `make platforms` compares this with the registry's sizes."""
CUDA_TORCH_GB = 2.9
"""The same of PyPI's torch for Linux with the CUDA libraries and the compiler that it requires."""
TENSORFLOW_ON_CPU = (
    "TensorFlow is installed for the CPU: its CUDA libraries would overwrite some of PyTorch's "
    "(docs/gpu.md)."
)


class Installation(NamedTuple):
    """What pip is asked for, and sentences that say what was found and chosen."""

    requirements: tuple[str, ...]
    sentences: tuple[str, ...]


class NoCpuBuild(Exception):
    """Pip finds torch for CUDA only, and there is no NVIDIA GPU."""


def gpu_here() -> str:
    """Whose GPU this machine has: "NVIDIA" (Linux), "Apple", or "" where none of them is found."""
    if sys.platform == "darwin":
        return "Apple" if platform.machine() == "arm64" else ""
    if DRIVER.is_dir() and any(DRIVER.iterdir()):
        return "NVIDIA"
    try:
        listed = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "NVIDIA" if listed.returncode == 0 and listed.stdout.startswith("GPU ") else ""


def pinned_torch() -> str:
    """The version of torch that constraints.txt names."""
    pinned = re.search(r"^torch==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    return pinned[1]


def torch_builds(index: Sequence[str]) -> tuple[str, ...]:
    """The builds of the pinned torch that pip finds for this Python and system, the version with
    the last tag first: `2.13.0+cpu`, `2.13.0`. None where there is none, or no index answers.

    `pip index` reads file names. `pip install --dry-run` would download the wheels before pip 23.3,
    and Python 3.11 brings an older one."""
    command = [sys.executable, "-m", "pip", "index", "versions", "torch", *index]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    versions = re.search(r"^Available versions: (.*)$", listed.stdout, re.MULTILINE)
    found = versions[1].split(", ") if versions else []
    pinned = pinned_torch()
    return tuple(each for each in found if each.partition("+")[0] == pinned)


def choose(extras: Sequence[str], gpu: str, begins: str, builds: Sequence[str]) -> Installation:
    """What to install for a machine with that GPU, where torch is to be had in those builds. The
    first sentence begins as given, and ends in the size.

    Raises: NoCpuBuild."""
    nvidia = gpu == "NVIDIA"
    build = _torch_build(nvidia, builds) if builds else ""
    taken = [WITH_NVIDIA.get(each, each) if nvidia else each for each in extras]
    sized = extras if build.endswith("+cpu") else taken
    size = sum(DOWNLOAD_GB.get(each, 0) for each in sized)
    sentences = [f"{begins}, about {size:.1f} GB to download."]
    if build.endswith("+cpu"):
        sentences.append(_why_cpu(nvidia, build))
    elif nvidia and "cpu" in extras:
        sentences.append(TENSORFLOW_ON_CPU)
    requirements = [f"--editable=.[{','.join(taken)}]"]
    requirements += [f"torch==={build}"] if build else []
    return Installation(tuple(requirements), tuple(sentences))


def _torch_build(nvidia: bool, builds: Sequence[str]) -> str:
    """pip alone would take the build with the last tag in the alphabet, whatever the machine."""
    cpu = [each for each in builds if each.endswith("+cpu")]
    cuda = [each for each in builds if each not in cpu]
    if nvidia:
        return (cuda or cpu)[0]
    if not cpu:
        raise NoCpuBuild(builds[0])
    return cpu[0]


def _why_cpu(nvidia: bool, build: str) -> str:
    if nvidia:
        return f"pip finds only torch {build}: PyTorch will not use the GPU."
    return (
        f"PyPI's torch for Linux is the CUDA build (up to {CUDA_TORCH_GB} GB with its libraries): "
        f"torch {build} is taken instead."
    )


def _refusal(build: str) -> str:
    return f"""\
pip finds only torch {build}, the CUDA build. With its libraries it is up to {CUDA_TORCH_GB} GB,
and of no use without an NVIDIA GPU. Nothing was installed. Repeat the command with one of these
after it:
  TORCH_INDEX=ADDRESS    the index of the CPU builds: choose CPU on
                         {PYTORCH_PAGE}, the address follows --index-url
  PIP_FIND_LINKS=FOLDER  a folder with a wheel of such a build
  CUDA_BUILD=yes         the CUDA builds all the same
"""


def _missing() -> list[str]:
    """A sentence for each framework that has no wheel here, in the words of its backend."""
    listed = subprocess.run(
        [sys.executable, "-m", "xbench", "list"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    reasons = re.findall(r"not installed: (.* has no wheel .*)", listed.stdout)
    return [f"Left out: {each}. The others are measured." for each in reasons]


def _gpu_to_serve(cuda_build: str) -> tuple[str, str]:
    """Whose GPU the builds are for, and a sentence's beginning that says so."""
    kinds = {"yes": "builds for NVIDIA GPUs", "no": "builds for the CPU"}
    if cuda_build:
        begins = f"CUDA_BUILD is {cuda_build}: {kinds[cuda_build]} are installed"
        return ("NVIDIA" if cuda_build == "yes" else ""), begins
    found = {
        "NVIDIA": "An NVIDIA GPU was found: builds that use it are installed",
        "Apple": "This is Apple silicon: PyTorch's build uses its GPU, the others its CPU",
        "": "No GPU was found: builds for the CPU are installed",
    }
    gpu = gpu_here()
    return gpu, found[gpu]


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="+", help="extras of pyproject.toml: cpu, dev, jax")
    parser.add_argument("--torch-index", default="", help="one more index, with builds of torch")
    parser.add_argument(
        "--cuda-build",
        choices=("yes", "no", ""),
        default="",
        help="yes or no, whatever GPU there is; by default as there is one",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what pip would be asked for")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Install, and return pip's exit status; 1 if there is no build for this machine."""
    options = _options(words)
    gpu, begins = _gpu_to_serve(options.cuda_build)
    index = (f"--extra-index-url={options.torch_index}",) if options.torch_index else ()
    asks_for_torch = "cpu" in options.extras and sys.platform == "linux"
    try:
        chosen = choose(options.extras, gpu, begins, torch_builds(index) if asks_for_torch else ())
    except NoCpuBuild as error:
        sys.stderr.write(_refusal(str(error)))
        return 1
    sys.stdout.write("\n".join(chosen.sentences) + "\n")
    sys.stdout.flush()
    command = ["install", "--quiet", f"--constraint={CONSTRAINTS}", *index, *chosen.requirements]
    if options.dry_run:
        sys.stdout.write(f"pip {' '.join(command)}\n")
        return 0
    done = subprocess.run([sys.executable, "-m", "pip", *command], cwd=ROOT, check=False)
    if done.returncode == 0:
        sys.stdout.write("".join(f"{line}\n" for line in _missing()))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
