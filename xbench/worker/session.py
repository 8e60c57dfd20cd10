"""What a backend worker does for its parent: one method of `Session` for each request.

In the order of a cell's life: the worker opens, its ceilings and launch costs are measured; inputs
are placed, the cell is loaded, timed in bursts, answers with its results, is checked for work that
it leaves out, and unloaded; the worker tells its peak memory and closes."""

from __future__ import annotations

import gc
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from xbench.contracts import Backend, Mode, Spec, Step, Stopwatch, Variant
from xbench.errors import CellFailed
from xbench.extensions import resolve
from xbench.machine.caches import copies_beyond
from xbench.machine.own_process import malloc_library
from xbench.ops import get_op
from xbench.ops.base import ITEM_BYTES
from xbench.ops.products import LEAST_BITS, product_bits
from xbench.oracle.digest import digest_results, load_samplings, map_arrays
from xbench.process.bootstrap import WorkerConfig
from xbench.process.messages import (
    AnswerReply,
    AnswerRequest,
    BurstRequest,
    CallReply,
    CallRequest,
    CeilingsReply,
    CloseRequest,
    CostsReply,
    CostsRequest,
    DeviceCeilingsRequest,
    Done,
    FollowsInputsRequest,
    KeepResultsRequest,
    KeptReply,
    LoadReply,
    LoadRequest,
    NewOperandsReply,
    NewOperandsRequest,
    OpenReply,
    OpenRequest,
    PeakReply,
    PeakRequest,
    PopulateRequest,
    ProductReply,
    ProductRequest,
    PutInputsRequest,
    ReadCostReply,
    ReadCostRequest,
    Reading,
    UnloadRequest,
    VariedReply,
    VaryCallsRequest,
)
from xbench.process.serve import Answers, Handler, serve, storage, typed
from xbench.registry import factory_of, load_suites
from xbench.worker.counters import idle_cost_ns, measured
from xbench.worker.framework_ceilings import device_ceilings
from xbench.worker.framework_product import product_rate
from xbench.worker.launch_costs import launch_costs
from xbench.worker.layout import (
    FEW_BYTES,
    TRIED_BYTES,
    Gaps,
    Heap,
    begin_on,
    scatter_process,
)
from xbench.worker.loaded_cell import LoadedCell, cache_bytes, put, stopwatch
from xbench.worker.mode_evidence import check_mode, made
from xbench.worker.peak import peak_memory
from xbench.worker.threads_at_work import threads_at_work
from xbench.worker.work_checks import (
    answers_to_input,
    changed_inputs,
    inputs_not_copied,
    kept_results,
    new_operands,
    outputs_that_ignore_inputs,
    varied_calls,
)

IEEE_BITS, TF32_BITS = 24, 11


def main(config: WorkerConfig) -> None:
    """Serve one worker key."""
    kept = scatter_process(config["layout"]) if "layout" in config else []
    backend = load_adapter(config)
    serve(config["read_fd"], config["write_fd"], Session(backend).handlers, backend.classify)
    kept.clear()


def load_adapter(config: WorkerConfig) -> Backend:
    """The adapter that a worker is to serve, after the users' files that may add to it."""
    load_suites(config["suites"])
    module, _, name = config["backend"].partition(":")
    backend: Backend = getattr(importlib.import_module(module), name)()
    return backend


def _profilers() -> str | None:
    """What makes every Python call of this process slower, if anything does."""
    import tracemalloc

    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
    every = {
        "sys.setprofile": sys.getprofile() is not None,
        "sys.settrace": sys.gettrace() is not None,
        "sys.monitoring": any(tools),
        "tracemalloc": tracemalloc.is_tracing(),
    }
    found = [name for name, active in every.items() if active]
    return f"{' and '.join(found)} watches every call in this worker" if found else None


