"""Free entropy of one perceptron in a field along a reference, by replica exchange and thermodynamic integration.

Independent of flat histograms and of belief propagation. Chains of solutions w have weights e^{h w·w̃} at a ladder of
fields; flips of one or two weights that leave a pattern unmet are rejected, neighbours exchange configurations, and

    F(h) = F(h_top) - ∫_h^{h_top} ⟨w·w̃⟩ dh',   F(h_top) = ln Σ_d g(d) e^{h_top (N - 2d)},

where at h_top nothing but the reference's nearest neighbours counts, whose g(d) are counted one by one. Nothing is done
for speed.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp

__all__ = ["integrated_free_entropies"]

LADDER = np.linspace(0.2, 1.6, 15)
N_BLOCKS = 20


@numba.njit(cache=False)
def _all_meet(patterns, weights, sums, smallest, i, j):
    """Whether all patterns are met after a flip of w_i, and of w_j where it differs."""
    for mu in range(sums.size):
        change = patterns[mu, i] * weights[i] + (patterns[mu, j] * weights[j] if i != j else 0)
        if sums[mu] - 2 * change < smallest:
            return False
    return True


@numba.njit(cache=False)
def _sweep(patterns, reference, smallest, field, chain, rng):
    """As many trials as there are weights; returns the new w·w̃."""
    weights, sums, along = chain
    n_weights = weights.size
    for _ in range(n_weights):
        i = rng.integers(0, n_weights)
        j = rng.integers(0, n_weights) if rng.random() < 0.5 else i
        change = -2 * weights[i] * reference[i] - (2 * weights[j] * reference[j] if i != j else 0)
        if change < 0 and rng.random() >= math.exp(field * change):
            continue
        if not _all_meet(patterns, weights, sums, smallest, i, j):
            continue
        for mu in range(sums.size):
            sums[mu] -= 2 * (patterns[mu, i] * weights[i] + (patterns[mu, j] * weights[j] if i != j else 0))
        weights[i] = -weights[i]
        if i != j:
            weights[j] = -weights[j]
        along += change
    return along


@numba.njit(cache=False)
def _block_means(patterns, reference, smallest, ladder, n_sweeps, rng):
    """⟨w·w̃⟩ at every field, a row a block of n_sweeps; as many sweeps as four blocks come before."""
    n_fields = ladder.size
    start = patterns @ reference
    weights, sums = np.empty((n_fields, reference.size)), np.empty((n_fields, start.size))
    weights[:], sums[:] = reference, start
    along = np.full(n_fields, np.float64(reference.size))
    means = np.zeros((N_BLOCKS, n_fields))
    for block in range(-4, N_BLOCKS):
        for _ in range(n_sweeps):
            for k in range(n_fields):
                along[k] = _sweep(patterns, reference, smallest, ladder[k], (weights[k], sums[k], along[k]), rng)
            for k in range(n_fields - 1):
                if rng.random() < math.exp((ladder[k + 1] - ladder[k]) * (along[k] - along[k + 1])):
                    for both in (weights, sums):
                        kept = both[k].copy()
                        both[k] = both[k + 1]
                        both[k + 1] = kept
                    along[k], along[k + 1] = along[k + 1], along[k]
            if block >= 0:
                means[block] += along / n_sweeps
    return means


def integrated_free_entropies(
    patterns: np.ndarray, reference: np.ndarray, smallest: int, near: np.ndarray, fields: np.ndarray, n_sweeps: int
) -> tuple[np.ndarray, np.ndarray]:
    """F(h)/N at the fields, and standard errors from the spread over blocks of `n_sweeps` sweeps.

    `near` are the numbers of solutions at 0, 1, 2, … flips from the reference; fields are between 0.2 and 1.6.
    """
    size = reference.size
    with np.errstate(divide="ignore"):
        terms = np.log(near.astype(float)) + LADDER[-1] * (size - 2.0 * np.arange(near.size))
    means = _block_means(
        patterns.astype(float), reference.astype(float), smallest, LADDER, n_sweeps, np.random.default_rng(1)
    )
    integrals = []
    for row in means:
        integral = CubicSpline(LADDER, row).antiderivative()
        integrals.append(integral(LADDER[-1]) - integral(fields))
    found = (logsumexp(terms) - np.mean(integrals, axis=0)) / size
    return found, np.std(integrals, axis=0, ddof=1) / math.sqrt(N_BLOCKS) / size
