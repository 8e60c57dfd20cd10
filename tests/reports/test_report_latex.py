"""LaTeX that compiles, whatever a result file says: no sign has a meaning that is not meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.format_runs import hostile_run, printed, small_run
from xbench.reports.formats.latex import latex_text

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\$[^$]*\$|[{}&]|[^\\{}&$]+", re.DOTALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run of the golden files."""
    return small_run(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run whose every text is hostile."""
    return hostile_run(tmp_path_factory.mktemp("hostile"))


def check_latex(line: str, columns: int | None) -> None:
    """No sign has a meaning that is not meant: braces pair up, columns are as many as there are."""
    depth = separators = 0
    tokens = TOKEN.findall(line)
    assert "".join(tokens) == line
    for token in tokens:
        depth += (token == "{") - (token == "}")
        assert depth >= 0, line
        separators += token == "&"
        if token[0] == "$":
            assert re.fullmatch(r"\$(\\[a-z]+|-|\^[23])\$", token)
        elif token[0] not in "\\{}&":
            assert not set(token) & set('_%#~^<>|"'), line
    assert depth == 0, line
    assert columns is None or separators == columns - 1


@pytest.mark.parametrize("name", ["run", "hostile"])
def test_latex_is_whole(name: str, request: pytest.FixtureRequest) -> None:
    text = printed(request.getfixturevalue(name), "latex")
    stack: list[str] = []
    columns = 0
    for line in (line for line in text.splitlines() if not line.startswith("%")):
        if found := re.match(r"\\(begin|end)\{(\w+)\}(.*)", line):
            if found[1] == "begin":
                stack.append(found[2])
                kinds = re.sub(r"@\{\}|p\{[^}]*\}", lambda match: match[0][0].strip("@"), found[3])
                columns = len(kinds.strip("{}"))
            else:
                assert stack.pop() == found[2]
        elif stack[-1:] == ["tabular"] and line not in (r"\toprule", r"\midrule", r"\bottomrule"):
            assert line.startswith("{}")
            assert line.endswith(r" \\")
            check_latex(line, columns)
        else:
            check_latex(line, None)
    assert not stack
    labels = re.findall(r"\\label\{(.*)\}", text)
    assert len(set(labels)) == len(labels) == text.count(r"\begin{table}")


@given(st.text())
def test_latex_takes_any_text(text: str) -> None:
    found = latex_text(text)
    check_latex(found, None)
    assert "\n" not in found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b & 5 % {x}", r"a\_b \& 5 \% \{x\}"),
        ("100×w→1 ± 3 µs", r"100$\times$w$\rightarrow$1 $\pm$ 3 $\mu$s"),
        (r"~^\#$", r"\textasciitilde{}\textasciicircum{}\textbackslash{}\#\$"),
        ("--only --- “x”", "-{}-only -{}-{}- ``x''"),
        ("Zürich 中\n", "Zürich (U+4E2D) "),
    ],
)
def test_latex_says_the_same(text: str, shown: str) -> None:
    assert latex_text(text) == shown
