"""Belief propagation without edge messages (approximate message passing): two numbers a pattern, one a weight.

For ±1 patterns the edge messages are h_{μ→i} = ξ_i g_μ - m_i g'_μ up to O(1/N), so that with V = Σ_j (1 - m_j²)

    a_μ = Σ_j ξ_j m_j - V g_μ,   g_μ = ∂_a ln H((t - a_μ)/√V),   h_i = Σ_μ ξ_i g_μ - m_i Σ_μ g'_μ.

A sweep passes once over the int8 patterns, four rows at a time: a_μ of four rows, then their share in all h_i while the
rows are still in the cache. Weights may be single or double precision. Damping acts on g and on the reaction, as
damped edge messages would.
"""

import math

from perceptron.jit import njit
from perceptron.kernels.edges import REASSOCIATED, SMALLEST_VARIANCE, slopes
from perceptron.kernels.gaussian import log_gaussian_tail

ROWS = 4


@njit(fastmath=REASSOCIATED)
def _four_sums(patterns, mu, mean):
    number = mean.dtype.type
    a, b, c, d = number(0.0), number(0.0), number(0.0), number(0.0)
    for i in range(mean.size):
        m = mean[i]
        a += number(patterns[mu, i]) * m
        b += number(patterns[mu + 1, i]) * m
        c += number(patterns[mu + 2, i]) * m
        d += number(patterns[mu + 3, i]) * m
    return a, b, c, d


@njit(fastmath=REASSOCIATED)
def _add_four(patterns, mu, g, fields):
    number = fields.dtype.type
    a, b, c, d = number(g[mu]), number(g[mu + 1]), number(g[mu + 2]), number(g[mu + 3])
    for i in range(fields.size):
        fields[i] += (
            a * number(patterns[mu, i])
            + b * number(patterns[mu + 1, i])
            + c * number(patterns[mu + 2, i])
            + d * number(patterns[mu + 3, i])
        )


@njit(fastmath=REASSOCIATED)
def _one_sum(patterns, mu, mean):
    number = mean.dtype.type
    a = number(0.0)
    for i in range(mean.size):
        a += number(patterns[mu, i]) * mean[i]
    return a


@njit(fastmath=REASSOCIATED)
def _add_one(patterns, mu, g, fields):
    number = fields.dtype.type
    share = number(g[mu])
    for i in range(fields.size):
        fields[i] += share * number(patterns[mu, i])


@njit
def _node(g, mu, plain_sum, variance, threshold, damping):
    """Renew g_μ; return -g'_μ."""
    slope, curvature = slopes(threshold, plain_sum - variance * g[mu], variance)
    g[mu] = (1.0 - damping) * slope + damping * g[mu]
    return -curvature


@njit
def onsager_sweep(patterns, mean, variance, state, rule):
    """One sweep: from m_i and V = Σ(1 - m²) renew (g_μ, reaction_i, h_i) in place; `rule` is (threshold, damping).

    The reaction is the damped -m_i Σ_μ g'_μ.
    """
    g, reaction, fields = state
    threshold, damping = rule
    n_patterns = patterns.shape[0]
    v = max(variance, SMALLEST_VARIANCE)
    fields[:] = 0.0
    curvature = 0.0
    whole = n_patterns - n_patterns % ROWS
    for mu in range(0, whole, ROWS):
        sums = _four_sums(patterns, mu, mean)
        for k in range(ROWS):
            curvature += _node(g, mu + k, float(sums[k]), v, threshold, damping)
        _add_four(patterns, mu, g, fields)
    for mu in range(whole, n_patterns):
        curvature += _node(g, mu, float(_one_sum(patterns, mu, mean)), v, threshold, damping)
        _add_one(patterns, mu, g, fields)
    number = fields.dtype.type
    keep, gain = number(damping), number((1.0 - damping) * curvature)
    for i in range(fields.size):
        reaction[i] = gain * mean[i] + keep * reaction[i]
        fields[i] += reaction[i]


@njit
def onsager_interaction(patterns, mean, variance, state, threshold):
    """Free entropy less Σ_i ln 2cosh H_i: Σ_μ [ln H((t - a_μ)/√V) + V g²_μ/2] - Σ_i h_i m_i, at the fixed point."""
    g, _, fields = state
    v = max(variance, SMALLEST_VARIANCE)
    total = 0.0
    for mu in range(patterns.shape[0]):
        a = 0.0
        for i in range(mean.size):
            a += patterns[mu, i] * mean[i]
        total += log_gaussian_tail((threshold - a + v * g[mu]) / math.sqrt(v)) + 0.5 * v * g[mu] ** 2
    for i in range(mean.size):
        total -= float(fields[i]) * float(mean[i])
    return total
