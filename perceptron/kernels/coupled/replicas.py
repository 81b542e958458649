"""Averages of y coupled solutions: explicit in the conjugates, for any real number y >= 1 of them.

The ansatz is that of one step of replica-symmetry breaking with Parisi parameter y. In each term an outer Gaussian
field z₀ is shared by all y solutions, an inner one belongs to each:

    ψ(h₀) = (1/y) ln ∫Da Σ_w̃ f(h₀ + √Δ a + p̂ w̃)^y,   f = 2cosh (entropic, variance Δ̂) or Z (energetic, variance Δ).

The sum over w̃ = ±1 is there in the reference formulation only. The inner averages ⟨…⟩, tilted by f^y, are sums over one
common lattice of the argument of f, on which f and its derivatives are tabulated once: a trapezoid rule, exponentially
accurate with a step set by the width of the tilted Gaussian and by the singularities of f. Deficits (1 - q₁, q₁ - q₀)
are averages of small quantities.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import gaussian_density
from perceptron.kernels.special.quadrature import gaussian_nodes, graded_nodes, reach
from perceptron.kernels.typical.constraints import edges, log_probability
from perceptron.kernels.typical.priors import BinaryWeights, log_partition

LATTICE_REACH = 9.0  # in standard deviations of the inner Gaussian
NEGLIGIBLE = 1e-18
TANH_STEP = 0.25  # the pole of tanh lies at π/2
GAUSSIAN_STEP = 0.5  # in standard deviations of the tilted inner Gaussian
TAIL_STEP = 0.4  # in √(1-q₁): the nearest zero of H lies at an imaginary part of 2.8
WIDEST_STEP = 0.2
TANH_WIDTH = 1.2
TAIL_WIDTH = 2.0


class Replicas(NamedTuple):
    """Conjugates q̂₁, δ̂ = y(q̂₁ - q̂₀) > 0 and p̂ >= 0 of y solutions, with or without a reference."""

    q_hat: float
    delta_hat: float
    n_replicas: float
    p_hat: float
    has_reference: bool


class Entropic(NamedTuple):
    """Outer averages of one weight; m = tanh of its field."""

    log_partition: float  # E ln ∫Da Σ_w̃ (2cosh)^y
    log_2cosh: float
    one_minus_overlap: float  # E⟨1 - m²⟩
    spread: float  # E[⟨m²⟩ - ⟨m⟩²] = q₁ - q₀
    reference_overlap: float  # E⟨w̃ m⟩
    squared_susceptibility: float  # E⟨(1 - m²)²⟩
    squared_curvature: float  # E[(ψ'')²]


class Energetic(NamedTuple):
    """Outer averages of one pattern; g = ∂ ln Z."""

    log_partition: float  # E ln ∫Da Z^y
    log_probability: float
    squared_mean_slope: float  # E⟨g⟩²
    squared_slope: float  # E⟨g²⟩
    squared_susceptibility: float  # E⟨(∂² ln Z)²⟩
    squared_curvature: float  # E[(ψ'')²]


@njit
def entropic_averages(replicas, refinement):
    """Entropic averages; by symmetry the outer field is positive and enters twice."""
    y, p_hat = replicas.n_replicas, replicas.p_hat
    variance = replicas.delta_hat / y
    outer = math.sqrt(max(replicas.q_hat - variance, 1e-300))
    step = min(TANH_STEP, GAUSSIAN_STEP * math.sqrt(variance)) / refinement
    # a peak lies within δ̂ of the outer field; beyond, the terms fall faster than the inner Gaussian
    half = LATTICE_REACH * math.sqrt(refinement * variance) + replicas.delta_hat
    end = reach(refinement)
    n = math.ceil((outer * end + p_hat + half) / step) + 2
    table = tabulated_weight(-n, 2 * n + 1, step)
    features = np.array([[0.0, 1.0 / (y * outer)], [p_hat / outer, TANH_WIDTH / outer]])
    nodes, weights = graded_nodes(0.0, end, features, refinement)
    sums, total = np.empty(7), np.zeros(7)
    for k in range(nodes.size):
        _sum_over_weight(table, replicas, (outer * nodes[k], step, half), sums)
        total += 2.0 * weights[k] * gaussian_density(nodes[k]) * sums
    return Entropic(total[0], total[1], total[2], total[3], total[4], total[5], total[6])


@njit
def tabulated_weight(first, number, step):
    """Ln 2cosh, tanh and 1 - tanh² at (first + j)·step, rows of shape (number,)."""
    table = np.empty((3, number))
    for j in range(number):
        table[0, j], table[1, j], table[2, j] = log_partition(BinaryWeights(), (first + j) * step)
    return table


@njit
def _sum_over_weight(table, replicas, place, sums):
    """Fill `sums` with what `Entropic` names, at one outer field."""
    field, step, half = place
    y, variance = replicas.n_replicas, replicas.delta_hat / replicas.n_replicas
    centre = table.shape[1] // 2
    n_signs = 2 if replicas.has_reference else 1
    largest = -math.inf
    for sign in range(n_signs):
        c = field + (1 - 2 * sign) * replicas.p_hat
        for j in range(centre + math.floor((c - half) / step), centre + math.ceil((c + half) / step) + 1):
            a = (j - centre) * step - c
            largest = max(largest, y * table[0, j] - 0.5 * a * a / variance)
    total, log_z, m1, m2, deficit, aligned, squared = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for sign in range(n_signs):
        w = 1 - 2 * sign
        c = field + w * replicas.p_hat
        for j in range(centre + math.floor((c - half) / step), centre + math.ceil((c + half) / step) + 1):
            a = (j - centre) * step - c
            weight = math.exp(y * table[0, j] - 0.5 * a * a / variance - largest)
            m, v = table[1, j], table[2, j]
            total += weight
            log_z += weight * table[0, j]
            m1 += weight * m
            m2 += weight * m * m
            deficit += weight * v
            aligned += weight * w * m
            squared += weight * v * v
    spread = m2 / total - (m1 / total) ** 2
    sums[0] = largest + math.log(total * step / math.sqrt(2.0 * math.pi * variance))
    sums[1] = log_z / total
    sums[2] = deficit / total
    sums[3] = spread
    sums[4] = aligned / total
    sums[5] = squared / total
    sums[6] = (deficit / total + y * spread) ** 2


@njit
def energetic_averages(constraint, one_minus_overlap, spread, n_replicas, refinement):
    """Energetic averages at 1 - q₁ and spread q₁ - q₀, for constraints with a concave ln Z."""
    outer = math.sqrt(max(1.0 - one_minus_overlap - spread, 1e-300))
    width = math.sqrt(one_minus_overlap)
    narrowed = math.sqrt(spread / (1.0 + n_replicas * spread / one_minus_overlap))
    step = min(GAUSSIAN_STEP * narrowed, TAIL_STEP * width, WIDEST_STEP) / refinement
    lower, upper = edges(constraint)
    features = np.array([[lower / outer, TAIL_WIDTH * width / outer], [upper / outer, TAIL_WIDTH * width / outer]])
    nodes, weights = gaussian_nodes(features, refinement)
    end = outer * reach(refinement) + LATTICE_REACH * math.sqrt(refinement * spread)
    n = math.ceil(end / step) + 2
    table = tabulated_constraint(constraint, one_minus_overlap, -n, 2 * n + 1, step)
    sums, total = np.empty(6), np.zeros(6)
    peak = 0
    for k in range(nodes.size):
        peak = _sum_over_constraint(table, (n_replicas, spread), (outer * nodes[k], step, peak), sums)
        total += weights[k] * sums
    return Energetic(total[0], total[1], total[2], total[3], total[4], total[5])


@njit
def tabulated_constraint(constraint, variance, first, number, step):
    """(ln Z, ∂ ln Z, ∂² ln Z) at means (first + j)·step, rows of shape (number,)."""
    table = np.empty((3, number))
    for j in range(number):
        table[0, j], table[1, j], table[2, j] = log_probability(constraint, (first + j) * step, variance)
    return table


@njit
def _sum_over_constraint(table, tilt, place, sums):
    """Fill `sums` with what `Energetic` names, at one outer field, walking out both ways from the likeliest mean.

    The exponent is concave and its peak moves up with the field: the search starts at the last peak, which is returned.
    """
    y, variance = tilt
    field, step, peak = place
    number = table.shape[1]
    start = -field - (number // 2) * step
    largest = y * table[0, peak] - 0.5 * (start + peak * step) ** 2 / variance
    while peak + 1 < number:
        above = y * table[0, peak + 1] - 0.5 * (start + (peak + 1) * step) ** 2 / variance
        if above < largest:
            break
        largest = above
        peak += 1
    total, log_z, g1, g2, curvature, squared = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for direction in (1, -1):
        j = peak if direction == 1 else peak - 1
        while 0 <= j < number:
            a = start + j * step
            weight = math.exp(y * table[0, j] - 0.5 * a * a / variance - largest)
            if weight < NEGLIGIBLE:
                break
            g, c = table[1, j], table[2, j]
            total += weight
            log_z += weight * table[0, j]
            g1 += weight * g
            g2 += weight * g * g
            curvature += weight * c
            squared += weight * c * c
            j += direction
    sums[0] = largest + math.log(total * step / math.sqrt(2.0 * math.pi * variance))
    sums[1] = log_z / total
    sums[2] = (g1 / total) ** 2
    sums[3] = g2 / total
    sums[4] = squared / total
    sums[5] = (curvature / total + y * (g2 / total - sums[2])) ** 2
    return peak
