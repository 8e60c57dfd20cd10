"""How a framework is installed for this Python and system, as an adapter's probe says it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection


def install_hint(package: str, newest_python: tuple[int, int], systems: Collection[str]) -> str:
    """How to install a framework here, or why there is no wheel for this Python or system.

    `newest_python` is the newest that its releases support, `systems` are those that it has wheels
    for, as `platform.system()` and `platform.machine()` say: `Linux x86_64`. The markers of the
    extras in pyproject.toml say the same."""
    here = f"{platform.system()} {platform.machine()}"
    if here not in systems:
        return f"{package} has no wheel for {here}, only for {', '.join(systems)}"
    if sys.version_info[:2] > newest_python:
        newest, own = (".".join(map(str, each)) for each in (newest_python, sys.version_info[:2]))
        return f"{package} has no wheel for Python {own}: use Python {newest}"
    return f"pip install {package}"
