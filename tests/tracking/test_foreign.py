"""Other tools' files as a side of `xbench compare`: told by content, read whole or refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from helpers.made_keys import cell_key
from helpers.made_runs import MACHINE, benchmark_json, families, plan, write_run
from xbench.analysis.summary import summarise
from xbench.cli import main
from xbench.engine.run_plan import write_summary
from xbench.errors import RecordError
from xbench.records.read import read_run
from xbench.tracking.foreign import read_stored_or_foreign

HOME = {"machine": MACHINE, "machine_key": "abc", "os": "Linux-6.1", "python": "3.12.1"}
FORMATS = ("pytest-benchmark", "github-action-benchmark", "bencher")


def row(name: str, median: Any, **more: Any) -> dict[str, Any]:
    """A row of pytest-benchmark."""
    return {"name": name, "fullname": f"t.py::{name}", "stats": {"median": median}, **more}


def extra(**fields: Any) -> dict[str, Any]:
    """What a row of ours carries."""
    return {"xbench": {"plan": {"key": asdict(cell_key())}} | fields}


def saved(folder: Path, text: str, name: str = "anything.txt") -> Path:
    """A file whose name tells nothing."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def run_of(folder: Path, **of_header: Any) -> Path:
    """A run with its summary: five cells with a number, one without."""
    cells = families(1, (512,))
    refused = plan("b w", 2, ("numpy", "eager", "manual"), status="oom", reason="big")
    write_run(folder, [*cells, refused], environment=HOME, **of_header)
    write_summary(folder / "summary.jsonl", summarise(read_run(folder)))
    return folder


def test_rows_of_pytest_benchmark_are_cells_of_one_launch(tmp_path: Path) -> None:
    file = saved(tmp_path, benchmark_json([row("one", 0.5), row("two", 2)]))
    run = read_stored_or_foreign(file)
    assert {name: cell.time_s for name, cell in run.cells.items()} == {
        "t.py::one": 0.5,
        "t.py::two": 2.0,
    }
    assert run.cells["t.py::one"].launch_s == [0.5]
    assert run.cells["t.py::one"].low_s is None
    assert run.machine_key.startswith("pytest-benchmark ")
    assert run.head.run_id == "anything.txt"


def test_our_own_export_comes_back_whole(tmp_path: Path) -> None:
    folder, file = run_of(tmp_path / "run"), tmp_path / "a"
    assert main(["export", str(folder), "--format", FORMATS[0], "--output", str(file)]) == 0
    run, back = read_stored_or_foreign(folder), read_stored_or_foreign(file)
    assert back.machine_key == "abc"
    assert back.head.run_id == run.head.run_id
    assert back.cells.keys() == run.cells.keys()
    for name, cell in run.cells.items():
        other = back.cells[name]
        assert (other.status, other.reason) == (cell.status, cell.reason)
        assert (other.time_s, other.launch_s) == (cell.time_s, cell.launch_s)


@pytest.mark.parametrize("form", FORMATS[1:])
def test_other_exports_come_back_as_single_figures(form: str, tmp_path: Path) -> None:
    folder, file = run_of(tmp_path / "run"), tmp_path / "a"
    assert main(["export", str(folder), "--format", form, "--output", str(file)]) == 0
    back = read_stored_or_foreign(file).cells
    known = {
        name: cell.time_s
        for name, cell in read_stored_or_foreign(folder).cells.items()
        if cell.time_s
    }
    assert {name: cell.time_s for name, cell in back.items()} == pytest.approx(known)
    assert all(len(cell.launch_s) == 1 for cell in back.values())


def test_a_name_that_is_an_id_has_a_key_and_another_stays_a_name(tmp_path: Path) -> None:
    ours = cell_key("mlp_train", params={"n": 3, "loss": "mse"}, side="head")
    names = (ours.id, "tests/mlp_train/test_x.py")
    rows = [{"name": name, "value": 2, "unit": "ns"} for name in names]
    own, other = read_stored_or_foreign(saved(tmp_path, json.dumps(rows))).cells.values()
    assert own.plan.key == ours
    assert (own.id, other.id) == names
    assert other.plan.key is None
    assert own.plan.matches("mlp_train")
    assert not other.plan.matches("tests")
    assert other.plan.matches("tests/*")


@pytest.mark.parametrize(
    ("unit", "seconds"), [("ns", 2e-9), ("us", 2e-6), ("µs", 2e-6), ("ms", 2e-3), ("s", 2.0)]
)
def test_units_of_time_are_made_seconds(unit: str, seconds: float, tmp_path: Path) -> None:
    rows = [{"name": "a", "value": 2, "unit": unit, "extra": "x"}]
    run = read_stored_or_foreign(saved(tmp_path, json.dumps(rows)))
    assert run.cells["a"].time_s == pytest.approx(seconds)


