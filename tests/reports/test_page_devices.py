"""Where a GPU overtakes the processor, on the page and in sentences; and several runs at once."""

from __future__ import annotations

import random
from pathlib import Path

from playwright.sync_api import Browser

from helpers.browser import Opened, needs_chromium
from helpers.made_runs import VARIANTS, families, plan, write_run
from xbench.records.schema import CellPlan, Samples
from xbench.reports.assemble import write_report
from xbench.reports.prose.sentences import crossing_sentences
from xbench.reports.sources import load

FAMILY, WIDTHS = "mlp_train 100×w", (512, 1024, 2048, 4096, 8192, 16384)
TRUE = 3000.0
CPU, GPU = "torch eager autograd, cpu", "torch eager autograd, cuda:0"


def on(device: str, width: int) -> CellPlan:
    """A cell of torch on a device."""
    group = f"mlp_train/w{width}/{device}"
    return plan(FAMILY, width, VARIANTS[1], group=group, device=device)


def times(device: str, width: int) -> dict[str, object]:
    """A burst: on the processor in proportion to the width, on the other always the same."""

    def bursts(chance: random.Random) -> Samples:
        true_ns = 1e3 * (width if device == "cpu" else TRUE)
        centre = true_ns * chance.lognormvariate(0.0, 0.01)
        return Samples(wall_ns=[round(centre * chance.lognormvariate(0, 0.02)) for _ in range(9)])

    return {"timed": bursts}


def with_gpu(folder: Path) -> Path:
    """A run whose series cross at the width `TRUE`."""
    cells = [(on(device, width), device, width) for device in ("cpu", "cuda:0") for width in WIDTHS]
    changes = {cell.id: times(device, width) for cell, device, width in cells}
    return write_run(folder, [cell for cell, _, _ in cells], launches=5, changes=changes)


def test_the_width_at_which_a_gpu_takes_over_has_an_interval(tmp_path: Path) -> None:
    source = load(with_gpu(tmp_path), None)
    (found,) = source.crossovers
    low, high = found.crossover.low, found.crossover.high
    assert low is not None
    assert high is not None
    assert low < TRUE < high < 1.1 * low
    (said,) = crossing_sentences(source)
    assert said.startswith(
        f"{FAMILY} (float32, all cores), torch eager autograd: cuda:0 is faster "
    )
    assert "not paired" in said


def test_without_another_device_nothing_is_said_of_one(tmp_path: Path) -> None:
    assert crossing_sentences(load(write_run(tmp_path, families(1)), None)) == []


@needs_chromium
def test_the_page_draws_both_devices_and_where_they_cross(browser: Browser, tmp_path: Path) -> None:
    run = with_gpu(tmp_path)
    write_report([run], tmp_path / "out", None, print_text=False)
    opened = Opened(browser, tmp_path / "out" / "index.html")
    drawn = opened.lines("crossover")
    assert set(drawn) == {CPU, GPU}
    assert list(drawn[CPU][0]) == list(WIDTHS)
    assert drawn[CPU][1][0] < drawn[GPU][1][0]
    assert drawn[CPU][1][-1] > drawn[GPU][1][-1]
    shapes = opened.page.evaluate(
        "document.querySelector('#plot-crossover .plot').layout.shapes"
        ".map(each => [each.x0, each.x1])"
    )
    assert len(shapes) == 1
    assert shapes[0][0] < TRUE < shapes[0][1]
    said = crossing_sentences(load(run, None))[0]
    assert said in str(opened.page.locator("#plot-crossover figcaption").text_content())
    assert said in opened.page.locator(".headlines li").all_text_contents()
    assert opened.said == opened.asked == []
    opened.close()


@needs_chromium
def test_runs_are_drawn_together_but_never_compared(browser: Browser, tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, families(1), run_id=f"2026010{place}T000000Z-{name}")
        for place, name in enumerate("ab", 1)
    ]
    write_report(runs, tmp_path / "out", None, print_text=False)
    opened = Opened(browser, tmp_path / "out" / "index.html")
    names = {" ".join(each) for each in VARIANTS}
    assert set(opened.lines("times")) == {f"{name} ({run})" for name in names for run in "AB"}
    opened.choose("main-reference", "torch eager autograd (B)")
    compared = {row[1] for row in opened.rows("#ratios")}
    assert compared == {f"{name} (B)" for name in names if name != "torch eager autograd"}
    said = str(opened.page.locator("#plot-speedups figcaption").text_content())
    assert "20 cells not measured in the same rounds: no ratio." in said
    assert opened.page.locator(".first").count() == 2
    assert opened.said == opened.asked == []
    opened.close()
