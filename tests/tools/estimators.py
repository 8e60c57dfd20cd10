"""Which estimator of one launch's ratio errs least? One table, simulated or from real journals.

    python tests/tools/estimators.py [--trials 300] [--launches 5] [--launch-sd 0.01] [JOURNAL …]

Without journals: two identical cells on the simulated machines of `machines.py`, at three sizes of
burst that fill the same time. `--launch-sd` is what each launch adds to each cell by chance; no
estimator can undo it, so 0 shows the estimators alone. With journals (`run.jsonl`): every group of
two cells is a trial, and both cells must be the same code. Printed for each estimator and scenario:
RMS of ln ratio in percent, whose truth is 0, over trials; the worst; how many of 100 t intervals
at 95 % over launches hold 0. The last column is the largest RMS.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tests_on_path  # noqa: F401

from helpers.candidates import CANDIDATES
from helpers.estimates import Trial, from_journal, row
from helpers.machines import MACHINES, simulate

SIZES = ((30, 0.040), (60, 0.020), (150, 0.008))  # rounds, seconds of a burst
SEED = 43052


def simulated(trials: int, launches: int, launch_sd: float) -> dict[str, list[Trial]]:
    """Trials on each machine, a third of them at each size."""
    found: dict[str, list[Trial]] = {}
    for name, machine in MACHINES.items():
        rng = np.random.default_rng(SEED)
        count = -(-trials // len(SIZES))
        for rounds, burst_s in SIZES:
            many = simulate(machine, rng, count * launches, rounds, burst_s, launch_sd=launch_sd)
            parts = [many[k : k + launches] for k in range(0, len(many), launches)]
            found.setdefault(name, []).extend(parts)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("journals", nargs="*", type=Path)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--launches", type=int, default=5)
    parser.add_argument("--launch-sd", type=float, default=0.01)
    args = parser.parse_args()
    if args.journals:
        scenarios = {path.parent.name: from_journal(path) for path in args.journals}
        scenarios = {name: trials for name, trials in scenarios.items() if trials}
        if not scenarios:
            parser.error(f"no groups of two cells in {', '.join(map(str, args.journals))}")
    else:
        scenarios = simulated(args.trials, args.launches, args.launch_sd)
    counts = ", ".join(f"{name} {len(trials)}" for name, trials in scenarios.items())
    print(f"RMS % | worst % | coverage % of ln ratio; trials: {counts}\n")
    print("| ".join([f"| {'estimator':48}", *(f"{name:13}" for name in scenarios), "largest |"]))
    print("| --- " * (len(scenarios) + 2) + "|")
    for name in CANDIDATES:
        print(row(name, scenarios), flush=True)


if __name__ == "__main__":
    main()
