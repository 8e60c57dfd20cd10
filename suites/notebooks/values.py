"""How values are judged: each backend that shows one must show the printed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xbench.claims.evidence import Evidence
from xbench.claims.model import Judged, Missing, Ruling

Judge = Callable[[Evidence], Judged]


def values_of(
    evidence: Evidence, exhibit: str, key: str, backends: tuple[str, ...] = ()
) -> dict[str, Any]:
    """One value of an exhibit by backend: of those named, else of all that give it. Raises: Missing
    if none does."""
    shown = evidence.shown_by(exhibit)
    for backend in backends:
        evidence.values(exhibit, backend)
    names = backends or tuple(shown)
    found = {name: shown[name][key] for name in names if key in shown[name]}
    if not found:
        raise Missing(f"{exhibit} gives no {key!r} here")
    return found


def shows(
    exhibit: str, key: str, wanted: Any, why: str, *,
    within: float = 0.0, backends: tuple[str, ...] = (),
) -> Judge:  # fmt: skip
    """A judge: the value is `wanted`, numbers to `within`. `why` explains it in a line."""

    def judge(evidence: Evidence) -> Judged:
        found = values_of(evidence, exhibit, key, backends)
        wrong = [name for name, each in found.items() if not near(each, wanted, within)]
        return ruled(by_backend(found), not wrong, why, f"{', '.join(wrong)}: another value")

    return judge


def ruled(ours: str, holds: bool, why: str, why_not: str) -> Judged:
    """What is either so or not."""
    ruling: Ruling = "reproduced" if holds else "contradicted"
    return Judged(ours, ruling, why if holds else why_not)


def unmeasurable(why: str) -> Judge:
    """A judge of what no evidence could decide."""

    def judge(evidence: Evidence) -> Judged:
        raise Missing(why)

    return judge


def near(found: Any, wanted: Any, within: float) -> bool:
    """Equal in shape, kind and value, numbers to `within`."""
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(near(one, two, within) for one, two in zip(found, wanted, strict=True))
        )
    if not is_number(wanted):
        return type(found) is type(wanted) and bool(found == wanted)
    return is_number(found) and abs(found - wanted) <= within


def is_number(value: Any) -> bool:
    """An int or a float; numbers that are not finite come as text."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: Any, digits: int) -> Any:
    """Floats to so many decimal places, in lists too; anything else as it is."""
    if isinstance(value, list):
        return [rounded(each, digits) for each in value]
    return round(value, digits) if is_number(value) else value


def by_backend(found: dict[str, Any]) -> str:
    """`[8, 12] (numpy, torch)`; the value of each where they differ."""
    texts: dict[str, list[str]] = {}
    for name, value in found.items():
        texts.setdefault(show_value(value), []).append(name)
    return "; ".join(f"{text} ({', '.join(names)})" for text, names in texts.items())


def show_value(value: Any) -> str:
    """Short, but with every digit of a float that has many."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return f"[{', '.join(map(show_value, value))}]"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
