"""A page of the report in a real, headless Chromium, with everything it says and asks for kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The browser's path: `XBENCH_CHROMIUM`, or the first on the path."""
    given = os.environ.get("XBENCH_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


needs_chromium = pytest.mark.skipif(
    find_chromium() is None,
    reason="no Chromium here: `make browser` installs Debian's, or set XBENCH_CHROMIUM to its path",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        yield browser
        browser.close()


class Opened:
    """A page opened from disk; `said` are its console's warnings and errors, `asked` what it
    requested beside itself."""

    def __init__(self, browser: Browser, file: Path, address: str = "", **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **context)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri() + address)
        if context.get("java_script_enabled", True):
            self.page.wait_for_selector("html[data-ready]", state="attached")
        self.asked.remove(file.as_uri() + address.partition("#")[0])

    def choose(self, name: str, label: str) -> None:
        """Choose an entry of a list by what it says."""
        self.page.select_option(f"#{name}", label=label)

    def rows(self, selector: str) -> list[list[str]]:
        """The texts of a table's body."""
        found = self.page.eval_on_selector_all(
            f"{selector} tbody tr",
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))",
        )
        return [[str(text) for text in row] for row in found]

    def lines(self, plot: str) -> dict[str, list[list[float]]]:
        """The lines of a plot by name: their x and y values."""
        found: dict[str, list[list[float]]] = self.page.evaluate(
            "id => Object.fromEntries(document.querySelector(`#plot-${id} .plot`).data"
            ".filter(line => line.name && line.hoverinfo !== 'skip')"
            ".map(line => [line.name, [[...line.x], [...line.y]]]))",
            plot,
        )
        return found

    def close(self) -> None:
        """Forget the page."""
        self.context.close()
