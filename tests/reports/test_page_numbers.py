"""What the page's scripts show are the figures of the tables, text for text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from helpers.browser import Opened, needs_chromium
from helpers.made_causes import CEILINGS
from helpers.made_runs import VARIANTS, WIDTHS, families, write_run
from xbench.analysis.interval import VERDICTS
from xbench.records.schema import MemoryLine, Samples
from xbench.reports import page, verdict
from xbench.reports.assemble import make_report
from xbench.reports.model import Figures, Source, Table
from xbench.reports.page.render import prepare_page
from xbench.reports.prose.numbers import show_ratio
from xbench.reports.sources import load
from xbench.reports.tables.full_tables import whole_tables
from xbench.text import show_bytes

SCRIPTS = [*Path(page.__file__).parent.glob("js/*.js"), *Path(verdict.__file__).parent.glob("*.js")]
NAMES = [" ".join(each) for each in VARIANTS]
OPERATIONS, LAUNCHES = 2, 4
Texts = dict[str, list[str]]


def any_ns(chance: random.Random) -> float:
    """A time of 1 µs to 100 s."""
    return float(10.0 ** chance.uniform(3, 11))


def about(true_ns: float, chance: random.Random, most: float) -> Callable[[random.Random], Samples]:
    """Bursts whose launches scatter by 0.001 % to `most`, a power of ten."""
    scatter = 10.0 ** chance.uniform(-5, most)

    def bursts(launch: random.Random) -> Samples:
        centre = true_ns * launch.lognormvariate(0.0, scatter)
        return Samples(wall_ns=[round(centre * launch.lognormvariate(0, 0.01)) for _ in range(9)])

    return bursts


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells of 1 µs to 100 s, half of them alike, with memory measured and ceilings known."""
    chance = random.Random(7)
    cells = families(OPERATIONS)
    changes: dict[str, dict[str, Any]] = {
        cell.id: {
            "timed": about(1e6, chance, -1) if number % 2 else about(any_ns(chance), chance, 0.1),
            "build_ns": round(10.0 ** chance.uniform(2, 10)),
            "first_ns": round(10.0 ** chance.uniform(2, 10)),
        }
        for number, cell in enumerate(cells)
    }
    peaks = [
        MemoryLine(key=cell.key, peak_bytes=round(10.0 ** chance.uniform(0, 11)), method="VmHWM")
        for cell in cells
    ]
    folder = tmp_path_factory.mktemp("numbers") / "run"
    return write_run(folder, cells, LAUNCHES, changes=changes, ceilings=[CEILINGS], memory=peaks)


@pytest.fixture(scope="module")
def source(run: Path) -> Source:
    """The run as the tables are made from it."""
    return load(run, None)


@pytest.fixture(scope="module")
def opened(browser: Browser, run: Path, source: Source) -> Iterator[Opened]:
    """Its page, without the figures that are drawn for print."""
    file = run / "index.html"
    text = prepare_page(make_report([source]))(Figures(added=[{}], main=[]))
    file.write_text(text, encoding="utf-8")
    found = Opened(browser, file)
    yield found
    assert found.said == found.asked == []
    found.close()


@pytest.fixture(scope="module")
def shown(opened: Opened) -> dict[str, Texts]:
    """By operation and plot: what is said when a mark is pointed at."""
    found: dict[str, Texts] = {}
    for operation in opened.page.locator("#main-op option").all_text_contents():
        opened.choose("main-op", operation)
        found[operation] = opened.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('.plot.js-plotly-plot')].map(plot =>"
            "[plot.parentElement.id.slice(5), plot.data.flatMap(each => each.customdata || [])]))"
        )
    return found


def columns(source: Source) -> dict[tuple[str, str, str], dict[str, str]]:
    """The rows of the table of all cells, by operation, width and series: texts by column."""
    table: Table = next(each for each in whole_tables([source]) if each.caption == "Every cell")
    return {
        (row[0], row[1], row[2]): dict(zip(table.columns, map(str, row), strict=True))
        for row in table.rows
    }


def of_cell(texts: list[str], name: str) -> set[str]:
    """What is said of one cell."""
    return {text for text in texts if f"<b>{name}</b>" in text}


@needs_chromium
def test_a_mark_says_what_the_tables_row_says(shown: dict[str, Texts], source: Source) -> None:
    rows = columns(source)
    for cell in source.cells:
        plan, key = cell.plan, cell.plan.key
        row = rows[plan.family, str(plan.width), f"{key.backend} {key.mode} {key.gradient}"]
        texts = shown[plan.family]
        (said,) = of_cell(texts["times"], cell.id)
        assert f"<br>{row['time of a call [95 %]']} · {LAUNCHES} launches" in said
        starting = of_cell(texts["phases"], cell.id)
        assert len(starting) == (4 if plan.width == WIDTHS[-1] else 0)
        first = f"<br>first call: {row['first call']} of "
        assert not starting or any(first in each for each in starting)
        rate = row["GFLOP/s (of ceiling)"].partition(" (")[0]
        (said,) = of_cell(texts["roofline"], cell.id)
        assert f"<br>{rate} GFLOP/s · " in said
        (said,) = of_cell(texts["memory"], cell.id)
        assert said.endswith(f"<br>{show_bytes(cell.peak_bytes or 0)} at the peak, measured once")


@needs_chromium
def test_a_ratio_is_the_tables_in_either_direction(opened: Opened, source: Source) -> None:
    said: set[tuple[str, ...]] = set()
    for operation in opened.page.locator("#main-op option").all_text_contents():
        opened.choose("main-op", operation)
        for name in NAMES:
            opened.choose("main-reference", name)
            said |= {(operation, name, *row) for row in opened.rows("#ratios")}
    rows = columns(source)
    expected = set()
    for each in (turned for one in source.choices for turned in (one, one.inverse)):
        cell, other = (
            f"{it.backend} {it.mode} {it.gradient}" for it in (each.cell.key, each.reference.key)
        )
        where = each.cell.family, str(each.cell.width), cell
        time = rows[where]["time of a call [95 %]"]
        ratio = str(show_ratio(each.ratio, each.verdict))
        expected.add((each.cell.family, other, where[1], cell, time, ratio))
    assert said == expected
    assert {each.verdict for each in source.choices} == set(VERDICTS)


@needs_chromium
def test_captions_hold_figures_of_tables(opened: Opened) -> None:
    assert "26.4 GB/s of memory, and 151 GFLOP/s." in str(
        opened.page.locator("#plot-roofline figcaption").text_content()
    )
    times = {row[2] for row in opened.rows("#ratios")}
    said = str(opened.page.locator("#plot-times figcaption").text_content())
    assert sum(time in said for time in times) >= 1


def test_scripts_round_nothing_but_labels() -> None:
    """One function rounds, for ticks and for what no table has."""
    rounding = re.compile(r"toFixed|toPrecision|toExponential|tickformat")
    lines = [line for file in SCRIPTS for line in file.read_text(encoding="utf-8").splitlines()]
    found = [line for line in lines if rounding.search(line)]
    assert found == ["const rounded = (value, most = 3) => Number(value.toPrecision(most));"]
