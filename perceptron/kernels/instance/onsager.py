"""Belief propagation without edge messages (approximate message passing): two numbers a pattern, one a weight.

For ±1 patterns the edge messages are h_{μ→i} = ξ_i g_μ - m_i g'_μ up to O(1/N), so that with V = Σ_j (1 - m_j²)

    a_μ = Σ_j ξ_j m_j - V g_μ,   g_μ = ∂_a ln H((t - a_μ)/√V),   h_i = Σ_μ ξ_i g_μ - m_i Σ_μ g'_μ.

A sweep is two products with the pattern matrix, whose signs are packed into bits
(`perceptron.kernels.instance.packed_signs`). Weights may be single or double precision. Damping acts on g and on the
reaction, as damped edge messages would.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.instance.edges import SMALLEST_VARIANCE, slopes
from perceptron.kernels.instance.packed_signs import (
    TABLE_SIZE,
    pack_columns,
    pack_rows,
    signed_sums,
)
from perceptron.kernels.special.gaussian import log_gaussian_tail


class Signs(NamedTuple):
    """Packed patterns: words of rows (for sums over weights) and of columns (over patterns), and scratch."""

    rows: np.ndarray
    columns: np.ndarray
    table: np.ndarray
    sums: np.ndarray


def packed(patterns: np.ndarray, number: type) -> Signs:
    """Pack ±1 patterns, shape (n_patterns, n_weights), for weights of type `number`."""
    scratch: tuple[np.ndarray, ...] = tuple(np.empty(size, dtype=number) for size in (TABLE_SIZE, patterns.shape[0]))
    return Signs(pack_rows(patterns), pack_columns(patterns), *scratch)


def plain_sums(signs: Signs, means: np.ndarray) -> np.ndarray:
    """Σ_j ξ_j m_j for every pattern, without the Onsager term."""
    signed_sums(signs.rows, means, signs.table, signs.sums)
    return signs.sums.astype(np.float64)


@njit
def _node(g, mu, plain_sum, variance, threshold, damping):
    """Renew g_μ; return -g'_μ."""
    slope, curvature = slopes(threshold, plain_sum - variance * g[mu], variance)
    g[mu] = (1.0 - damping) * slope + damping * g[mu]
    return -curvature


@njit
def onsager_sweep(signs, mean, variance, state, rule):
    """One sweep: from m_i and V = Σ(1 - m²) renew (g_μ, reaction_i, h_i) in place; `rule` is (threshold, damping).

    The reaction is the damped -m_i Σ_μ g'_μ.
    """
    g, reaction, fields = state
    threshold, damping = rule
    v = max(variance, SMALLEST_VARIANCE)
    signed_sums(signs.rows, mean, signs.table, signs.sums)
    curvature = 0.0
    for mu in range(g.size):
        curvature += _node(g, mu, float(signs.sums[mu]), v, threshold, damping)
    signed_sums(signs.columns, g, signs.table, fields)
    number = fields.dtype.type
    keep, gain = number(damping), number((1.0 - damping) * curvature)
    for i in range(fields.size):
        reaction[i] = gain * mean[i] + keep * reaction[i]
        fields[i] += reaction[i]


@njit
def onsager_interaction(signs, mean, variance, state, threshold):
    """Free entropy less Σ_i ln 2cosh H_i: Σ_μ [ln H((t - a_μ)/√V) + V g²_μ/2] - Σ_i h_i m_i, at the fixed point."""
    g, _, fields = state
    v = max(variance, SMALLEST_VARIANCE)
    signed_sums(signs.rows, mean, signs.table, signs.sums)
    total = 0.0
    for mu in range(g.size):
        a = float(signs.sums[mu])
        total += log_gaussian_tail((threshold - a + v * g[mu]) / math.sqrt(v)) + 0.5 * v * g[mu] ** 2
    for i in range(mean.size):
        total -= float(fields[i]) * float(mean[i])
    return total
