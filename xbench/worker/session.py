"""What a backend worker does for its parent: open, place, load, burst, answer, unload, close."""

from __future__ import annotations

import gc
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xbench.contracts import Backend, Mode, Policy, Spec, Step, Stopwatch, Variant
from xbench.errors import CellFailed
from xbench.oracle.digest import digest_results, load_digests
from xbench.plan.files import load_suites
from xbench.registry import factory_of
from xbench.worker.caches import copies_beyond
from xbench.worker.counters import Reading, idle_cost_ns, measured
from xbench.worker.device_ceilings import device_ceilings
from xbench.worker.dispatch import launch_costs
from xbench.worker.exhibits import show
from xbench.worker.host import malloc_library
from xbench.worker.layout import (
    FEW_BYTES,
    TRIED_BYTES,
    Gaps,
    Heap,
    begin_on,
    scatter_process,
)
from xbench.worker.mode_evidence import check_mode, made
from xbench.worker.optional import cache_bytes, stopwatch
from xbench.worker.peak import peak_memory
from xbench.worker.precision import LEAST_BITS, product_bits
from xbench.worker.product_rate import product_rate
from xbench.worker.serve import Handler, serve
from xbench.worker.slot import Slot, map_arrays
from xbench.worker.storage import storage
from xbench.worker.tensors import put
from xbench.worker.threads_at_work import threads_at_work
from xbench.worker.work_checks import (
    answers_to_input,
    borrowed_inputs,
    changed_inputs,
    deaf_outputs,
    kept_results,
    new_operands,
    varied_calls,
)
from xbench.workloads import get_op
from xbench.workloads.base import ITEM_BYTES

Reply = dict[str, Any]
IEEE_BITS, TF32_BITS = 24, 11


def main(config: dict[str, Any]) -> None:
    """Serve one worker key; `backend` is "module:Class", `suites` are users' files, `layout` seeds
    the draw of where this process's memory lies."""
    kept = scatter_process(config["layout"]) if "layout" in config else []
    backend = load_adapter(config)
    serve(config["read_fd"], config["write_fd"], Session(backend).handlers, backend.classify)
    kept.clear()


def load_adapter(config: dict[str, Any]) -> Backend:
    """The adapter that a worker is to serve, after the users' files that may add to it."""
    load_suites(config["suites"])
    module, _, name = config["backend"].partition(":")
    backend: Backend = getattr(importlib.import_module(module), name)()
    return backend


def _spec(sent: Reply) -> Spec:
    return Spec(sent["op"], tuple((name, value) for name, value in sent["params"]), sent["dtype"])


