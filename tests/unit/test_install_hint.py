"""What an extra leaves out for want of a wheel, a backend's row says."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement

from helpers.places import ROOT
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
EXTRAS += [("jax", "jax")]
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


def _extra(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["optional-dependencies"][name]]


def _holds(requirement: Requirement, here: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(here))
