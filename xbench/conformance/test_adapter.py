"""One adapter against the contract; see the package."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from xbench.conformance import adapter_checks
from xbench.conformance.adapter_checks import FENCED_SIZE
from xbench.conformance.plugin import FEW_COMPILED
from xbench.conformance.subject import Subject
from xbench.contracts import Gradient
from xbench.errors import CellFailed, WorkerDied
from xbench.ops import OPS

Fenced = tuple[str, dict[str, int | str], tuple[Gradient, ...]]
FENCED: dict[str, Fenced] = {
    "product": ("matmul", dict.fromkeys("mkn", FENCED_SIZE), ("none",)),
    "several": ("elementwise_grad", {"n": 512, "w": 2048}, ("manual", "autograd")),
    "short": ("elementwise", {"n": 20, "w": 200}, ("none",)),
}


def accept(complaints: Iterable[str], where: str) -> None:
    """Fail with every complaint, a line each, and the contract's name for the matter."""
    try:
        found = list(complaints)
    except (CellFailed, WorkerDied) as error:
        found = [f"{error.status}: {error.message}"]
    if found:
        pytest.fail("\n".join([*found, f"(xbench.contracts: {where})"]), pytrace=False)


def test_it_can_be_asked_without_its_framework(path: str) -> None:
    """`xbench list` asks every adapter."""
    accept(adapter_checks.quick_to_ask(path), "Backend.probe")


def test_it_says_what_it_supports(path: str) -> None:
    """None, or a reason, for every combination."""
    accept(adapter_checks.says_what_it_supports(path), "Backend.supports")


def test_its_environment_is_text(path: str) -> None:
    """It is set before the process starts."""
    accept(adapter_checks.names_its_environment(path), "Backend.env")


def test_it_attests_what_was_asked(subject: Subject) -> None:
    """Flags lie: they are read back."""
    accept(adapter_checks.attests(subject), "Backend.attest")


def test_put_owns_and_where_tells(subject: Subject, dtype: str) -> None:
    """Tensors are copies, where and what they say they are."""
    accept(adapter_checks.owns(subject, dtype), "Backend.put, get, where")


def test_every_result_is_right(
    subject: Subject, op: str, dtype: str, request: pytest.FixtureRequest
) -> None:
    """At small sizes, against the float64 oracle."""
    gradients: list[Gradient] = list(OPS[op].gradients)
    reasons = [subject.refuses(op, dtype, gradient) for gradient in gradients]
    if all(reasons):
        pytest.skip(str(reasons[0]))
    if subject.device == "cpu" and OPS[op].on_host:
        pytest.skip("a transfer is between the host and another device")
    some = op in FEW_COMPILED and dtype == "float32"
    few = subject.mode == "compiled" and not request.config.getoption("--all")
    if few and not some:
        pytest.skip("compiling takes long: --all asks for every op and dtype")
    accept(adapter_checks.computes(subject, op, dtype, few), "names of tensors, Step")


@pytest.mark.parametrize("fenced", FENCED)
def test_the_fence_waits_and_threads_are_as_declared(
    subject: Subject, dtype: str, fenced: str
) -> None:
    """By bursts, as the engine takes and judges them: a large product, several results, and calls
    so short that what calls them counts."""
    op, sizes, gradients = FENCED[fenced]
    reasons = {each: subject.refuses(op, dtype, each) for each in gradients}
    runs = [gradient for gradient, reason in reasons.items() if reason is None]
    if not runs or dtype not in ("float32", "float64"):
        pytest.skip(str(next(iter(reasons.values()))) if not runs else "16 bits may be slow here")
    if subject.mode == "compiled" and fenced != "product":
        pytest.skip("compiling takes long: the product stands for the rest")
    accept(adapter_checks.fenced(subject, OPS[op].spec(dtype, **sizes), runs[0]), "Backend.fence")


@pytest.mark.parametrize("fenced", FENCED)
def test_every_call_does_its_own_work(subject: Subject, dtype: str, fenced: str) -> None:
    """None is put off beyond the fence, and none is answered with an earlier result."""
    op, sizes, gradients = FENCED[fenced]
    runs = [each for each in gradients if subject.refuses(op, dtype, each) is None]
    if not runs or dtype != "float32":
        pytest.skip("asked in float32, of what the adapter supports")
    if subject.mode == "compiled" and fenced != "product":
        pytest.skip("compiling takes long: the product stands for the rest")
    accept(
        adapter_checks.works(subject, OPS[op].spec(dtype, **sizes), runs[0]), "Step, Backend.fence"
    )


def test_it_rests_when_nothing_is_asked(subject: Subject) -> None:
    """Others are being timed meanwhile."""
    accept(adapter_checks.rests(subject), "the engine times others meanwhile")


def test_errors_are_classified(subject: Subject) -> None:
    """Out of memory is a status; what nobody knows is a crash."""
    accept(adapter_checks.classifies(subject), "Backend.classify")
