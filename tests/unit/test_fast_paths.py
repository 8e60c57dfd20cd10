"""What is quick gives what is plain, to the last bit: ratios, deviations, outliers, reading."""

from __future__ import annotations

import gc
import random
from math import inf, log, nan
from pathlib import Path
from statistics import fmean, median, stdev

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.journals import FOOTER, NUMPY, TORCH, WORKER, group, header, taken, write
from helpers.large_journals import write_journal
from xbench.analysis.interval import Rounds, deviation, paired_log_ratio
from xbench.analysis.ratios import compare_cells, ratios
from xbench.analysis.spread import MILD, SEVERE, Outliers, outliers, quantile
from xbench.analysis.summary import summarise
from xbench.errors import RecordError
from xbench.records.read import read_run
from xbench.records.schema import CellLine, Line

KEPT = ("wall_ns", "cpu_ns", "minor_faults", "idle_cpu_ns", "wait_ns")
PIECES = (
    b"\n",
    b"\r",
    b"\r\n",
    b" ",
    b"{",
    msgspec.json.encode(WORKER),
    msgspec.json.encode(FOOTER),
)
floats = st.floats(-1e100, 1e100)


def plain_ratio(upper: list[float], lower: list[float]) -> float:
    """The estimator, word by word."""

    def low(seconds: list[float]) -> float:
        return fmean(map(log, sorted(seconds)[: max(2, -(-len(seconds) // 4))]))

    paired = median(log(one) - log(other) for one, other in zip(upper, lower, strict=True))
    return 0.5 * (paired + (low(upper) - low(lower)))


def test_ratios_of_rounds_seen_once_are_those_of_their_times() -> None:
    chance = random.Random(5)
    for _ in range(3000):
        count, scale = chance.randrange(1, 30), 10.0 ** chance.uniform(-8, 2)
        sides = [
            [scale * chance.lognormvariate(0.0, 0.1) for _ in range(count)] for _ in ("up", "low")
        ]
        upper, lower = map(Rounds, sides)
        assert paired_log_ratio(upper, lower) == plain_ratio(*sides)
        assert paired_log_ratio(lower, upper) == -plain_ratio(*sides)


@given(st.lists(floats, min_size=2, max_size=20))
def test_the_deviation_is_that_of_the_standard_library(values: list[float]) -> None:
    assert deviation(values) == stdev(values)


@given(st.lists(st.floats(0.3, 0.30001), min_size=2, max_size=20))
def test_the_deviation_of_near_values_is_exact_too(values: list[float]) -> None:
    assert deviation(values) == stdev(values)
    assert deviation(values[:1] * 3) == 0.0


@pytest.mark.parametrize("values", [[], [1.0], [1.0, nan], [1.0, inf]])
def test_there_is_no_deviation_of_one_value_or_of_what_is_not_finite(values: list[float]) -> None:
    with pytest.raises((ValueError, OverflowError), match=r"no standard deviation|NaN|Infinity"):
        deviation(values)


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 2.0, 9.0]), min_size=1))
def test_outliers_are_those_beyond_the_fences(values: list[float]) -> None:
    low, high = quantile(values, 0.25), quantile(values, 0.75)
    mild, severe = MILD * (high - low), SEVERE * (high - low)
    below = [sum(each < low - fence for each in values) for fence in (severe, mild)]
    above = [sum(each > high + fence for each in values) for fence in (severe, mild)]
    assert outliers(values) == Outliers(
        below[0], below[1] - below[0], above[1] - above[0], above[0]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of 60 cells with every list of samples."""
    folder = tmp_path_factory.mktemp("made") / "run"
    write_journal(folder, 60)
    return folder


def test_nothing_that_is_shown_rests_on_samples_that_are_left_out(made: Path) -> None:
    whole, lean = read_run(made), read_run(made, all_samples=False)
    assert lean != whole
    cells = summarise(whole)
    assert summarise(lean) == cells
    compared, chosen = ratios(lean, cells)
    assert (compared, chosen) == ratios(whole, cells)
    assert compared == compare_cells(whole, cells)
    logs = {(each.cell.id, each.reference.id): each.logs for each in chosen}
    assert len(logs) == len(chosen) == 12 * 10
    for each in compared:
        turned = logs.get((each.reference.id, each.cell.id), ())
        assert each.logs == logs.get((each.cell.id, each.reference.id), tuple(-x for x in turned))
    assert whole.groups[7].order
    assert not lean.groups[7].order
    one, other = (run.groups[7].cells[2] for run in (whole, lean))
    assert isinstance(one, CellLine)
    for name in {*one.timed.__struct_fields__} - {"device_ns"}:  # of the CPU there are none
        assert getattr(one.timed, name), name
        assert bool(getattr(other.timed, name)) is (name in KEPT)
        assert getattr(other.warmup, name) == getattr(other.calibration, name) == []
    assert other.calibration_calls == []


def test_latencies_are_kept_where_there_are_any(tmp_path: Path) -> None:
    line = taken(NUMPY, 1000, 1100, 900)
    line.latency = line.timed
    file = write(tmp_path, header(NUMPY, TORCH), group(0, line, taken(TORCH, 5, 6)), FOOTER)
    run = read_run(file, all_samples=False)
    assert run.groups[0].cells[0].latency.wall_ns == [1000, 1100, 900]
    assert summarise(run) == summarise(read_run(file))


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n\r\n"])
def test_lines_end_as_in_the_text_files_of_any_system(tmp_path: Path, end: bytes) -> None:
    file = write(tmp_path, header(NUMPY), WORKER, group(0, taken(NUMPY, 7, 8)), FOOTER)
    before = read_run(file)
    file.write_bytes(file.read_bytes().replace(b"\n", end))
    if end.startswith(b"\n"):
        with pytest.raises(RecordError, match="line 2"):
            read_run(file)
        return
    assert read_run(file) == before
    file.write_bytes(file.read_bytes()[:-20])
    assert read_run(file).notes[0] == "line 4, the last, is torn and was left out"


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_a_file_has_the_lines_that_bytes_have(tmp_path_factory: object, text: bytes) -> None:
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    file = tmp_path_factory.getbasetemp() / "lines"
    first = msgspec.json.encode(header(NUMPY)) + b"\n"
    file.write_bytes(first + text)
    lines = (first + text).splitlines(keepends=True)
    wrong = next((n for n, each in enumerate(lines[1:], 2) if not is_line(each)), None)
    if wrong is None or (wrong == len(lines) and not lines[-1].endswith(b"\n")):
        assert any("torn" in each for each in read_run(file).notes) is (wrong is not None)
        return
    with pytest.raises(RecordError, match=f"line {wrong}:"):
        read_run(file)


def is_line(text: bytes) -> bool:
    """Whether it can be decoded."""
    try:
        msgspec.json.decode(text, type=Line)
    except msgspec.DecodeError:
        return False
    return True


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_as_it_was_whatever_happens(made: Path, enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read_run(made)
        assert gc.isenabled() is enabled
        with pytest.raises(RecordError):
            read_run(Path(__file__))
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
