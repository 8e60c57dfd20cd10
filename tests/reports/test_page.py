"""The page of the report in a real browser: opened from disk, looked at, switched, sorted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from helpers.browser import Opened, needs_chromium
from helpers.made_runs import VARIANTS, families, plan, write_run
from xbench.analysis.ratios import Comparison
from xbench.analysis.summary import CellSummary
from xbench.reports.assemble import write_report
from xbench.reports.prose.numbers import show_ratio, show_time
from xbench.reports.sources import load

pytestmark = needs_chromium
OTHER = "op1 100×w"
PLOTS = (
    "times",
    "speedups",
    "phases",
    "breakeven",
    "roofline",
    "memory",
    "samples",
    "crossover",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two operations, four widths, five ways each; one cell too many for the memory."""
    big = plan("op0 100×w", 819200, VARIANTS[0], status="would_oom", reason="168 GB, 9 GB free")
    return write_run(tmp_path_factory.mktemp("page") / "run", [*families(2), big], launches=4)


@pytest.fixture(scope="module")
def file(run: Path) -> Path:
    write_report([run], run / "report", None, print_text=False)
    return run / "report" / "index.html"


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    found = Opened(browser, file)
    yield found
    assert found.said == []
    assert found.asked == []
    found.close()


def test_it_opens_from_disk_says_nothing_and_asks_for_nothing(opened: Opened, file: Path) -> None:
    assert file.stat().st_size < 6e6
    assert opened.page.locator("h1").text_content()
    assert opened.page.locator(".headlines li").count() > 0
    assert opened.page.locator("#plots figure").count() == len(PLOTS)
    for name in PLOTS[:-1]:
        assert opened.page.locator(f"#plot-{name} .main-svg").count() > 0, name
    assert "cpu only" in str(opened.page.locator("#plot-crossover figcaption").text_content())


def test_answers_and_trust_stand_on_the_first_screen(opened: Opened) -> None:
    for selector in (".headlines li >> nth=0", ".machine >> nth=0", ".trust li >> nth=0"):
        box = opened.page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900


def test_switching_the_operation_switches_plots_table_and_address(opened: Opened) -> None:
    before = opened.lines("times")
    opened.choose("main-op", OTHER)
    assert OTHER in str(opened.page.locator("#ratios caption").text_content())
    after = opened.lines("times")
    assert set(before) == set(after)
    assert before != after
    assert "op1" in opened.page.evaluate("decodeURIComponent(location.hash)")


def test_an_address_shows_what_its_sender_saw(browser: Browser, file: Path, opened: Opened) -> None:
    opened.choose("main-op", OTHER)
    opened.choose("main-reference", "tensorflow graph autograd")
    opened.page.uncheck("#show-numpy")
    opened.choose("phases-calls", "10")
    opened.choose("samples-width", "2048")
    opened.choose("samples-cell", "torch compiled autograd")
    address = opened.page.evaluate("location.hash")
    again = Opened(browser, file, address)
    assert again.rows("#ratios") == opened.rows("#ratios")
    assert "numpy" not in " ".join(again.lines("times"))
    assert not again.page.is_checked("#show-numpy")
    assert again.page.input_value("#phases-calls") == "10"
    assert again.lines("samples") == opened.lines("samples")
    again.page.evaluate("location.hash = 'op=op0 100×w&width=512'")
    again.page.wait_for_function("document.querySelector('#main-op').value.startsWith('op0')")
    again.close()


@pytest.mark.parametrize("reference", [0, 1, 2, 3, 4])
def test_ratios_to_any_reference_are_those_of_the_record(
    opened: Opened, run: Path, reference: int
) -> None:
    source = load(run, None)
    names = [" ".join(each) for each in VARIANTS]
    opened.choose("main-op", OTHER)
    opened.choose("main-reference", names[reference])
    expected = sorted(_expected(source.choices, source.cells, names[reference]))
    found = [tuple(row) for row in opened.rows("#ratios")]
    assert sorted(found) == expected
    assert [int(row[0]) for row in found] == sorted(int(row[0]) for row in found)


