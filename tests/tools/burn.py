"""Disturb whatever else runs here: one core is busy in random bursts, 1 s on average, 1.5 s apart,
until standard input is closed. `tests/tools/aa.py` and `no_change.py` start it."""

from __future__ import annotations

import random
import select
import sys
import time

PAUSE_S, BURST_S = 1.5, 1.0


def main() -> None:
    """Rest, then burn, always the same times."""
    drawn = random.Random(1)
    while not select.select([sys.stdin], [], [], drawn.expovariate(1 / PAUSE_S))[0]:
        end = time.perf_counter() + drawn.expovariate(1 / BURST_S)
        while time.perf_counter() < end:
            pass


if __name__ == "__main__":
    main()