def _check_precision(backend: str, math: str, bits: int) -> None:
    """IEEE float32 keeps 24 bits of the factors of a product; TF32 keeps 11.

    Raises: CellFailed("invalid", ...) for fewer; CellFailed("unsupported", ...) where TF32 was
    asked and all were kept: the figure would be another mode's."""
    if math == "tf32" and bits >= IEEE_BITS:
        raise CellFailed(
            "unsupported",
            f"no TF32 here: {backend} was asked for it and keeps all {bits} bits in a product",
        )
    wanted = TF32_BITS if math == "tf32" else IEEE_BITS
    if bits < wanted:
        reason = f"{backend} keeps {bits} bits in a float32 product, {wanted} were asked ({math})"
        raise CellFailed("invalid", reason)


class Session:
    """The cells loaded in this process, by id."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.device = ""
        self.core: int | None = None
        self.math = "ieee"
        self.bits: int | None = None
        self.attested: set[str] = set()
        self.cells: dict[str, LoadedCell] = {}
        self.heap = Heap()
        self.keeps_memory = False
        self.moving: dict[str, int] = {}
        self.populated_bytes = 0

    @property
    def handlers(self) -> dict[str, Handler]:
        """What may be asked, by name."""
        answers: Answers = {
            OpenRequest: self.open,
            CostsRequest: self.launch_costs,
            DeviceCeilingsRequest: self.ceilings,
            ProductRequest: self.product_rate,
            PutInputsRequest: self.put_inputs,
            LoadRequest: self.load,
            BurstRequest: self.burst,
            PopulateRequest: self.populate,
            ReadCostRequest: self.read_cost,
            AnswerRequest: self.answer,
            FollowsInputsRequest: self.follows_inputs,
            KeepResultsRequest: self.keep_results,
            NewOperandsRequest: self.new_operands,
            VaryCallsRequest: self.vary_calls,
            PeakRequest: self.peak,
            UnloadRequest: self.unload,
            CallRequest: self.call_function,
            CloseRequest: self.close,
        }
        return typed(answers)

    def open(self, request: OpenRequest) -> OpenReply:
        """Import the framework, set the policy and read it back."""
        chosen = request.policy
        self.device, self.core = chosen.device, request.core
        self.keeps_memory = chosen.allocator == "reuse" and chosen.device == "cpu"
        start = time.perf_counter_ns()
        self.backend.open(chosen)
        opened = time.perf_counter_ns() - start
        if (profilers := _profilers()) is not None:
            raise CellFailed("invalid", f"{profilers}; remove it (sitecustomize.py, a .pth file)")
        facts = self.backend.attest()
        if facts["threads"] not in (chosen.threads, -1):
            raise CellFailed(
                "invalid",
                f"{self.backend.name} runs {facts['threads']} threads, {chosen.threads} were asked",
            )
        worked = threads_at_work(self.backend, chosen.threads) if chosen.device == "cpu" else 0
        if facts["threads"] > 1 and worked == 1:
            raise CellFailed(
                "invalid",
                f"{self.backend.name} was asked for {chosen.threads} threads and says "
                f"{facts['threads']}, but only one worked on a large product",
            )
        gc.collect()
        gc.freeze()  # the framework's own objects: later collections pass over them
        self.math, self.bits = chosen.math, facts.get("precision_bits")
        if self.bits is not None:
            _check_precision(self.backend.name, self.math, self.bits)
        cost = idle_cost_ns(self._empty_burst(stopwatch(self.backend)))
        return OpenReply(
            open_ns=opened,
            fence_ns=cost,
            python=sys.version.split()[0],
            malloc=malloc_library(),
            threads_worked=worked,
            attest=facts,
        )

    def launch_costs(self, request: CostsRequest) -> CostsReply:
        """What a call costs that has nothing to compute."""
        return launch_costs(self.backend, request.mode)

    def ceilings(self, request: DeviceCeilingsRequest) -> CeilingsReply:
        """What this device reaches at most through this framework."""
        watch, cache = stopwatch(self.backend), cache_bytes(self.backend, self.device)
        return device_ceilings(
            self.backend, request.mode, request.dtype, watch, cache, request.budget_s
        )

    def product_rate(self, request: ProductRequest) -> ProductReply:
        """What this framework's own product reaches; see `product_rate`."""
        return product_rate(self.backend, request.mode, request.dtype, request.budget_s)

    def put_inputs(self, request: PutInputsRequest) -> Done:
        """Put a cell's inputs on the device. Not timed: other workers may be doing the same."""
        asked, given = request.spec, map_arrays(request.inputs.batch)
        tensors = get_op(asked.op).tensors(asked)
        touched = tensors.elements("batch") + tensors.elements("outputs")
        each_bytes = touched * ITEM_BYTES[asked.dtype]
        held = cache_bytes(self.backend, self.device)
        copies = copies_beyond(held, each_bytes) if request.cold else 1
        batches = [
            {name: put(self.backend, asked, name, values) for name, values in given.items()}
            for _ in range(copies)
        ]
        for each in batches:
            self.backend.fence(each)
        cell = LoadedCell(self.backend, asked, batches[0], given, map_arrays(request.inputs.state))
        cell.others = batches[1:]
        cell.stopwatch = stopwatch(self.backend)
        self.cells[request.cell] = cell
        return Done()

    def load(self, request: LoadRequest) -> LoadReply:
        """Build a placed cell's step and run it for the first time."""
        cell, variant = self.cells[request.cell], request.variant
        self._check_products(cell.spec, variant.mode)
        factory, before = factory_of(self.backend, cell.spec.op), made(self.backend)

        def make() -> Step:
            return factory(self.backend, cell.spec, variant)

        def build() -> None:
            cell.step = make()

        building = measured(build).wall_ns
        cell.rotate(make if variant.mode == "eager" else None)
        first = cell.burst(1, 0)
        known = cell.spec.op in self.attested
        check_mode(self.backend, variant.mode, cell.spec, cell.step, before, known)
        self.attested.add(cell.spec.op)
        self._check_places(cell)
        cell.place_finished()
        gc.collect()
        memory = self.backend.memory().current_bytes
        return LoadReply(building, first, memory, copies=1 + len(cell.others))

    def burst(self, request: BurstRequest) -> Reading:
        """One timed burst, begun on the home core."""
        begin_on(self.core)
        cell, calls, lead_in = self.cells[request.cell], request.calls, request.lead_in
        if request.layout is None:
            return cell.burst(calls, lead_in, request.read_placed)
        between = Gaps(self.heap, request.layout, TRIED_BYTES if lead_in else FEW_BYTES)
        cell.drop()
        try:
            return cell.burst(calls, lead_in, request.read_placed, between, request.shift_bytes)
        finally:
            between.close()

    def populate(self, request: PopulateRequest) -> Done:
        """Have pages for so much of the heap, before a cell's tensors move about in it. Where freed
        memory is kept, what was populated for cells that have gone serves those after them; what
        the present ones hold, half of what they move about in, is no longer free."""
        self.moving[request.cell] = request.size_bytes
        needed = sum(self.moving.values()) * 3 // 2
        if not self.keeps_memory or needed > self.populated_bytes:
            self.cells[request.cell].populate(request.size_bytes)
            self.populated_bytes = max(self.populated_bytes, request.size_bytes)
        return Done()

    def read_cost(self, request: ReadCostRequest) -> ReadCostReply:
        """What reading the smallest output costs when it is computed."""
        return ReadCostReply(self.cells[request.cell].read_cost_ns())

    def answer(self, request: AnswerRequest) -> AnswerReply:
        """Write the results of the last burst, as far as they are compared."""
        import numpy as np

        cell = self.cells[request.cell]
        self._check_places(cell)
        with storage():
            compared = load_samplings(Path(request.samplings))
        sent = digest_results(cell.results(), compared)
        with storage(), Path(request.file).open("wb") as stream:
            np.savez(stream, allow_pickle=False, **sent)
        return AnswerReply(cell.step.traces())

    def follows_inputs(self, request: FollowsInputsRequest) -> Done:
        """Whether a cell computes: its results must follow its inputs, and leave them alone.

        Raises: CellFailed("invalid", ...)"""
        cell = self.cells[request.cell]
        follow = answers_to_input(cell)
        if not follow:
            raise CellFailed("invalid", "the result stayed the same when an input changed")
        unmoved = outputs_that_ignore_inputs(cell, follow)
        if unmoved:
            which = ", ".join(unmoved)
            raise CellFailed("invalid", f"{which} stayed the same whichever input changed")
        changed = changed_inputs(cell)
        if changed:
            raise CellFailed("invalid", f"the step wrote to its inputs: {', '.join(changed)}")
        shared = inputs_not_copied(cell)
        if shared:
            which = ", ".join(shared)
            raise CellFailed(
                "invalid",
                f"put of {which} copied nothing: what was written to the host array afterwards "
                "showed in the tensor; copy inside put",
            )
        return Done()

    def keep_results(self, request: KeepResultsRequest) -> KeptReply:
        """A burst whose results are all kept and read; see `kept_results`."""
        begin_on(self.core)
        return kept_results(self.cells[request.cell], request.calls, request.lead_in)

    def new_operands(self, request: NewOperandsRequest) -> NewOperandsReply:
        """Calls on operands that no call has seen; see `new_operands` of `work_checks`."""
        begin_on(self.core)
        return new_operands(self.cells[request.cell])

    def vary_calls(self, request: VaryCallsRequest) -> VariedReply:
        """Calls as bursts make them, and in two other ways; see `varied_calls`."""
        begin_on(self.core)
        cell = self.cells[request.cell]
        return varied_calls(cell, request.calls, request.repeats, request.sets)

    def peak(self, request: PeakRequest) -> PeakReply:
        """What a cell needs at its most; asked once of a process, which serves nothing else."""
        spec, variant, inputs = request.spec, request.variant, request.inputs
        return peak_memory(self.backend, self.device, spec, variant, inputs)

    def call_function(self, request: CallRequest) -> CallReply:
        """What the function "module:function" gives for the opened backend and these arguments: a
        dictionary of JSON's types. Raises: CellFailed, if the function does."""
        return CallReply(resolve(request.function)(self.backend, **request.arguments))

    def unload(self, request: UnloadRequest) -> Done:
        """Forget a cell and give its memory back; unknown cells are no error."""
        self.cells.pop(request.cell, None)
        self.moving.pop(request.cell, None)
        gc.collect()
        return Done()

    def close(self, request: CloseRequest) -> Done:
        """Release the framework; the process ends after the reply."""
        self.cells.clear()
        self.backend.close()
        return Done()

    def _empty_burst(self, watch: Stopwatch | None) -> Callable[[], None]:
        """What a burst does beside its calls."""

        def work() -> None:
            if watch is not None:
                watch.start()
                watch.stop()
            self.backend.fence({})

        return work

    def _check_products(self, spec: Spec, mode: Mode) -> None:
        """Where an adapter does not say what its products keep, see for oneself, once, before the
        first cell that rests on it.

        Raises: CellFailed, as `_check_precision` does."""
        if not get_op(spec.op).products or spec.dtype != "float32":
            return
        able = self.backend.supports("matmul", "float32", Variant(mode, "none")) is None
        if self.bits is None and able:
            self.bits = product_bits(self.backend, mode)
        if self.bits is None:
            self.bits = IEEE_BITS
        if self.bits >= LEAST_BITS:
            _check_precision(self.backend.name, self.math, self.bits)

    def _check_places(self, cell: LoadedCell) -> None:
        """Every tensor must be where the policy says and of the workload's dtype.

        Raises: CellFailed("invalid", ...) naming the tensor."""
        on_host = get_op(cell.spec.op).on_host
        for name, place in cell.places().items():
            expected = ("cpu" if name in on_host else self.device, cell.spec.dtype)
            if place != expected:
                found = f"{place[1]} on {place[0]}"
                asked = f"{expected[1]} on {expected[0]}"
                raise CellFailed("invalid", f"{name} is {found}, not {asked}")
