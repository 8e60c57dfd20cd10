"""The claims of five course notebooks, in their order: what to measure, show, judge and draw."""

from __future__ import annotations

from xbench.ops.suite import Preset
from xbench.suites.claims.claim import ClaimSet
from xbench.suites.claims.claim_figures import crossover_plot, loss_curves
from xbench.suites.claims.mistakes import MISTAKES, planted
from xbench.suites.claims.notebook_000 import CLAIMS_000
from xbench.suites.claims.notebook_001 import CLAIMS_001
from xbench.suites.claims.notebook_002 import CLAIMS_002
from xbench.suites.claims.notebook_003 import CLAIMS_003
from xbench.suites.claims.notebook_004 import CLAIMS_004
from xbench.suites.claims.sweeps import REQUESTS, SUITE

PRESET = Preset(
    name="notebooks",
    about="what the course notebooks measured; `xbench claims` judges it",
    suites=("notebooks",),
    ops=("*",),
    families=("*",),
    widths=(),
    dtypes=("float32",),
    threads=("all",),
    modes=("eager", "graph"),
    compiled_ops=("mlp_train",),
    gradients="default",
    launches=3,
    group_s=0.5,
    every_gradient=("001 mlp_train 64×1000→w→10",),
)

NOTEBOOKS = ClaimSet(
    name="notebooks",
    about=SUITE.about,
    preset=PRESET,
    requests=REQUESTS,
    claims=(
        *CLAIMS_000,
        *CLAIMS_001,
        *CLAIMS_002,
        *CLAIMS_003,
        *CLAIMS_004,
        *MISTAKES,
    ),
    plots=(loss_curves, crossover_plot),
    planted=planted,
)
"""xbench grew from these notebooks. Each figure that they print has a claim, and so has each of
their mistakes, which the engine must refuse."""
