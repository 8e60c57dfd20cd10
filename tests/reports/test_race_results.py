"""What shows a race: its sentence, table, ratios, data frame, plot, report and display."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import pytest

from helpers.hostile import HOSTILE, Tags
from helpers.made_races import TWO, outcome
from xbench.errors import UsageError
from xbench.reports.race.text import ONE_LAUNCH, ONE_PROCESS, WIDTH
from xbench.reports.race_results import RaceResult

LINES = (
    ("x + x", "numpy", "eager"),
    ("np.add(x, x)", "numpy", "eager"),
    ("x * 2", "torch", "eager"),
)
MANY = tuple(
    (f"{framework} {mode}", framework, mode)
    for framework in ("torch", "tensorflow", "jax")
    for mode in ("eager", "compiled")
)


def test_the_sentence_and_the_table_say_who_is_fastest(tmp_path: Path) -> None:
    result = RaceResult(outcome(tmp_path / "run"))
    lines = repr(result).splitlines()
    assert lines[0].startswith("torch is the fastest at sizes 64 to 2048, 2.0")
    assert lines[0].endswith("faster than numpy at 2048.")
    assert lines[2].split() == ["size", "numpy", "torch"]
    assert [line.split()[0] for line in lines[4:7]] == ["64", "512", "2048"]
    for line in lines[4:7]:
        assert line.count("* ") == 1
        assert line.index("×") < line.index("*")
    assert lines[7] == "* the fastest   2× twice the time of the fastest"
    assert lines[9].startswith("Results agree with each other. 5 launches of fresh processes;")


def test_a_ratio_is_of_times_and_turns_around(tmp_path: Path) -> None:
    result = RaceResult(outcome(tmp_path / "run"))
    found, turned = result.ratio("torch", "numpy", at=512), result.ratio("numpy", "torch", at=512)
    assert found.low is not None
    assert found.high is not None
    assert 0.45 < found.low < found.value < found.high < 0.55
    assert (found.verdict, turned.verdict) == ("faster", "slower")
    assert turned.value == pytest.approx(1.0 / found.value)
    assert repr(found).startswith("torch against numpy: 2.0")
    assert result.winner(512) == "torch"


def test_a_tie_has_no_winner_and_nor_has_what_is_not_decided(tmp_path: Path) -> None:
    contenders = (("a", "numpy", "eager"), ("b", "numpy", "eager"))
    still_open = RaceResult(outcome(tmp_path / "open", contenders))
    assert still_open.winner(64) is None
    assert "a or b is the fastest at sizes 64 to 2048 (not decided)." in repr(still_open)
    tied = RaceResult(outcome(tmp_path / "tied", contenders, (None,), launches=200, rounds=50))
    assert tied.ratio("a", "b").verdict == "same"
    assert tied.winner() is None
    assert repr(tied).startswith("a and b take the same time within 2 %.")
    assert "= the same within 2 %" in repr(tied)


def test_who_has_no_time_stands_below_with_the_reason_once(tmp_path: Path) -> None:
    wrong = ("invalid", "differs from numpy at [3, 5]: 1.0 against 2.0")
    gone = ("unsupported", "jax is not installed")
    refused = {("torch", 2048): wrong} | {("jax", size): gone for size in (64, 512, 2048)}
    contenders = (*TWO, ("jax", "jax", "eager"))
    result = RaceResult(outcome(tmp_path / "run", contenders, refused=refused))
    text = repr(result)
    assert "torch has no time at size 2048 (invalid): differs from numpy at [3, 5]" in text
    assert text.count("jax has no time (unsupported): jax is not installed.") == 1
    assert result.winner(2048) is None
    with pytest.raises(UsageError, match="torch has no time at size 2048") as caught:
        result.ratio("torch", "numpy", at=2048)
    assert "invalid: differs" in caught.value.hint
    nobody = {(name, size): gone for name in ("numpy", "torch") for size in (64, 512, 2048)}
    none = RaceResult(outcome(tmp_path / "none", refused=nobody))
    assert repr(none).startswith("No contender got a time; the reasons are below.")
    assert "<svg" not in none._repr_html_()
    with pytest.raises(UsageError, match="nothing can be plotted"):
        none.plot()


def test_without_an_interval_nothing_is_called_faster(tmp_path: Path) -> None:
    for number, (fresh, label) in enumerate(((True, ONE_LAUNCH), (False, ONE_PROCESS))):
        made = outcome(tmp_path / str(number), sizes=(None,), launches=1, fresh=fresh)
        result = RaceResult(made)
        assert repr(result).startswith(f"{label}: torch took the least time.")
        assert result.winner() is None
        found = result.ratio("torch", "numpy")
        assert (found.low, found.high, found.verdict) == (None, None, "inconclusive")
        assert "faster" not in repr(result)


def test_unknown_names_and_sizes_are_told_what_there_is(tmp_path: Path) -> None:
    sizes = RaceResult(outcome(tmp_path / "sizes"))
    for asked, message, hint in (
        (("torhc", "numpy", 64), "no contender is called 'torhc'", "did you mean torch?"),
        (("torch", "torch", 64), "'torch' is named twice", "two contenders"),
        (("torch", "numpy", 65), "the race has no size 65", "its sizes: 64, 512, 2048"),
        (("torch", "numpy", None), "the race has several sizes", "at=: 64, 512, 2048"),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            sizes.ratio(*asked)
        assert hint in caught.value.hint
    fixed = RaceResult(outcome(tmp_path / "fixed", sizes=(None,)))
    with pytest.raises(UsageError, match="the race has no sizes"):
        fixed.winner(64)


def test_the_data_frame_has_a_row_for_each_size_and_contender(tmp_path: Path) -> None:
    refused = {("torch", 64): ("crashed", "segmentation fault")}
    table = RaceResult(outcome(tmp_path / "run", refused=refused)).to_pandas()
    assert list(table["size"]) == [64, 64, 512, 512, 2048, 2048]
    assert list(table["contender"]) == ["numpy", "torch"] * 3
    rows = table.to_dict("records")
    assert isnan(rows[1]["time_s"])
    assert rows[1]["reason"] == "segmentation fault"
    assert list(table.loc[[2, 4], "verdict"]) == ["slower", "slower"]
    assert list(table.loc[[2, 4], "against"]) == ["torch", "torch"]
    assert 1.9 < rows[4]["ratio_low"] < rows[4]["ratio"] < rows[4]["ratio_high"]


def test_no_line_is_too_long_whatever_the_names_are(tmp_path: Path) -> None:
    for number, (contenders, sizes) in enumerate(
        ((MANY, (64, 512)), (LINES, (None,)), (((HOSTILE, "numpy", "eager"), *LINES), (1, 2)))
    ):
        result = RaceResult(outcome(tmp_path / str(number), contenders, sizes))
        lines = repr(result).splitlines()
        assert max(map(len, lines)) <= WIDTH
        assert all(line.isprintable() for line in lines)
        assert result.plot().axes


def test_a_notebook_shows_sentence_table_and_plot_and_runs_nothing(tmp_path: Path) -> None:
    contenders = ((HOSTILE, "numpy", "eager"), *LINES)
    refused = {("x + x", 2): ("invalid", HOSTILE)}
    made = outcome(tmp_path / "run", contenders, (1, 2), refused=refused)
    shown = RaceResult(made)._repr_html_()
    before, svg, after = shown.partition("<svg")
    assert svg
    assert "script" not in Tags(before).found | Tags(svg + after).found
    assert before.index("<b>") < before.index("<table>")
    assert "<code>x + x</code> has no time at size 2 (invalid): &lt;script" in before


def test_reports_and_documents_come_from_the_same_run(tmp_path: Path) -> None:
    result = RaceResult(outcome(tmp_path / "run", checked="verified"))
    found = json.loads(result.to_json())
    assert found["said"][0].startswith("torch is the fastest")
    assert found["trust"][0] == "Results verified against the same source in float64"
    assert [row["contender"] for row in found["rows"]] == ["numpy", "torch"] * 3
    result.report(tmp_path / "out")
    assert "torch" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_who_was_not_compared_is_named_with_the_reason(tmp_path: Path) -> None:
    made = outcome(tmp_path / "run", LINES, (None,), unchecked={"x * 2": "random by design"})
    text = repr(RaceResult(made))
    assert "Results agree with each other. `x * 2` not compared: random by design." in text


def test_a_plot_is_drawn_into_given_axes(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    result = RaceResult(outcome(tmp_path / "run", sizes=("small", "large")))
    assert result.plot(ax=axes) is figure
    assert [each.get_text() for each in axes.get_xticklabels()] == ["small", "large"]
    legend = axes.get_legend()
    assert legend is not None
    assert [each.get_text() for each in legend.get_texts()] == ["numpy", "torch"]
    assert result.plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
