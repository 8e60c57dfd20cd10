"""A suite module of another package, with a slip in the name of an op."""

from __future__ import annotations

from xbench.backends.numpy_ops import FACTORIES
from xbench.ops.suite import Suite
from xbench.registry import implements

implements("twise", "numpy")(FACTORIES["matmul"])
SUITE = Suite("stray", "nothing", ())
