"""Sums of patterns against weights: the integers ξ·w of which stabilities are made."""

import numpy as np

from perceptron.base.jit import njit


@njit
def field(patterns, weights, mu):
    """Σ_i ξ_i^μ w_i for int8 patterns (n_patterns, n_weights) and int8 weights."""
    total = np.int32(0)
    for i in range(weights.size):
        total += np.int32(patterns[mu, i]) * np.int32(weights[i])
    return total


@njit
def fields(patterns, weights, out):
    """out[μ] = ξ^μ·w; out is int32, shape (n_patterns,)."""
    for mu in range(patterns.shape[0]):
        out[mu] = field(patterns, weights, mu)


@njit
def count_below(patterns, weights, threshold, stop_at):
    """Number of patterns with ξ·w < threshold; stops counting at `stop_at`."""
    count = 0
    for mu in range(patterns.shape[0]):
        if field(patterns, weights, mu) < threshold:
            count += 1
            if count >= stop_at:
                return count
    return count
