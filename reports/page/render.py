"""The report as one self-contained page: styles and figures inside, nothing fetched, no scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.draw.palette import GRID, INK, PAPER
from reports.model import Chapter, Figure
from reports.say.sentences import margin_note
from reports.tables.causes import CAUSES, bound_note
from xbench import __version__

_HERE = Path(__file__).resolve().parent


def render_page(chapters: Sequence[Chapter]) -> str:
    """The page. Text from result files is escaped; the figures escaped theirs when drawn."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["inline"] = inline_svg
    return environment.get_template("page.html").render(
        chapters=chapters,
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        bound_note=bound_note(),
        causes_title=CAUSES,
        margin_note=margin_note(),
        version=__version__,
    )


def inline_svg(figure: Figure) -> Markup:
    """A figure to stand inside a page: ids of its own, the page's font and colours, its words for
    those who do not see it."""
    _, _, body = figure.svg.partition("<svg ")
    attributes, _, content = body.partition(">")
    box = re.search(r'viewBox="[\d. ]+"', attributes)
    content = re.sub(r"<metadata>.*?</metadata>", "", content, count=1, flags=re.DOTALL)
    for mark in (' id="', "url(#", ' xlink:href="#'):
        content = content.replace(mark, f"{mark}{figure.name}-")
    for ours, theirs in ((INK, "currentColor"), (GRID, "var(--grid)"), (PAPER, "none")):
        content = content.replace(ours, theirs)
    label = Markup.escape(figure.alt)
    head = f'<svg role="img" aria-label="{label}" {box.group() if box else ""} '
    return Markup(f'{head}xmlns:xlink="http://www.w3.org/1999/xlink">{content}')  # noqa: S704
