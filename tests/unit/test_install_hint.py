"""What an extra leaves out for want of a wheel, a backend's row says."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement

from helpers.places import ROOT
from xbench.backends.tensorflow_backend import NEWEST_PYTHON, SYSTEMS
from xbench.machine.install_hint import install_hint

HERE = {
    "Linux x86_64": ("linux", "x86_64"),
    "Linux aarch64": ("linux", "aarch64"),
    "Darwin arm64": ("darwin", "arm64"),
    "Darwin x86_64": ("darwin", "x86_64"),
}


@pytest.mark.parametrize("python", [(3, 12), (3, 14)])
@pytest.mark.parametrize("system", HERE)
def test_what_an_extra_leaves_out_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, system: str, python: tuple[int, int]
) -> None:
    """The extra `cpu` brings one TensorFlow where there is a wheel, and none where the row of
    `xbench list` says that there is none."""
    name, processor = system.split()
    monkeypatch.setattr("platform.system", lambda: name)
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    hint = install_hint("tensorflow", NEWEST_PYTHON, SYSTEMS)
    here = {
        "sys_platform": HERE[system][0],
        "platform_machine": HERE[system][1],
        "python_version": ".".join(map(str, python)),
    }
    brought = [each for each in _extra("cpu") if "tensorflow" in each.name and _holds(each, here)]
    assert len(brought) == (1 if hint == "pip install tensorflow" else 0)
    assert hint == "pip install tensorflow" or "has no wheel for" in hint


def _extra(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(each) for each in project["optional-dependencies"][name]]


def _holds(requirement: Requirement, here: Mapping[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(here))
