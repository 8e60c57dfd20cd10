"""A verdict for people: the terminal, the Markdown summary, GitHub's annotations."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xbench.cli.verdicts import finish
from xbench.reports.verdict.job_summary import (
    MARKER,
    MOST_CHARACTERS,
    annotation_lines,
    as_markdown,
)
from xbench.reports.verdict.wording import MOST_ROWS, as_text
from xbench.tracking.verdict import (
    KINDS,
    Difference,
    Finding,
    FindingKind,
    Verdict,
    VerdictSide,
    make_verdict,
)

HOSTILE = (
    "x`|\\`| <img src=x onerror=alert(1)> --> [a](https://evil.example) @everyone #1 **b** "
    "www.evil.example\n::error::no\n# title ##[add-mask]a \x1b[31m \u202e"
)
ACTIONS = {"GITHUB_ACTIONS": "true"}


def finding(kind: FindingKind, cell: str = "a", ratio: float | None = None, **more: Any) -> Finding:
    """One with a ratio, if it is given, and an interval of ±1 %."""
    fields: dict[str, Any] = {
        "ratio": ratio,
        "low": ratio and 0.99 * ratio,
        "high": ratio and 1.01 * ratio,
        "base": 1e-3,
        "head": 1e-3 * (ratio or 1.0),
    }
    return Finding(cell=cell, kind=kind, launches=5, **(fields | more))


def verdict(findings: list[Finding], text: str = "run", **more: Any) -> Verdict:
    """A verdict; `text` is whatever comes from files."""
    side = VerdictSide(name=text, environment={text: text})
    return make_verdict("compare", side, side, findings, **more)


def hostile(count: int = 2000) -> Verdict:
    """As many cells of every kind, all texts as bad and as long as can be."""
    text = HOSTILE * 40
    found = [
        finding(
            KINDS[number % len(KINDS)],
            f"{number}/{text}",
            1.0 + number / 1e4,
            reason=text,
            metric=text,
            unit=text,
            head_status="crashed",
        )
        for number in range(count)
    ]
    differing = [Difference(label=text, base=text, head=text)] * 100
    return verdict(found, text, differences=differing, notes=[text] * 100)


def ordinary(count: int = 2000) -> Verdict:
    """As many cells with ids as long as they are."""
    cell = "mlp_forward/n100-d1-h204800-o1/float32/tensorflow/cpu/graph/none/tall/{}"
    found = [finding(KINDS[place % len(KINDS)], cell.format(place), 1.2) for place in range(count)]
    return verdict(found)


@pytest.mark.parametrize("make", [hostile, ordinary])
def test_a_summary_of_2000_cells_fits_into_a_comment(make: Callable[[], Verdict]) -> None:
    text = as_markdown(make())
    assert len(text) < MOST_CHARACTERS
    assert text.startswith(f"{MARKER}\n## ")
    assert text.count(MARKER) == 1
    assert text.rstrip().endswith("`verdict.json` has every cell.")
    for part in ("### Worst first", "### Not measured", "### New", "### Missing", "And "):
        assert part in text


def test_the_worst_of_a_summary_come_first_and_say_what_they_rest_on() -> None:
    text = as_markdown(
        verdict(
            [
                finding("improved", "fast", 0.8),
                finding("regressed", "slow", 1.0612),
                finding("regressed", "slower", 1.2),
                finding("same", "same", 1.0),
                finding("broken", "gone", head=None, head_status="oom", reason="16 GB"),
                finding("regressed", "sure", 1.1, confirmed=True),
            ]
        )
    )
    rows = [line for line in text.splitlines() if "| `" in line]
    order = [line.split("`")[1] for line in rows]
    assert order == ["gone", "sure", "slower", "slow", "fast"]
    assert "| regressed | `sure` | 1.100× [1.089, 1.111] | `1 ms` | `1.1 ms` | 5 | yes |" in rows[1]
    assert "regressed?" in rows[2]
    assert "6 cells: 1 broken, 3 regressed (1 confirmed), 1 improved, 1 same" in text


def test_text_from_files_cannot_start_markup() -> None:
    text = as_markdown(hostile(20)).removeprefix(MARKER)
    assert not re.search("[\x1b\u202e]", text)
    outside = re.sub(r"(?<!\\)`[^`\n]*`", "", text)
    ours = r"\\[\\`*_\[\]<>|~&]|\[[\d.]+, [\d.]+\]|\[95 % interval\]"
    plain = re.sub(ours, "", outside)
    assert not re.search(r"[\\`*_\[\]<>~&]", plain.replace("\\:", "").replace("\\.", ""))
    assert not re.search(r"https?://|@everyone|#1|www\.evil", outside)
    lines = plain.splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} <= {3, 4, 9}
    assert not any("|" in line for line in lines if not line.startswith("|"))


def test_the_terminal_shows_counts_then_the_worst_rows() -> None:
    lines = as_text(ordinary()).splitlines()
    assert lines[2].startswith("2000 cells: 223 broken, 223 missing, 222 regressed (0 confirmed)")
    assert sum("mlp_forward" in line for line in lines) == MOST_ROWS
    assert any(line.startswith(f"and {2000 - MOST_ROWS} more") for line in lines)
    shown = as_text(hostile(20))
    assert not re.search("[\x1b\u202e]|^ *::|##\\[", shown, flags=re.MULTILINE)


def test_annotations_are_few_and_one_line_each() -> None:
    found = annotation_lines(hostile(), ACTIONS)
    assert len(found) == 10
    for each in found:
        assert re.fullmatch(r"::(error|warning) title=[^\n:,]*::[^\n]*", each)
        assert "##[" not in each
    assert annotation_lines(hostile(), {}) == []


def test_a_candidate_is_a_warning_and_what_fails_an_error() -> None:
    candidate, sure = (
        finding("regressed", "a:b,100%", 1.2),
        finding("regressed", "c", 1.2, confirmed=True),
    )
    assert annotation_lines(verdict([candidate]), ACTIONS) == [
        "::warning title=a%3Ab%2C100%25::a:b,100%25: regressed?, 1.200× [1.188, 1.212]"
    ]
    assert annotation_lines(verdict([sure]), ACTIONS)[0].startswith("::error title=c::")
    (strict,) = annotation_lines(verdict([finding("inconclusive")], strict=True), ACTIONS)
    assert strict.startswith("::error title=xbench compare::")
    assert "exit status 4" in strict
    assert annotation_lines(verdict([finding("same", ratio=1.0)]), ACTIONS) == []


def test_the_job_summary_is_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "summary"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert finish(verdict([finding("broken", head=None), finding("same", "b")])) == 3
    assert file.read_text().startswith(f"before\n{MARKER}\n")
    assert "::error title=a::a: broken" in capsys.readouterr().out
