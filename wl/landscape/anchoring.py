"""The constant of ln g from uniform draws, in the bins that both the draws and a walk know.

A walk knows ln g of the bins that it visited up to a constant. Normalising over these bins alone is right only where
they hold all configurations: a walk that misses the open corner of a grid, which may hold most of them, would be off by
what it missed. Here the constant is the likeliest one, given the counts of both. Let c_i of N draws fall into bin i,
and let h_i be the number of independent visits of a walk that samples g e^-b. A count in bin i is then one of the
draws with chance σ(b_i + a), σ(z) = 1/(1 + e^-z), so that a, the constant, solves

    Σ_i c_i = Σ_i (c_i + h_i) σ(b_i + a)        over the bins that the walk knows,

and the likeliest density of states there, as a fraction of all configurations, is

    g_i = (c_i + h_i) σ(b_i + a)/N.

Bins that were drawn and never visited have g_i = c_i/N. Together all bins hold the share of the draws that fell into
the grid. This is the acceptance-ratio method of C. H. Bennett, J. Comput. Phys. 22, 245 (1976), for histograms.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_expit

__all__ = ["LEAST_DRAWS_IN_COMMON", "Anchored", "anchored"]

LEAST_DRAWS_IN_COMMON = 10  # fewer draws in the bins of the walk say too little of the constant
NEWTON_STEPS = 20
PRECISE = 1e-13  # of the number of draws


class Anchored(NamedTuple):
    """Ln g with its constant.

    Attributes
    ----------
    log_g : ndarray, shape (n_bins,)
        Draws and walk together, nan where neither knows a bin.
    of_walk : ndarray, shape (n_bins,)
        What the walk alone says of the bins, nan where it was not, with the same constant.
    constant : float
        a of the likelihood, or nan where walk and draws have too little in common: then Σ g = 1 over the bins of the
        walk, and only differences of ln g mean something.
    """

    log_g: np.ndarray
    of_walk: np.ndarray
    constant: float


def anchored(
    log_g: np.ndarray,
    visits: np.ndarray,
    counts: np.ndarray,
    number: float,
    log_total: float,
    near: float | None = None,
) -> Anchored:
    """Give ln g of a walk the constant that uniform draws tell, and join both.

    Parameters
    ----------
    log_g : ndarray, shape (n_bins,)
        Estimate of the walk up to a constant, nan where it does not know a bin.
    visits : ndarray, shape (n_bins,)
        Number of independent visits that the estimate of a bin is worth.
    counts : ndarray, shape (n_bins,)
        Draws in the bins.
    number : float
        Number of all draws, those outside the grid too.
    log_total : float
        Ln of the number, or the volume, of all configurations.
    near : float, optional
        A constant to begin the search with.

    Returns
    -------
    Anchored
    """
    known = np.isfinite(log_g)
    weighed = known & (visits > 0)
    drawn, walked = counts[weighed].astype(float), visits[weighed].astype(float)
    if drawn.sum() < LEAST_DRAWS_IN_COMMON:
        relative = log_g - np.logaddexp.reduce(log_g[known]) if known.any() else log_g
        return Anchored(relative, relative, np.nan)
    bias = log_g[weighed] - np.log(walked)
    constant = _likeliest(bias, walked, drawn, near)
    log_unit = log_total - np.log(number)
    with np.errstate(divide="ignore"):
        both = np.where(counts > 0, np.log(np.maximum(counts, 1e-300)) + log_unit, np.nan)
    both[known] = (log_g + constant + log_unit)[known]
    both[weighed] = np.log(drawn + walked) + log_expit(bias + constant) + log_unit
    return Anchored(both, log_g + constant + log_unit, constant)


def _likeliest(bias: np.ndarray, walked: np.ndarray, drawn: np.ndarray, near: float | None) -> float:
    """Root of Σ c - Σ (c + h) σ(b + a), which falls with a."""
    both, total = drawn + walked, drawn.sum()

    def excess(constant: float) -> float:
        return float(both @ expit(bias + constant) - total)

    constant = near
    for _ in range(NEWTON_STEPS if constant is not None and np.isfinite(constant) else 0):
        share = expit(bias + constant)
        step = (both @ share - total) / max(float(both @ (share * (1.0 - share))), 1e-300)
        constant -= step
        if not abs(constant - near) < 5.0:  # far off a quadratic is no guide
            break
        if abs(step) < PRECISE:
            return float(constant)
    low, high = -bias.max() - 1.0, -bias.min() + 1.0
    while excess(low) > 0.0:
        low -= 10.0 + abs(low)
    while excess(high) < 0.0:
        high += 10.0 + abs(high)
    return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-15))