GITHUB = '[{"name":"a","value":%s,"unit":"%s"}]'
REFUSED = {
    "empty": ("", "is empty"),
    "torn": ('{"benchmarks": [{"fullname": "a"', "cannot be read"),
    "an object of nothing": ("{}", "holds no benchmarks"),
    "a list of nothing": ("[]", "holds no benchmarks"),
    "text": ("name,median\na,1\n", "cannot be read"),
    "another JSON": ('{"a": 1}', "is no Bencher Metric Format"),
    "a number": ("5", "cannot be read"),
    "no rows": (benchmark_json([]), "holds no benchmarks"),
    "NaN": (benchmark_json([row("a", float("nan"))]), "cannot be read"),
    "null": (benchmark_json([row("a", None)]), "median is None, not a number"),
    "below nothing": (benchmark_json([row("a", -1.0)]), "not positive"),
    "zero": (benchmark_json([row("a", 0)]), "not positive"),
    "a row twice": (benchmark_json([row("a", 1.0), row("a", 1.0)]), "'t.py::a' is there twice"),
    "deep": ("[" * 100_000, "is no list of benchmarks"),
    "rates": (GITHUB % (1, "iter/sec"), "'iter/sec', which is no time"),
    "no unit": ('[{"name":"a","value":1}]', "is no list of benchmarks"),
    "a value in words": (GITHUB % ('"1"', "ns"), "is no list of benchmarks"),
    "infinite": (GITHUB % ("1e999", "ns"), "is no list of benchmarks"),
    "a name twice": (
        '[{"name":"a","value":1,"unit":"s"},{"name":"a","value":1,"unit":"s"}]',
        "is there twice",
    ),
    "mixed units": (
        '[{"name":"a","value":1,"unit":"s"},{"name":"b","value":1,"unit":"MB"}]',
        "'MB'",
    ),
    "throughput": ('{"a":{"throughput":{"value":1}}}', "'a' has 'throughput'"),
    "two measures": (
        '{"a":{"latency":{"value":1},"size":{"value":1}}}',
        "'a' has 'latency', 'size'",
    ),
    "no measure": ('{"a":{}}', "no measure"),
    "a key twice": ('{"a":{"latency":{"value":1}},"a":{"latency":{"value":2}}}', "'a' is there"),
    "Bencher's infinity": ('{"a":{"latency":{"value":1e999}}}', "not positive"),
    "Bencher's true": ('{"a":{"latency":{"value":true}}}', "is no Bencher Metric Format"),
    "a status that is none": (
        benchmark_json([row("a", 1.0, extra_info=extra(status="fine"))]),
        "Invalid enum value",
    ),
    "a cell of ours without a key": (
        benchmark_json([row("a", 1.0, extra_info={"xbench": {"plan": {}, "status": "ok"}})]),
        "it has no key",
    ),
    "ok without a time": (
        benchmark_json([row("a", 1.0, extra_info=extra(status="ok"))]),
        "with time None",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = REFUSED[kind]
    file = saved(tmp_path, text)
    with pytest.raises(RecordError, match=r"anything\.txt") as caught:
        read_stored_or_foreign(file)
    assert said in str(caught.value)
    assert caught.value.hint
    assert main(["compare", str(file), str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_two_files_without_intervals_decide_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = saved(tmp_path, benchmark_json([row("one", 0.5), row("two", 1.0)]), "base")
    head = saved(tmp_path, benchmark_json([row("one", 5.0), row("two", 1.0)]), "head")
    assert main(["compare", str(base), str(head)]) == 0
    assert "2 inconclusive" in capsys.readouterr().out
    assert main(["compare", str(base), str(head), "--strict"]) == 4


def test_a_benchmark_that_is_gone_is_status_three(tmp_path: Path) -> None:
    base = saved(tmp_path, '{"a":{"latency":{"value":1}},"b":{"latency":{"value":1}}}', "base")
    head = saved(tmp_path, GITHUB % (1, "ns"), "head")
    assert main(["compare", str(base), str(head)]) == 3


def test_an_export_and_a_run_are_compared_by_their_launches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a"
    base = run_of(tmp_path / "run")
    assert main(["export", str(base), "--format", FORMATS[0], "--output", str(file)]) == 0
    head = run_of(tmp_path / "other", run_id="other")
    assert main(["compare", str(file), str(head)]) == 0
    said = capsys.readouterr().out
    assert "1.000× [" in said
    assert "not comparable" not in said
