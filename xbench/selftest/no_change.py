"""Pairs of commits that change nothing: the same operations, written another way.

A pair is a small library and its suite, once as `base` and once as `head`. Head differs in what
people call a refactoring: other names, functions moved to another module, code that nobody calls,
other imports in another order, another package name. What is executed is the same bytecode, so the
true ratio of every cell is 1. All of it is drawn from a seed, so that a pair can be made again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec

from xbench.keys import CellKey
from xbench.registry import load_backend
from xbench.selftest.aa import NOISY, most_alarms
from xbench.selftest.quick_checks import BROKEN, Check

KINDS = ("rename", "move", "unused", "imports", "package", "all")
"""What head does to base. `all`: everything at once."""

WORDS = (
    "a",
    "arr",
    "batch",
    "blended",
    "buffer",
    "combined",
    "data",
    "item",
    "mixed_values",
    "out",
    "operands",
    "payload",
    "product_of_both",
    "res",
    "scaled_and_shifted",
    "t",
    "tensors",
    "tmp",
    "values_by_name",
    "weighted",
    "x_times_w",
    "y",
)
MODULES = (
    "abc",
    "base64",
    "bisect",
    "calendar",
    "cmath",
    "codecs",
    "colorsys",
    "configparser",
    "csv",
    "decimal",
    "difflib",
    "fractions",
    "heapq",
    "html",
    "json",
    "numbers",
    "pprint",
    "statistics",
    "string",
    "textwrap",
    "uuid",
    "zipfile",
)
"""Of the standard library, imported and not used."""

SUITE_FILE = "bench.py"
WIDTHS = (4, 512, 20480)
"""100 rows of so many float32: calls that launching decides, operands of 0.2 MB, and of 8 MB."""

_SUITE = '''"""The benchmarks of {package}."""

from xbench.own_op import array_op, implements, step
from xbench.ops.suite import Suite, Sweep

SHAPES = {{"x": ("n", "w"), "w": ("n", "w"), "z": ("n", "w")}}


def exact(x, w, z):
    return x * w + z, abs(x * w) + abs(z)


array_op("blend", ("n", "w"), SHAPES, {{"y": ("n", "w")}}, exact, terms="n", flop=2, passes=1.5)


@implements("blend", "numpy")
def with_numpy(backend, spec, variant):
    from {package}.{module} import {numpy}

    return step({numpy})


@implements("blend", "torch")
def with_torch(backend, spec, variant):
    from {package}.{module} import {torch}

    return step({torch})


@implements("blend", "tensorflow")
def with_tensorflow(backend, spec, variant):
    from {package}.{module} import {tensorflow}

    return step({tensorflow})


SUITE = Suite("blend", "", (Sweep("blend", "blend 100×w", lambda w: {{"n": 100, "w": w}}),))
'''
_FUNCTION = '''
def {name}({operands}):
    """y = x * w + z."""
    {result} = {operands}["x"] * {operands}["w"]
    {result} {add} {operands}["z"]
    return {{"y": {result}}}
'''
_UNUSED = '''
def {name}({first}, {second}={number}):
    """{words}"""
    {result} = [{first} * each + {number} for each in range({second})]
    return {{"{first}": {result}, "{second}": sum({result})}}
'''


ENVIRONMENTS = "environments"
"""Another kind of pair: two virtual environments with the same packages, and one commit."""

MISSED = 0.01
"""An interval that leaves out everything within this share of 1 says what is not so."""


@dataclass(frozen=True, slots=True)
class Found:
    """What `xbench ab` found of one cell of a pair: the first ratio with its interval, whether it
    seemed slower then, and whether fresh launches confirmed that."""

    cell: str
    ratio: float
    low: float
    high: float
    flagged: bool
    confirmed: bool

    def misses(self, by: float = 0.0) -> bool:
        """Whether the interval leaves out everything within this share of 1."""
        return self.low > 1.0 + by or self.high < 1.0 / (1.0 + by)

    @property
    def name(self) -> str:
        """Backend and width: `numpy 512`."""
        key = CellKey.parse(self.cell)
        return f"{key.backend} {key.params['w']}"


def compare_pair(
    folder: Path,
    seed: int,
    kind: str,
    backends: Sequence[str],
    widths: Sequence[int] = WIDTHS,
    options: Sequence[str] = (),
) -> list[Found]:
    """Make a pair in a new folder and have `xbench ab` compare its sides, as a user would.

    Raises: RuntimeError with what a command said, if git or `xbench ab` failed."""
    base, head = make_pair(folder, seed, kind)
    command = [
        sys.executable,
        "-m",
        "xbench",
        "ab",
        "--base",
        base,
        "--head",
        head,
        "--seed",
        str(seed),
        "--suite",
        SUITE_FILE,
        "--mode",
        "eager",
        "--width",
        *map(str, widths),
        "--backend",
        *backends,
        "--out",
        "out",
        *options,
    ]
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    with (folder / "ab.log").open("w") as log:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=log, stderr=log, check=False
        )
    if done.returncode not in (0, 1):
        raise RuntimeError((folder / "ab.log").read_text()[-2000:])
    verdict = msgspec.json.decode((folder / "out" / "verdict.json").read_bytes(), type=_Verdict)
    return [found for each in verdict.findings if (found := _found(each)) is not None]


class _Finding(msgspec.Struct):
    """One finding of `verdict.json`, as far as it is read here."""

    cell: str
    kind: str
    ratio: float | None
    low: float | None
    high: float | None
    confirmed: bool | None


class _Verdict(msgspec.Struct):
    """What is read of `verdict.json`."""

    findings: list[_Finding]


def _found(finding: _Finding) -> Found | None:
    """None where there is no interval: no verdict was possible."""
    if finding.ratio is None or finding.low is None or finding.high is None:
        return None
    return Found(
        finding.cell,
        finding.ratio,
        finding.low,
        finding.high,
        finding.kind == "regressed" or finding.confirmed is not None,
        finding.confirmed is True,
    )


def make_pair(folder: Path, seed: int, kind: str) -> tuple[str, str]:
    """A new git repository with both commits, or two environments. Returns: base and head, as
    `xbench ab` takes them. Raises: RuntimeError if a command failed."""
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet")
    write_base(folder, seed)
    _commit(folder, "base")
    if kind == ENVIRONMENTS:
        return _environment(folder / "env"), _environment(folder / "the-other-one")
    _git(folder, "rm", "-r", "--quiet", ".")
    write_head(folder, seed, kind)
    _commit(folder, "head")
    return "HEAD~1", "HEAD"


def _environment(folder: Path) -> str:
    """A virtual environment that has the packages of this one."""
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    (packages,) = folder.glob("lib/python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "same.pth").write_text("\n".join(ours))
    return str(folder)


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", message)


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "commit.gpgsign=false"]
    _run("git", "-C", str(folder), *who, *arguments)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise RuntimeError(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(command)}: {error.stderr}") from error


@dataclass(frozen=True, slots=True)
class Style:
    """How one side is written."""

    package: str
    module: str
    names: tuple[str, str, str]
    """Of the functions for NumPy, PyTorch and TensorFlow."""
    operands: str
    result: str
    imports: tuple[str, ...]
    unused: tuple[str, ...]
    order: tuple[int, ...]


def write_base(folder: Path, seed: int) -> None:
    """Write base's files into an empty folder."""
    _write(folder, _base(Random(f"{seed}/base")))


