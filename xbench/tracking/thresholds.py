"""From which effect on a change counts, per cell: `[tool.xbench]` of the user's pyproject.toml.

[tool.xbench]
effect = "5%"                 # a change below it is no finding
margin = "2%"                 # the interval's end must lie beyond it; "same" lies within it

[[tool.xbench.thresholds]]
cells = "mlp_train/*/torch/*" # a pattern of cell ids, or an op; the last that matches counts
effect = 0.10
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from xbench.analysis.interval import Estimate, verdict
from xbench.errors import RecordError, UsageError
from xbench.files import whole_file
from xbench.text import near, read_share

FILE = "pyproject.toml"
_KEYS = ("effect", "margin", "thresholds")
_RULE_KEYS = ("cells", "effect", "margin")


@dataclass(frozen=True, slots=True)
class Threshold:
    """Shares: a change counts from `effect` on, and only if its interval's end nearer to no change
    lies beyond `margin`."""

    effect: float = 0.05
    margin: float = 0.02


class Named(Protocol):
    """A cell that patterns select: a `CellKey`, or what is stored of one."""

    def matches(self, pattern: str) -> bool:
        """Whether it is meant."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of every cell."""

    usual: Threshold = Threshold()
    rules: tuple[tuple[str, dict[str, float]], ...] = ()

    def of(self, cell: Named) -> Threshold:
        """Those of a cell."""
        found = self.usual
        for pattern, changes in self.rules:
            if cell.matches(pattern):
                found = replace(found, **changes)
        return found


def read_thresholds(folder: Path) -> Thresholds:
    """Those of the nearest pyproject.toml from `folder` upwards that has a `[tool.xbench]`; else
    the usual ones. Raises: UsageError for a file that is no TOML, an unknown key, a wrong value."""
    for place in (folder.resolve(), *folder.resolve().parents):
        table = _table(place / FILE)
        if table is not None:
            return _thresholds(place / FILE, table)
    return Thresholds()


def _table(file: Path) -> dict[str, Any] | None:
    try:
        text = whole_file(file).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, RecordError) as error:
        raise UsageError(f"cannot read {file}: {error}", "fix it, or move it away") from None
    try:
        found = tomllib.loads(text).get("tool", {}).get("xbench")
    except (ValueError, AttributeError, RecursionError) as error:
        raise UsageError(f"{file} is no TOML: {error}", "fix the line it names") from None
    if found is not None and not isinstance(found, dict):
        raise UsageError(f"{file}: tool.xbench is no table", "write [tool.xbench]")
    return found


def _thresholds(file: Path, table: dict[str, Any]) -> Thresholds:
    _known(file, "[tool.xbench]", table, _KEYS)
    usual = replace(Threshold(), **_shares(file, "[tool.xbench]", table))
    listed = table.get("thresholds", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UsageError(
            f"{file}: tool.xbench.thresholds is no list of tables",
            "begin each with a line [[tool.xbench.thresholds]]",
        )
    rules = []
    for number, rule in enumerate(listed, 1):
        where = f"[[tool.xbench.thresholds]] {number}"
        _known(file, where, rule, _RULE_KEYS)
        if not isinstance(rule.get("cells"), str) or not rule["cells"]:
            raise UsageError(f"{file}, {where}: no cells", 'for instance cells = "mlp_train/*"')
        rules.append((rule["cells"], _shares(file, where, rule)))
    return Thresholds(usual, tuple(rules))


def _known(file: Path, where: str, table: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f"{file}, {where}: unknown key {key!r}", near(key, keys))


def _shares(file: Path, where: str, table: dict[str, Any]) -> dict[str, float]:
    """`"5%"`, `0.05`."""
    found: dict[str, float] = {}
    for key in ("effect", "margin"):
        if key not in table:
            continue
        share = read_share(str(table[key]))
        if share is None:
            raise UsageError(
                f"{file}, {where}: {key} = {table[key]!r} is no share between 0 and 1",
                'for instance "5%" or 0.05',
            )
        found[key] = share
    return found


ChangeKind = Literal["regressed", "improved", "same", "inconclusive"]


def judge(ratio: Estimate, threshold: Threshold) -> ChangeKind:
    """Of head over base, where lower is better, by the verdict of the ratio with this margin.

    `regressed`: the verdict is slower, and the estimate at least the effect; `improved`: it is
    faster, and the estimate at least as much the other way; `same` as the verdict says."""
    said = verdict(ratio, threshold.margin)
    effect = 1.0 + threshold.effect
    if said == "slower" and ratio.value >= effect:
        return "regressed"
    if said == "faster" and ratio.value <= 1.0 / effect:
        return "improved"
    return "same" if said == "same" else "inconclusive"
