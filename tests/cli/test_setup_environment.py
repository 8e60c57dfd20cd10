"""What `make` installs: builds for the CPU or for a GPU, by what is found and what pip offers.

pip is asked without a network, with a folder of files that are wheels by name only: nothing is
installed."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.places import ROOT
from xbench import setup_environment
from xbench.machine.install_hint import install_hint

SCRIPT = Path(setup_environment.__file__)
PIN = setup_environment.pinned_torch()
NO_GPU = "No GPU was found: builds for the CPU are installed"
GPU = "An NVIDIA GPU was found: builds that use it are installed"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has both builds")


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def nvidia_smi(folder: Path, says: str, status: int = 0) -> None:
    """Plant a command that lists cards as NVIDIA's does."""
    file = folder / "nvidia-smi"
    file.write_text(f'#!/bin/sh\n[ "$1" = -L ] && echo "{says}"\nexit {status}\n')
    file.chmod(0o755)


def setup(commands: Path, builds: tuple[str, ...], *words: str) -> subprocess.CompletedProcess[str]:
    """What the script would do where pip finds those builds of torch, and nothing else."""
    wheels = commands.parent / "wheels"
    wheels.mkdir()
    for build in builds:
        (wheels / f"torch-{build}-py3-none-any.whl").touch()
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, "-P", str(SCRIPT), "cpu", "dev", "--dry-run", *words],
        env=kept | offline | {"PATH": f"{commands}:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def no_driver() -> None:
    if any(setup_environment.DRIVER.glob("*")):
        pytest.skip("this machine has an NVIDIA GPU")


def asked(done: subprocess.CompletedProcess[str]) -> str:
    """The last line: what pip would be asked for."""
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@on_linux
def test_a_machine_without_a_gpu_gets_the_cpu_build(commands: Path, no_driver: None) -> None:
    done = setup(commands, ("1.0+cpu", PIN, f"{PIN}+cpu", f"{PIN}+cu130", "99.0"))
    assert NO_GPU in done.stdout
    assert "PyPI's torch for Linux is the CUDA build" in done.stdout
    assert asked(done).endswith(f"--editable=.[cpu,dev] torch==={PIN}+cpu")


@on_linux
def test_without_a_cpu_build_it_stops_and_says_what_to_do(commands: Path, no_driver: None) -> None:
    done = setup(commands, (PIN,))
    assert done.returncode == 1
    assert not done.stdout
    assert f"pip finds only torch {PIN}, the CUDA build" in done.stderr
    for way in (
        "TORCH_INDEX=",
        "PIP_FIND_LINKS=",
        "CUDA_BUILD=yes",
        setup_environment.PYTORCH_PAGE,
    ):
        assert way in done.stderr


@on_linux
def test_where_pip_finds_no_torch_the_markers_decide(commands: Path, no_driver: None) -> None:
    """As on a Python that torch has no wheel for."""
    done = setup(commands, ("1.0",), "--torch-index", "file:///elsewhere")
    assert asked(done).endswith("--extra-index-url=file:///elsewhere --editable=.[cpu,dev]")


@on_linux
@pytest.mark.parametrize("builds", [(PIN, f"{PIN}+cpu"), (f"{PIN}+cu130", f"{PIN}+cpu")])
def test_an_nvidia_gpu_gets_the_build_that_uses_it(commands: Path, builds: tuple[str, ...]) -> None:
    nvidia_smi(commands, "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)")
    done = setup(commands, builds)
    assert GPU in done.stdout
    assert "GB to download" in done.stdout
    assert asked(done).endswith(f"--editable=.[cpu,nvidia,dev] torch==={builds[0]}")


@on_linux
def test_a_cpu_build_on_a_gpu_machine_is_said(commands: Path) -> None:
    nvidia_smi(commands, "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)")
    done = setup(commands, (f"{PIN}+cpu",))
    assert f"pip finds only torch {PIN}+cpu: PyTorch will not use the GPU" in done.stdout
    assert asked(done).endswith(f"torch==={PIN}+cpu")


@on_linux
@pytest.mark.parametrize(
    ("says", "status"), [("NVIDIA-SMI has failed", 9), ("No devices were found", 0)]
)
def test_a_driver_without_a_card_is_no_gpu(
    commands: Path, no_driver: None, says: str, status: int
) -> None:
    nvidia_smi(commands, says, status)
    assert NO_GPU in setup(commands, (f"{PIN}+cpu",)).stdout


@on_linux
@pytest.mark.parametrize(
    ("answer", "wanted"),
    [("yes", f"[cpu,nvidia,dev] torch==={PIN}"), ("no", f"[cpu,dev] torch==={PIN}+cpu")],
)
def test_the_user_may_decide(commands: Path, answer: str, wanted: str) -> None:
    done = setup(commands, (PIN, f"{PIN}+cpu"), "--cuda-build", answer)
    assert f"CUDA_BUILD is {answer}: builds for" in done.stdout
    assert asked(done).endswith(wanted)


def test_what_has_no_wheel_here_is_named_and_the_rest_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With a scripted Python: it lists builds, notes what it is to install, and lists backends."""
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    hint = install_hint("tensorflow", (3, 13), {f"{platform.system()} {platform.machine()}"})
    python, noted = tmp_path / "python", tmp_path / "noted"
    python.write_text(
        f"""#!/bin/sh
case "$*" in
  *"pip index"*) echo "Available versions: {PIN}+cpu, {PIN}" ;;
  *"pip install"*) echo "$*" > "{noted}" ;;
  *list*) echo "  tensorflow   not installed: {hint}"
          echo "  jax          not installed: pip install jax" ;;
esac
"""
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert setup_environment.main(["cpu", "dev", "--cuda-build", "no"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("CUDA_BUILD is no: builds for the CPU are installed, about ")
    assert said[-1] == (
        "Left out: tensorflow has no wheel for Python 3.14: use Python 3.13. "
        "The others are measured."
    )
    assert "jax" not in "".join(said)
    assert "--editable=.[cpu,dev]" in noted.read_text()


def test_jax_takes_its_cuda_libraries_with_a_gpu() -> None:
    for gpu, extra in (("NVIDIA", "jax-gpu"), ("Apple", "jax"), ("", "jax")):
        chosen = setup_environment.choose(["jax"], gpu, "So it is", ())
        assert chosen.requirements == (f"--editable=.[{extra}]",)


def test_apple_silicon_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for processor, gpu in (("arm64", "Apple"), ("x86_64", "")):
        monkeypatch.setattr("platform.machine", lambda name=processor: name)
        assert setup_environment.gpu_here() == gpu


def test_the_driver_lists_cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also where no command is on the path, as in some containers."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(setup_environment, "DRIVER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert setup_environment.gpu_here() == ""
    (tmp_path / "0000:01:00.0").mkdir()
    assert setup_environment.gpu_here() == "NVIDIA"


def test_make_hands_its_variables_on() -> None:
    words = ("TORCH_INDEX=file:///wheels", "CUDA_BUILD=no")
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--torch-index 'file:///wheels' --cuda-build 'no' cpu dev\n" in done.stdout
