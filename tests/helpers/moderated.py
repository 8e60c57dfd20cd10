"""Intervals of a mean over few launches that borrow strength: rules, and the prior they rest on.

The model is Smyth's (2004, section 3; limma): a cell's true variance is drawn from a scaled inverse
chi-square with d0 degrees of freedom around s0². Both are estimated from the cells of a run. Logs
have no unit; a variance is of one launch's logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, digamma, fdtri, polygamma, stdtrit

Array = NDArray[Any]

Freedom = Array | int
"""n - 1 of each cell, or of all."""

LEVEL = 0.95
NEARLY_INFINITE = 1e6
"""Degrees of freedom from which on a prior counts as exact."""

_SMALLEST = 1e-5
"""The least variance, as a share of the run's median: the logarithm of 0 would decide alone."""


def inverse_trigamma(values: Array) -> Array:
    """The x at which the trigamma function has these positive values: Newton on 1 / trigamma, which
    is nearly a line (Smyth 2004, appendix)."""
    x = 0.5 + 1.0 / values
    for _ in range(50):
        found = polygamma(1, x)
        step = found * (1.0 - found / values) / polygamma(2, x)
        x = x + step
        if np.max(-step / x) < 1e-10:
            break
    return x


@dataclass(frozen=True, slots=True)
class Prior:
    """What the cells of each run say of a cell not yet seen: `variance` is s0², `freedom` d0. Both
    keep the axis of cells, with length 1."""

    variance: Array
    freedom: Array


def fit_prior(variances: Array, freedom: Freedom) -> Prior:
    """The prior by moments of ln s² over the last axis, the cells (Smyth 2004, section 6.2).

    Where ln s² varies no more than chance alone explains, d0 is `NEARLY_INFINITE` and s0² the
    pooled variance."""
    freedom = np.broadcast_to(np.asarray(freedom), variances.shape)
    least = _SMALLEST * np.median(variances, axis=-1, keepdims=True)
    logs = np.log(np.maximum(variances, least)) - digamma(freedom / 2) + np.log(freedom / 2)
    centre = logs.mean(axis=-1, keepdims=True)
    chance = polygamma(1, freedom / 2).mean(axis=-1, keepdims=True)
    beyond = logs.var(axis=-1, ddof=1, keepdims=True) - chance
    some = beyond > 1e-6
    d0 = np.where(some, 2.0 * inverse_trigamma(np.where(some, beyond, 1.0)), NEARLY_INFINITE)
    pooled = (variances * freedom).sum(axis=-1, keepdims=True) / freedom.sum(-1, keepdims=True)
    s0 = np.where(some, np.exp(centre + digamma(d0 / 2) - np.log(d0 / 2)), pooled)
    return Prior(s0, np.minimum(d0, NEARLY_INFINITE))


Rule = Callable[[Array, Freedom, Prior], Array]
"""From variances (…, cells), their degrees of freedom and the prior: half the width of the interval
of a mean of n launches, times the root of n."""


def quantile(freedom: Freedom) -> Array:
    """Student's t, two-sided at `LEVEL`; the degrees of freedom may be fractions."""
    found: Array = stdtrit(freedom, 0.5 + 0.5 * LEVEL)
    return found


def own(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """Student's t: what xbench does."""
    return quantile(freedom) * np.sqrt(variances)


def _mixed(variances: Array, freedom: Freedom, prior: Prior, weight: float) -> tuple[Array, Array]:
    """Variance and degrees of freedom after the prior has been counted with this weight; in all
    there are no more than the cells of the run have together (as limma)."""
    of_prior = weight * prior.freedom
    total = of_prior + freedom
    mixed = (of_prior * prior.variance + freedom * variances) / total
    return mixed, np.minimum(total, freedom * variances.shape[-1])


def moderated(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """limma: own variance and prior, weighted by their degrees of freedom."""
    mixed, total = _mixed(variances, freedom, prior, 1.0)
    return quantile(total) * np.sqrt(mixed)


def larger(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """The larger of the own variance and limma's, with limma's degrees of freedom."""
    mixed, total = _mixed(variances, freedom, prior, 1.0)
    return quantile(total) * np.sqrt(np.maximum(mixed, variances))


def larger_half_weight(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """The same with half of d0."""
    mixed, total = _mixed(variances, freedom, prior, 0.5)
    return quantile(total) * np.sqrt(np.maximum(mixed, variances))


_USUAL = 0.6
"""An own variance up to this quantile of what the prior expects is usual. Few launches seldom show
that a cell is unlike the others, so a higher quantile finds few of those that are."""


def _beyond_usual(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """Whether own variances are above `_USUAL`, by the F distribution that the model gives them."""
    exact = prior.freedom >= NEARLY_INFINITE
    of_prior = np.where(exact, 1.0, prior.freedom)
    at = np.where(exact, chdtri(freedom, 1.0 - _USUAL) / freedom, fdtri(freedom, of_prior, _USUAL))
    found: Array = variances > at * prior.variance
    return found


def usual_only(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """limma; t where that is wider and the own variance is larger than usual."""
    mixed, total = _mixed(variances, freedom, prior, 1.0)
    half = quantile(total) * np.sqrt(mixed)
    beyond = _beyond_usual(variances, freedom, prior)
    return np.where(beyond, np.maximum(own(variances, freedom, prior), half), half)


def usual_only_half_weight(variances: Array, freedom: Freedom, prior: Prior) -> Array:
    """The same with half of d0, and never less than the own variance."""
    half = larger_half_weight(variances, freedom, prior)
    beyond = _beyond_usual(variances, freedom, prior)
    return np.where(beyond, np.maximum(own(variances, freedom, prior), half), half)


RULES: dict[str, Rule] = {
    "t": own,
    "limma": moderated,
    "larger": larger,
    "larger, half d0": larger_half_weight,
    "limma or t": usual_only,
    "larger, half d0, or t": usual_only_half_weight,
}
"""All but the first two are guarded: a cell that spreads more than the others shows it at times."""
