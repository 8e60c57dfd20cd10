"""host_to_device and device_to_host: a tensor copied between host memory and the policy's device.

Their bytes are those that cross the link once; what either memory moves for it is not counted, so
that GB/s is the link's rate. On the CPU there is nothing to cross, and `why_not` says so.
"""

from __future__ import annotations

from dataclasses import replace

from xbench.contracts import Spec
from xbench.workloads.base import ITEM_BYTES, Cost
from xbench.workloads.streams import COPY


def _cost(spec: Spec) -> Cost:
    crossing = spec["n"] * spec["w"] * ITEM_BYTES[spec.dtype]
    return Cost(0, crossing, crossing, operators=1)


HOST_TO_DEVICE = replace(COPY, name="host_to_device", cost=_cost, on_host=("x",), streams=False)
DEVICE_TO_HOST = replace(COPY, name="device_to_host", cost=_cost, on_host=("y",), streams=False)
