"""Every claim of the notebooks, in their order, and the figures drawn of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xbench.claims.model import Claim, PlotFile

CLAIM_LIST: tuple[Claim, ...] = ()
PLOTS: tuple[Callable[[Any], PlotFile | None], ...] = ()