def _watchers() -> str | None:
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
        self.slots: dict[str, Slot] = {}
        self.heap = Heap()

    @property
    def handlers(self) -> dict[str, Handler]:
        """What may be asked, by name."""
        asked: tuple[Handler, ...] = (
            self.open, self.launch_costs, self.ceilings, self.product_rate, self.place, self.load,
            self.burst, self.populate, self.read_cost, self.answer, self.probe, self.keep_results,
            self.new_operands, self.vary_calls, self.peak, self.exhibit, self.unload, self.close,
        )  # fmt: skip
        return {method.__name__: method for method in asked}

    def open(self, policy: dict[str, Any], core: int | None) -> Reply:
        """Import the framework, set the policy and read it back. `core` is the main thread's home,
        where every burst begins."""
        chosen = Policy(**policy)
        self.device, self.core = chosen.device, core
        start = time.perf_counter_ns()
        self.backend.open(chosen)
        opened = time.perf_counter_ns() - start
        if (watching := _watchers()) is not None:
            raise CellFailed("invalid", f"{watching}; remove it (sitecustomize.py, a .pth file)")
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
        return {
            "open_ns": opened,
            "fence_ns": cost,
            "python": sys.version.split()[0],
            "malloc": malloc_library(),
            "threads_worked": worked,
            "attest": facts,
        }

    def launch_costs(self, mode: Mode) -> Reply:
        """What a call costs that has nothing to compute: `dispatch_ns` and `operator_ns`."""
        return dict(launch_costs(self.backend, mode))

    def ceilings(self, mode: Mode, dtype: str, budget_s: float) -> Reply:
        """What this device reaches at most through this framework."""
        watch, cache = stopwatch(self.backend), cache_bytes(self.backend, self.device)
        return device_ceilings(self.backend, mode, dtype, watch, cache, budget_s)

    def product_rate(self, mode: Mode, dtype: str, budget_s: float) -> Reply:
        """What this framework's own product reaches; see `product_rate`."""
        return product_rate(self.backend, mode, dtype, budget_s)

    def place(self, cell: str, spec: dict[str, Any], inputs: Reply, cold: bool = False) -> Reply:
        """Put a cell's inputs on the device, as many copies as no cache holds if `cold`. Not timed:
        other workers may be doing the same."""
        asked, given = _spec(spec), map_arrays(inputs["batch"])
        tensors = get_op(asked.op).tensors(asked)
        touched = tensors.elements("batch") + tensors.elements("outputs")
        each_bytes = touched * ITEM_BYTES[asked.dtype]
        copies = copies_beyond(cache_bytes(self.backend, self.device), each_bytes) if cold else 1
        batches = [
            {name: put(self.backend, asked, name, values) for name, values in given.items()}
            for _ in range(copies)
        ]
        for each in batches:
            self.backend.fence(each)
        slot = Slot(self.backend, asked, batches[0], given, map_arrays(inputs["state"]))
        slot.others = batches[1:]
        slot.watch = stopwatch(self.backend)
        self.slots[cell] = slot
        return {}

    def load(self, cell: str, variant: list[Any]) -> Reply:
        """Build a placed cell's step and run it for the first time."""
        slot = self.slots[cell]
        self._check_products(slot.spec, variant[0])
        factory, before = factory_of(self.backend, slot.spec.op), made(self.backend)

        def make() -> Step:
            return factory(self.backend, slot.spec, Variant(*variant))

        def build() -> None:
            slot.step = make()

        building = measured(build)["wall_ns"]
        slot.rotate(make if variant[0] == "eager" else None)
        first = slot.burst(1, 0)
        known = slot.spec.op in self.attested
        check_mode(self.backend, variant[0], slot.spec, slot.step, before, known)
        self.attested.add(slot.spec.op)
        self._check_places(slot)
        slot.place_finished()
        gc.collect()
        memory = self.backend.memory().current_bytes
        copies = 1 + len(slot.others)
        return {"build_ns": building, "first": first, "memory_bytes": memory, "copies": copies}

    def burst(
        self, cell: str, calls: int, lead_in: int, layout: int | None = None, shift_bytes: int = 0,
        read_placed: bool = False,
    ) -> Reading:  # fmt: skip
        """One timed burst, begun on the home core. `layout` seeds the draw of where its tensors
        lie; None leaves that to what was allocated before. `shift_bytes`: how far results may be
        shifted."""
        begin_on(self.core)
        slot = self.slots[cell]
        if layout is None:
            return slot.burst(calls, lead_in, read_placed)
        between = Gaps(self.heap, layout, TRIED_BYTES if lead_in else FEW_BYTES)
        slot.drop()
        try:
            return slot.burst(calls, lead_in, read_placed, between, shift_bytes)
        finally:
            between.close()

    def populate(self, cell: str, size_bytes: int) -> Reply:
        """Have pages for so much of the heap, before a cell's tensors move about in it."""
        self.slots[cell].populate(size_bytes)
        return {}

    def read_cost(self, cell: str) -> Reply:
        """What reading the smallest output costs when it is computed."""
        return {"read_ns": self.slots[cell].read_cost_ns()}

    def answer(self, cell: str, file: str, digests: str) -> Reply:
        """Write the results of the last burst, as far as they are compared, to `file` (npz)."""
        import numpy as np

        slot = self.slots[cell]
        self._check_places(slot)
        with storage():
            compared = load_digests(Path(digests))
        sent = digest_results(slot.results(), compared)
        with storage(), Path(file).open("wb") as stream:
            np.savez(stream, allow_pickle=False, **sent)
        return {"traces": slot.step.traces()}

    def probe(self, cell: str) -> Reply:
        """Whether a cell computes: its results must follow its inputs, and leave them alone.

        Raises: CellFailed("invalid", ...)"""
        slot = self.slots[cell]
        if not answers_to_input(slot):
            raise CellFailed("invalid", "the result stayed the same when an input changed")
        deaf = deaf_outputs(slot)
        if deaf:
            which = ", ".join(deaf)
            raise CellFailed("invalid", f"{which} stayed the same whichever input changed")
        changed = changed_inputs(slot)
        if changed:
            raise CellFailed("invalid", f"the step wrote to its inputs: {', '.join(changed)}")
        borrowed = borrowed_inputs(slot)
        if borrowed:
            which = ", ".join(borrowed)
            raise CellFailed(
                "invalid",
                f"put of {which} copied nothing: what was written to the host array afterwards "
                "showed in the tensor; copy inside put",
            )
        return {}

    def keep_results(self, cell: str, calls: int, lead_in: int) -> Reply:
        """A burst whose results are all kept and read; see `kept_results`."""
        begin_on(self.core)
        return kept_results(self.slots[cell], calls, lead_in)

    def new_operands(self, cell: str) -> Reply:
        """Calls on operands that no call has seen; see `new_operands` of `work_checks`."""
        begin_on(self.core)
        return dict(new_operands(self.slots[cell]))

    def vary_calls(self, cell: str, calls: int, repeats: int, sets: int) -> Reply:
        """Calls as bursts make them, and in two other ways; see `varied_calls`."""
        begin_on(self.core)
        return dict(varied_calls(self.slots[cell], calls, repeats, sets))

    def peak(self, spec: Reply, variant: list[Any], inputs: Reply) -> Reply:
        """What a cell needs at its most; asked once of a process, which serves nothing else."""
        return peak_memory(self.backend, self.device, _spec(spec), Variant(*variant), inputs)

    def exhibit(self, name: str, params: Reply) -> Reply:
        """What a piece of user's code gives on this backend. Raises: CellFailed("unsupported")."""
        return {"values": show(self.backend, name, params)}

    def unload(self, cell: str) -> Reply:
        """Forget a cell and give its memory back; unknown cells are no error."""
        self.slots.pop(cell, None)
        gc.collect()
        return {}

    def close(self) -> Reply:
        """Release the framework; the process ends after the reply."""
        self.slots.clear()
        self.backend.close()
        return {}

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

    def _check_places(self, slot: Slot) -> None:
        """Every tensor must be where the policy says and of the workload's dtype.

        Raises: CellFailed("invalid", ...) naming the tensor."""
        on_host = get_op(slot.spec.op).on_host
        for name, place in slot.places().items():
            expected = ("cpu" if name in on_host else self.device, slot.spec.dtype)
            if place != expected:
                found = f"{place[1]} on {place[0]}"
                asked = f"{expected[1]} on {expected[0]}"
                raise CellFailed("invalid", f"{name} is {found}, not {asked}")
