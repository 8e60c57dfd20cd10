"""A race as its processes share it: what was asked for, written to a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xbench.racing.examine import reference_entry
from xbench.racing.outcome import Contender
from xbench.racing.payload import ArrayFile, Race, Sent, Workload
from xbench.racing.request import Asked, Entry, Given
from xbench.racing.sending import import_paths, pickled, source_lines


def contenders_of(asked: Asked, uncompared: Mapping[str, str]) -> tuple[Contender, ...]:
    """The contenders as an outcome names them."""
    return tuple(
        Contender(each.name, each.slug, mode, each.framework, uncompared.get(each.slug, ""))
        for each in asked.entries
        for mode in each.modes
    )


def write_payload(asked: Asked, folder: Path) -> Race:
    """Write the contenders and all arguments. Raises: UsageError naming what cannot be sent."""
    for entry in sent_entries(asked):
        data = pickled(f"the contender {entry.name!r}", entry.thing)
        (folder / contender_file(entry)).write_bytes(data)
        if entry.setup is not None:
            data = pickled(f"the setup of {entry.name!r}", entry.setup)
            (folder / setup_file(entry)).write_bytes(data)
    for given in asked.given:
        data = pickled(f"args({given.size.shown})", given.trees)
        (folder / arguments_file(given)).write_bytes(data)
    return described(asked, folder).write(folder)


def sent_entries(asked: Asked) -> list[Entry]:
    """The contenders, and what a single source is compared with."""
    return [*asked.entries, *([reference_entry(asked)] if asked.compare == "verified" else [])]


def contender_file(entry: Entry) -> str:
    """The file that holds a contender."""
    return f"{entry.slug}.contender"


def setup_file(entry: Entry) -> str:
    """The file that holds its setup; "" where it has none."""
    return "" if entry.setup is None else f"{entry.slug}.setup"


def arguments_file(given: Given) -> str:
    """The file that holds the arguments of one size."""
    return f"arguments-{given.size.width}"


def described(asked: Asked, folder: Path) -> Race:
    """The race, with the arrays of its arguments written to the folder."""
    contenders = {each.slug: _sent(each) for each in sent_entries(asked)}
    workloads = {each.size.width: _workload(each, folder) for each in asked.given}
    return Race(asked.dtype, contenders, workloads, tuple(import_paths()), folder=folder)


def _sent(entry: Entry) -> Sent:
    return Sent(
        entry.name,
        entry.slug,
        entry.framework,
        entry.modes,
        contender_file(entry),
        setup_file(entry),
        entry.asked,
        entry.one_source,
        bool(entry.unchecked),
        source_lines(entry.thing),
    )


def _workload(given: Given, folder: Path) -> Workload:
    import numpy as np

    width = given.size.width
    operands: dict[str, ArrayFile] = {}
    for number, (name, values) in enumerate(given.arrays.items()):
        file = f"operand-{width}-{number}.npy"
        np.save(folder / file, values, allow_pickle=False)
        operands[name] = ArrayFile(file, values.shape, str(values.dtype))
    return Workload(arguments_file(given), given.names, operands)
