"""Entropic term of the Franz-Parisi entropy: one counted binary weight beside one reference weight.

By the symmetry w̃ -> -w̃ the reference weight is +1 with field √q̃̂ z₀ weighted by e^{√q̃̂ z₀}/cosh; the counted weight
sits in A = (t̂/√q̃̂) z₀ + √v z₁ + p̂ - t̂, where v = q̂ - t̂²/q̃̂ >= 0 is a variable of its own. With T = tanh(√q̃̂ z₀) and
m = tanh A all averages are over a product of two equidistant lattices. Small distances make 1 - m small: every
difference of overlaps is the average of a small quantity, never a difference of averages.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.jit import njit
from perceptron.kernels.quadrature import gaussian_lattice

WIDEST_STEP = 0.55  # Gaussian alone: error e^{-2π²/step²}
POLE_STEP = 0.27  # tanh with its pole π/(2 slope) away: error e^{-π²/(slope·step)}
NEGLIGIBLE = 1e-22


class Conjugates(NamedTuple):
    """Unknowns of the saddle: v = q̂ - t̂²/q̃̂, t̂, p̂."""

    v: float
    t_hat: float
    p_hat: float


class EntropicTerm(NamedTuple):
    """Overlaps, the entropic free entropy, and the averages its second derivatives are made of."""

    log_partition: float  # ⟨ln 2cosh A⟩
    one_minus_p: float  # ⟨1 - m⟩
    t_deficit: float  # q̃ - t = ⟨T(1 - m)⟩
    one_minus_q: float  # ⟨1 - m²⟩
    conditional_variance: float  # q - t²/q̃ - (p - t)²/(1 - q̃), as an average square
    t_second: float  # ⟨T ℓ''⟩ with ℓ = ln 2cosh A
    t2_second: float  # ⟨T² ℓ''⟩
    third: float  # ⟨ℓ'''⟩
    t_third: float  # ⟨T ℓ'''⟩
    fourth: float  # ⟨ℓ''''⟩
    squared_susceptibility: float  # ⟨(1 - m²)²⟩


@njit
def entropic_term(reference_q_hat, reference_one_minus_q, conjugates, refinement):
    """All entropic averages at the given conjugates."""
    field_scale = math.sqrt(reference_q_hat)
    slope = conjugates.t_hat / field_scale
    spread = math.sqrt(conjugates.v)
    outer_step = min(WIDEST_STEP, POLE_STEP / max(field_scale, abs(slope))) / refinement
    inner_step = min(WIDEST_STEP, POLE_STEP / max(spread, 1e-3)) / refinement
    outer, outer_weights = gaussian_lattice(outer_step)
    inner, inner_weights = gaussian_lattice(inner_step)
    deficits = np.empty((outer.size, inner.size))  # 1 - m
    sums = np.zeros(10)
    row = np.empty(7)
    for i in range(outer.size):
        decay = math.exp(-2.0 * field_scale * abs(outer[i]))
        magnetisation = math.copysign((1.0 - decay) / (1.0 + decay), outer[i])
        weight = outer_weights[i] * 2.0 / (1.0 + decay) * (1.0 if outer[i] >= 0.0 else decay)
        outer_weights[i] = weight
        mean = slope * outer[i] + conjugates.p_hat - conjugates.t_hat
        if weight < NEGLIGIBLE:
            deficits[i, :] = 0.0
            continue
        inner_averages(mean, spread, inner, inner_weights, deficits[i], row)
        sums[0] += weight * row[0]
        sums[1] += weight * row[1]
        sums[2] += weight * magnetisation * row[1]
        sums[3] += weight * row[2]
        sums[4] += weight * magnetisation * row[2]
        sums[5] += weight * magnetisation * magnetisation * row[2]
        sums[6] += weight * row[3]
        sums[7] += weight * magnetisation * row[3]
        sums[8] += weight * row[4]
        sums[9] += weight * row[5]
    variance = conditional_variance(
        field_scale, reference_one_minus_q, sums[1], sums[2], (outer, outer_weights, inner_weights), deficits
    )
    return EntropicTerm(
        sums[0], sums[1], sums[2], sums[3], variance, sums[4], sums[5], sums[6], sums[7], sums[8], sums[9]
    )


@njit
def inner_averages(mean, spread, inner, inner_weights, deficits, row):
    """Averages over z₁ at one z₀: ℓ, 1 - m, ℓ'', ℓ''', ℓ'''', ℓ''²; 1 - m is kept for each node."""
    row[:] = 0.0
    for j in range(inner.size):
        field = mean + spread * inner[j]
        decay = math.exp(-2.0 * abs(field))
        inverse = 1.0 / (1.0 + decay)
        deficit = 2.0 * inverse * (decay if field >= 0.0 else 1.0)
        second = 4.0 * decay * inverse * inverse
        m = 1.0 - deficit
        weight = inner_weights[j]
        deficits[j] = deficit
        row[0] += weight * (abs(field) + math.log1p(decay))
        row[1] += weight * deficit
        row[2] += weight * second
        row[3] -= weight * 2.0 * m * second
        row[4] += weight * second * (4.0 - 6.0 * second)
        row[5] += weight * second * second


@njit
def conditional_variance(field_scale, reference_one_minus_q, one_minus_p, t_deficit, lattice, deficits):
    """⟨(1 - m - x T - y (1 - T))²⟩, the part of m that T and 1 - T do not explain."""
    outer, outer_weights, inner_weights = lattice
    along = t_deficit / (1.0 - reference_one_minus_q)
    across = (one_minus_p - t_deficit) / reference_one_minus_q
    total = 0.0
    for i in range(outer.size):
        if outer_weights[i] < NEGLIGIBLE:
            continue
        magnetisation = math.tanh(field_scale * outer[i])
        explained = across + (along - across) * magnetisation
        for j in range(inner_weights.size):
            rest = deficits[i, j] - explained
            total += outer_weights[i] * inner_weights[j] * rest * rest
    return total
