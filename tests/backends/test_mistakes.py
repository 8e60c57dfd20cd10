"""The notebooks' mistakes: planted, run in NumPy workers and refused; and the judges of that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from helpers.made_keys import cell_key, worker_key
from xbench import registry
from xbench.analysis.summary import CellSummary
from xbench.engine.progress import SilentProgress
from xbench.engine.run_plan import run_plan
from xbench.engine.settings import Settings, make_header
from xbench.plan.plan import make_plan
from xbench.records.journal import make_run_folder
from xbench.records.read import read_run
from xbench.records.schema import CellPlan, ValuesLine, WorkerLine
from xbench.suites.claims.claim import Claim, Evidence, Judged, Missing
from xbench.suites.claims.mistakes import BACKENDS, MISTAKES, MIXED, PLANTED, Planted, planted
from xbench.suites.claims.notebooks import NOTEBOOKS

CLAIM = {each.id.partition(".")[2]: each for each in MISTAKES}
OF = {
    "swapped": ["swapped"],
    "foreign": ["foreign", "stored"],
    "no-fence": ["unfenced"],
    "mixed-devices": ["mixed"],
}
each_planted = pytest.mark.parametrize("mistake", PLANTED, ids=lambda each: each.backend)


@pytest.fixture(scope="module")
def lines() -> list[ValuesLine]:
    """Every mistake run through the engine, once."""
    return planted()


def values(lines: list[ValuesLine], mistake: Planted, backend: str) -> dict[str, Any]:
    return evidence(lines).values(f"mistake_{mistake.backend}", backend)


def evidence(lines: list[ValuesLine]) -> Evidence:
    return Evidence([], [], lines, [])


@each_planted
def test_a_mistake_is_refused_for_its_own_reason(lines: list[ValuesLine], mistake: Planted) -> None:
    found = values(lines, mistake, mistake.backend)
    assert (found["status"], found["time"]) == ("invalid", None)
    assert mistake.reason in found["reason"]


@each_planted
def test_its_honest_twin_gets_a_number(lines: list[ValuesLine], mistake: Planted) -> None:
    found = values(lines, mistake, mistake.honest)
    assert (found["status"], found["reason"]) == ("ok", "")
    assert found["time"] > 0.0


def test_swapped_gradients_are_each_others(lines: list[ValuesLine]) -> None:
    mistake = next(each for each in PLANTED if each.backend == "swapped")
    reasons = values(lines, mistake, "swapped")["reason"].split("; ")
    assert [reason.partition(":")[0] for reason in reasons if ":" in reason] == ["dx", "dw"]
    for name in ("loss", "dz"):
        assert not any(reason.startswith(name) for reason in reasons)


def test_planting_leaves_nothing_behind(lines: list[ValuesLine]) -> None:
    assert len(lines) == 2 * len(PLANTED)
    assert not set(BACKENDS) & set(registry.BACKENDS)
    assert not {"torch", "tensorflow"} & set(sys.modules)


@pytest.mark.parametrize("name", OF)
def test_what_was_planted_contradicts_the_notebook(lines: list[ValuesLine], name: str) -> None:
    judged = CLAIM[name].judge(evidence(lines))
    assert judged.ruling == "contradicted"
    for backend in OF[name]:
        assert f"{backend}: invalid: " in judged.ours
    assert "honest twin" in judged.why


def test_every_mistake_is_a_claim() -> None:
    assert list(CLAIM) == [
        "swapped",
        "foreign",
        "no-fence",
        "start-up",
        "unused-custom",
        "mixed-devices",
    ]
    assert set(MISTAKES) <= set(NOTEBOOKS.claims)
    assert NOTEBOOKS.planted is planted


def told(name: str, passing: str = "", **honest: Any) -> list[ValuesLine]:
    """Lines as if these mistakes were refused, or `passing` were not."""
    found = []
    for each in PLANTED:
        if each.backend in OF[name]:
            right = {"status": "invalid", "reason": f"… {each.reason} …; more", "time": None}
            wrong = {"status": "ok", "reason": "", "time": 1e-3}
            beside = {"status": "ok", "reason": "", "time": 2e-3} | honest
            for backend, said in (
                (each.backend, wrong if each.backend == passing else right),
                (each.honest, beside),
            ):
                exhibit = f"mistake_{each.backend}"
                found.append(ValuesLine(name=exhibit, worker=worker_key(backend), values=said))
    return found


def judged(name: str, lines: list[ValuesLine]) -> Judged:
    return CLAIM[name].judge(evidence(lines))


@pytest.mark.parametrize(
    ("name", "passing"), [(n, each) for n, all_ in OF.items() for each in all_]
)
def test_a_mistake_that_gets_a_number_is_reproduced(name: str, passing: str) -> None:
    assert judged(name, told(name)).ruling == "contradicted"
    found = judged(name, told(name, passing))
    assert found.ruling == "reproduced"
    assert f"{passing}: a time" in found.ours
    assert "NOT refused" in found.why


@pytest.mark.parametrize("name", OF)
def test_what_tells_nothing_is_not_ruled_on(name: str) -> None:
    with pytest.raises(Missing, match="was not run"):
        judged(name, [])
    with pytest.raises(Missing, match="honest twin got no number"):
        judged(name, told(name, status="invalid", time=None))
    for status, reason in (("invalid", "2.4 threads worked"), ("crashed", "signal 11")):
        lines = [each for each in told(name) if each.values["status"] == "ok"]
        lines += [
            ValuesLine(
                name=f"mistake_{each}",
                worker=worker_key(each),
                values={"status": status, "reason": reason, "time": None},
            )
            for each in OF[name]
        ]
        with pytest.raises(Missing, match=f"another reason: {status}: {reason}"):
            judged(name, lines)


@pytest.mark.parametrize(
    ("counts", "ruling"),
    [((2, 0), "contradicted"), ((0, 0), "reproduced"), ((2, 2), "reproduced")],
)
def test_custom_functions_are_judged_by_their_calls(counts: tuple[int, int], ruling: str) -> None:
    said = {"with": counts[0], "without": counts[1]}
    line = ValuesLine(name="custom_called", worker=worker_key("torch"), values=said)
    assert judged("unused-custom", [line]).ruling == ruling


def test_counts_that_are_none_are_missing() -> None:
    line = ValuesLine(name="custom_called", worker=worker_key("torch"), values={"with": None})
    with pytest.raises(Missing, match="no counts"):
        judged("unused-custom", [line])


def test_torchs_own_error_stands_beside_ours() -> None:
    error = ValuesLine(
        name="mixed_devices", worker=worker_key("torch"), values={"error": "two devices!"}
    )
    found = judged("mixed-devices", [*told("mixed-devices"), error])
    assert found.ruling == "contradicted"
    assert MIXED.reason in found.ours
    assert found.ours.endswith("torch: two devices!")


def started(time_s: float, first_s: float | None = 0.02) -> Evidence:
    """NumPy's cell of 000 after an import of 0.1 s."""
    plan = CellPlan(
        key=cell_key("elementwise_grad", params={"n": 3, "w": 4}, gradient="manual"),
        group="g",
        family="f",
        width=4,
        default_gradient=True,
        flop=60,
        min_bytes=288,
        eager_bytes=288,
        predicted_s=1e-6,
        predicted_bytes=1,
    )
    cell = msgspec.convert(
        {
            "plan": msgspec.to_builtins(plan),
            "status": "ok",
            "reason": "",
            "launch_s": [time_s],
            "time_s": time_s,
            "low_s": None,
            "high_s": None,
            "first_s": first_s,
            "build_s": 0.0,
            "open_s": 0.1,
            "calls": 1,
            "rounds": 7,
            "overhead": 0.0,
            "converged": True,
            "check": {},
            "faults_per_call": 0.0,
            "environment_hash": "",
        },
        CellSummary,
    )
    worker = WorkerLine(
        launch=0,
        worker=worker_key(),
        pid=1,
        environment={},
        open_ns=100_000_000,
        fence_ns=0,
        python="",
        attest={},
    )
    return Evidence([cell], [], [], [worker])


def test_start_up_is_kept_apart() -> None:
    claim: Claim = CLAIM["start-up"]
    apart = claim.judge(started(1e-5))
    assert apart.ruling == "contradicted"
    assert "import 100 ms, first call 20 ms, then 10 µs a call" in apart.ours
    assert "not refused, but kept apart" in apart.why
    assert claim.judge(started(0.13)).ruling == "reproduced"
    for nothing in (evidence([]), started(1e-5, first_s=None)):
        with pytest.raises(Missing, match="was not measured"):
            claim.judge(nothing)


def test_what_was_planted_is_in_the_journal_before_its_end(tmp_path: Path) -> None:
    plan = make_plan([], 1, 0.0, 1, 1 << 30)
    folder = make_run_folder(tmp_path, "0")
    header = make_header(plan, "0", "notebooks", ["xbench", "claims"], 5)
    shown = told("swapped")
    run, _ = run_plan(
        plan, Settings(5, folder), header, SilentProgress(), after_last_launch=lambda workers: shown
    )
    assert run.values == shown == read_run(folder).values
    assert run.complete
    assert b'"footer"' in (folder / "run.jsonl").read_bytes().splitlines()[-1]
