"""What parent and worker tell each other, as types that both ends share: for each action a request,
which names its action and its reply.

It imports nothing but the standard library and the adapter's contract, since a worker's interpreter
may lack our dependencies. The parent checks replies against these types (`process/channel.py`); a
worker believes its parent. On the wire a message is an object of its fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar, get_args

from xbench.contracts import Mode, Policy, Spec, Variant

R = TypeVar("R")


class Request(Generic[R]):
    """What is asked: subclasses are dataclasses that name their `action`, and in the brackets the
    type of the reply."""

    action: ClassVar[str]
    reply: ClassVar[Any]

    def __init_subclass__(cls, action: str) -> None:
        cls.action = action
        (base,) = vars(cls)["__orig_bases__"]
        (cls.reply,) = get_args(base)


@dataclass(frozen=True)
class Range:
    """The least and the largest value that an integer on the wire may have."""

    least: int
    most: int


Count = Annotated[int, Range(0, (1 << 62) - 1)]
"""Nanoseconds, bytes, or how many."""

Signed = Annotated[int, Range(1 - (1 << 62), (1 << 62) - 1)]
"""The same where it may be less than nothing."""


class Reading(NamedTuple):
    """What is read of one burst, from the worker's counters to the journal's samples.

    A tuple, and on the wire an array in this order: the worker writes one after every burst.

    `cpu_ns` is of all threads (`cpu_exact`: 1 from their own clocks, 0 from the process's, which
    lags); `start_ns` is monotonic; `wait_ns` how long threads were runnable and had no core,
    summed; `suspended_ns` how long the machine slept meanwhile, and `stepped_ns` how far the wall
    clock was moved; `traces` how often the step was traced or compiled so far. `residual_ns`: how
    long reading the smallest output took afterwards; `placed_ns`: or else a finished tensor;
    `device_ns`: by the device's own clock, where it has one. `idle_cpu_ns` is the parent's: CPU
    time that the worker used before, while it was to stand still."""

    wall_ns: Count
    cpu_ns: Count
    cpu_exact: Count
    minor_faults: Count
    involuntary_switches: Count
    voluntary_switches: Count
    start_ns: Count
    wait_ns: Count
    suspended_ns: Signed
    stepped_ns: Signed
    traces: Count = 0
    residual_ns: Count | None = None
    placed_ns: Count | None = None
    device_ns: Signed | None = None
    idle_cpu_ns: Signed | None = None

    def completed(
        self,
        traces: int,
        residual_ns: int | None,
        placed_ns: int | None,
        device_ns: int | None,
    ) -> Reading:
        """The same with what is known after the counters were read; faster than `_replace`."""
        return Reading(*self[:10], traces, residual_ns, placed_ns, device_ns)


@dataclass(frozen=True)
class Done:
    """The reply where nothing is to be said but that it is done."""


@dataclass(frozen=True)
class CallReply:
    """What a function gave: an object of JSON's types."""

    reply: dict[str, Any]  # a user's own JSON


@dataclass(frozen=True)
class CallRequest(Request[CallReply], action="call_function"):
    """Have `function`, "module:function", called with the opened backend and these arguments."""

    function: str
    arguments: dict[str, Any]  # a user's own JSON


@dataclass(frozen=True)
class CloseRequest(Request[Done], action="close"):
    """Release what was taken; the process ends after its reply."""


# A worker opens.


@dataclass(frozen=True)
class OpenReply:
    """What a worker says of itself: `open_ns` took the framework's import, `fence_ns` an idle fence
    with its clock reads. `malloc` is the library that replaces the C library's, if one does;
    `threads_worked` how many threads took part in a large product (0: unknown)."""

    open_ns: Count
    fence_ns: Count
    python: str
    malloc: str
    threads_worked: Count
    attest: dict[str, Any]  # what an adapter read back, in its own words

    def __post_init__(self) -> None:
        """Raises: ValueError where an adapter does not say what every one must."""
        if type(self.attest.get("threads")) is not int:
            raise ValueError("`attest` has no number of `threads`")
        if not isinstance(self.attest.get("version", ""), str):
            raise ValueError("`version` of `attest` is no text")


@dataclass(frozen=True)
class OpenRequest(Request[OpenReply], action="open"):
    """Import the framework, set the policy and read it back. `core` is the main thread's home,
    where every burst begins; None leaves that to the scheduler."""

    policy: Policy
    core: int | None


