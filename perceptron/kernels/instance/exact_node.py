"""The exact node of belief propagation: sums of N independent ±1 weights by convolution, O(N²) a pattern.

With p_j the probability that ξ_j w_j = +1 when the pattern is left out, a pattern is met when at least K of its N terms
are +1. F_i(k) is the distribution of the number k of +1 among the first i terms, U_i(r) the probability that the rest
brings at least r. Then for either sign of ξ_i w_i the others suffice with probability

    Z_± = Σ_k F_i(k) U_{i+1}(K - k - [±]),   h_{μ→i} = ½ ξ_i ln(Z_+/Z_-).

All terms are positive: nothing cancels. Where both vanish in double precision the message is ξ_i times `LARGEST_FIELD`.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit

LARGEST_FIELD = 30.0


class Tables(NamedTuple):
    """U_i(r) for r = 0 .. N + 1, shape (N + 1, N + 2), and F(k), shape (N + 2,)."""

    rest: np.ndarray
    first: np.ndarray


@njit
def fill_rest(edges, mu, read, needed, rest):
    """Fill U_i(r), r <= K, of one row, and p_i in `edges.mean`, 1 - p_i in `edges.variance`."""
    patterns, messages, plus, minus = edges
    size = read.size
    for r in range(needed + 1):
        rest[size, r] = 1.0 if r == 0 else 0.0
    for i in range(size - 1, -1, -1):
        field = 2.0 * patterns[mu, i] * (read[i] - messages[mu, i])
        odds = math.exp(-abs(field))
        likely, unlikely = 1.0 / (1.0 + odds), odds / (1.0 + odds)
        plus[i], minus[i] = (likely, unlikely) if field >= 0.0 else (unlikely, likely)
        rest[i, 0] = 1.0
        for r in range(1, needed + 1):
            rest[i, r] = plus[i] * rest[i + 1, r - 1] + minus[i] * rest[i + 1, r]


@njit
def exact_row(edges, mu, tables, rule, total):
    """Damped messages of one row, after `fill_rest`."""
    patterns, messages, plus, minus = edges
    rest, first = tables
    needed, damping, in_place = rule
    first[:] = 0.0
    first[0] = 1.0
    for i in range(total.size):
        with_plus, with_minus = 0.0, 0.0
        for k in range(i + 1):
            with_plus += first[k] * rest[i + 1, max(needed - k - 1, 0)]
            with_minus += first[k] * rest[i + 1, max(needed - k, 0)]
        new = LARGEST_FIELD
        if with_minus > 0.0:
            new = min(0.5 * (math.log(with_plus) - math.log(with_minus)), LARGEST_FIELD)
        old = messages[mu, i]
        new = (1.0 - damping) * new * patterns[mu, i] + damping * old
        messages[mu, i] = new
        total[i] += new - old if in_place else new
        for k in range(i + 1, 0, -1):
            first[k] = minus[i] * first[k] + plus[i] * first[k - 1]
        first[0] *= minus[i]


@njit
def exact_sweep(edges, tables, order, rule, read, total):
    """One sweep over the rows in `order`; `rule` is (K, damping, in_place)."""
    for mu in order:
        fill_rest(edges, mu, read, rule[0], tables.rest)
        exact_row(edges, mu, tables, rule, total)


@njit
def exact_node_terms(edges, tables, needed, total):
    """Σ_μ ln U_0(K): ln of the probability that each pattern is met."""
    result = 0.0
    for mu in range(edges.messages.shape[0]):
        fill_rest(edges, mu, total, needed, tables.rest)
        result += math.log(tables.rest[0, needed])
    return result
