"""The same program from the checkout, from a wheel and from an editable install.

Building and installing take about half a minute in all: pip and setuptools start anew each time."""

from __future__ import annotations

import os
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


def run(*command: str, cwd: Path, path: str | None = None) -> str:
    """A command's output; it must succeed."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = path
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A user's folder whose own packages have our names, and break when imported."""
    for name in ("reports", "suites", "backends"):
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    return tmp_path / "work"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that no `build/` is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run("git", "init", "-q", ".", cwd=folder)
    source = folder / "source"
    source.mkdir()
    names = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES)
    run("cp", "-r", *(str(ROOT / name) for name in names), str(source), cwd=folder)
    run(sys.executable, "-m", "pip", "wheel", *OFFLINE, "-w", str(folder), str(source), cwd=folder)
    (found,) = folder.glob("xbench-*.whl")
    return found


def works(python: str, cwd: Path, path: str | None = None, safe: bool = False) -> None:
    """Version, list and a plan come out, wherever we stand and whatever lies there."""
    command = (python, *(["-P"] if safe else []), "-m", "xbench")
    assert run(*command, "--version", cwd=cwd, path=path).strip() == f"xbench {xbench.__version__}"
    assert "mlp_train" in run(*command, "list", cwd=cwd, path=path)
    assert "numpy" in run(*command, "run", "--dry-run", "--preset", "smoke", cwd=cwd, path=path)


def test_it_runs_from_the_checkout() -> None:
    works(sys.executable, ROOT)


@pytest.mark.parametrize("safe", [False, True])
def test_it_runs_from_a_folder_with_packages_of_the_same_names(foreign: Path, safe: bool) -> None:
    works(sys.executable, foreign, str(ROOT), safe)


def test_it_measures_and_reports_from_such_a_folder(foreign: Path) -> None:
    command = [sys.executable, "-m", "xbench", "run", "--preset", "smoke", "--backend", "numpy"]
    run(*command, "--op", "elementwise", cwd=foreign, path=str(ROOT))
    assert len(list(foreign.glob("xbench-results/*/report/index.html"))) == 1


def test_the_wheel_holds_everything(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
        sources = [path for path in (ROOT / package).rglob("*") if path.is_file()]
        wanted = {
            path.relative_to(ROOT).as_posix()
            for path in sources
            if path.suffix in (".py", ".html", ".css", ".js", ".json")
        }
        assert wanted <= names
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == set(PACKAGES)


def test_an_installed_wheel_runs_from_a_foreign_folder(
    wheel: Path, foreign: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    pip = (sys.executable, "-m", "pip", "install", *OFFLINE)
    run(*pip, "--target", str(target), str(wheel), cwd=tmp_path)
    works(sys.executable, foreign, str(target))
    command = [sys.executable, "-m", "xbench", "run", "--preset", "smoke", "--backend", "numpy"]
    axes = ["--op", "elementwise", "--no-report"]
    run(*command, *axes, cwd=foreign, path=str(target))
    assert len(list(foreign.glob("xbench-results/*/summary.jsonl"))) == 1


def test_an_editable_install_runs_from_a_foreign_folder(foreign: Path, tmp_path: Path) -> None:
    """In a virtual environment that sees this one's packages through a .pth file."""
    source = tmp_path / "source"
    source.mkdir()
    names = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES)
    run("cp", "-r", *(str(ROOT / name) for name in names), str(source), cwd=tmp_path)
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "shared.pth").write_text(ours + "\n")
    run(python, "-m", "pip", "install", *OFFLINE, "-e", str(source), cwd=tmp_path)
    works(python, foreign)
    where = run(python, "-c", "import xbench; print(xbench.__file__)", cwd=tmp_path)
    assert Path(where.strip()).resolve().is_relative_to(source.resolve())
    script = str(tmp_path / "venv" / "bin" / "xbench")
    assert run(script, "--version", cwd=foreign).strip() == f"xbench {xbench.__version__}"
    assert "mlp_train" in run(script, "list", cwd=foreign)
