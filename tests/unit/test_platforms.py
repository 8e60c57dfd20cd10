"""What each extra brings on each platform, and that a backend's row says what is left out.

Markers are evaluated for the platform. `make platforms` also resolves everything that is pinned for
it, by the registry's wheels; nothing is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from helpers.places import ROOT
from xbench import setup_environment
from xbench.backends import jax_backend, tensorflow_backend, torch_backend
from xbench.machine.install_hint import install_hint

HERE = {
    "Linux x86_64": ("linux", "x86_64"),
    "Linux aarch64": ("linux", "aarch64"),
    "Linux armv7l": ("linux", "armv7l"),
    "Darwin arm64": ("darwin", "arm64"),
    "Darwin x86_64": ("darwin", "x86_64"),
}
ADAPTERS = {"torch": torch_backend, "tensorflow": tensorflow_backend, "jax": jax_backend}
EXTRAS = [("torch", "torch"), ("torch", "cpu"), ("tensorflow", "tensorflow"), ("tensorflow", "cpu")]
EXTRAS += [("jax", "jax"), ("jax", "jax-gpu")]
"""A framework, and an extra that brings it."""


@pytest.mark.parametrize("python", [(3, 12), (3, 14), (3, 15)])
@pytest.mark.parametrize("system", HERE)
@pytest.mark.parametrize(("framework", "extra"), EXTRAS)
def test_what_an_extra_leaves_out_has_a_reason(
    monkeypatch: pytest.MonkeyPatch,
    framework: str,
    extra: str,
    system: str,
    python: tuple[int, int],
) -> None:
    """An extra brings one distribution where there is a wheel, and none where the row of
    `xbench list` says that there is none."""
    name, processor = system.split()
    monkeypatch.setattr("platform.system", lambda: name)
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    adapter = ADAPTERS[framework]
    hint = install_hint(framework, adapter.NEWEST_PYTHON, adapter.SYSTEMS)
    here = {
        "sys_platform": HERE[system][0],
        "platform_machine": HERE[system][1],
        "python_version": ".".join(map(str, python)),
    }
    brought = [each for each in _extra(extra) if framework in each.name and _holds(each, here)]
    installable = hint == f"pip install {framework}"
    assert len(brought) == (1 if installable else 0)
    assert installable or "has no wheel for" in hint


TARGETS = {
    "Linux x86_64": "x86_64-manylinux_2_28",
    "Linux aarch64": "aarch64-manylinux_2_28",
    "Darwin arm64": "aarch64-apple-darwin",
}
"""The promised platforms, as uv calls them."""
FRAMEWORKS = {"jax", "tensorflow", "tensorflow-cpu", "torch"}


@pytest.fixture(scope="module")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """uv, which resolves for another platform with that platform's markers; pip takes its own."""
    folder = tmp_path_factory.mktemp("uv")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "uv"]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no package registry answers")
    return folder / "bin" / "uv"


Resolved = dict[str, tuple[str, int]]
"""Distribution to its version, and to the bytes of its wheel."""


def resolved(uv: Path, system: str, python: str, extras: tuple[str, ...]) -> Resolved:
    """What is installed for these extras there, with all that they require, from wheels alone."""
    done = subprocess.run(
        [str(uv), "pip", "compile", "pyproject.toml", "--quiet", "--format", "pylock.toml"]
        + ["--python-platform", TARGETS[system], "--python-version", python]
        + ["--only-binary", ":all:", "--constraint", "constraints.txt"]
        + [f"--extra={extra}" for extra in extras],
        cwd=ROOT,
        # torch has wheels for macOS 14 and newer; uv assumes an older one.
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    packages = [each for each in tomllib.loads(done.stdout)["packages"] if "wheels" in each]
    return {
        each["name"]: (each["version"], max(wheel["size"] for wheel in each["wheels"]))
        for each in packages
    }


@pytest.mark.registry
@pytest.mark.parametrize("system", TARGETS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_what_is_pinned_has_wheels_on_each_promised_platform(
    uv: Path, system: str, python: str
) -> None:
    """For all that `make` installs; of the frameworks just those that the markers bring."""
    extras = ("cpu", "dev", "nvidia", "jax-gpu")
    found = resolved(uv, system, python, extras)
    here = {
        "sys_platform": HERE[system][0],
        "platform_machine": HERE[system][1],
        "python_version": python,
    }
    named = {each.name for extra in extras for each in _extra(extra) if _holds(each, here)}
    brought = sorted(named & FRAMEWORKS)
    print(f"{system}, Python {python}:", *(f"{each} {found[each][0]}" for each in brought))
    assert sorted(found.keys() & FRAMEWORKS) == brought
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", constraints, re.MULTILINE))
    assert pins.keys() - found.keys() <= FRAMEWORKS
    assert {name: found[name][0] for name in pins.keys() & found.keys()}.items() <= pins.items()


@pytest.mark.registry
def test_the_sizes_that_are_announced_are_the_registry_s(uv: Path) -> None:
    def size(system: str, *extras: str) -> float:
        found = resolved(uv, system, "3.12", ("dev", *extras))
        return sum(each for _, each in found.values()) / 1e9

    announced = setup_environment.DOWNLOAD_GB
    with_cuda = max(size(system, "cpu", "nvidia") for system in TARGETS)
    assert announced["cpu,nvidia"] == pytest.approx(with_cuda, abs=0.1)
    with_jax = max(size(system, "cpu", "nvidia", "jax-gpu") for system in TARGETS)
    assert announced["jax-gpu"] == pytest.approx(with_jax - with_cuda, abs=0.1)
    assert announced["cpu"] == pytest.approx(size("Darwin arm64", "cpu"), abs=0.2)


def _extra(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["optional-dependencies"][name]]


def _holds(requirement: Requirement, here: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(here))
