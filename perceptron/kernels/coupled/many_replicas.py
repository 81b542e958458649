"""Averages of infinitely many coupled solutions: y -> ∞ with q₀ = q₁ - δ/y and q̂₀ = q̂₁ - δ̂/y.

The inner integrals become maxima over u, at which the arguments of 2cosh and Z solve

    A = √q̂₁ z + p̂ w̃ + δ̂ tanh A (the root with the sign of z, and so is w̃),   ω = √q₁ z + δ g(ω),   g = ∂ ln Z.

Integrals over z are taken over A and ω instead, of which z is an explicit function. Where δ̂ > 1 or p̂ > 0,
A jumps at z = 0.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.coupled.replicas import TAIL_WIDTH, TANH_WIDTH
from perceptron.kernels.special.gaussian import gaussian_density
from perceptron.kernels.special.quadrature import graded_nodes, reach
from perceptron.kernels.typical.constraints import edges, log_probability
from perceptron.kernels.typical.priors import BinaryWeights, log_partition

MAX_ITERATIONS = 60
MOST_STRETCH = 1e4


class EntropicLimit(NamedTuple):
    """Averages over z of one weight; m = tanh A."""

    largest: float  # ⟨max_u[-u²/2 + ln 2cosh]⟩
    one_minus_overlap: float
    response: float  # ⟨z m⟩/√q̂₁ = δ + 1 - q₁
    reference_overlap: float  # ⟨w̃ m⟩
    squared_susceptibility: float  # ⟨(1 - m²)²⟩
    fluctuation: float  # ⟨ln(1 - δ̂(1 - m²))⟩
    squared_curvature: float  # ⟨((1 - m²)/(1 - δ̂(1 - m²)))²⟩, infinite where A jumps


class EnergeticLimit(NamedTuple):
    """Averages over z of one pattern."""

    largest: float  # ⟨max_u[-u²/2 + ln Z]⟩
    squared_slope: float  # ⟨g²⟩
    response: float  # ⟨z g⟩/√q₁
    second: float  # ⟨∂² Z/Z⟩ = ⟨g' + g²⟩
    squared_susceptibility: float  # ⟨g'²⟩
    fluctuation: float  # ⟨ln(1 - δ g')⟩
    squared_curvature: float  # ⟨(g'/(1 - δ g'))²⟩


@njit
def smallest_field(delta_hat, p_hat):
    """A at z -> 0+: the largest root of A = p̂ + δ̂ tanh A, 0 where p̂ = 0 and δ̂ <= 1."""
    field = p_hat + delta_hat
    for _ in range(MAX_ITERATIONS):  # Newton's method from above on a convex function
        _, m, v = log_partition(BinaryWeights(), field)
        slope = 1.0 - delta_hat * v
        if slope <= 0.0:
            return 0.0
        step = (field - p_hat - delta_hat * m) / slope
        field = max(field - step, 0.0)
        if step <= 1e-16 * field:
            break
    return field


@njit
def entropic_limit(replicas, refinement):
    """Entropic averages, folded to z > 0, where the reference weight is +1; the variable is (A - p̂)/√q̂₁."""
    delta_hat, p_hat = replicas.delta_hat, replicas.p_hat
    scale, end = math.sqrt(replicas.q_hat), reach(refinement)
    features = np.array([[-p_hat / scale, TANH_WIDTH / scale]])
    start = (smallest_field(delta_hat, p_hat) - p_hat) / scale
    nodes, weights = graded_nodes(start, end + delta_hat / scale, features, refinement)
    total = np.zeros(7)
    for k in range(nodes.size):
        value, m, v = log_partition(BinaryWeights(), scale * nodes[k] + p_hat)
        z, slope = nodes[k] - delta_hat * m / scale, 1.0 - delta_hat * v
        weight = 2.0 * weights[k] * slope * gaussian_density(z)
        total[0] += weight * (value - 0.5 * delta_hat * m * m)
        total[1] += weight * v
        total[2] += weight * z * m / scale
        total[3] += weight * m
        total[4] += weight * v * v
        total[5] += weight * math.log(slope)
        total[6] += weight * (v / slope) ** 2
    curvature = total[6] if delta_hat < 1.0 and p_hat == 0.0 else math.inf
    return EntropicLimit(total[0], total[1], total[2], total[3], total[4], total[5], curvature)


@njit
def energetic_limit(constraint, one_minus_overlap, delta, refinement):
    """Energetic averages at 1 - q₁ and δ; the variable of integration is ω/√q₁, stretched where z changes faster.

    Nan where that takes more than MOST_STRETCH: at small distances the panels would fill the memory.
    """
    scale = math.sqrt(1.0 - one_minus_overlap)
    stretch = (1.0 + delta / one_minus_overlap) / scale
    if not stretch < MOST_STRETCH:
        return EnergeticLimit(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    lower, upper = edges(constraint)
    width = TAIL_WIDTH * math.sqrt(one_minus_overlap) * stretch
    features = np.array([[lower * stretch, width], [upper * stretch, width]])
    end = reach(refinement) * scale * stretch
    nodes, weights = graded_nodes(-end, end, features, refinement)
    total = np.zeros(7)
    for k in range(nodes.size):
        omega = nodes[k] / stretch
        value, g, c = log_probability(constraint, omega, one_minus_overlap)
        z, slope = (omega - delta * g) / scale, 1.0 - delta * c
        weight = weights[k] * slope * gaussian_density(z) / (scale * stretch)
        total[0] += weight * (value - 0.5 * delta * g * g)
        total[1] += weight * g * g
        total[2] += weight * z * g / scale
        total[3] += weight * (c + g * g)
        total[4] += weight * c * c
        total[5] += weight * math.log(slope)
        total[6] += weight * (c / slope) ** 2
    return EnergeticLimit(total[0], total[1], total[2], total[3], total[4], total[5], total[6])
