"""Messages between parent and worker: what is sent arrives as its type, and noise is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from helpers.made_keys import cell_of
from xbench.backends.numpy_backend import NumpyBackend
from xbench.contracts import Policy, Spec, Variant
from xbench.engine.burst import keep
from xbench.errors import WorkerDied
from xbench.keys import WorkerKey
from xbench.oracle.serve_oracle import Oracle
from xbench.plan.build import Row
from xbench.process import messages, protocol
from xbench.process.channel import checked
from xbench.process.messages import (
    BurstRequest,
    Done,
    InputFiles,
    LoadReply,
    LoadRequest,
    OpenReply,
    OpenRequest,
    PeakRequest,
    PutInputsRequest,
    Reading,
    Request,
)
from xbench.process.serve import received
from xbench.records.schema import Samples
from xbench.tracking.survey import SurveyReply
from xbench.worker.session import Session

SPEC = Spec("matmul", (("m", 2), ("k", 3), ("n", 4)), "float32", "tf32")
KEY = WorkerKey("numpy", "cpu", "eager", "all", "ieee", "reuse")
READING = Reading(9, 8, 1, 2, 0, 1, 77, 0, 0, -5, traces=1, residual_ns=300)


def sent(message: object) -> Any:
    """A message as it comes out of the pipe."""
    return protocol.parse(protocol.success(1, message))["ok"]


@pytest.mark.parametrize(
    "request_",
    [
        OpenRequest(Policy("cpu", "eager", 2, "ieee", "reuse"), None),
        PutInputsRequest("c", SPEC, InputFiles("m", {"a": "f"}, {}, "d", "s"), cold=True),
        LoadRequest("c", Variant("graph", "custom")),
        BurstRequest("c", 5, 2, shift_bytes=64),
        PeakRequest(SPEC, Variant("eager", "none"), InputFiles()),
    ],
)
def test_a_request_arrives_as_it_was_made(request_: Request[Any]) -> None:
    assert received(type(request_), sent(request_)) == request_


@pytest.mark.parametrize(
    "reply",
    [
        Done(),
        READING,
        LoadReply(5, READING, 100, copies=2),
        OpenReply(1, 2, "3.12", "", 2, {"threads": -1, "blas": {"name": "b"}}),
        SurveyReply([Row(cell_of(SPEC, KEY), "skipped", "no")], adapters={"n": {"A": "b"}}),
    ],
)
def test_a_reply_arrives_as_it_was_made(reply: object) -> None:
    assert checked("ask", sent(reply), type(reply)) == reply


@pytest.mark.parametrize(
    ("kind", "noise"),
    [
        (Done, {"more": 1}),
        (Done, [1]),
        (Reading, []),
        (Reading, READING._asdict()),
        (Reading, READING[:-1]),
        (Reading, [*READING, 0]),
        (Reading, READING._replace(wall_ns=-1)),
        (Reading, READING._replace(wall_ns=1 << 62)),
        (Reading, [1.5, *READING[1:]]),
        (LoadReply, {"build_ns": 1, "first": list(READING), "memory_bytes": 1}),
        (LoadReply, {"build_ns": 1, "first": None, "memory_bytes": 1, "copies": 1}),
        (OpenReply, vars(OpenReply(1, 2, "3", "", 1, {"threads": 1})) | {"attest": {}}),
        (OpenReply, vars(OpenReply(1, 2, "3", "", 1, {"threads": 1})) | {"open_ns": -1}),
    ],
)
def test_noise_ends_the_worker(kind: type, noise: object) -> None:
    with pytest.raises(WorkerDied, match="answered 'ask' with an invalid reply"):
        checked("ask", json.loads(json.dumps(noise)), kind)


def test_what_is_no_message_is_not_sent() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        protocol.success(1, {"attest": object()})


@pytest.mark.parametrize("owner", [Session(NumpyBackend()), Oracle(Path(), 5)])
def test_each_request_is_answered_by_its_own_reply(owner: object) -> None:
    """A handler's own types, against the request's."""
    kinds = {kind for kind in vars(messages).values() if isinstance(kind, type)}
    requests = {kind for kind in kinds if issubclass(kind, Request) and kind is not Request}
    for kind in requests:
        handler = getattr(owner, kind.action, None)
        if handler is not None:
            hints = get_type_hints(handler)
            assert (hints["request"], hints["return"]) == (kind, kind.reply)


def test_a_reading_is_kept_by_its_fields() -> None:
    samples = Samples()
    keep(READING._replace(idle_cpu_ns=40), samples)
    kept = {name: list(getattr(samples, name)) for name in samples.__struct_fields__}
    expected = READING._replace(idle_cpu_ns=40)._asdict()
    assert kept == {name: [expected[name]] if expected[name] is not None else [] for name in kept}


def test_a_workers_interpreter_needs_no_package_for_messages(checkout: dict[str, str]) -> None:
    code = "import sys; import xbench.process.serve; print('msgspec' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=checkout, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
