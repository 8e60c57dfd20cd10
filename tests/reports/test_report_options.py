"""What `xbench report` can be asked for, and that it writes in its folder and nowhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.made_runs import benchmark_json, carried, families, write_run
from helpers.reporting import measured, refused, rows
from xbench.cli import main


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """One op at one width, which is drawn quickly."""
    return write_run(tmp_path / "run", families(1, (512,)))


def test_the_title_stands_above_the_report(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(small), "--title", "Which <one>?"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# Which &lt;one>?\n\n## NumPy, PyTorch and TensorFlow on Test CPU")
    assert "\n### op0 100×w (" in text
    page = (small / "report" / "index.html").read_text(encoding="utf-8")
    assert "Which &lt;one&gt;?" in page


def test_a_reference_may_name_a_mode(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(small), "--reference", "tensorflow/graph"]) == 0
    text = capsys.readouterr().out
    found = rows(small / "report" / "comparisons.csv")
    pairs = {
        tuple("/".join(each[name].split("/")[-5:-2:2]) for name in ("cell_id", "reference_id"))
        for each in found
    }
    assert pairs == {
        ("numpy/eager", "tensorflow/eager"),
        ("torch/eager", "tensorflow/eager"),
        ("tensorflow/eager", "tensorflow/graph"),
    }
    pays = text.partition("when leaving eager mode pays")[2].partition("\n\n")[2]
    assert "tensorflow graph autograd" in pays.partition("\n\n")[0]


def test_a_reference_without_a_number_is_refused(
    small: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = refused(capsys, small, "--reference", "torch/graph")
    assert "holds no number of torch/graph" in said
    assert "numpy, tensorflow, torch, numpy/eager, tensorflow/eager, tensorflow/graph" in said
    (tmp_path / "saved.json").write_text(benchmark_json([carried(512)]))
    said = refused(capsys, tmp_path / "saved.json", "--reference", "numpy")
    assert "there are no paired rounds" in said


def test_the_same_result_twice_is_refused(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small.parent / "link").symlink_to(small)
    for other in (small, small / "run.jsonl", small.parent / "link", small / ".." / "run"):
        assert "is named twice" in refused(capsys, small, other, "--out", small.parent / "out")
    copy = shutil.copytree(small, small.parent / "copy")
    assert f"{small} and {copy} are one run" in refused(capsys, small, copy)
    assert not (small.parent / "out").exists()


def test_every_row_tells_which_result_it_is_of(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved.json").write_text(benchmark_json([carried(512)]))
    files = [str(tmp_path / name / "saved.json") for name in ("a", "b")]
    out = ["--out", str(tmp_path / "out"), "--format"]
    assert main(["report", *files, str(small), *out, "csv"]) == 0
    found = measured(capsys.readouterr().out)
    assert {row["run"] for row in found} == {
        "saved.json (1 of 3)",
        "saved.json (2 of 3)",
        "run 20260102T030405Z-abcdef, preset quick",
    }
    assert main(["report", *files, *out, "latex"]) == 0
    text = capsys.readouterr().out
    for name in ("A", "B"):
        assert text.count(rf"\label{{tab:{name}-matmul-w-") == 1


def test_a_link_in_the_folder_is_replaced_and_not_followed(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, precious = tmp_path / "out", tmp_path / "precious"
    precious.write_text("kept")
    assert main(["report", str(small), "--out", str(out)]) == 0
    names = sorted(each.name for each in out.iterdir())
    for each in out.iterdir():
        each.unlink()
        each.symlink_to(precious)
    assert main(["report", str(small), "--out", str(out)]) == 0
    assert precious.read_text() == "kept"
    assert sorted(each.name for each in out.iterdir()) == names
    assert not any(each.is_symlink() for each in out.iterdir())
    assert {each.name for each in tmp_path.iterdir()} == {"run", "out", "precious"}
    mask = os.umask(0)
    os.umask(mask)
    assert {each.stat().st_mode & 0o777 for each in out.iterdir()} == {0o666 & ~mask}


def test_a_report_folder_that_is_a_link_is_not_taken_by_itself(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (small / "report").symlink_to(tmp_path / "elsewhere")
    assert "is a link to" in refused(capsys, small)
    assert main(["report", str(small), "--out", str(small / "report")]) == 0
    assert (tmp_path / "elsewhere" / "index.html").exists()


def test_what_stands_in_the_way_is_said(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = small.parent / "out"
    out.write_text("a file")
    assert f"cannot write the report to {out}: it is no folder" in refused(
        capsys, small, "--out", out
    )
    assert out.read_text() == "a file"
    out.unlink()
    (out / "index.html").mkdir(parents=True)
    assert "index.html: Is a directory" in refused(capsys, small, "--out", out)
    assert not list(out.glob(".*"))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS opens pages by its own means")
def test_open_shows_the_page_or_says_that_it_cannot(small: Path, checkout: dict[str, str]) -> None:
    shown = small.parent / "shown"
    browser = small.parent / "browser"
    browser.write_text(f'#!{shutil.which("sh")}\necho "$1" > {shown}\n')
    browser.chmod(0o755)
    plain = {name: value for name, value in checkout.items() if "DISPLAY" not in name}
    for environment, opened in (
        (plain | {"BROWSER": f"{browser} %s"}, True),
        (plain | {"PATH": str(small), "BROWSER": ""}, False),
    ):
        shown.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "xbench", "report", str(small), "--open"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert shown.exists() == opened
        assert ("no browser was found" in done.stderr) != opened
        assert len(done.stderr.splitlines()) == (1 if opened else 2)
        if opened:
            assert shown.read_text().strip() == (small / "report" / "index.html").as_uri()


def test_a_terminal_that_knows_few_characters_is_served(
    small: Path, checkout: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xbench", "report", str(small)],
        env=checkout | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "op0 100?w" in done.stdout
