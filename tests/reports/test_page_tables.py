"""Tables of the page in a real browser: sorted, filtered, paged, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from helpers.browser import Opened, needs_chromium
from helpers.made_runs import VARIANTS, WIDTHS, families, plan, write_run
from xbench.reports.assemble import write_report
from xbench.reports.sources import load

pytestmark = needs_chromium
FAMILIES = 12
CELLS = '[data-table="0"]'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    refused = plan("op0 100×w", 819200, VARIANTS[1], status="would_oom", reason="168 GB, 9 GB free")
    cells = [*families(FAMILIES), refused]
    return write_run(tmp_path_factory.mktemp("tables") / "run", cells)


@pytest.fixture(scope="module")
def file(run: Path) -> Path:
    write_report([run], run / "report", None, print_text=False)
    return run / "report" / "index.html"


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    found = Opened(browser, file)
    yield found
    assert found.said == found.asked == []
    found.close()


def column(opened: Opened, title: str) -> int:
    """Where the column of this title stands."""
    heads = opened.page.locator(f"{CELLS} thead th").all_text_contents()
    return next(place for place, head in enumerate(heads) if head.startswith(title))


def press(opened: Opened, title: str) -> None:
    """Sort by a column, as a user does."""
    opened.page.locator(f"{CELLS} thead th .sort").nth(column(opened, title)).click()


def count(opened: Opened) -> str:
    """What is said about how many rows there are."""
    return str(opened.page.locator(".tools .count").first.text_content())


def test_a_long_table_is_shown_in_pages(opened: Opened) -> None:
    cells = FAMILIES * 20 + 1
    first = opened.rows(CELLS)
    assert len(first) == 50
    assert f"1–50 of {cells} rows" in count(opened)
    tools = opened.page.locator(".tools").first
    assert tools.locator("button >> nth=0").is_disabled()
    seen = list(first)
    while tools.locator("button >> nth=1").is_enabled():
        tools.locator("button >> nth=1").click()
        seen += opened.rows(CELLS)
    assert len(seen) == len({tuple(row) for row in seen}) == cells


def test_sorting_is_by_the_figure_and_not_by_its_text(opened: Opened, run: Path) -> None:
    times = sorted(cell.time_s for cell in load(run, None).cells if cell.time_s is not None)
    press(opened, "time of a call")
    head = opened.page.locator(f"{CELLS} thead th").nth(column(opened, "time of a call"))
    assert head.get_attribute("aria-sort") == "ascending"
    up = [row[column(opened, "time of a call")] for row in opened.rows(CELLS)]
    press(opened, "time of a call")
    assert head.get_attribute("aria-sort") == "descending"
    down = [row[column(opened, "time of a call")] for row in opened.rows(CELLS)]
    assert [_seconds(text) for text in up] == pytest.approx(times[:50], rel=0.05)
    assert [_seconds(text) for text in down] == pytest.approx(times[::-1][:50], rel=0.05)
    press(opened, "time of a call")
    assert head.get_attribute("aria-sort") == "none"


def _seconds(text: str) -> float:
    value, unit = text.split()[:2]
    return float(value) * {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[unit]


def test_what_has_no_number_comes_last_either_way(opened: Opened) -> None:
    opened.page.locator(".tools input").first.fill("819200")
    assert count(opened) == f"1 row of {FAMILIES * 20 + 1}"
    opened.page.locator(".tools input").first.fill("op0 torch")
    for _ in range(2):
        press(opened, "time of a call")
        last = opened.rows(CELLS)[-1]
        assert "would_oom: 168 GB, 9 GB free" in last
        assert "no number" in last


def test_a_filter_takes_every_word(opened: Opened) -> None:
    opened.page.locator(".tools input").first.fill("TORCH compiled op3")
    found = opened.rows(CELLS)
    assert [row[1] for row in found] == [str(width) for width in WIDTHS]
    assert all("torch compiled autograd" in row and "op3 100×w" in row for row in found)
    opened.page.locator(".tools input").first.fill("torch eager 2048")  # not in 20480, nor 204800
    assert {row[1] for row in opened.rows(CELLS)} == {"2048"}
    opened.page.locator(".tools input").first.fill("nothing of the kind")
    assert opened.rows(CELLS) == []
    assert count(opened).startswith("0 rows of ")


def test_without_scripts_there_are_figures_and_rows(browser: Browser, file: Path) -> None:
    still = Opened(browser, file, java_script_enabled=False)
    assert still.page.locator("#explore").is_hidden()
    figures = still.page.locator("#figures svg")
    assert 0 < figures.count() <= 10
    assert figures.first.is_visible()
    assert still.page.locator(f"{CELLS} tbody tr").count() == 100
    assert "The first 100 of 241 rows" in str(still.page.locator(".rest").first.text_content())
    still.close()


def test_print_says_which_rows_it_holds(opened: Opened) -> None:
    opened.page.locator(".tools input").first.fill("op3")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.emulate_media(media="print")
    said = opened.page.locator(".printed").first
    assert said.is_visible()
    assert said.text_content() == f"Rows 1 to 20 of {FAMILIES * 20 + 1}, filtered by “op3”."
    opened.page.locator(".tools input").first.evaluate("each => { each.value = ''; }")
    opened.page.locator(".tools input").first.dispatch_event("input")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(opened.rows(CELLS)) == 100
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(opened.rows(CELLS)) == 50


def test_words_in_a_table_are_not_broken(opened: Opened) -> None:
    for width in (1280, 400):
        opened.page.set_viewport_size({"width": width, "height": 900})
        heights = opened.page.locator(f"{CELLS} tbody tr").evaluate_all(
            "rows => rows.map(row => row.getBoundingClientRect().height)"
        )
        assert max(heights) < 80  # three lines


def test_print_shows_figures_and_no_controls(opened: Opened) -> None:
    assert opened.page.locator("#figures").is_hidden()
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.locator("#figures svg").first.is_visible()
    for hidden in ("#explore", ".tools", "nav"):
        assert opened.page.locator(hidden).first.is_hidden()
    paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light")])
def test_it_fits_any_screen_in_light_and_dark(
    opened: Opened, tmp_path: Path, width: int, scheme: str
) -> None:
    opened.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.wait_for_timeout(300)
    picture = opened.page.screenshot(path=tmp_path / f"{scheme}-{width}.png", full_page=True)
    assert len(picture) > 50_000
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(
        "[...document.querySelectorAll('.plot')].every(each => each.scrollWidth <= innerWidth)"
    )
    paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    ink = opened.page.locator("#plot-times .xtick text").first.evaluate(
        "each => getComputedStyle(each).fill"
    )
    assert ink == opened.page.evaluate("getComputedStyle(document.body).color")