@dataclass(frozen=True)
class CostsReply:
    """`dispatch_ns`: a call of `noop`; `operator_ns`: what each operator on a single entry adds to
    it in eager mode. 0: unknown."""

    dispatch_ns: Count
    operator_ns: Count


@dataclass(frozen=True)
class CostsRequest(Request[CostsReply], action="launch_costs"):
    """What a call costs that has nothing to compute."""

    mode: Mode


# What a machine reaches at most.


@dataclass(frozen=True)
class BestReading:
    """The best of `repeats` readings, in bytes/s, flop/s or ns; `spread` is how far their median
    lies from it, as a share."""

    best: float
    spread: float
    repeats: Count


@dataclass(frozen=True)
class CacheReading:
    """Bytes/s at a working set of half of the caches of a level, which hold `size_bytes`."""

    level: Count
    size_bytes: Count
    bandwidth: BestReading


@dataclass(frozen=True, kw_only=True)
class CeilingsReply:
    """`bandwidth` of the memory in bytes/s, `caches` of each level (the nearest first), `compute`
    in flop/s, `fault_ns` a page fault; None where there is no figure, and `reason` says why.
    `array_bytes` is the size of an array, `cache_bytes` that of the last-level caches (0: unknown),
    `matrix_n` that of a matrix, `page_bytes` that of a page."""

    bandwidth: BestReading | None
    compute: BestReading | None
    caches: list[CacheReading]
    array_bytes: Count
    cache_bytes: Count
    matrix_n: Count
    fault_ns: BestReading | None = None
    page_bytes: Count = 0
    reason: str = ""


@dataclass(frozen=True)
class DeviceCeilingsRequest(Request[CeilingsReply], action="ceilings"):
    """What the worker's device reaches through its framework, within about `budget_s`."""

    mode: Mode
    dtype: str
    budget_s: float


@dataclass(frozen=True)
class CpuCeilingsRequest(Request[CeilingsReply], action="cpu_ceilings"):
    """What the processor reaches with NumPy on so many threads, within about `budget_s`;
    `memory_bytes` is what may be used."""

    dtype: str
    threads: int
    budget_s: float
    memory_bytes: int


@dataclass(frozen=True)
class ProductReply:
    """Flop/s of the framework's own product of square matrices of `matrix_n` rows; None where it
    has none."""

    compute: BestReading | None
    matrix_n: Count


@dataclass(frozen=True)
class ProductRequest(Request[ProductReply], action="product_rate"):
    """What the framework's own product reaches, within about `budget_s`."""

    mode: Mode
    dtype: str
    budget_s: float


# The oracle's.


@dataclass(frozen=True)
class InputFiles:
    """A workload's inputs: files by tensor in `batch` and `state`, the file that says what of the
    results is compared, and the checksum of all inputs."""

    id: str = ""
    batch: dict[str, str] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    samplings: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class PrepareRequest(Request[InputFiles], action="prepare"):
    """Draw a workload's inputs and write them. The spec's math mode decides how far results may be
    off, and nothing else."""

    spec: Spec


@dataclass(frozen=True)
class PrecomputeAnswerRequest(Request[Done], action="precompute_answer"):
    """Work out a workload's answer after one call, which will be asked for first."""

    workload: str


@dataclass(frozen=True)
class JudgeReply:
    """`problems`: empty if the result is right; the check made of each output, `full` or
    `sampled`."""

    problems: list[str]
    checks: dict[str, str]


@dataclass(frozen=True)
class JudgeRequest(Request[JudgeReply], action="judge"):
    """Compare results in `file` (npz) with the answer after so many calls."""

    workload: str
    file: str
    calls: int


@dataclass(frozen=True)
class ReleaseRequest(Request[Done], action="release"):
    """A workload is done with in this launch."""

    workload: str


# A cell in a worker.


@dataclass(frozen=True)
class PutInputsRequest(Request[Done], action="put_inputs"):
    """Put a cell's inputs on the device, as many copies as no cache holds if `cold`."""

    cell: str
    spec: Spec
    inputs: InputFiles
    cold: bool = False


