"""The user's own layer sizes as a suite: a network or a product of sizes that no suite sweeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from xbench.errors import UsageError
from xbench.ops.suite import Suite, Sweep
from xbench.text import plural

BATCH = 64
"""Samples, where the user does not say."""

TRAINING: Mapping[str, Mapping[str, int | str]] = {
    "mlp_train": {"optimizer": "adam", "loss": "mse"},
    "mlp_backward": {"loss": "mse"},
}
"""What else an op is told: one step of Adam, mean squared error."""

NETWORKS = ("mlp_forward", "mlp_backward", "mlp_train", "mlp_forward_recorded")
PRODUCTS = ("matmul", "linear", "linear_layer")
SIZES: Mapping[int, tuple[tuple[str, ...], str]] = {
    2: (PRODUCTS, "inputs and outputs"),
    3: (NETWORKS, "inputs, hidden units and outputs"),
}
"""For so many sizes: the ops that have them, and what they are."""

FOR_INSTANCE = "for instance --op mlp_train --layers 784,4096,10, or --op matmul --layers 784,4096"


def read_layers(text: str) -> tuple[int, ...]:
    """`784,4096,10`. Raises: UsageError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and len(part) < 10 and int(part) > 0 for part in parts):
        raise UsageError(f"--layers is {text[:80]!r}", f"whole numbers, {FOR_INSTANCE}")
    return tuple(map(int, parts))


def layers_suite(layers: tuple[int, ...], batch: int, wants: Callable[[str], bool]) -> Suite:
    """A suite with a sweep for each op wanted that has so many sizes; the width of its cells is the
    hidden size, or the outputs of a product. Raises: UsageError where no such op is wanted, and for
    a network of more layers."""
    if batch < 1:
        raise UsageError(f"--batch is {batch}", "a number of samples, at least 1")
    if len(layers) > max(SIZES):
        raise UsageError(
            f"--layers names {plural(len(layers) - 2, 'hidden layer')}, and the networks here have "
            "one",
            "give three sizes: inputs, hidden units and outputs; for another network, race your "
            "own code (docs/race.md)",
        )
    ops, _ = SIZES.get(len(layers), ((), ""))
    chosen = [op for op in ops if wants(op)]
    if not chosen:
        takes = "; ".join(
            f"{' '.join(ops)}: {count} sizes ({names})" for count, (ops, names) in SIZES.items()
        )
        raise UsageError(
            f"no op of the selection takes {plural(len(layers), 'size')}, as --layers gives", takes
        )
    sweeps = tuple(_sweep(op, layers, batch) for op in chosen)
    return Suite("layers", "layer sizes of the user's own", sweeps)


def _sweep(op: str, layers: tuple[int, ...], batch: int) -> Sweep:
    if op in PRODUCTS:
        inputs, outputs = layers
        params = partial(_product, batch, inputs)
        return Sweep(op, f"{op} {batch}×{inputs}×w", params, (outputs,))
    inputs, hidden, outputs = layers
    also = TRAINING.get(op, {})
    network = partial(_network, batch, inputs, outputs, also)
    return Sweep(op, f"{op} {batch}×{inputs}→w→{outputs}", network, (hidden,))


def _product(batch: int, inputs: int, width: int) -> dict[str, int | str]:
    return {"m": batch, "k": inputs, "n": width}


def _network(
    batch: int, inputs: int, outputs: int, also: Mapping[str, int | str], width: int
) -> dict[str, int | str]:
    return {"n": batch, "d": inputs, "h": width, "o": outputs, **also}
