"""The five course notebooks that xbench grew from, replayed: what to measure, show and judge."""

from suites.notebooks.mistakes import planted
from suites.notebooks.requests import REQUESTS
from suites.notebooks.sweeps import PRESET, SUITE
from suites.notebooks.tables import CLAIM_LIST, PLOTS
from xbench.claims.model import ClaimSet

CLAIMS = ClaimSet("notebooks", SUITE.about, PRESET, REQUESTS, CLAIM_LIST, PLOTS, planted)

__all__ = ["CLAIMS", "SUITE"]
