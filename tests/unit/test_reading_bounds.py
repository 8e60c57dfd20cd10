"""What is no result file is refused before it is in memory; a journal takes less than twice its
file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from helpers.fuzz_seeds import rulings
from helpers.journals import FOOTER, NUMPY, group, header, taken, write
from helpers.reading_cost import of_real, read, sparse
from xbench.errors import RecordError, UsageError
from xbench.files import LARGEST_FILE, LARGEST_LIST
from xbench.records.read import Integers, packed, read_run
from xbench.suites.claims.rulings import CLAIMS, read_rulings
from xbench.tracking.baseline import ACCEPTED, Acceptance, read_accepted
from xbench.tracking.foreign import read_foreign
from xbench.tracking.thresholds import read_thresholds

SIZE, ROUNDS = 10_000_000, 40


@pytest.mark.parametrize("name", ["journal, all samples", "journal, lean"])
def test_a_journal_takes_less_than_twice_its_file(tmp_path: Path, name: str) -> None:
    cells = [taken(NUMPY, *range(1_000_000, 1_000_000 + ROUNDS))]
    cells[0].warmup = cells[0].timed
    one = write(tmp_path / "one", header(NUMPY), group(0, *cells), FOOTER)
    of_real(one, tmp_path / "run.jsonl", SIZE)
    row = read(name, tmp_path / "run.jsonl", tmp_path / "run.jsonl").split("|")
    assert float(row[6]) < 2.0, row
    assert not row[7].strip()


def test_gigabytes_that_are_no_result_are_refused_at_once(tmp_path: Path) -> None:
    for reader, path, file in sparse(tmp_path):
        row = read(reader, path, file).split("|")
        assert float(row[5]) < 100, row
        assert "is longer than" in row[7] or "is larger than" in row[7], row


def test_lists_of_rows_have_a_limit_of_their_own(tmp_path: Path) -> None:
    long = "x" * (LARGEST_LIST // 4)
    accepted = Acceptance(run="a", cells=["*"], reason=long, who="me", when_utc="2026")
    claim = msgspec.structs.replace(rulings().claims[0], says=long)
    files = (
        (ACCEPTED, msgspec.json.encode(accepted), read_accepted),
        (CLAIMS, msgspec.json.encode(claim), read_rulings),
    )
    for name, row, read_list in files:
        (tmp_path / name).write_bytes(3 * (row + b"\n"))
        read_list(tmp_path)
        (tmp_path / name).write_bytes(4 * (row + b"\n"))
        with pytest.raises(RecordError, match="larger than"):
            read_list(tmp_path)
    rows = tmp_path / "rows.json"
    rows.write_bytes(b"[" + b" " * LARGEST_LIST)
    with pytest.raises(RecordError, match="larger than"):
        read_foreign(rows)


def test_settings_of_gigabytes_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "pyproject.toml").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(UsageError, match="larger than"):
        read_thresholds(tmp_path)


@pytest.mark.parametrize("values", [[0, 1], [-129], [1 << 20, 3], [1 << 40, -(1 << 63)]])
def test_packed_numbers_are_the_same_numbers(values: list[int]) -> None:
    found = packed(values)
    assert isinstance(found, Integers)
    assert found == values
    assert values == found
    assert [*found] == values
    assert found != [*values, 1]
    assert not packed([])


@pytest.mark.parametrize("launch", [-1, 20])
def test_a_launch_that_was_not_planned_is_refused(tmp_path: Path, launch: int) -> None:
    with pytest.raises(RecordError, match=f"line 2: launch {launch} of a run of 20"):
        read_run(write(tmp_path, header(NUMPY), group(launch, taken(NUMPY, 5)), FOOTER))


def test_a_cell_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    twice = write(tmp_path / "line", header(NUMPY), group(0, taken(NUMPY, 5), taken(NUMPY, 5)))
    with pytest.raises(RecordError, match="line 2: a cell is there twice"):
        read_run(twice)
    with pytest.raises(RecordError, match="planned twice"):
        read_run(write(tmp_path / "plan", header(NUMPY, NUMPY)))
