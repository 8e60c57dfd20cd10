"""xbench: cross-framework benchmarks whose numbers hold. See ARCHITECTURE.md for the map.

`xbench.load("xbench-results/...")` reads a stored run.
`xbench.race({"one": f, "other": g}, args=...)` measures your own functions against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from xbench.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from xbench.reports.race_results import RaceResult
    from xbench.reports.results import Results

__all__ = ["__version__", "load", "op", "race"]

F = TypeVar("F", bound="Callable[..., Any]")


def load(path: str | Path, reference: str | None = None) -> Results:
    """A stored run; see `xbench.reports.results.load`, imported late: the command line is quick."""
    from xbench.reports.results import load as read

    return read(path, reference)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext xbench`: adds the cell magic `%%race`."""
    from xbench.notebook import add_magic

    add_magic(shell)


def race(
    contenders: Any,
    args: Any = (),
    *,
    over: Any = None,
    budget: str | float = "20s",
    backends: Any = None,
    device: str = "cpu",
    mode: Any = None,
    dtype: str | None = None,
    threads: int | str = "all",
    launches: int | None = None,
    target: float | None = None,
    check: Any = True,
    setup: Any = None,
    fresh: bool = True,
) -> RaceResult:
    """Measure functions against each other; `docs/race.md` says how, by examples.

    `contenders`: callables by name, "module:name", or lines of source; or one function of `xp` and
    the arguments, which runs on all `backends`. `args`: a tuple of arguments, or a function of a
    size of `over` that makes it; with a dictionary they are given by name. `budget`: time for all
    of it. `backends`: by name of a contender whose arrays it takes, where it does not tell.
    `mode`: "eager", "graph", "compiled", or several, applied in the worker; None runs each as it
    is. `dtype`: what arguments that are floats are converted to. `launches`, `target`: how many
    fresh processes each gets, or how precise ratios must be, as a share. `check`: "agree" compares
    one source with itself too and not with float64, False compares nothing, {"name": "why"} leaves
    one out. `setup`: makes a state of the arguments, in the worker and untimed, which is then the
    first argument. `fresh=False` measures in this process, at once and without intervals.

    Raises: xbench.errors.UsageError with one sentence and the next step."""
    from xbench.racing.race import Options, run_race
    from xbench.reports.race_results import RaceResult

    options = Options(
        args=args,
        over=over,
        budget=budget,
        backends=backends,
        device=device,
        mode=mode,
        dtype=dtype,
        threads=threads,
        launches=launches,
        target=target,
        check=check,
        setup=setup,
        fresh=fresh,
    )
    return RaceResult(run_race(contenders, options))


def op(
    *, args: Callable[[int], Any], over: Iterable[int], name: str | None = None
) -> Callable[[F], F]:
    """Decorator: a function of `xp` (a framework's namespace, by the Python array API standard) and
    its arguments becomes an op, on every backend. `args` gives the arguments of a size of `over`,
    arrays of floats among them. Its file is then a suite: `xbench run --suite FILE.py`.

    Raises: xbench.errors.UsageError where the name is taken."""
    from xbench.racing.declared import declared

    return lambda function: declared(function, args, over, name)
