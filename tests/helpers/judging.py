"""How the tests of `xbench doctor` judge a finding."""

from __future__ import annotations

from xbench.doctor.finding import Finding, Level

GB = 10**9


def judged(found: Finding | None, level: Level, *said: str) -> None:
    """The finding is there, of this level, and says this."""
    assert found is not None
    assert found.level == level, found
    for text in said:
        assert text in f"{found.seen} | {found.todo} {found.command}"