def write_head(folder: Path, seed: int, kind: str) -> None:
    """Write head's files into an empty folder; `kind` is one of `KINDS`. Raises: ValueError."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    base, random = _base(Random(f"{seed}/base")), Random(f"{seed}/head")
    _write(folder, _changed(base, kind, random))


def _base(random: Random) -> Style:
    return Style(
        package="mylib",
        module="kernels",
        names=("blend_numpy", "blend_torch", "blend_tf"),
        operands="t",
        result="y",
        imports=tuple(random.sample(MODULES, 3)),
        unused=tuple(_unused(random) for _ in range(random.randrange(4))),
        order=(0, 1, 2),
    )


def _changed(base: Style, kind: str, random: Random) -> Style:
    operands, result = random.sample(WORDS, 2)
    one, two, three = (f"{random.choice(WORDS)}_{tag}_{random.randrange(10**6)}" for tag in "abc")
    module = random.choice(("ops.inner", "_impl", "moved.here.kernels"))
    unused = tuple(_unused(random) for _ in range(random.randrange(5, 200)))
    imports = tuple(random.sample(MODULES, random.randrange(4, len(MODULES))))
    package = random.choice(("lib", "mylib2", "a_rather_long_package_name"))
    changed = replace(base, order=tuple(random.sample(base.order, len(base.order))))
    if kind in ("rename", "all"):
        changed = replace(changed, names=(one, two, three), operands=operands, result=result)
    if kind in ("move", "all"):
        changed = replace(changed, module=module)
    if kind in ("unused", "all"):
        changed = replace(changed, unused=unused)
    if kind in ("imports", "all"):
        changed = replace(changed, imports=imports)
    if kind in ("package", "all"):
        changed = replace(changed, package=package)
    return changed


def _unused(random: Random) -> str:
    first, second, result = random.sample(WORDS, 3)
    words = " ".join(random.choices(WORDS, k=random.randrange(1, 60)))
    name = f"{random.choice(WORDS)}_{random.randrange(10**9)}"
    number = random.randrange(10**4)
    return _UNUSED.format(
        name=name, first=first, second=second, result=result, number=number, words=words
    )


def _write(folder: Path, style: Style) -> None:
    functions = [
        _FUNCTION.format(
            name=name,
            operands=style.operands,
            result=style.result,
            add="+=" if place == 0 else f"= {style.result} +",
        )
        for place, name in enumerate(style.names)
    ]
    body = [functions[place] for place in style.order]
    for place, each in enumerate(style.unused):
        body.insert(place % (len(body) + 1), each)
    imports = "".join(f"import {name}\n" for name in style.imports)
    *outer, last = style.module.split(".")
    path = folder / style.package
    for part in ("", *outer):
        path /= part
        path.mkdir(parents=True, exist_ok=True)
        (path / "__init__.py").write_text('"""A small library."""\n')
    (path / f"{last}.py").write_text(f'"""Kernels."""\n\n{imports}\n' + "\n".join(body))
    numpy, torch, tensorflow = style.names
    (folder / SUITE_FILE).write_text(
        _SUITE.format(
            package=style.package,
            module=style.module,
            numpy=numpy,
            torch=torch,
            tensorflow=tensorflow,
        )
    )


# `xbench selftest --aa`: commits that change nothing must not be found slower.

BACKENDS = ("numpy", "torch", "tensorflow")
MISS_RATE = 0.05
"""Of first intervals; that they miss 1 at all is due to them being 95 % intervals."""


def no_change_checks(pairs: int) -> Iterator[Check]:
    """Compare so many pairs by `xbench ab`; nothing stays on disk."""
    backends = [name for name in BACKENDS if load_backend(name).probe().installed]
    found: list[Found] = []
    problem = ""
    with TemporaryDirectory(prefix="xbench-no-change-") as root:
        for number in range(pairs):
            kind = KINDS[-1 - number % len(KINDS)]  # everything at once comes first
            folder = Path(root).resolve() / str(number)
            try:
                found += compare_pair(folder, number, kind, backends)
            except RuntimeError as error:
                problem = str(error).strip().splitlines()[-1]
                break
    yield Check(
        "no change: comparisons",
        str(len(found)),
        "1 or more",
        bool(found),
        problem or BROKEN,
    )
    if found:
        yield from judged(found)


def judged(found: list[Found]) -> Iterator[Check]:
    """How many first intervals miss the truth, and how many alarms fresh launches confirmed."""
    missed = sum(each.misses(MISSED) for each in found)
    most = most_alarms(len(found), MISS_RATE)
    yield Check(
        f"no change: beyond {MISSED:.0%}",
        f"{missed} of {len(found)}",
        f"at most {most}",
        missed <= most,
        NOISY,
    )
    confirmed = sum(each.confirmed for each in found)
    yield Check(
        "no change: called slower", f"{confirmed} of {len(found)}", "0", confirmed == 0, BROKEN
    )
