"""`xbench list`: what there is, and why what is not there is not."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command has no options; `main` is the handler."""
    parser.description = (
        "List the machine's devices and the backends, suites, ops and presets. For a backend "
        "that is not installed, it says how to install it."
    )
    parser.set_defaults(handler=main)


def main(options: argparse.Namespace) -> int:
    """Print the lists. Imports no framework."""
    from xbench.machine.machine import devices, this_machine
    from xbench.ops import OPS
    from xbench.registry import backend_paths, left_out, load_suite, presets, suite_paths
    from xbench.text import plural, show_bytes

    machine = this_machine()
    size = f"{plural(machine.cores, 'core')}, {show_bytes(machine.ram_bytes)}"
    print(f"machine   {machine.cpu}, {size}; devices {', '.join(devices())}")
    print("\nbackends")
    for name in backend_paths():
        for line in _backend_lines(name):
            print(f"  {line}")
    for line in left_out():
        print(f"  {line}")
    print("\nsuites")
    for name in suite_paths():
        suite = load_suite(name)
        print(f"  {name:14} {suite.about}")
        print(f"  {'':14} ops: {', '.join(suite.ops())}")
    print("\nops")
    for name, op in OPS.items():
        gradients = "" if op.gradients == ("none",) else f"  gradients: {', '.join(op.gradients)}"
        halves = f"  not in 16 bits: {op.why_not_16_bits}" if op.why_not_16_bits else ""
        print(f"  {name:21} {'-'.join(op.params)}{gradients}{halves}")
    print("\npresets")
    for preset in presets().values():
        print(f"  {preset.name:14} {preset.about}")
    return 0


def _backend_lines(name: str) -> list[str]:
    """What a backend can do, or how to install it."""
    from xbench.contracts import GRADIENTS, Variant
    from xbench.registry import load_backend

    backend = load_backend(name)
    probe = backend.probe()
    if not probe.installed:
        return [f"{name:12} not installed: {probe.hint}"]
    modes = ", ".join(probe.modes)
    lines = [f"{name:12} {probe.version:12} modes {modes}; can drive {probe.kinds}"]
    lines.append(f"{'':12} dtypes       {', '.join(probe.dtypes)}")
    for gradient in GRADIENTS[1:]:
        reason = backend.supports("mlp_train", "float32", Variant("eager", gradient))
        default = " (default)" if gradient == probe.default_gradient else ""
        answer = f"no: {reason}" if reason else f"yes{default}"
        lines.append(f"{'':12} {gradient:12} {answer}")
    return lines
