"""Every claim of the notebooks, in their order, and the figures drawn of them."""

from __future__ import annotations

from collections.abc import Callable

from suites.notebooks.claims_000 import CLAIMS_000
from suites.notebooks.claims_001 import CLAIMS_001
from suites.notebooks.claims_002 import CLAIMS_002
from suites.notebooks.claims_003 import CLAIMS_003
from suites.notebooks.claims_004 import CLAIMS_004
from suites.notebooks.mistakes import MISTAKES
from suites.notebooks.plots import crossover_plot, loss_curves
from xbench.claims.evidence import Evidence
from xbench.claims.model import Claim, PlotFile

CLAIM_LIST: tuple[Claim, ...] = (
    *CLAIMS_000,
    *CLAIMS_001,
    *CLAIMS_002,
    *CLAIMS_003,
    *CLAIMS_004,
    *MISTAKES,
)
PLOTS: tuple[Callable[[Evidence], PlotFile | None], ...] = (loss_curves, crossover_plot)
