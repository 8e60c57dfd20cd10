"""A race from its call to what it found."""

from __future__ import annotations

import secrets
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xbench.engine.launch_draws import LaunchDraws
from xbench.engine.progress import Progress, SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header, new_run_id
from xbench.engine.workers import Workers
from xbench.errors import UsageError
from xbench.machine.lock import MachineLease, one_at_a_time
from xbench.machine.machine import this_machine
from xbench.racing.contender_backend import ADAPTER
from xbench.racing.contenders import FRAMEWORKS
from xbench.racing.examine import look_at_all, look_in, looked_at, worker_key
from xbench.racing.judging import judge
from xbench.racing.one_process import raced_in_this_process
from xbench.racing.outcome import Outcome, TemporaryFolder
from xbench.racing.payload import (
    LOADER,
    loaded_race,
    race_op,
    raced_here,
)
from xbench.racing.planning import race_plan
from xbench.racing.request import (
    Asked,
    Check,
    main_dtype,
    read_arguments,
    read_check,
    read_contenders,
    read_time,
)
from xbench.racing.sharing import contenders_of, write_payload
from xbench.records.journal import make_run_folder
from xbench.records.schema import WorkerLine
from xbench.registry import in_one_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from xbench.plan.plan import Plan

LONGER_S = 5.0
"""By how much any budget may be exceeded for the first launch, as on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `xbench.race` as they were given."""

    args: Any = ()
    over: Any = None
    budget: str | float = "20s"
    backends: Any = None
    device: str = "cpu"
    mode: Any = None
    dtype: str | None = None
    threads: int | str = "all"
    launches: int | None = None
    target: float | None = None
    check: Check = True
    setup: Any = None
    fresh: bool = True


def run_race(
    contenders: Any,
    options: Options,
    progress: Callable[[Plan], Progress] | None = None,
    command: list[str] | None = None,
) -> Outcome:
    """Race these contenders. Raises: UsageError."""
    asked = read_race_request(contenders, options)
    if not asked.fresh:
        return raced_in_this_process(asked)
    said = command or ["xbench.race", *(each.name for each in asked.entries)]
    folder = TemporaryFolder()
    try:
        with one_at_a_time(said, True, _say, beside="") as lease:
            return _measured(asked, folder, lease, progress, said)
    except BaseException:
        folder.remove()
        raise


def read_race_request(contenders: Any, options: Options) -> Asked:
    """What is raced, with all arguments made. Raises: UsageError."""
    budget_s = read_time(options.budget)
    given = read_arguments(options.args, options.over, options.dtype)
    kinds = given[0].kinds
    default = kinds[0] if len(kinds) == 1 and kinds[0] in FRAMEWORKS else "numpy"
    entries = read_contenders(contenders, options.backends, options.mode, options.setup, default)
    entries, compared = read_check(entries, options.check)
    threads = str(options.threads)
    if threads != "all" and not (threads.isdecimal() and int(threads) > 0):
        raise UsageError(f"threads is {options.threads!r}", 'a number, or "all"')
    if options.launches is not None and options.launches < 1:
        raise UsageError(f"launches is {options.launches}", "at least 1; 3 for an interval")
    return Asked(
        entries,
        given,
        main_dtype(given, options.dtype),
        options.device,
        threads,
        budget_s,
        compared,
        options.launches,
        options.target,
        options.fresh,
    )


def _say(text: str) -> None:
    print(f"xbench: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _measured(
    asked: Asked,
    folder: TemporaryFolder,
    lease: MachineLease,
    progress: Callable[[Plan], Progress] | None,
    command: list[str],
) -> Outcome:
    began = time.monotonic()
    payload = folder.path / "payload"
    payload.mkdir()
    race = write_payload(asked, payload)
    settings = Settings(
        secrets.randbelow(1 << 31),
        make_run_folder(folder.path, "run"),
        (str(payload / LOADER),),
        ceilings=False,
        unlocked=lease.unlocked,
    )
    cores = this_machine().cores
    adapters = {slug: f"{ADAPTER}{slug}" for slug in race.contenders}
    draws = LaunchDraws(settings.seed, 0)
    with (
        raced_here(payload),
        in_one_run(race_op(loaded_race, race), adapters),
        Workers(settings, 0, cores, _unrecorded, draws) as workers,
    ):
        opening = time.monotonic()
        workers.start([worker_key(*each, asked) for each in looked_at(asked)])
        open_s = time.monotonic() - opening
        verdict = judge(race, asked, look_at_all(asked, look_in(workers, asked)))
        verdict.race.write(payload)
        loaded_race()
        left_s = max(asked.budget_s - (time.monotonic() - began), 0.1)
        plan = race_plan(asked, verdict.known, open_s, left_s, cores)
        header = make_header(plan, new_run_id(), "race", command, settings.seed)
        shown = progress(plan) if progress is not None else SilentProgress()
        budgeted = replace(settings, budget_s=_for_one_launch(plan, left_s, asked.budget_s))
        run, _ = run_plan(plan, budgeted, header, shown, first=workers)
    sizes = tuple(each.size for each in asked.given)
    checked = asked.compare if verdict.exact else "agree"
    return Outcome(run, contenders_of(asked, verdict.uncompared), sizes, checked, folder=folder)


def _for_one_launch(plan: Plan, left_s: float, budget_s: float) -> float:
    """What is left of a budget, or what one launch takes: something is measured where that is not
    much longer. A late answer is better than none."""
    needed_s = 1.1 * sum(plan.group_cost_s(group, oracle=True) for group in plan.groups)
    longer_s = max(0.5 * budget_s, LONGER_S)
    return needed_s if left_s < needed_s <= left_s + longer_s else left_s


def _unrecorded(line: WorkerLine) -> None:
    """Workers are told of when they are handed over to the run."""
