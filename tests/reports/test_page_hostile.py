"""Text from a result file stays text, in a real browser: nothing it says is run, fetched or drawn
as markup, however long it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from helpers.browser import Opened, needs_chromium
from helpers.made_runs import VARIANTS, plan, write_run
from xbench.reports.assemble import write_report

pytestmark = needs_chromium
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "</script><script>alert(3)</script>",
    "<a href='http://example.invalid/'>here</a>",
    "<b>bold</b><br><sup>up</sup>",
    "\"'><svg onload=alert(4)>",
    "{{ 7*7 }}%{customdata}${alert(5)}$x^2$",
    '=HYPERLINK("http://example.invalid/","x")',
    "&lt;script&gt;\u202e\x1b[31m\u2028",
)
LONG = "x" * 20_000


def hostile_run(folder: Path) -> Path:
    """A run in which every text that may be free is an attack, and some are very long."""
    cells = []
    for number, attack in enumerate([*ATTACKS, LONG]):
        family, setting = f"{attack} {number}", {"dtype": f"float32{attack}"}
        group = f"group {number}"
        for variant in ((attack, "eager", attack), ("numpy", attack, "none"), VARIANTS[1]):
            for width in (512, 2048):
                fields: dict[str, Any] = {"op": f"{attack}/{number}", "group": f"{group}/{width}"}
                cells.append(plan(family, width, variant, **fields, **setting))
        failed = {"op": f"{attack}/{number}", "reason": attack, "status": "crashed"}
        cells.append(plan(family, 9, VARIANTS[2], group=f"{group}/9", **setting, **failed))
    machine = {"cpu": ATTACKS[1], "cores": ATTACKS[0], "gpus": [ATTACKS[2], LONG]}
    git = {"commit": ATTACKS[0], "branch": ATTACKS[3]}
    environment = {"machine": machine, "os": ATTACKS[5], "python": LONG, "git": git}
    return write_run(
        folder, cells, run_id=ATTACKS[2], environment=environment, command=list(ATTACKS)
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    claims = {"source": ATTACKS[0], "id": ATTACKS[1], "says": ATTACKS[2], "printed": LONG}
    run = hostile_run(folder / "run")
    line = {"type": "claim", **claims, "ours": ATTACKS[3], "ruling": "contradicted", "why": "<b>"}
    (run / "claims.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    write_report([run], run / "report", None, title=ATTACKS[2], print_text=False)
    return run / "report" / "index.html"


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    found = Opened(browser, file)
    yield found
    assert found.said == found.asked == []
    found.close()


def test_nothing_is_run_and_nothing_is_asked_for(opened: Opened) -> None:
    scripts = opened.page.evaluate("[...document.scripts].map(each => each.id || each.type)")
    assert sorted(scripts) == ["", "", "data", "plotly"]
    made = "img, iframe, object, embed, link, form[action], main a[href^=http], b, sup, marquee"
    assert opened.page.locator(made).count() == 0
    assert opened.page.locator("[onerror], [onload], [onclick]").count() == 0
    assert opened.page.locator("h1").text_content() == ATTACKS[2]


def test_attacks_are_drawn_as_the_text_they_are(opened: Opened) -> None:
    choices = opened.page.locator("#main-op option").all_text_contents()
    assert len(choices) == len(ATTACKS) + 1
    for place, attack in enumerate(ATTACKS[:4]):
        opened.page.select_option("#main-op", index=place)
        legend = " ".join(opened.page.locator("#plot-times .legendtext").all_text_contents())
        assert attack in legend
        assert opened.page.locator("svg a").count() == 0


def test_hovering_shows_markup_as_text(opened: Opened) -> None:
    opened.page.select_option("#main-op", index=3)
    opened.page.locator("#plot-times .plot").scroll_into_view_if_needed()
    point = opened.page.locator("#plot-times .scatterlayer .points path >> nth=0").bounding_box()
    assert point is not None
    opened.page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    label = opened.page.locator("#plot-times .hoverlayer .hovertext")
    label.wait_for()
    assert "<a href=" in str(label.text_content())
    assert opened.page.locator(".hoverlayer a").count() == 0


def test_long_texts_do_not_widen_the_page(opened: Opened) -> None:
    opened.page.select_option("#main-op", index=len(ATTACKS))
    for width in (1280, 400):
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.page.wait_for_timeout(200)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_policy_stops_a_script_that_got_in_all_the_same(browser: Browser, file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    planted = file.with_name("planted.html")
    planted.write_text(page.replace("<main>", "<main><script>window.ran = 1</script>", 1))
    found = Opened(browser, planted)
    assert found.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in each for each in found.said)
    found.close()
