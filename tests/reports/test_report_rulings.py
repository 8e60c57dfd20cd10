"""Rulings in the report: tables, a sentence, figures; damage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.made_keys import worker_key
from helpers.made_runs import VARIANTS, plan, write_run
from helpers.pages import written
from helpers.reporting import one_line, report
from xbench.errors import RecordError
from xbench.ops.suite import Preset
from xbench.records.schema import ValuesLine
from xbench.suites.claims.claim import (
    Claim,
    ClaimLine,
    ClaimSet,
    Evidence,
    Judged,
    Missing,
    PlotFile,
    PlotLine,
    PlotPoint,
)
from xbench.suites.claims.rulings import CLAIMS, Rulings, judge, read_rulings, write_rulings

PLOT = PlotFile(
    name="crossover",
    title="a step",
    alt="Words.",
    x_label="hidden width",
    y_label="time of a step",
    lines=[
        PlotLine(label="ours", backend="torch", points=[PlotPoint(512, 4e-4, 3e-4, 5e-4)]),
        PlotLine(
            label="theirs",
            backend="published",
            published=True,
            points=[PlotPoint(512, 5e-4), PlotPoint(0, 1.0), PlotPoint(20480, 4e-3)],
        ),
    ],
)
PRESET = Preset(
    name="p",
    about="",
    suites=(),
    ops=(),
    families=(),
    widths=(),
    dtypes=(),
    threads=(),
    modes=(),
    compiled_ops=(),
    gradients="default",
    launches=3,
    group_s=1.0,
)


def seven(evidence: Evidence) -> Judged:
    """A judge of one value."""
    found = evidence.values("derivatives", "torch")["quadratic"]
    return Judged(str(found), "reproduced" if found == 7 else "contradicted", "it is 2x + 3")


def never(evidence: Evidence) -> Judged:
    """A judge without evidence."""
    raise Missing("no GPU was measured")


SET = ClaimSet(
    "some",
    "",
    PRESET,
    (),
    plots=(lambda evidence: PLOT, lambda evidence: None),
    claims=(
        Claim("004.quadratic", "the slope at 2", "7", seven),
        Claim("002.gpu | <b>", "a GPU step", "1.3085 s", never),
    ),
)


def evidence(value: int) -> Evidence:
    line = ValuesLine(name="derivatives", worker=worker_key("torch"), values={"quadratic": value})
    return Evidence([], [], [line], [])


@pytest.mark.parametrize(("value", "ruling"), [(7, "reproduced"), (8, "contradicted")])
def test_every_claim_gets_a_ruling(value: int, ruling: str) -> None:
    found = judge(SET, evidence(value))
    assert [each.ruling for each in found.claims] == [ruling, "not measurable here"]
    assert found.claims[0].ours == str(value)
    assert (found.claims[1].ours, found.claims[1].why) == ("–", "no GPU was measured")
    assert [each.source for each in found.claims] == ["004", "002"]
    assert found.plots == [PLOT]


def test_an_exhibit_that_failed_is_missing_with_its_reason() -> None:
    failed = ValuesLine(
        name="derivatives", worker=worker_key("torch"), status="unsupported", reason="not installed"
    )
    for lines, said in (([failed], "torch: not installed"), ([], "was not run on torch eager")):
        found = judge(SET, Evidence([], [], lines, []))
        assert found.claims[0].ruling == "not measurable here"
        assert said in found.claims[0].why


def test_rulings_come_back(tmp_path: Path) -> None:
    assert read_rulings(tmp_path) == Rulings()
    rulings = judge(SET, evidence(7))
    write_rulings(tmp_path, rulings)
    assert read_rulings(tmp_path) == rulings
    (tmp_path / CLAIMS).write_text('{"type": "claim"}\n')
    with pytest.raises(RecordError, match="line 1"):
        read_rulings(tmp_path)


def test_rulings_stand_in_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path, [plan("op 100×w", 512, VARIANTS[0])])
    write_rulings(run, judge(SET, evidence(7)))
    text = report(run, capsys)
    assert "2 claims: 1 reproduced, 1 not measurable here." in text
    assert "reproduced" in one_line(text, "004.quadratic", "| 7 ")
    assert "no GPU was measured" in one_line(text, "a GPU step", "1.3085 s")
    page = written(run / "report")
    assert "<b>" not in page
    assert 'aria-label="Words."' in page
    assert "hidden width" in page
    assert (run / "report" / "crossover.png").stat().st_size > 1000


def test_a_run_without_claims_says_nothing_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Claims" not in report(write_run(tmp_path, [plan("op 100×w", 512, VARIANTS[0])]), capsys)


def test_a_claim_line_keeps_its_source() -> None:
    line = ClaimLine(
        id="a.b", source="a", says="", printed="", ours="", ruling="reproduced", why=""
    )
    assert line.source == Claim("a.b", "", "", never).source
