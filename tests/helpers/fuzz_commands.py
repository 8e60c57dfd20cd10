"""Whole commands on damaged files, in this process: what they say and how they end."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from helpers import fuzz_seeds as seeds
from helpers.claim_worlds import world
from helpers.fuzz_cases import Case
from helpers.made_keys import worker_key
from xbench import registry
from xbench.cli import main
from xbench.cli.parser import make_parser
from xbench.cli.run_options import plan_of
from xbench.engine.settings import make_header
from xbench.errors import UsageError
from xbench.records.journal import JOURNAL, SUMMARY
from xbench.records.schema import WorkerLine
from xbench.registry import load_backend
from xbench.reports.formats.exports import read_measured, to_pytest_benchmark
from xbench.suites.claims.claims_command import rule
from xbench.suites.claims.notebooks import NOTEBOOKS
from xbench.suites.claims.rulings import CLAIMS
from xbench.tracking.baseline import ACCEPTED
from xbench.tracking.thresholds import FILE
from xbench.tracking.verdict import EXIT_BROKEN, EXIT_NOTHING, EXIT_REGRESSED, EXIT_UNKNOWN

EXIT_USAGE, LONGEST_LINE = 2, 1200
VERDICTS = {0, EXIT_REGRESSED, EXIT_BROKEN, EXIT_UNKNOWN, EXIT_NOTHING}
RESUMED = ["xbench", "run", "--preset", "smoke", "--backend", "numpy"]


def command(*arguments: str, ends: frozenset[int] = frozenset({0})) -> Callable[[Path], None]:
    """Runs it in the folder. Raises: UsageError, if it refused the file as it should;
    AssertionError, if it ended or spoke otherwise than a user may expect."""

    def run(folder: Path) -> None:
        registry._loaded.pop((folder / "suite.py").resolve(), None)  # it is run once a process
        out, err = io.StringIO(), io.StringIO()
        before = Path.cwd()
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(arguments)
        except SystemExit as stopped:  # argparse, on the command that a journal says it was made by
            status = int(stopped.code or 0)
            assert "usage: xbench" in err.getvalue() + out.getvalue()
            raise UsageError("usage", "as argparse says") from None
        finally:
            os.chdir(before)
        said = err.getvalue()
        assert "Traceback" not in said, said
        assert all(line.isprintable() for line in (said + out.getvalue()).split("\n")), "codes"
        assert max(map(len, said.split("\n"))) < LONGEST_LINE, said
        if status != EXIT_USAGE:
            assert status in ends, (status, said)
            return
        assert said.count("xbench: ") == 1, said
        assert said.count("\nHint: ") == 1, said
        raise UsageError("refused", "with a hint")

    return run


def judged(folder: Path) -> None:
    """As `claims --run` does before it reports."""
    rule(NOTEBOOKS, folder / "claims", None)


def resumable(folder: Path) -> bytes:
    """The journal of a run of NumPy on this machine that was killed after its first worker."""
    options = make_parser().parse_args(RESUMED[1:])
    plan = plan_of(options)[1]
    header = make_header(plan, seeds.RUN, "smoke", RESUMED, options.seed)
    worker = WorkerLine(
        launch=0,
        worker=worker_key(),
        pid=1,
        environment={},
        open_ns=1,
        fence_ns=1,
        python="3.11",
        attest={"version": load_backend("numpy").probe().version},
    )
    return b"".join(msgspec.json.encode(each) + b"\n" for each in (header, worker))


def commands(folder: Path) -> list[Case]:
    """All of them, on files in the folder that `cases` has filled."""
    run = folder / "run"
    text, summary = (run / JOURNAL).read_bytes(), (run / SUMMARY).read_bytes()
    claims = seeds.run_folder(folder / "claims", preset="notebooks", exhibits=world().exhibits)
    (folder / "resume").mkdir()
    ours = msgspec.json.encode(to_pytest_benchmark(read_measured(run)))
    several = frozenset(VERDICTS)
    gate = command("gate", "--baseline", "runs", "--learning", "runs/run", ends=several)
    journal, export = f"run/{JOURNAL}", ("export", "run", "--format")
    nothing = frozenset({0, EXIT_NOTHING})
    return [
        Case("report", journal, text, command("report", "run", "--out", "report")),
        Case("report, file", "other", ours, command("report", "other", "--out", "report")),
        Case(
            "report, claims",
            f"run/{CLAIMS}",
            (run / CLAIMS).read_bytes(),
            command("report", "run", "--out", "report"),
        ),
        Case("compare", f"run/{SUMMARY}", summary, command("compare", "run", "good", ends=several)),
        Case(
            "compare, thresholds",
            FILE,
            seeds.PYPROJECT,
            command("compare", "run", "good", ends=several),
        ),
        Case("compare, file", "other", ours, command("compare", "other", "good", ends=several)),
        Case("gate", f"runs/run/{SUMMARY}", summary, gate),
        Case("gate, journal", f"runs/run/{JOURNAL}", text, gate),
        Case("gate, accepted", f"runs/{ACCEPTED}", seeds.accepted(), gate),
        Case("history", f"runs/run/{SUMMARY}", summary, command("history", "runs")),
        Case(
            "accept",
            f"runs/run/{SUMMARY}",
            summary,
            command("accept", "run", "--baseline", "runs", "--reason", "faster"),
        ),
        *(
            Case(f"export, {form}", journal, text, command(*export, form, ends=nothing))
            for form in ("pytest-benchmark", "github-action-benchmark", "bencher")
        ),
        Case(
            "claims --run",
            f"claims/{JOURNAL}",
            (claims / JOURNAL).read_bytes(),
            command("claims", "--run", "claims"),
        ),
        Case("claims, judged", f"claims/{JOURNAL}", (claims / JOURNAL).read_bytes(), judged),
        Case(
            "run --resume",
            f"resume/{JOURNAL}",
            resumable(folder),
            command("run", "--resume", "resume", "--dry-run"),
        ),
        Case(
            "run --suite",
            "suite.py",
            seeds.SUITE,
            command("run", "--suite", "suite.py", "--backend", "numpy", "--dry-run"),
        ),
    ]
