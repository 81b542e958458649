"""Entropic term of the Franz-Parisi entropy: one counted binary weight beside one reference weight.

By the symmetry w̃ -> -w̃ the reference weight is +1 with field √q̃̂ z₀ weighted by e^{√q̃̂ z₀}/cosh; the counted weight
sits in A = (t̂/√q̃̂) z₀ + √v z₁ + p̂ - t̂, where v = q̂ - t̂²/q̃̂ >= 0 is a variable of its own. With T = tanh(√q̃̂ z₀) and
m = tanh A all averages are over a lattice in z₀ times a lattice in z₁ or, where √v is large, panels in A graded
towards A = 0. Small distances make 1 - m small: every difference of overlaps is the average of a small quantity,
never a difference of averages.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import gaussian_density
from perceptron.kernels.special.quadrature import gaussian_lattice, graded_nodes, reach

WIDEST_STEP = 0.55  # Gaussian alone: error e^{-2π²/step²}
POLE_STEP = 0.27  # tanh with its pole π/(2 slope) away: error e^{-π²/(slope·step)}
TANH_WIDTH = 1.2  # of the panels at A = 0
LARGE_SPREAD = 4.0  # of A given z₀: beyond it panels need fewer nodes than a lattice
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


class Overlaps(NamedTuple):
    """What the energetic term depends on, beside q - t²/q̃ - (p - t)²/(1 - q̃)."""

    one_minus_p: float
    t_deficit: float
    one_minus_q: float


@njit
def overlaps_alone(overlaps, conditional_variance):
    """An `EntropicTerm` of overlaps that no conjugates have given, for the energetic term."""
    p, t, q = overlaps.one_minus_p, overlaps.t_deficit, overlaps.one_minus_q
    return EntropicTerm(0.0, p, t, q, conditional_variance, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@njit
def entropic_term(reference_q_hat, reference_one_minus_q, conjugates, refinement):
    """All entropic averages at the given conjugates."""
    magnetisations, weights, means = reference_lattice(reference_q_hat, conjugates, refinement)
    fields, joint = joint_nodes(means, weights, math.sqrt(conjugates.v), refinement)
    deficits = np.empty_like(fields)  # 1 - m
    sums = np.zeros(10)
    row = np.empty(6)
    for i in range(means.size):
        inner_averages(fields[i], joint[i], deficits[i], row)
        magnetisation = magnetisations[i]
        sums[0] += row[0]
        sums[1] += row[1]
        sums[2] += magnetisation * row[1]
        sums[3] += row[2]
        sums[4] += magnetisation * row[2]
        sums[5] += magnetisation * magnetisation * row[2]
        sums[6] += row[3]
        sums[7] += magnetisation * row[3]
        sums[8] += row[4]
        sums[9] += row[5]
    variance = conditional_variance(reference_one_minus_q, sums[1], sums[2], magnetisations, joint, deficits)
    return EntropicTerm(
        sums[0], sums[1], sums[2], sums[3], variance, sums[4], sums[5], sums[6], sums[7], sums[8], sums[9]
    )


@njit
def reference_lattice(reference_q_hat, conjugates, refinement):
    """T, weight and mean of A on the lattice of z₀; nodes of negligible weight are left out."""
    field_scale = math.sqrt(reference_q_hat)
    slope = conjugates.t_hat / field_scale
    smoothing_step = max(POLE_STEP, WIDEST_STEP * math.sqrt(conjugates.v)) / max(abs(slope), 1e-300)
    nodes, weights = gaussian_lattice(min(WIDEST_STEP, POLE_STEP / field_scale, smoothing_step), refinement)
    magnetisations = np.empty_like(nodes)
    kept = 0
    for i in range(nodes.size):
        decay = math.exp(-2.0 * field_scale * abs(nodes[i]))
        weight = weights[i] * 2.0 / (1.0 + decay) * (1.0 if nodes[i] >= 0.0 else decay)
        if weight > NEGLIGIBLE:
            magnetisations[kept] = math.copysign((1.0 - decay) / (1.0 + decay), nodes[i])
            weights[kept] = weight
            nodes[kept] = slope * nodes[i] + conjugates.p_hat - conjugates.t_hat
            kept += 1
    return magnetisations[:kept], weights[:kept], nodes[:kept]


@njit
def joint_nodes(means, weights, spread, refinement):
    """Fields A and joint weights, one row for each z₀."""
    if spread < LARGE_SPREAD:
        inner, inner_weights = gaussian_lattice(min(WIDEST_STEP, POLE_STEP / max(spread, 1e-3)), refinement)
        fields = np.empty((means.size, inner.size))
        joint = np.empty_like(fields)
        for i in range(means.size):
            for j in range(inner.size):
                fields[i, j] = means[i] + spread * inner[j]
                joint[i, j] = weights[i] * inner_weights[j]
        return fields, joint
    features = np.array([[0.0, TANH_WIDTH / spread]])
    ends = means[0] / spread, means[-1] / spread  # means rise or fall all along
    lower, upper = min(ends) - reach(refinement), max(ends) + reach(refinement)
    nodes, panel_weights = graded_nodes(lower, upper, features, refinement)
    fields = np.empty((means.size, nodes.size))
    joint = np.empty_like(fields)
    for i in range(means.size):
        for j in range(nodes.size):
            fields[i, j] = spread * nodes[j]
            joint[i, j] = weights[i] * panel_weights[j] * gaussian_density(nodes[j] - means[i] / spread)
    return fields, joint


@njit
def inner_averages(fields, weights, deficits, row):
    """Weighted sums at one z₀ of ℓ, 1 - m, ℓ'', ℓ³⁾, ℓ⁴⁾ and ℓ''²; 1 - m is kept for each node."""
    row[:] = 0.0
    for j in range(fields.size):
        field = fields[j]
        decay = math.exp(-2.0 * abs(field))
        inverse = 1.0 / (1.0 + decay)
        deficit = 2.0 * inverse * (decay if field >= 0.0 else 1.0)
        second = 4.0 * decay * inverse * inverse
        weight = weights[j]
        deficits[j] = deficit
        row[0] += weight * (abs(field) + math.log1p(decay))
        row[1] += weight * deficit
        row[2] += weight * second
        row[3] -= weight * 2.0 * (1.0 - deficit) * second
        row[4] += weight * second * (4.0 - 6.0 * second)
        row[5] += weight * second * second


@njit
def conditional_variance(reference_one_minus_q, one_minus_p, t_deficit, magnetisations, joint, deficits):
    """⟨(1 - m - x T - y (1 - T))²⟩, the part of m that T and 1 - T do not explain."""
    along = t_deficit / (1.0 - reference_one_minus_q)
    across = (one_minus_p - t_deficit) / reference_one_minus_q
    total = 0.0
    for i in range(magnetisations.size):
        explained = across + (along - across) * magnetisations[i]
        for j in range(joint.shape[1]):
            rest = deficits[i, j] - explained
            total += joint[i, j] * rest * rest
    return total
