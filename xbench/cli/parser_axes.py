"""Options of more than one command that measures, and values as people write them."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.errors import UsageError


def add_axes(parser: argparse.ArgumentParser) -> None:
    """The options that select cells."""
    axes = parser.add_argument_group("selection")
    axes.add_argument(
        "--suite", nargs="+", action="extend", default=[], metavar="NAME", help="suites, or FILE.py"
    )
    for axis, about in (
        ("op", "operations, e.g. matmul 'mlp_*'"),
        ("backend", "numpy, torch, tensorflow, jax"),
        ("device", "auto (all there are), cpu, gpu, cuda:1, mps, xpu"),
        ("mode", "eager, graph, compiled"),
        ("gradient", "none, manual, autograd, custom, default"),
        ("width", "hidden widths, e.g. 512 '20*'"),
        ("dtype", "float32, float64, float16, bfloat16"),
        ("threads", "all, or numbers"),
        ("allocator", "reuse (freed memory is kept), system (as shipped)"),
        ("cache", "warm, cold (calls take copies in turn that no cache holds together)"),
        ("math", "ieee, tf32 (float32 products may keep 11 bits of their factors)"),
    ):
        axes.add_argument(
            f"--{axis}", nargs="+", action=_Listed, default=[], metavar=axis.upper(), help=about
        )


def add_env(parser: argparse._ActionsContainer) -> None:
    """The option of the commands that measure a user's selection."""
    parser.add_argument(
        "--env",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="a variable that every worker gets; else a worker inherits only what a program needs "
        "to run (docs/environment.md), so that nothing in your shell changes its speed unseen. Its "
        "value is kept in the results and shown in reports: give no secret",
    )


def add_no_lock(parser: argparse._ActionsContainer) -> None:
    """The option of every command that measures."""
    parser.add_argument(
        "--no-lock",
        action="store_true",
        help="measure even while another run does; the figures are marked",
    )


class _Listed(argparse.Action):
    """Values of an axis, with blanks or commas between them, in one option or several."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option: str | None = None,
    ) -> None:
        words = [str(each) for each in values] if isinstance(values, list) else []
        named = [part for word in words for part in word.split(",") if part or word == ""]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *named])


def folder(text: str) -> Path:
    """A folder's name. Raises: UsageError for none, which would be the one we stand in."""
    if not text.strip():
        raise UsageError("the folder's name is empty", "name one, or . for this one")
    return Path(text)


def share(text: str) -> float:
    """`2%` or `0.02`. Raises: UsageError."""
    number = text.removesuffix("%").strip()
    try:
        value = float(number) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1.0:
        raise UsageError(f"{text!r} is no share between 0 and 1", "for instance 2% or 0.02")
    return value


def seconds(text: str) -> float:
    """`120s`, `120`, `5m` or `2h`, in seconds. Raises: UsageError."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    unit = text[-1:] if text[-1:] in units else ""
    try:
        value = float(text.removesuffix(unit)) * units.get(unit, 1.0)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise UsageError(f"{text!r} is no time", "for instance 120s, 5m or 2h")
    return value
