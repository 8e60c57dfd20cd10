"""What a run is told apart from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xbench.launch.side import Side


@dataclass(frozen=True, slots=True)
class Settings:
    """`seed` decides data and orders; `folder` is the run's own; `suites` are users' files, which
    every worker loads; `timeout_s` is the least time any answer may take; `budget_s` what
    the whole run may; `fresh_ceilings` has the machine's ceilings measured even if known; `sides`
    are those of an A/B, by name; `unlocked`: others may be measuring on this machine; `variables`
    are the user's own for every worker (`--env`)."""

    seed: int
    folder: Path
    suites: tuple[str, ...] = ()
    timeout_s: float = 60.0
    budget_s: float | None = None
    fresh_ceilings: bool = False
    sides: Mapping[str, Side] = field(default_factory=dict)
    unlocked: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def scratch(self) -> Path:
        """Inputs, results on their way to the oracle, frameworks' caches. Deleted at the end."""
        return self.folder / "scratch"

    @property
    def logs(self) -> Path:
        """What the workers printed, a file each."""
        return self.folder / "logs"
