"""The replica-symmetric saddle of any prior and constraint, solved in the conjugate overlap alone.

Given q̂, the entropic average gives 1 - q = ⟨Var w⟩ without subtraction, and the energetic one gives α⟨(∂_ω ln Z)²⟩;
their agreement is one equation in ln q̂. A model whose averages are not those of `log_partition` and `log_probability`
over a Gaussian field registers its own `entropic_averages`, `energetic_averages`, `updated_q_hat` or `free_entropy`
(`perceptron.kernels.typical.spherical`). Not for constraints whose saddle breaks replica symmetry: the replicon is
reported, not corrected.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit
from perceptron.kernels.special.quadrature import gaussian_nodes
from perceptron.kernels.typical.constraints import edges, log_probability
from perceptron.kernels.typical.priors import log_partition

MAX_ITERATIONS = 200
MAX_Q_HAT = 1e14
LEAST_DEFICIT = 1e-14  # 1 - q below which the panels are too wide for ln Z
GROWTHS = (2.0, 1.09, 1.011)  # of q̂ in search of a bracket: where there is none, again near the smallest excess
SMALLEST_Q_HAT = 1e-290  # zero in all but name: patterns that nearly every stability meets
TANH_WIDTH = 1.2  # of the panels at A = 0; the pole of tanh lies at π/2
ACCEPTED = 100.0  # a residual of so many tolerances has converged
TAIL_WIDTH = 2.0  # of the panels at an edge, in standard deviations; the nearest zero of H lies at 3.4


class Entropic(NamedTuple):
    """Averages over z of one weight in the field √q̂ z."""

    log_partition: float
    one_minus_overlap: float
    squared_susceptibility: float


class Energetic(NamedTuple):
    """Averages over z of the constraint at cavity mean √q z and variance 1 - q."""

    log_probability: float
    slope: float
    squared_slope: float
    curvature: float
    squared_curvature: float


class FreeEntropy(NamedTuple):
    """φ and the averages it is made of."""

    value: float
    log_partition: float
    squared_susceptibility: float
    log_probability: float
    slope: float
    squared_curvature: float
    self_overlap: float


class Saddle(NamedTuple):
    """A replica-symmetric saddle point; `one_minus_overlap` is Q - q where the self-overlap Q is not 1."""

    q_hat: float
    one_minus_overlap: float
    residual: float
    iterations: int
    converged: bool


class Bracket(NamedTuple):
    """ln q̂ on both sides of a root, and ln(map(q̂)/q̂) there."""

    low: float
    high: float
    f_low: float
    f_high: float
    iterations: int


@dispatched(general=True)
def entropic_averages(prior, q_hat, refinement):
    """Entropic averages at conjugate overlap q̂."""
    if q_hat == 0.0:
        value, _, variance = log_partition(prior, 0.0)
        return Entropic(value, variance, variance * variance)
    scale = math.sqrt(q_hat)
    features = np.array([[0.0, TANH_WIDTH / max(scale, 1e-300)]])
    nodes, weights = gaussian_nodes(features, refinement)
    log_z, one_minus_overlap, squared = 0.0, 0.0, 0.0
    for k in range(nodes.size):
        value, _, variance = log_partition(prior, scale * nodes[k])
        log_z += weights[k] * value
        one_minus_overlap += weights[k] * variance
        squared += weights[k] * variance * variance
    return Entropic(log_z, one_minus_overlap, squared)


@dispatched(general=True)
def energetic_averages(constraint, one_minus_overlap, refinement):
    """Energetic averages at overlap q."""
    return pattern_averages(constraint, 1.0 - one_minus_overlap, one_minus_overlap, refinement)


@njit
def pattern_averages(constraint, overlap, variance, refinement):
    """Energetic averages over cavity means of variance q, with Gaussian stabilities of the given variance Q - q."""
    scale = math.sqrt(max(overlap, 0.0))
    safe_scale = max(scale, 1e-300)
    lower, upper = edges(constraint)
    width = TAIL_WIDTH * math.sqrt(variance) / safe_scale
    features = np.array([[lower / safe_scale, width], [upper / safe_scale, width]])
    nodes, weights = gaussian_nodes(features, refinement)
    log_z, slope, squared_slope, curvature, squared_curvature = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.size):
        value, first, second = log_probability(constraint, scale * nodes[k], variance)
        log_z += weights[k] * value
        slope += weights[k] * first
        squared_slope += weights[k] * first * first
        curvature += weights[k] * second
        squared_curvature += weights[k] * second * second
    return Energetic(log_z, slope, squared_slope, curvature, squared_curvature)


@dispatched(general=True)
def updated_q_hat(prior, constraint, load, q_hat, refinement):
    """The map q̂ -> α⟨(∂ ln Z)²⟩ whose fixed point is the saddle, and 1 - q on the way."""
    one_minus_overlap = entropic_averages(prior, q_hat, refinement).one_minus_overlap
    return load * energetic_averages(constraint, one_minus_overlap, refinement).squared_slope, one_minus_overlap


@njit
def solve_saddle(prior, constraint, load, refinement, tolerance):
    """Bracket the smallest root of ln(map(q̂)/q̂) from below and close in by the Illinois rule.

    Two roots close to each other, as near a spinodal, are seen by smaller steps around the smallest excess only.
    q̂ = 0 is returned where neither prior nor constraint prefers a sign, as in the symmetric perceptron.
    """
    start, one_minus_overlap = updated_q_hat(prior, constraint, load, 0.0, refinement)
    if start < SMALLEST_Q_HAT:
        return Saddle(0.0, one_minus_overlap, 0.0, 1, True)
    bottom, top, iterations = start, MAX_Q_HAT, 1
    for growth in GROWTHS:
        high = where = bottom
        mapped, one_minus_overlap = updated_q_hat(prior, constraint, load, high, refinement)
        f_high = lowest = math.log(mapped / high)
        low, f_low = high, f_high
        iterations += 1
        while f_high > 0.0 and high < top and one_minus_overlap > LEAST_DEFICIT:
            if f_high < lowest:
                lowest, where = f_high, high
            low, f_low = high, f_high
            high *= growth
            mapped, one_minus_overlap = updated_q_hat(prior, constraint, load, high, refinement)
            f_high = math.log(mapped / high)
            iterations += 1
        if f_high <= 0.0 and one_minus_overlap > LEAST_DEFICIT:
            break
        bottom, top = max(start, where / growth**2), where * growth**2
    if not (f_high <= 0.0 and one_minus_overlap > LEAST_DEFICIT):
        return Saddle(high, one_minus_overlap, f_high, iterations, False)
    bracket = Bracket(math.log(low), math.log(high), f_low, f_high, iterations)
    return close_in(prior, constraint, load, bracket, refinement, tolerance)


@njit
def close_in(prior, constraint, load, bracket, refinement, tolerance):
    """The root in ln q̂ inside a bracket, by the Illinois rule."""
    a, b, f_a, f_b, iterations = bracket
    x, f_x = b, f_b
    mapped, one_minus_overlap = updated_q_hat(prior, constraint, load, math.exp(x), refinement)
    while abs(f_x) > tolerance and abs(b - a) > 1e-15 * (1.0 + abs(a)) and iterations < MAX_ITERATIONS:
        x = (a * f_b - b * f_a) / (f_b - f_a)
        mapped, one_minus_overlap = updated_q_hat(prior, constraint, load, math.exp(x), refinement)
        f_x = math.log(mapped) - x
        if f_x * f_b < 0.0:
            a, f_a = b, f_b
        else:
            f_a *= 0.5
        b, f_b = x, f_x
        iterations += 1
    return Saddle(math.exp(x), one_minus_overlap, f_x, iterations, abs(f_x) <= ACCEPTED * tolerance)


@dispatched(general=True)
def free_entropy(prior, constraint, load, saddle, refinement):
    """φ = -q̂(1-q)/2 + ⟨ln Z_prior⟩ + α⟨ln Z_constraint⟩ and the averages it is made of."""
    entropic = entropic_averages(prior, saddle.q_hat, refinement)
    energetic = energetic_averages(constraint, saddle.one_minus_overlap, refinement)
    cost = -0.5 * saddle.q_hat * saddle.one_minus_overlap
    return FreeEntropy(
        cost + entropic.log_partition + load * energetic.log_probability,
        entropic.log_partition,
        entropic.squared_susceptibility,
        energetic.log_probability,
        energetic.slope,
        energetic.squared_curvature,
        1.0,
    )


@njit
def solve_saddle_flat(prior, constraint, load, refinement, tolerance):
    """`solve_saddle` for Python, as a plain tuple (see `perceptron.kernels`)."""
    return solve_saddle(prior, constraint, load, refinement, tolerance)[:]


@njit
def free_entropy_flat(prior, constraint, load, saddle, refinement):
    """`free_entropy` for Python, as a plain tuple."""
    return free_entropy(prior, constraint, load, saddle, refinement)[:]


@njit
def stability_density(constraint, one_minus_overlap, stability, refinement):
    """P(Δ) = 1[Δ meets the constraint] ∫Dz N(Δ; √q z, 1-q) / Z(√q z, 1-q) of a typical solution."""
    scale = math.sqrt(max(1.0 - one_minus_overlap, 0.0))
    safe_scale = max(scale, 1e-300)
    width = math.sqrt(one_minus_overlap) / safe_scale
    features = np.array([[stability / safe_scale, width]])
    nodes, weights = gaussian_nodes(features, refinement)
    density = 0.0
    for k in range(nodes.size):
        mean = scale * nodes[k]
        x = stability - mean
        exponent = -0.5 * x * x / one_minus_overlap - log_probability(constraint, mean, one_minus_overlap)[0]
        density += weights[k] * math.exp(exponent)
    return density / math.sqrt(2.0 * math.pi * one_minus_overlap)
