"""A verdict in words: its title and counts, findings the worst first, a finding's row of a table,
and the whole as text for the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf, log

from xbench.text import one_line, show_bytes, show_seconds
from xbench.tracking.verdict import KINDS, Finding, Verdict, VerdictSide

NOTHING = "–"
STATUSES = {
    0: "no confirmed regression",
    1: "a regression",
    2: "an error, no verdict",
    3: "a cell that had a number has none",
    4: "undecided: nothing here may be compared, or --strict was given and a cell is undecided",
    5: "nothing was measured",
}
LONGEST = 120
"""A longer text from a file is cut."""

COLUMNS = ("verdict", "cell", "ratio [95 % interval]", "base", "head", "launches", "confirmed")
WITHOUT_NUMBER = ("missing", "new", "not measured")


def title(verdict: Verdict) -> str:
    """`xbench ab: a regression (exit status 1)`."""
    said = STATUSES.get(verdict.exit_status, "")
    return f"xbench {verdict.tool}: {said} (exit status {verdict.exit_status})"


def counted(verdict: Verdict) -> str:
    """`54 cells: 1 regressed (0 confirmed), 53 same`; with several metrics, of findings."""
    cells = len({each.cell for each in verdict.findings})
    metrics = sorted({each.metric for each in verdict.findings})
    of = f"{cells} cell{'' if cells == 1 else 's'}"
    if len(metrics) > 1:
        of += f", {len(verdict.findings)} findings ({', '.join(map(clear, metrics))})"
    confirmed = sum(
        each.kind == "regressed" and each.confirmed is True for each in verdict.findings
    )
    parts = [
        f"{verdict.counts[kind]} {kind}"
        + (f" ({confirmed} confirmed)" if kind == "regressed" else "")
        for kind in KINDS
        if verdict.counts.get(kind)
    ]
    return f"{of}: {', '.join(parts)}" if parts else of


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """By kind, and within a kind by how much worse head is; the best of the improved first."""
    place = {kind: number for number, kind in enumerate(KINDS)}

    def key(each: Finding) -> tuple[int, bool, float, str]:
        worse = worsening(each)
        size = worse if each.kind == "improved" else -worse
        return place[each.kind], each.confirmed is not True, size, each.cell

    return sorted(findings, key=key)


def worsening(finding: Finding) -> float:
    """The logarithm of the ratio, positive where head is worse; -inf where there is none."""
    if finding.ratio is None or not finding.ratio > 0.0:
        return -inf
    size = log(finding.ratio)
    return size if finding.better == "lower" else -size


def row(finding: Finding) -> tuple[str, ...]:
    """What stands under `COLUMNS`."""
    metric = "" if finding.metric == "time" else f" ({finding.metric})"
    confirmed = {None: NOTHING, True: "yes", False: "no"}[finding.confirmed]
    return (
        said(finding),
        clear(finding.cell + metric),
        ratio(finding),
        value(finding.base, finding.unit, finding.base_status),
        value(finding.head, finding.unit, finding.head_status),
        str(finding.launches) if finding.launches else NOTHING,
        confirmed if finding.kind == "regressed" else NOTHING,
    )


def said(finding: Finding) -> str:
    """The kind; a regression that nothing has confirmed is a candidate."""
    candidate = finding.kind == "regressed" and finding.confirmed is None
    return "regressed?" if candidate else finding.kind


def ratio(finding: Finding) -> str:
    """`1.083× [1.051, 1.116]`: to three places, so that ends tell on which side of a margin."""
    if finding.ratio is None:
        return NOTHING
    if finding.low is None or finding.high is None:
        return f"{_digits(finding.ratio)}×, no interval"
    return f"{_digits(finding.ratio)}× [{_digits(finding.low)}, {_digits(finding.high)}]"


def value(found: float | None, unit: str, status: str | None = None) -> str:
    """`4.75 ms`, `168 GB`, `3.2 img/s`; the status where there is no number."""
    if found is None:
        return clear(status or "") or NOTHING
    if unit == "s":
        return show_seconds(found)
    return show_bytes(found) if unit == "B" else clear(f"{found:.4g} {unit}")


def clear(text: str, longest: int = LONGEST) -> str:
    """Text from a file, on one line, not too long, and without the `##[` that a CI runner takes
    for a command wherever it stands."""
    line = one_line(text[: longest + 1]).strip().replace("##[", "## [")
    return line if len(text) <= longest else f"{line[: longest - 1]}…"


def _digits(number: float) -> str:
    return f"{number:.3f}" if 0.01 <= number < 1000.0 else f"{number:.4g}"


# A verdict for the terminal: counts first, then the worst rows, then what differs.

MOST_ROWS, MOST_REASONS = 30, 10
_RIGHT = (3, 4, 5)


def as_text(verdict: Verdict) -> str:
    """The whole, with a line end. Never a mean of changes: it would hide the cell that matters."""
    return "\n".join([*_lines(verdict), ""])


def _lines(verdict: Verdict) -> Iterator[str]:
    yield title(verdict)
    yield f"base {_side(verdict.base)}, head {_side(verdict.head)}"
    yield counted(verdict)
    yield from (f"note: {clear(each, 400)}" for each in verdict.notes)
    ordered = worst_first(verdict.findings)
    if ordered:
        yield ""
        yield from table([COLUMNS, *map(row, ordered[:MOST_ROWS])], _RIGHT)
    if len(ordered) > MOST_ROWS:
        yield f"and {len(ordered) - MOST_ROWS} more: all are in verdict.json (--out DIR)"
    reasons = [each for each in ordered if each.reason and each.kind != "same"]
    if reasons:
        yield ""
        yield from (
            f"{clear(each.cell)}: {clear(each.reason, 200)}" for each in reasons[:MOST_REASONS]
        )
    if len(reasons) > MOST_REASONS:
        yield f"and {len(reasons) - MOST_REASONS} more reasons"
    if verdict.differences:
        yield ""
        found = [
            (clear(each.label), clear(each.base), clear(each.head)) for each in verdict.differences
        ]
        yield from table([("differs", "base", "head"), *found])


def _side(side: VerdictSide) -> str:
    more = f" ({len(side.runs)} runs)" if len(side.runs) > 1 else ""
    return f"{clear(side.name)}{more}"


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Rows of one length as lines with aligned columns; the first is ruled off. `right`: the
    columns that are set to the right."""
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, each in enumerate(rows):
        cells = [
            text.rjust(size) if place in right else text.ljust(size)
            for place, (text, size) in enumerate(zip(each, sizes, strict=True))
        ]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "  ".join("-" * size for size in sizes)
