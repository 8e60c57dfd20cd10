"""TensorFlow's own asynchronous executor, on the CPU: dispatch returns before the work is done, and
the fence that the adapter has for devices waits for it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from xbench.process.child import ROOT

CODE = """
import json, time
import numpy as np
import tensorflow as tf
from xbench.backends.tensorflow_backend import TensorflowBackend
from xbench.contracts import Policy, Spec, Variant

class OnDevice(TensorflowBackend):
    # The policy says a device, so that the device's fence is the one in use.
    def open(self, policy):
        super().open(policy)
        tf.config.experimental.set_synchronous_execution(False)
        self._policy = Policy("cuda:0", "eager", policy.threads, "ieee", "reuse")

SIZE, CALLS = 700, 8
backend = OnDevice()
backend.open(Policy("cpu", "eager", 1, "ieee", "reuse"))
spec = Spec("matmul", tuple((name, SIZE) for name in "mkn"), "float32")
step = backend.ops["matmul"](backend, spec, Variant("eager", "none"))
batch = {name: backend.put(np.ones((SIZE, SIZE), "float32")) for name in "ab"}
step.run({}, batch)
backend.fence({})
found = []
for fenced in (True, False) * 5:
    start = time.perf_counter()
    for _ in range(CALLS):
        _, outputs = step.run({}, batch)
    dispatched = time.perf_counter()
    if fenced:
        backend.fence(outputs)
    claimed = time.perf_counter()
    value = float(outputs["y"].numpy()[0, 0])
    read = time.perf_counter()
    found.append([dispatched - start, claimed - start, read - claimed, value])
print(json.dumps(found))
"""


@pytest.mark.framework
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="no TensorFlow here")
def test_the_devices_fence_waits_for_an_asynchronous_executor() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {value for *_, value in found} == {700.0}
    # of several tries, since others may need the core for a while
    dispatch, fence, read = (min(each[place] for each in found[::2]) for place in range(3))
    late = max(late for _, _, late, _ in found[1::2])
    assert dispatch < 0.5 * fence  # the calls had returned long before
    assert read < 0.2 * fence  # after the fence the result was there
    assert late > 0.5 * fence  # without it, reading waited for the work
