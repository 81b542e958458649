"""Solutions of the symmetric perceptron at a distance of a typical one, as a prior of the replica-symmetric saddle.

Typical solutions w̃ of a window have overlap 0 with each other, so the Franz-Parisi entropy loses its unknowns t and t̂.
Given q̂ and the distance, p̂ follows from p = ⟨tanh A⟩ with A = √q̂ z + p̂ (the reference weight taken as +1), and

    φ_FP = -p̂p - q̂(1-q)/2 + ⟨ln 2cosh A⟩ + α ∫dω N(ω; 0, q) W(ω) ln Z(ω, 1-q),   q̂ = α⟨(∂ ln Z)²⟩_W,

where W = P(|Δ̃| <= K̃ | ω)/P(|Δ̃| <= K̃) and Δ̃ given ω has mean (p/q)ω and variance 1 - p²/q. That leaves one equation
in q̂, the one `replica_symmetric.solve_saddle` solves. Not for references whose overlap is not 0.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import log_2cosh
from perceptron.kernels.special.quadrature import gaussian_nodes
from perceptron.kernels.typical.constraints import SymmetricWindow, edges, log_probability
from perceptron.kernels.typical.replica_symmetric import (
    TAIL_WIDTH,
    TANH_WIDTH,
    FreeEntropy,
    free_entropy,
    updated_q_hat,
)

LEAST_VARIANCE = 1e-12  # of Δ̃ given ω: at q̂ = 0, where the search starts, ω determines Δ̃
MAX_ITERATIONS = 100


class WindowNeighbour(NamedTuple):
    """w = ±1 at a normalised Hamming distance, in (0, 1/2), of a typical solution of a window."""

    distance: float
    half_width: float


class Overlaps(NamedTuple):
    """Averages over one weight beside a reference weight of +1."""

    p_hat: float
    log_partition: float
    one_minus_q: float
    variance: float  # q - p², as an average square
    squared_susceptibility: float


class Patterns(NamedTuple):
    """Averages over one pattern that the reference meets."""

    log_probability: float
    slope: float
    squared_slope: float
    squared_curvature: float
    by_overlap: float  # ∂/∂p of the first


@njit
def mean_deficit(q_hat, p_hat, refinement):
    """⟨1 - tanh A⟩ and ⟨1 - tanh² A⟩."""
    scale = math.sqrt(q_hat)
    features = np.array([[-p_hat / max(scale, 1e-300), TANH_WIDTH / max(scale, 1e-300)]])
    nodes, weights = gaussian_nodes(features, refinement)
    deficit, susceptibility = 0.0, 0.0
    for k in range(nodes.size):
        share = 2.0 / (1.0 + math.exp(2.0 * (scale * nodes[k] + p_hat)))
        deficit += weights[k] * share
        susceptibility += weights[k] * share * (2.0 - share)
    return deficit, susceptibility


@njit
def field_at(q_hat, distance, refinement):
    """p̂ with ⟨1 - tanh A⟩ = 2d, by Newton's method in ln ⟨1 - tanh A⟩ kept inside a bracket."""
    low, high = 0.0, math.atanh(1.0 - 2.0 * distance)
    while mean_deficit(q_hat, high, refinement)[0] > 2.0 * distance:
        low, high = high, 1.0 + 2.0 * high
    p_hat = high
    for _ in range(MAX_ITERATIONS):
        deficit, susceptibility = mean_deficit(q_hat, p_hat, refinement)
        if deficit > 2.0 * distance:
            low = p_hat
        else:
            high = p_hat
        step = math.log(deficit / (2.0 * distance)) * deficit / susceptibility
        if abs(step) <= 1e-15 * (1.0 + p_hat):
            break
        target = p_hat + step
        p_hat = target if low < target < high else 0.5 * (low + high)
    return p_hat


@njit
def overlaps_at(q_hat, distance, refinement):
    """All averages over one weight at given q̂ and distance."""
    p_hat = field_at(q_hat, distance, refinement)
    scale = math.sqrt(q_hat)
    features = np.array([[-p_hat / max(scale, 1e-300), TANH_WIDTH / max(scale, 1e-300)]])
    nodes, weights = gaussian_nodes(features, refinement)
    log_z, one_minus_q, variance, squared = 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.size):
        field = scale * nodes[k] + p_hat
        share = 2.0 / (1.0 + math.exp(2.0 * field))
        log_z += weights[k] * log_2cosh(field)
        one_minus_q += weights[k] * share * (2.0 - share)
        variance += weights[k] * (share - 2.0 * distance) ** 2
        squared += weights[k] * (share * (2.0 - share)) ** 2
    return Overlaps(p_hat, log_z, one_minus_q, variance, squared)


@njit
def patterns_at(prior, constraint, overlaps, refinement):
    """All averages over one pattern."""
    p = 1.0 - 2.0 * prior.distance
    q = p * p + overlaps.variance
    reference = SymmetricWindow(prior.half_width)
    scale, spread = math.sqrt(q), max(overlaps.variance / q, LEAST_VARIANCE)
    width, reference_width = math.sqrt(overlaps.one_minus_q) / scale, math.sqrt(spread) * scale / p
    low, high = edges(constraint)
    reference_edge = prior.half_width * scale / p
    features = np.array(
        [
            [low / scale, TAIL_WIDTH * width],
            [high / scale, TAIL_WIDTH * width],
            [-reference_edge, TAIL_WIDTH * reference_width],
            [reference_edge, TAIL_WIDTH * reference_width],
        ]
    )
    nodes, weights = gaussian_nodes(features, refinement)
    normal = log_probability(reference, 0.0, 1.0)[0]
    log_z, slope, squared_slope, squared_curvature, by_overlap = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.size):
        value, first, second = log_probability(constraint, scale * nodes[k], overlaps.one_minus_q)
        log_met, met_slope, _ = log_probability(reference, p / scale * nodes[k], spread)
        weight = weights[k] * math.exp(log_met - normal)
        log_z += weight * value
        slope += weight * first
        squared_slope += weight * first * first
        squared_curvature += weight * second * second
        by_overlap += weight * met_slope * first
    return Patterns(log_z, slope, squared_slope, squared_curvature, by_overlap)


@updated_q_hat.register(WindowNeighbour)
def _neighbour_updated_q_hat(prior, constraint, load, q_hat, refinement):
    overlaps = overlaps_at(q_hat, prior.distance, refinement)
    return load * patterns_at(prior, constraint, overlaps, refinement).squared_slope, overlaps.one_minus_q


@free_entropy.register(WindowNeighbour)
def _neighbour_free_entropy(prior, constraint, load, saddle, refinement):
    overlaps = overlaps_at(saddle.q_hat, prior.distance, refinement)
    patterns = patterns_at(prior, constraint, overlaps, refinement)
    cost = -overlaps.p_hat * (1.0 - 2.0 * prior.distance) - 0.5 * saddle.q_hat * overlaps.one_minus_q
    return FreeEntropy(
        cost + overlaps.log_partition + load * patterns.log_probability,
        overlaps.log_partition,
        overlaps.squared_susceptibility,
        patterns.log_probability,
        patterns.slope,
        patterns.squared_curvature,
        1.0,
    )


@njit
def slope_at(prior, constraint, load, q_hat, refinement):
    """dφ_FP/dd = 2(p̂ - α ∂_p⟨ln Z⟩) at a saddle."""
    overlaps = overlaps_at(q_hat, prior.distance, refinement)
    return 2.0 * (overlaps.p_hat - load * patterns_at(prior, constraint, overlaps, refinement).by_overlap)
