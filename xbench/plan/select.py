"""What the user asked for on each axis, and what that matches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from xbench.errors import UsageError
from xbench.ops.suite import Preset, Suite
from xbench.plan.cell import Cell
from xbench.text import near

AXES = (
    "op",
    "backend",
    "device",
    "mode",
    "gradient",
    "width",
    "dtype",
    "threads",
    "allocator",
    "math",
    "cache",
)
_DEVICE_WORDS = ("auto", "cpu", "gpu", "cuda:0", "mps:0", "xpu:0")


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns per axis (of `AXES`; an axis left out follows the preset), and suites by name or
    file; no suites means the preset's. `made` is a suite made for this selection: then there is no
    other."""

    preset: Preset
    suites: tuple[str, ...] = ()
    axes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: Suite | None = None

    def named(self, axis: str) -> tuple[str, ...]:
        """The user's patterns on an axis; empty if the preset decides."""
        return self.axes.get(axis, ())

    def wants(self, axis: str, value: str, default: Iterable[str] = ("*",)) -> bool:
        """Whether a value is selected."""
        return any(fnmatchcase(value, pattern) for pattern in self.named(axis) or default)

    def names_devices(self) -> bool:
        """Whether devices were named, and not only what there is (`auto`, `gpu`): a backend that
        cannot drive one of them then says so in a row."""
        return bool({*self.named("device")} - {"auto", "gpu"})

    def spells_out(self, axis: str, value: str) -> bool:
        """Whether the user named this very value, and so sees a row even if it cannot run."""
        return value in self.named(axis)


LONGEST_WIDTH = 30
"""Digits; more than any machine's memory, and fewer than Python refuses to read."""


def check_known(axis: str, patterns: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError for the first pattern that matches nothing known, with near names."""
    names = list(known)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(f"no {axis} matches {pattern!r}", near(pattern, names))


def choose_widths(patterns: tuple[str, ...], swept: tuple[int, ...]) -> list[int]:
    """Widths of a sweep: numbers as they are, patterns among the swept. Raises: UsageError."""
    chosen: list[int] = []
    for pattern in patterns:
        if re.fullmatch(r"[+-]?[0-9]+", pattern):
            if len(pattern) > LONGEST_WIDTH:
                raise UsageError(f"a width of {len(pattern)} digits", "no machine holds that")
            if int(pattern) < 1:
                raise UsageError(f"width is {pattern}", "a width must be at least 1")
            chosen.append(int(pattern))
        elif any(character in pattern for character in "*?["):
            chosen += [width for width in swept if fnmatchcase(str(width), pattern)]
        else:
            raise UsageError(
                f"width {pattern!r} is neither a whole number nor a pattern",
                f"for instance {', '.join(map(str, swept))}, or '20*'",
            )
    return sorted(set(chosen))


def check_threads(patterns: tuple[str, ...], cores: int) -> tuple[str, ...]:
    """`all` or counts up to the number of cores. Raises: UsageError."""
    for text in patterns:
        if text != "all" and not (re.fullmatch("[0-9]+", text) and 1 <= int(text) <= cores):
            raise UsageError(f"threads is {text!r}", f"'all', or a number from 1 to {cores}")
    counts = (text if text == "all" else str(int(text)) for text in patterns)
    return tuple(dict.fromkeys("all" if "1" != text == str(cores) else text for text in counts))


def choose_devices(patterns: tuple[str, ...], present: tuple[str, ...]) -> tuple[str, ...]:
    """Device names: `auto` (the default) is every device present, `gpu` every one but the CPU.

    A device named outright is kept even where it is absent: its cells become `unsupported` rows. So
    is one of a kind unknown here if its number is given (`npu:0`): an extension of a framework may
    bring it. Raises: UsageError for a word that is no device, and for `gpu` where none is."""
    chosen: list[str] = []
    for pattern in patterns or ("auto",):
        kind, _, number = pattern.partition(":")
        if pattern == "auto":
            chosen += present
        elif pattern == "gpu":
            chosen += _accelerators(present)
        elif kind == "cpu" and not number:
            chosen.append("cpu")
        elif kind in ("cuda", "mps", "xpu") and re.fullmatch("[0-9]{0,3}", number):
            chosen.append(f"{kind}:{int(number or 0)}")
        elif re.fullmatch("[a-z][a-z0-9_]*:[0-9]{1,3}", pattern) and kind != "cpu":
            chosen.append(f"{kind}:{int(number)}")
        elif any(fnmatchcase(name, pattern) for name in present):
            chosen += [name for name in present if fnmatchcase(name, pattern)]
        else:
            raise UsageError(f"no device is called {pattern!r}", near(pattern, _DEVICE_WORDS))
    return tuple(dict.fromkeys(chosen))


def _accelerators(present: tuple[str, ...]) -> list[str]:
    found = [name for name in present if name != "cpu"]
    if not found:
        raise UsageError(
            f"no GPU was found here (devices: {', '.join(present)})",
            "name the one you mean if a framework knows it: --device cuda:0, mps, xpu:0",
        )
    return found


# Why a selection matches nothing although each of its values exists, and what would match.

MOST_REASONS = 3


def nothing_matches(
    selection: Selection,
    reasons: Iterable[str],
    matching: Callable[[Selection], Iterable[Cell]],
) -> UsageError:
    """The error. `reasons` are those of the cells that were named and cannot be, `matching` gives
    the cells of another selection that can be measured."""
    chosen = ", ".join(f"{axis} {' '.join(found)}" for axis, found in selection.axes.items())
    why = "; ".join(reason for reason, _ in Counter(reasons).most_common(MOST_REASONS))
    would = [
        f"--{axis} {' '.join(values)}"
        for axis in selection.axes
        if (values := _values(axis, matching(_without(selection, axis))))
    ]
    hint = f"the rest as it is, {' or '.join(would)} would match" if would else "drop an option"
    return UsageError(
        f"nothing matches the selection ({chosen or 'preset ' + selection.preset.name})"
        f": {why or 'no cell is all of that at once'}",
        f"{hint}; `xbench list` shows what there is",
    )


def _without(selection: Selection, axis: str) -> Selection:
    return replace(selection, axes={k: v for k, v in selection.axes.items() if k != axis})


def _values(axis: str, cells: Iterable[Cell]) -> list[str]:
    """The values that an axis takes, in the order met."""
    return list(dict.fromkeys(str(_value(axis, cell)) for cell in cells))


def _value(axis: str, cell: Cell) -> object:
    return cell.width if axis == "width" else getattr(cell.key, axis)
