"""Numbers on the page are those of the tables: its scripts print them by the same rules."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from helpers.browser import chromium, needs_chromium
from xbench.analysis.interval import MARGIN, Estimate, verdict
from xbench.reports import page
from xbench.reports.prose.numbers import show_once, show_ratio, show_time
from xbench.text import show_bytes

SCRIPTS = Path(page.__file__).parent / "js"
CASES = 3000


def ends(value: float, half: float) -> tuple[float, float, float]:
    """A value and its interval, in digits as the page has them."""
    low, high = value / (1.0 + half), value * (1.0 + half)
    return float(f"{value:.7g}"), float(f"{low:.7g}"), float(f"{high:.7g}")


@pytest.fixture(scope="module")
def printed() -> dict[str, list[Any]]:
    """What the page's scripts print for random figures, and the figures."""
    chance = random.Random(7)
    cases: list[tuple[float, float, float]] = []
    for _ in range(CASES):
        value = 10.0 ** chance.uniform(-8, 3)
        half = abs(chance.gauss(0.0, 1.0)) * 10.0 ** chance.uniform(-4, 1)
        cases.append(ends(value, half))
    ratios = [
        ends(10.0 ** chance.gauss(0.0, 0.3), 10.0 ** chance.uniform(-4, 0.5)) for _ in range(CASES)
    ]
    source = (SCRIPTS / "numbers.js").read_text(encoding="utf-8")
    judged = [verdict(Estimate(*each, 5)) for each in ratios]
    program = f"""([cases, ratios, verdicts, margin]) => {{
        const page = {{ margin }};
        {source}
        return {{
            times: cases.map((each) => showTime(...each)),
            alone: cases.map(([value]) => showTime(value, null, null)),
            once: cases.map(([value]) => showOnce(value)),
            bytes: cases.map(([value]) => showBytes(Math.floor(value * 1e9))),
            ratios: ratios.map(([value, low, high], at) =>
                showRatio({{ value, low, high, verdict: verdicts[at] }})),
        }};
    }}"""
    with chromium() as browser:
        page = browser.new_page()
        found: dict[str, list[Any]] = page.evaluate(program, [cases, ratios, judged, MARGIN])
    return found | {"cases": cases, "of": ratios}


@needs_chromium
def test_times_are_printed_as_in_the_tables(printed: dict[str, list[Any]]) -> None:
    assert printed["times"] == [show_time(*each) for each in printed["cases"]]
    assert printed["alone"] == [show_time(each[0], None, None) for each in printed["cases"]]
    assert printed["once"] == [show_once(each[0]) for each in printed["cases"]]


@needs_chromium
def test_ratios_are_printed_as_in_the_tables(printed: dict[str, list[Any]]) -> None:
    expected = [Estimate(value, low, high, 5) for value, low, high in printed["of"]]
    assert printed["ratios"] == [show_ratio(each, verdict(each)) for each in expected]
    words = {word for text in printed["ratios"] for word in text.split() if word.isalpha()}
    assert {"faster", "slower", "same", "inconclusive"} <= words


@needs_chromium
def test_bytes_are_printed_as_in_the_tables(printed: dict[str, list[Any]]) -> None:
    assert printed["bytes"] == [show_bytes(int(each[0] * 1e9)) for each in printed["cases"]]
