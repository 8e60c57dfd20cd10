"""A race in the caller's own process, at once: `fresh=False`.

Nothing is started, pinned or checked but that results agree. Calls of the contenders take turns in
an order drawn anew each round; their times share all that this process has, its memory layout and
its libraries' settings, so that no interval can be given."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from xbench.contracts import Policy, Tensors, Variant
from xbench.engine.run_plan import end_run
from xbench.engine.settings import make_header, new_run_id
from xbench.errors import UsageError
from xbench.extensions import resolve
from xbench.keys import CellKey
from xbench.machine.machine import this_machine
from xbench.plan.plan import MIN_ROUNDS, Plan
from xbench.racing.contender_backend import ADAPTER, wait_for
from xbench.racing.judging import Verdict, judge
from xbench.racing.look import Seen, told
from xbench.racing.outcome import Outcome
from xbench.racing.payload import Race, Sent, Workload, race_op, raced_here
from xbench.racing.planning import race_plan
from xbench.racing.request import Asked, Entry, Given

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
