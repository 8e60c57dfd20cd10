"""Options that several commands have, and the values that people write for them."""

from __future__ import annotations

import argparse
from pathlib import Path

from xbench.defaults import RESULTS, SEED
from xbench.errors import RecordError, UsageError


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that select cells: a preset, and what differs from it."""
    parser.add_argument(
        "--preset", default="quick", metavar="NAME", help="smoke, quick (the default) or full"
    )
    axes = parser.add_argument_group(
        "selection",
        "Each option takes one value or several. A value may be a pattern with * and ?. What you "
        "do not select is as in the preset.",
    )
    axes.add_argument(
        "--suite",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="names of suites, or a file with your own suite (my_ops.py)",
    )
    for axis, about in (
        ("op", "operations, for instance matmul 'mlp_*'"),
        ("backend", "numpy, torch, tensorflow, jax"),
        ("device", "auto (all devices found), cpu, gpu, cuda:1, mps, xpu"),
        ("mode", "eager, graph, compiled"),
        ("gradient", "none, manual, autograd, custom, default"),
        ("width", "hidden widths, for instance 512 '20*'"),
        ("dtype", "float32, float64, float16, bfloat16"),
        ("threads", "numbers of threads, or all"),
        ("allocator", "reuse (keeps freed memory), system (with its own settings)"),
        ("cache", "warm, cold (calls take turns on copies that no cache holds together)"),
        ("math", "ieee, tf32 (float32 products may round their factors to 11 bits)"),
    ):
        axes.add_argument(
            f"--{axis}",
            nargs="+",
            action=_ListOfNames,
            default=[],
            metavar=axis.upper(),
            help=about,
        )


def add_rounds(parser: argparse._ActionsContainer) -> None:
    """How much is measured within a launch."""
    parser.add_argument(
        "--rounds",
        type=int,
        metavar="N",
        help="rounds in each launch, at least 7 (default: as many as the time allows)",
    )
    parser.add_argument(
        "--group-budget",
        type=seconds,
        metavar="TIME",
        help="time in each launch for the rounds of one workload, which its cells share, for "
        "instance 2s (default: from the preset)",
    )


def add_seed(parser: argparse._ActionsContainer) -> None:
    """The seed of everything that is drawn at random."""
    parser.add_argument(
        "--seed",
        type=int,
        default=SEED,
        metavar="N",
        help=f"seed of the input data and of the random orders (default {SEED})",
    )


def add_env(parser: argparse._ActionsContainer) -> None:
    """The option of the commands that measure a user's selection."""
    parser.add_argument(
        "--env",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="set environment variables of every worker. Of your shell's variables, a worker "
        "inherits only those that programs need to run (docs/environment.md), so that no other "
        "changes a speed unseen. The values are stored in the results and shown in reports: do not "
        "give a secret",
    )


def add_no_lock(parser: argparse._ActionsContainer) -> None:
    """The option of every command that measures."""
    parser.add_argument(
        "--no-lock",
        action="store_true",
        help="measure even while another run measures on this machine; the results are marked",
    )


def add_new_runs_folder(parser: argparse._ActionsContainer) -> None:
    """Where the folder of a new run is made."""
    parser.add_argument(
        "--out",
        type=folder,
        default=Path(RESULTS),
        metavar="DIR",
        help=f"make the run's folder in this one (default {RESULTS})",
    )


def add_stored_runs_folder(parser: argparse._ActionsContainer, option: str) -> None:
    """Where the stored runs are; `option` is the option's name, which differs."""
    parser.add_argument(
        option,
        type=Path,
        default=Path(RESULTS),
        metavar="DIR",
        help=f"the folder of the stored runs (default {RESULTS})",
    )


def add_verdict(parser: argparse._ActionsContainer) -> None:
    """The options of a verdict on stored runs."""
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with status 4 if a cell is a candidate or inconclusive",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write verdict.json and summary.md to this folder"
    )


class _ListOfNames(argparse.Action):
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
        raise UsageError("the name of a folder is empty", "name one, or . for the current one")
    return Path(text)


def newest_run(results: Path) -> Path:
    """The newest run's folder. Raises: RecordError if there is none."""
    from xbench.records.journal import JOURNAL

    found = sorted(results.glob(f"*/{JOURNAL}"))
    if not found:
        raise RecordError(f"there are no runs in {results}", "run `xbench run` first")
    return found[-1].parent


def layers(text: str) -> tuple[int, ...]:
    """`784,4096,10`. Raises: UsageError."""
    from xbench.plan.layers import read_layers

    return read_layers(text)


def share(text: str) -> float:
    """`2%` or `0.02`. Raises: UsageError."""
    from xbench.text import read_share

    value = read_share(text)
    if value is None:
        raise UsageError(f"{text!r} is not a share between 0 and 1", "for instance 2% or 0.02")
    return value


def seconds(text: str) -> float:
    """`120s`, `120`, `5m` or `2h`, in seconds. Raises: UsageError."""
    from xbench.text import read_seconds

    value = read_seconds(text)
    if value is None:
        raise UsageError(f"{text!r} is not a time", "for instance 120s, 5m or 2h")
    return value
