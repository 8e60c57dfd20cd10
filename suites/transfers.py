"""What it costs to bring a tensor to a device and back; nothing to measure without one."""

from xbench.ops.suite import Suite, Sweep

SUITE = Suite(
    "transfers",
    "100 x width from host memory to the device, and back",
    (
        Sweep("host_to_device", "host_to_device 100×w", lambda w: {"n": 100, "w": w}),
        Sweep("device_to_host", "device_to_host 100×w", lambda w: {"n": 100, "w": w}),
    ),
)
