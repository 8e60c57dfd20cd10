"""Users' suite files: Python files that define `SUITE`, and may define ops and their factories."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from xbench.errors import UsageError, XbenchError
from xbench.plugins import resolve

if TYPE_CHECKING:
    from xbench.plan.suite import Suite


def load_suites(names: Iterable[str]) -> None:
    """Have users' ops known in this process: of files, and of modules as "module:attribute"."""
    for name in names:
        if name.endswith(".py"):
            load_suite_file(Path(name))
        else:
            resolve(name)


_loaded: dict[Path, Suite] = {}


def load_suite_file(path: Path) -> Suite:
    """Run the file once and return its `SUITE`. Raises: UsageError, saying what is wrong."""
    from xbench.plan.suite import Suite

    where = path.resolve()
    if where in _loaded:
        return _loaded[where]
    if not where.is_file():
        raise UsageError(f"there is no suite file {path}", "give the path of a Python file")
    name = f"xbench_suite_{len(_loaded)}_{where.stem}"
    source = importlib.util.spec_from_file_location(name, where)
    if source is None or source.loader is None:
        raise UsageError(f"{path} is not a Python file", "its name must end in .py")
    module = importlib.util.module_from_spec(source)
    sys.modules[name] = module
    try:
        source.loader.exec_module(module)
    except XbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path}: {type(error).__name__}: {error}", "mend the file") from error
    suite = getattr(module, "SUITE", None)
    if not isinstance(suite, Suite):
        raise UsageError(f"{path} defines no SUITE", "SUITE = Suite(name, about, sweeps)")
    _loaded[where] = suite
    return suite