@dataclass(frozen=True)
class LoadReply:
    """`build_ns` took building the step; `first` is the first call's reading; `memory_bytes` is
    what the framework then held, `copies` how many copies of the operands there are."""

    build_ns: Count
    first: Reading
    memory_bytes: Count
    copies: Count


@dataclass(frozen=True)
class LoadRequest(Request[LoadReply], action="load"):
    """Build a placed cell's step and run it for the first time."""

    cell: str
    variant: Variant


@dataclass  # not frozen: making a frozen one takes the worker longer, before every burst
class BurstRequest(Request[Reading], action="burst"):
    """One timed burst, begun on the home core: `lead_in` untimed calls, then `calls` timed ones.
    `layout` seeds the draw of where its tensors lie; None leaves that to what was allocated before.
    `shift_bytes`: how far results may be shifted; `read_placed`: after it a finished tensor is
    read, not a result."""

    cell: str
    calls: int
    lead_in: int
    layout: int | None = None
    shift_bytes: int = 0
    read_placed: bool = False


@dataclass(frozen=True)
class PopulateRequest(Request[Done], action="populate"):
    """Have pages for so much of the heap, before a cell's tensors move about in it."""

    cell: str
    size_bytes: int


@dataclass(frozen=True)
class ReadCostReply:
    """What reading the smallest output costs when it is computed."""

    read_ns: Count


@dataclass(frozen=True)
class ReadCostRequest(Request[ReadCostReply], action="read_cost"):
    """Read a finished tensor."""

    cell: str


@dataclass(frozen=True)
class AnswerReply:
    """How often the step was traced or compiled so far."""

    traces: Count


@dataclass(frozen=True)
class AnswerRequest(Request[AnswerReply], action="answer"):
    """Write the results of the last burst, as far as `samplings` says, to `file` (npz)."""

    cell: str
    file: str
    samplings: str


@dataclass(frozen=True)
class FollowsInputsRequest(Request[Done], action="follows_inputs"):
    """Whether a cell computes: its results must follow its inputs, and leave them alone."""

    cell: str


@dataclass(frozen=True)
class KeptReply:
    """Of `calls` whose results were all kept: `wall_ns` with their fence; `late_ns`, what reading
    the results of each took that was read; `placed_ns`, what reading finished tensors took."""

    calls: Count
    wall_ns: Count
    late_ns: list[Count]
    placed_ns: list[Count]


@dataclass(frozen=True)
class KeepResultsRequest(Request[KeptReply], action="keep_results"):
    """A burst whose results are all kept and read."""

    cell: str
    calls: int
    lead_in: int


@dataclass(frozen=True)
class NewOperandsReply:
    """`new_ns` of a call on new operands, `again_ns` of later ones on the same; `same`: results
    that the second gave back as the first one's very own, and a call on others did not."""

    new_ns: Count
    again_ns: list[Count]
    same: list[str]


@dataclass(frozen=True)
class NewOperandsRequest(Request[NewOperandsReply], action="new_operands"):
    """Calls on operands that no call has seen."""

    cell: str


@dataclass(frozen=True)
class VariedReply:
    """Nanoseconds of so many calls with their fence: `usual_ns`, as bursts make them; `kept_ns`,
    with every result kept; `new_ns`, with operands that no call has seen. `same`: results that a
    call had in common with the one before, in some calls but not in all."""

    usual_ns: list[Count]
    kept_ns: list[Count]
    new_ns: list[Count]
    same: list[str]


@dataclass(frozen=True)
class VaryCallsRequest(Request[VariedReply], action="vary_calls"):
    """So many calls in each of three ways, `repeats` times, with so many `sets` of operands."""

    cell: str
    calls: int
    repeats: int
    sets: int


@dataclass(frozen=True)
class UnloadRequest(Request[Done], action="unload"):
    """Forget a cell and give its memory back; unknown cells are no error."""

    cell: str


@dataclass(frozen=True)
class PeakReply:
    """What a cell needed at its most in so many calls, by which `method` it was read, and whether
    it had grown `steady`."""

    peak_bytes: Signed
    calls: Count
    method: str
    steady: bool


@dataclass(frozen=True)
class PeakRequest(Request[PeakReply], action="peak"):
    """What a cell needs at its most; asked once of a process, which serves nothing else."""

    spec: Spec
    variant: Variant
    inputs: InputFiles
