"""The same program from the checkout, from a wheel and from an editable install.

Building and installing take about half a minute in all: pip and setuptools start anew each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import xbench

ROOT = Path(xbench.__file__).resolve().parent.parent
PACKAGES = ("xbench", "backends", "suites", "reports")
OFFLINE = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q")


def finished(*command: str, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command that has ended, whatever came of it."""
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        variables["PYTHONPATH"] = path
    return subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )


def run(*command: str, cwd: Path, path: str | None = None) -> str:
    """A command's output; it must succeed."""
    done = finished(*command, cwd=cwd, path=path)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository: packages of his own have our folders' names, and break when imported."""
    folder = tmp_path_factory.mktemp("user") / "work"
    for name in ("reports", "suites", "backends", "tests"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    git = ("git", "-c", "user.name=u", "-c", "user.email=u@example.org")
    run("git", "init", "-q", ".", cwd=folder)
    run("git", "add", ".", cwd=folder)
    run(*git, "commit", "-q", "-m", "first", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that building leaves nothing in it."""
    folder = tmp_path_factory.mktemp("source")
    names = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES)
    run("cp", "-r", *(str(ROOT / name) for name in names), str(folder), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", *OFFLINE, "-w", str(folder), str(source), cwd=folder)
    (found,) = folder.glob("xbench-*.whl")
    return found


def environment(folder: Path) -> tuple[Path, Path]:
    """A new virtual environment that sees this one's packages, but no xbench: its Python, and its
    folder of packages."""
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    shared = folder / "shared"
    shared.mkdir()
    ours = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for each in ours.iterdir():
        if "xbench" not in each.name and each.suffix != ".pth":
            (shared / each.name).symlink_to(each)
    (site / "shared.pth").write_text(f"{shared}\n")
    return folder / "bin" / "python", site


Installed = tuple[str, str | None]
"""An interpreter, and what stands in PYTHONPATH."""


@pytest.fixture(scope="module", params=["checkout", "editable", "wheel"])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """xbench in each of the ways that people have it."""
    if request.param == "checkout":
        return sys.executable, str(ROOT)
    folder = tmp_path_factory.mktemp(request.param)
    python, _ = environment(folder / "venv")
    what = ["-e", str(request.getfixturevalue("source"))]
    if request.param == "wheel":
        what = [str(request.getfixturevalue("wheel"))]
    run(str(python), "-m", "pip", "install", *OFFLINE, *what, cwd=folder)
    return str(python), None


@pytest.fixture(scope="module")
def measured(installed: Installed, foreign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was measured and reported in the user's repository."""
    out = tmp_path_factory.mktemp("results")
    axes = ["--preset", "smoke", "--backend", "numpy", "--op", "elementwise"]
    python, path = installed
    run(python, "-m", "xbench", "run", *axes, "--out", str(out), cwd=foreign, path=path)
    (found,) = out.iterdir()
    assert (found / "report" / "index.html").is_file()
    return found


AB = "--preset=smoke --backend=numpy --op=elementwise --launches=1 --base=HEAD"
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("--dry-run", "--preset", "smoke"),
    "list": (),
    "report": ("{run}", "--out", "{out}/report"),
    "claims": ("--run", "{run}"),
    "doctor": ("--no-workers", "--out", "{out}"),
    "selftest": ("--trials", "0"),
    "ab": (*AB.split(), "--out={out}"),
    "compare": ("{run}", "{run}"),
    "gate": ("{run}", "--baseline", "{results}", "--learning"),
    "history": ("{results}", "--out", "{out}"),
    "accept": ("{run}", "--reason", "it is right", "--baseline", "{results}"),
    "export": ("{run}", "--format", "bencher"),
    "race": ("--budget=1s", "--setup=import numpy as np; x = np.ones(9)", "x + x", "2 * x"),
}
"""Every command, with options under which it does its work, or as much of it as is quick."""
REFUSED = {"claims": "not of `xbench claims`", "selftest": "trials is 0"}
"""What the two say that would take minutes: they have been imported and have read their input."""


def test_every_command_is_tried() -> None:
    found = run(sys.executable, "-m", "xbench", "--help", cwd=ROOT)
    listed = re.findall(r"^    ([a-z]+)  ", found, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works_beside_packages_of_the_same_names(
    installed: Installed, foreign: Path, measured: Path, tmp_path: Path, command: str
) -> None:
    places = {"run": str(measured), "results": str(measured.parent), "out": str(tmp_path)}
    words = [word.format(**places) for word in COMMANDS[command]]
    python, path = installed
    done = finished(python, "-m", "xbench", command, *words, cwd=foreign, path=path)
    assert "Traceback" not in done.stderr
    if command in REFUSED:
        assert REFUSED[command] in done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("safe", [False, True])
def test_python_may_leave_out_the_folder_it_stands_in(
    installed: Installed, foreign: Path, safe: bool
) -> None:
    python, path = installed
    command = (python, *(["-P"] if safe else []), "-m", "xbench", "--version")
    assert run(*command, cwd=foreign, path=path).strip() == f"xbench {xbench.__version__}"


def test_a_script_of_the_user_loads_a_run(
    installed: Installed, foreign: Path, measured: Path
) -> None:
    """The folder of the script comes first on the path, before xbench."""
    python, path = installed
    code = f"import sys; sys.path[0] = {str(foreign)!r}; import xbench; "
    code += f"print(len(xbench.load({str(measured)!r}).to_pandas()))"
    assert int(run(python, "-c", code, cwd=foreign, path=path)) > 0


def test_the_suites_are_collected_where_xbench_is(installed: Installed, foreign: Path) -> None:
    python, path = installed
    plugins = ("-p", "xbench.pytest_plugin", "-p", "no:cacheprovider")
    words = (*plugins, "--pyargs", "xbench.suites.bench_matmul", "--collect-only", "-q")
    more = ("--xbench-preset", "smoke", "--benchmark-only")
    assert "test_matmul[" in run(python, "-m", "pytest", *words, *more, cwd=foreign, path=path)


def test_it_runs_in_the_checkout_itself() -> None:
    assert "mlp_train" in run(sys.executable, "-m", "xbench", "list", cwd=ROOT)


def test_the_wheel_holds_everything_and_one_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "xbench/py.typed" in names
    kinds = (".py", ".html", ".css", ".js", ".json")
    for package in PACKAGES:
        within = "" if package == "xbench" else "xbench/"
        sources = [path for path in (ROOT / package).rglob("*") if path.suffix in kinds]
        assert {within + path.relative_to(ROOT).as_posix() for path in sources} <= names
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"xbench"}


def test_an_editable_install_is_the_source(source: Path, tmp_path: Path) -> None:
    """And it gives no other name away: `import backends` finds none of ours."""
    python, _ = environment(tmp_path / "venv")
    run(str(python), "-m", "pip", "install", *OFFLINE, "-e", str(source), cwd=tmp_path)
    code = "import importlib.util as u, xbench; print(u.find_spec('backends'), xbench.__file__)"
    nothing, where = run(str(python), "-c", code, cwd=tmp_path).split()
    assert nothing == "None"
    assert Path(where).resolve().is_relative_to(source.resolve())
    script = str(tmp_path / "venv" / "bin" / "xbench")
    assert run(script, "--version", cwd=tmp_path).strip() == f"xbench {xbench.__version__}"
