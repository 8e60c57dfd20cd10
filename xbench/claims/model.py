"""A claim, the evidence for it, and what a judge makes of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from xbench.contracts import Mode
from xbench.plan.preset import Preset
from xbench.records.schema import ExhibitLine

if TYPE_CHECKING:
    from xbench.claims.evidence import Evidence

Ruling = Literal["reproduced", "contradicted", "not measurable here"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found (`ours`, a short text), the ruling, and why in one line."""

    ours: str
    ruling: Ruling
    why: str


class Missing(Exception):
    """There is no evidence: the claim is not measurable here, for this reason."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that was printed somewhere. `id` is `001.custom-called`, `says` one sentence.

    `judge` may raise Missing; it never guesses."""

    id: str
    says: str
    printed: str
    judge: Callable[[Evidence], Judged]

    @property
    def source(self) -> str:
        """Where it was printed: what stands before the first point of its id."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Request:
    """An exhibit to be shown by these backends in this mode."""

    exhibit: str
    backends: tuple[str, ...]
    mode: Mode = "eager"
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    """What its line in the journal is called; the exhibit's name if empty."""


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True, tag="claim"):
    """A line of `claims.jsonl`: a claim and its ruling."""

    id: str
    source: str
    says: str
    printed: str
    ours: str
    ruling: Ruling
    why: str


class PlotPoint(msgspec.Struct, frozen=True):
    """A point with the ends of its interval, where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


class PlotLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a plot. `backend`, `mode` and `gradient` decide its look, as in other figures;
    `published`: its points were printed elsewhere, not measured here."""

    label: str
    backend: str
    points: list[PlotPoint]
    mode: str = "eager"
    gradient: str = "none"
    published: bool = False


class PlotFile(msgspec.Struct, frozen=True, kw_only=True, tag="plot"):
    """A line of `claims.jsonl`: a figure as data, on logarithmic axes. `alt` says it in words;
    `y_is_time`: in seconds, else plain numbers."""

    name: str
    title: str
    x_label: str
    y_label: str
    alt: str
    lines: list[PlotLine]
    y_is_time: bool = True


def _nothing_planted() -> Sequence[ExhibitLine]:
    return ()


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Everything about one list of claims: what to measure, what to show, and how to judge.

    `planted` runs mistakes through the engine before all else, and tells what came of them."""

    name: str
    about: str
    preset: Preset
    requests: tuple[Request, ...]
    claims: tuple[Claim, ...]
    plots: tuple[Callable[[Evidence], PlotFile | None], ...] = ()
    planted: Callable[[], Sequence[ExhibitLine]] = _nothing_planted