def _expected(
    choices: list[Comparison], cells: list[CellSummary], reference: str
) -> Iterator[tuple[str, ...]]:
    by_id = {cell.id: cell for cell in cells}
    for each in choices:
        for turned in (each, each.inverse):
            other = turned.reference
            name = f"{other.key.backend} {other.key.mode} {other.key.gradient}"
            if name == reference and other.family == OTHER:
                cell = by_id[turned.cell.id]
                assert cell.time_s is not None
                label = (
                    f"{turned.cell.key.backend} {turned.cell.key.mode} {turned.cell.key.gradient}"
                )
                time = show_time(cell.time_s, cell.low_s, cell.high_s)
                ratio = show_ratio(turned.ratio, turned.verdict)
                yield str(turned.cell.width), label, time, ratio


def test_times_drawn_are_those_of_the_record(opened: Opened, run: Path) -> None:
    opened.choose("main-op", OTHER)
    drawn = opened.lines("times")
    for cell in load(run, None).cells:
        if cell.plan.family == OTHER:
            name = f"{cell.plan.key.backend} {cell.plan.key.mode} {cell.plan.key.gradient}"
            along, up = drawn[name]
            assert up[along.index(cell.plan.width)] == pytest.approx(cell.time_s, rel=1e-4)


def test_modes_and_backends_can_be_hidden(opened: Opened) -> None:
    opened.page.uncheck("#show-torch")
    opened.page.uncheck("#show-graph")
    names = set(opened.lines("times"))
    assert names == {"numpy eager manual", "tensorflow eager autograd"}
    opened.page.check("#show-torch")
    assert "torch eager autograd" in opened.lines("times")


def test_hovering_shows_id_figure_interval_and_launches(opened: Opened, run: Path) -> None:
    opened.page.locator("#plot-times .plot").scroll_into_view_if_needed()
    point = opened.page.locator("#plot-times .scatterlayer .points path >> nth=0").bounding_box()
    assert point is not None
    opened.page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    label = opened.page.locator("#plot-times .hoverlayer .hovertext")
    label.wait_for()
    text = str(label.text_content())
    (cell,) = [each for each in load(run, None).cells if each.id in text]
    assert cell.time_s is not None
    assert f"{show_time(cell.time_s, cell.low_s, cell.high_s)} · 4 launches" in text


def test_bursts_of_any_cell_can_be_seen(opened: Opened) -> None:
    opened.choose("samples-width", "2048")
    opened.choose("samples-cell", "torch eager autograd")
    drawn = opened.lines("samples")
    assert sum(len(up) for _, up in drawn.values()) == 4 * 9
    assert "torch eager autograd at width 2048" in str(
        opened.page.locator("#plot-samples figcaption").text_content()
    )


def test_more_calls_take_longer_and_another_width_is_another_plot(opened: Opened) -> None:
    few = opened.lines("phases")
    opened.choose("phases-calls", "100\u202f000")
    many = opened.lines("phases")
    assert max(many["100\u202f000 calls"][0]) > 50 * max(few["1\u202f000 calls"][0])
    opened.choose("breakeven-width", "512")
    assert "width 512" in str(opened.page.locator("#plot-phases figcaption").text_content())


def test_the_keyboard_is_enough(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    opened.page.focus("#main-op")
    opened.page.keyboard.press("ArrowDown")
    assert "op1" in opened.page.evaluate("decodeURIComponent(location.hash)")
    assert opened.page.evaluate("document.activeElement.id") == "main-op"


def test_everything_that_is_shown_has_a_name(opened: Opened) -> None:
    nameless = opened.page.evaluate(
        "() => [...document.querySelectorAll('select, input, button')].filter(each =>"
        "!each.textContent.trim() && !each.labels?.length && !each.getAttribute('aria-label'))"
        ".map(each => each.outerHTML)"
    )
    assert nameless == []
    unnamed = opened.page.evaluate(
        "() => [...document.querySelectorAll('[role=img], [role=region]')]"
        ".filter(each => !each.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    for name in PLOTS:
        assert len(str(opened.page.locator(f"#plot-{name} figcaption").text_content())) > 40
    assert opened.page.locator(".plot svg.main-svg:not([aria-hidden])").count() == 0
    assert opened.page.locator("table:not(:has(caption))").count() == 0
    assert opened.page.locator("th:not([scope])").count() == 0
