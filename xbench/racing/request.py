"""What a race was asked for, checked: contenders, sizes with their arguments, how to measure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from xbench.contracts import MODES, Mode, Tensors
from xbench.errors import UsageError
from xbench.ops.base import ITEM_BYTES
from xbench.racing.contenders import (
    FRAMEWORKS,
    framework_of,
    mode_of,
    read_contender,
)
from xbench.racing.outcome import Size
from xbench.racing.payload import TOKEN
from xbench.racing.trees import Tree, host_array, kind_of, take_apart
from xbench.registry import load_backend
from xbench.text import near, read_seconds, shortened

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Check = bool | Literal["agree"] | Mapping[str, bool | str]
NO_COMPILER = ("numpy",)
"""Frameworks that compile nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender: what it is, whose arrays it takes, in which modes it runs. `asked`: those
    modes are applied to it; else it runs as it is. `unchecked` says why it is compared with
    nothing."""

    name: str
    slug: str
    thing: Any
    framework: str
    modes: tuple[Mode, ...]
    asked: bool = False
    one_source: bool = False
    unchecked: str = ""
    setup: Any = None


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of one size: their trees, their names if they were given by name, their arrays
    on the host, and the frameworks that these are of."""

    size: Size
    trees: tuple[Tree, ...]
    names: tuple[str, ...]
    arrays: dict[str, Array]
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A race as it was asked for. `compare`: how results are checked: `verified` against float64 on
    NumPy, `agree` with each other, `unchecked`."""

    entries: tuple[Entry, ...]
    given: tuple[Given, ...]
    dtype: str
    device: str
    threads: str
    budget_s: float
    compare: Literal["verified", "agree", "unchecked"]
    launches: int | None = None
    target: float | None = None
    fresh: bool = True


def read_time(given: str | float) -> float:
    """Seconds of `20s`, `500ms`, `2m`, or of a number. Raises: UsageError."""
    seconds = read_seconds(str(given))
    if seconds is None:
        raise UsageError(f"budget is {given!r}", 'give seconds, or a text such as "20s" or "2m"')
    return seconds


# Arguments.


def read_arguments(args: Any, over: Any, dtype: str | None) -> tuple[Given, ...]:
    """The arguments of every size, made now. Raises: UsageError."""
    if callable(args) and not kind_of(args):
        if over is None:
            raise UsageError(
                "args is a function, and no sizes are given for it", "add over=[64, 512]"
            )
        sizes = _sizes(over)
        return tuple(_given(size, _made(args, size), dtype) for size in sizes)
    if over is not None:
        raise UsageError(
            "over gives sizes, and args is no function of a size",
            "give args=lambda n: (...), or leave over out",
        )
    return (_given(Size(None, 1, ""), args, dtype),)


def _sizes(over: Any) -> tuple[Size, ...]:
    """Sizes as given; those that are whole numbers are their own width."""
    found = list(over) if isinstance(over, Iterable) and not isinstance(over, str) else [over]
    if not found:
        raise UsageError("over holds no size", "for instance over=[64, 512]")
    whole = all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in found)
    sizes = [
        Size(each, each if whole else place, shortened(str(each), 40))
        for place, each in enumerate(found, 1)
    ]
    if len({size.width for size in sizes}) < len(sizes):
        raise UsageError("over names a size twice", "name each size once")
    return tuple(sizes)


def _made(args: Callable[[Any], Any], size: Size) -> Any:
    try:
        return args(size.given)
    except MemoryError:
        raise UsageError(
            f"args({size.shown}) does not fit into memory", "give smaller sizes in `over`"
        ) from None
    except Exception as error:
        from xbench.racing.look import told

        raise UsageError(f"args({size.shown}) raised {told(error)}", "repair args") from None


def _given(size: Size, made: Any, dtype: str | None) -> Given:
    names: tuple[str, ...] = ()
    if isinstance(made, Mapping):
        names, made = tuple(map(str, made)), tuple(made.values())
    elif not isinstance(made, tuple):
        made = (made,)
    arrays: Tensors = {}
    labels = names or tuple(f"a{place}" for place in range(len(made)))
    trees = tuple(take_apart(each, label, arrays) for each, label in zip(made, labels, strict=True))
    hosts: dict[str, Array] = {}
    for name, each in arrays.items():
        host = host_array(each)
        assert host is not None  # it was taken for an array
        hosts[name] = _cast(host, dtype)
    kinds = tuple(dict.fromkeys(map(kind_of, arrays.values())))
    return Given(size, trees, names, hosts or {TOKEN: _token()}, kinds)


def _token() -> Array:
    import numpy as np

    return np.ones(1)


def _cast(host: Array, dtype: str | None) -> Array:
    from xbench.ops.rounding import rounded

    if dtype is None or host.dtype.kind != "f":
        return host
    return rounded(host.astype("float32"), dtype) if dtype == "bfloat16" else host.astype(dtype)


def main_dtype(given: Sequence[Given], dtype: str | None) -> str:
    """The dtype that a race goes by: the one asked for, or the narrowest of the arguments' floats.

    Raises: UsageError for one that is not known."""
    if dtype is not None:
        if dtype not in ITEM_BYTES:
            raise UsageError(f"dtype is {dtype!r}", near(str(dtype), ITEM_BYTES))
        return dtype
    found = {str(host.dtype) for each in given for host in each.arrays.values()}
    known = [name for name in ("float16", "float32", "float64") if name in found]
    return known[0] if known else "float64"


# Contenders.


def slugs(names: Iterable[str]) -> list[str]:
    """Names that can stand in a cell's id, each once: what cannot becomes `-`."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.+-]+", "-", name).strip("-.")[:48] or "contender"
        number, slug = 2, plain
        while slug in found:
            number, slug = number + 1, f"{plain}-{number}"
        found.append(slug)
    return found


