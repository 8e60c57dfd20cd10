"""Devices as users name them, and which backends then have rows."""

from __future__ import annotations

import pytest

from xbench.errors import UsageError
from xbench.plan.build import build_rows
from xbench.plan.select import Selection, choose_devices
from xbench.suites.presets import PRESETS


def test_devices() -> None:
    present = ("cpu", "cuda:0", "cuda:1")
    assert choose_devices((), present) == present
    assert choose_devices(("auto",), ("cpu",)) == ("cpu",)
    assert choose_devices(("gpu",), present) == ("cuda:0", "cuda:1")
    with pytest.raises(UsageError, match="no GPU was found"):
        choose_devices(("gpu",), ("cpu",))
    assert choose_devices(("npu:0", "mps"), ("cpu",)) == ("npu:0", "mps:0")
    assert choose_devices(("cuda", "cpu", "cuda:0"), ("cpu",)) == ("cuda:0", "cpu")
    assert choose_devices(("cuda:*",), present) == ("cuda:0", "cuda:1")


def test_only_a_device_named_outright_gives_rows_for_backends_that_cannot_drive_it() -> None:
    def shown(asked: str) -> set[tuple[str, str]]:
        axes: dict[str, tuple[str, ...]] = {
            "device": (asked,),
            "backend": ("numpy", "torch"),
            "op": ("matmul",),
        }
        devices = choose_devices((asked,), ("cpu", "cuda:0"))
        found = build_rows(Selection(PRESETS["quick"], (), axes), devices, 4)
        return {(row.cell.worker.backend, row.cell.worker.device) for row in found}

    everywhere = {("numpy", "cpu"), ("torch", "cpu"), ("torch", "cuda:0")}
    assert shown("auto") == everywhere
    assert shown("gpu") == {("torch", "cuda:0")}
    assert shown("cuda:0") == {("numpy", "cuda:0"), ("torch", "cuda:0")}