def read_contenders(
    contenders: Any, backends: Any, mode: Any, setup: Any, default: str
) -> tuple[Entry, ...]:
    """The contenders as entries. Raises: UsageError."""
    if callable(contenders) and not isinstance(contenders, Mapping):
        return _of_one_source(contenders, backends, _modes(mode), setup)
    if not isinstance(contenders, Mapping):
        given = [contenders] if isinstance(contenders, str) else list(contenders or [])
        contenders = {_name_of(each): each for each in given}
        if len(contenders) < len(given):
            raise UsageError("two contenders have one name", "give a dictionary of names")
    if not contenders:
        raise UsageError("a race without contenders", 'give {"name": function, ...}')
    kinds = backends if isinstance(backends, Mapping) else {}
    _known(kinds, contenders, "backends")
    setups = setup if isinstance(setup, Mapping) else dict.fromkeys(contenders, setup)
    _known(setups, contenders, "setup")
    modes, found = _modes(mode), list[Entry]()
    for (name, given), slug in zip(contenders.items(), slugs(map(str, contenders)), strict=True):
        thing = read_contender(given)
        framework = kinds.get(name) or framework_of(thing) or default
        if framework not in FRAMEWORKS:
            raise UsageError(f"backends[{name!r}] is {framework!r}", near(framework, FRAMEWORKS))
        mine = tuple(m for m in modes if m == "eager" or framework not in NO_COMPILER) or ("eager",)
        asked = bool(modes)
        own = mine if asked else (mode_of(thing),)
        found.append(Entry(str(name), slug, thing, framework, own, asked, setup=setups.get(name)))
    return tuple(found)


def _of_one_source(
    function: Any, backends: Any, modes: tuple[Mode, ...], setup: Any
) -> tuple[Entry, ...]:
    """One function of `xp` on several backends."""
    wanted = [backends] if isinstance(backends, str) else list(backends or ["all"])
    named = FRAMEWORKS if wanted == ["all"] else tuple(wanted)
    for name in named:
        if name not in FRAMEWORKS:
            raise UsageError(f"backends names {name!r}", near(str(name), FRAMEWORKS))
    there = [name for name in named if wanted != ["all"] or load_backend(name).probe().installed]
    found: list[Entry] = []
    for name in there:
        mine = tuple(m for m in modes or ("eager",) if m == "eager" or name not in NO_COMPILER)
        if mine:
            found.append(Entry(name, name, function, name, mine, True, True, setup=setup))
    if not found:
        raise UsageError("no backend runs this in the modes asked for", 'add "eager" to mode')
    return tuple(found)


def _modes(mode: Any) -> tuple[Mode, ...]:
    given = [mode] if isinstance(mode, str) else list(mode or [])
    for each in given:
        if each not in MODES:
            raise UsageError(f"mode is {each!r}", near(str(each), MODES))
    return tuple(each for each in MODES if each in given)


def _name_of(given: Any) -> str:
    if isinstance(given, str):
        return shortened(" ".join(given.split()), 60)
    return str(getattr(given, "__name__", None) or type(given).__name__)


def _known(named: Mapping[Any, Any], contenders: Mapping[Any, Any], where: str) -> None:
    for name in named:
        if name not in contenders:
            hint = near(str(name), map(str, contenders))
            raise UsageError(f"{where} names {name!r}, no contender", hint)


# How results are checked.


def read_check(
    entries: tuple[Entry, ...], check: Check
) -> tuple[tuple[Entry, ...], Literal["verified", "agree", "unchecked"]]:
    """The entries, with why some are not compared, and how the others are. Raises: UsageError."""
    if check is False:
        why = "check=False"
        return tuple(replace(each, unchecked=why) for each in entries), "unchecked"
    if isinstance(check, Mapping):
        _known(check, {each.name: None for each in entries}, "check")
        reasons = {
            name: said if isinstance(said, str) else "check=False"
            for name, said in check.items()
            if said is not True
        }
        entries = tuple(replace(each, unchecked=reasons.get(each.name, "")) for each in entries)
    elif check is not True and check != "agree":
        raise UsageError(f"check is {check!r}", 'one of True, "agree", False, or by name')
    one_source = all(each.one_source for each in entries)
    return entries, "verified" if one_source and check != "agree" else "agree"
