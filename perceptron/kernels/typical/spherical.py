"""Priors and constraints beyond binary weights behind a margin step, each by what it changes in the saddle.

- `SphericalWeights`: Σ w² = N; the weight averages are Gaussian integrals. Given q̂, 1 - q solves q̂(1-q)² = q.
- `PlantedWeights` with `PlantedLabels`: a teacher of the same kind draws the labels [1]_. The student's posterior
  contains the teacher, so their overlap is that of two students: A = √q̂ z + q̂, and a pattern is weighted with the
  probability 2Z that the teacher gives it.
- `DiscreteWeights`: any finite set of values [2]_. The self-overlap Q = ⟨w²⟩ is free; its conjugate enters as the
  factor e^{B w²/2}, where B = α⟨∂² ln Z⟩ is solved for at each q̂.

References
----------
.. [1] G. Györgyi, Phys. Rev. A 41, 7097 (1990).
.. [2] H. Gutfreund and Y. Stein, J. Phys. A 23, 2613 (1990).
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.quadrature import gaussian_nodes
from perceptron.kernels.typical.constraints import MarginStep, log_probability
from perceptron.kernels.typical.priors import BinaryWeights, log_partition
from perceptron.kernels.typical.replica_symmetric import (
    TAIL_WIDTH,
    TANH_WIDTH,
    Energetic,
    Entropic,
    FreeEntropy,
    energetic_averages,
    entropic_averages,
    free_entropy,
    pattern_averages,
    updated_q_hat,
)

MAX_ITERATIONS = 40
CURVATURE_TOLERANCE = 1e-15  # of B, relative
MOST_CURVATURE = 1e12  # of -B: there is no saddle
MOST_RATIO = 0.9  # of successive differences that are extrapolated


class SphericalWeights(NamedTuple):
    """Real weights on the sphere Σ w² = N. The field is a dummy, as that of `BinaryWeights`."""

    radius: float = 1.0


class PlantedWeights(NamedTuple):
    """w = ±1, learnt from a teacher's labels. The field is a dummy."""

    magnitude: float = 1.0


class PlantedLabels(NamedTuple):
    """The sign of a teacher's stability. The field is a dummy; only margin 0 has labels of a teacher."""

    margin: float = 0.0


class DiscreteWeights(NamedTuple):
    """Weights from a finite set, all equally likely a priori."""

    values: tuple[float, ...]


@entropic_averages.register(SphericalWeights)
def _spherical_averages(prior, q_hat, refinement):  # noqa: ARG001
    one_minus_overlap = 2.0 / (1.0 + math.sqrt(1.0 + 4.0 * q_hat))
    log_volume = 0.5 * math.log(one_minus_overlap) + q_hat * one_minus_overlap  # relative to the whole sphere
    return Entropic(log_volume, one_minus_overlap, one_minus_overlap * one_minus_overlap)


@entropic_averages.register(PlantedWeights)
def _planted_averages(prior, q_hat, refinement):  # noqa: ARG001
    scale = math.sqrt(q_hat)
    nodes, weights = gaussian_nodes(np.array([[-scale, TANH_WIDTH / max(scale, 1e-300)]]), refinement)
    log_z, one_minus_overlap, squared = 0.0, 0.0, 0.0
    for k in range(nodes.size):
        value, mean, variance = log_partition(BinaryWeights(1.0), scale * nodes[k] + q_hat)
        log_z += weights[k] * (value - q_hat * mean)
        one_minus_overlap += weights[k] * variance  # ⟨tanh⟩ = ⟨tanh²⟩
        squared += weights[k] * variance * variance
    return Entropic(log_z, one_minus_overlap, squared)


@energetic_averages.register(PlantedLabels)
def _labelled_averages(constraint, one_minus_overlap, refinement):  # noqa: ARG001
    scale = math.sqrt(max(1.0 - one_minus_overlap, 0.0))
    width = TAIL_WIDTH * math.sqrt(one_minus_overlap) / max(scale, 1e-300)
    nodes, weights = gaussian_nodes(np.array([[0.0, width]]), refinement)
    log_z, slope, squared_slope, curvature, squared_curvature = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.size):
        value, first, second = log_probability(MarginStep(0.0), scale * nodes[k], one_minus_overlap)
        weight = 2.0 * weights[k] * math.exp(value)
        log_z += weight * value
        slope += weight * first
        squared_slope += weight * first * first
        curvature += weight * second
        squared_curvature += weight * second * second
    return Energetic(log_z, slope, squared_slope, curvature, squared_curvature)


@njit
def discrete_averages(values, q_hat, curvature, refinement):
    """(⟨ln Σ_w e^{Bw²/2 + √q̂ z w}⟩, q, Q - q, ⟨(Var w)²⟩)."""
    scale = math.sqrt(q_hat)
    nodes, weights = gaussian_nodes(discrete_features(values, scale, curvature), refinement)
    log_z, overlap, spread, squared = 0.0, 0.0, 0.0, 0.0
    for k in range(nodes.size):
        field = scale * nodes[k]
        largest = -math.inf
        for i in range(len(values)):
            largest = max(largest, values[i] * (0.5 * curvature * values[i] + field))
        total, first = 0.0, 0.0
        for i in range(len(values)):
            weight = math.exp(values[i] * (0.5 * curvature * values[i] + field) - largest)
            total += weight
            first += weight * values[i]
        mean, variance = first / total, 0.0
        for i in range(len(values)):
            weight = math.exp(values[i] * (0.5 * curvature * values[i] + field) - largest)
            variance += weight * (values[i] - mean) ** 2 / total
        log_z += weights[k] * (largest + math.log(total))
        overlap += weights[k] * mean * mean
        spread += weights[k] * variance
        squared += weights[k] * variance * variance
    return log_z, overlap, spread, squared


@njit
def discrete_features(values, scale, curvature):
    """Fields at which neighbouring values are equally likely, and the width of the change between them."""
    n = len(values)
    features = np.empty((n - 1, 2))
    for i in range(n - 1):
        features[i, 0] = -0.5 * curvature * (values[i] + values[i + 1]) / max(scale, 1e-300)
        features[i, 1] = 2.0 * TANH_WIDTH / (max(scale, 1e-300) * (values[n - 1] - values[0]))
    return features


@njit
def curvature_at(prior, constraint, load, q_hat, refinement):
    """B = α⟨∂² ln Z⟩ at given q̂, the root nearest zero: the map is increasing, so its iterates fall to it from 0.

    Every second iterate is extrapolated (Aitken) where the map contracts.
    """
    start = 0.0
    for _ in range(MAX_ITERATIONS):
        first = updated_curvature(prior, constraint, load, q_hat, start, refinement)
        second = updated_curvature(prior, constraint, load, q_hat, first, refinement)
        if not abs(second - first) > CURVATURE_TOLERANCE * (1.0 + abs(second)) or abs(second) > MOST_CURVATURE:
            return second
        ratio = (second - first) / (first - start)
        start = second + (second - first) * ratio / (1.0 - ratio) if 0.0 < ratio < MOST_RATIO else second
    return start


@njit
def updated_curvature(prior, constraint, load, q_hat, curvature, refinement):
    """α⟨∂² ln Z⟩ at given q̂ and B."""
    _, overlap, spread, _ = discrete_averages(prior.values, q_hat, curvature, refinement)
    return load * pattern_averages(constraint, overlap, spread, refinement).curvature


@entropic_averages.register(DiscreteWeights)
def _free_discrete_averages(prior, q_hat, refinement):
    """Without patterns, B = 0."""
    log_z, _, spread, squared = discrete_averages(prior.values, q_hat, 0.0, refinement)
    return Entropic(log_z, spread, squared)


@updated_q_hat.register(DiscreteWeights)
def _discrete_updated_q_hat(prior, constraint, load, q_hat, refinement):
    curvature = curvature_at(prior, constraint, load, q_hat, refinement)
    _, overlap, spread, _ = discrete_averages(prior.values, q_hat, curvature, refinement)
    return load * pattern_averages(constraint, overlap, spread, refinement).squared_slope, spread


@free_entropy.register(DiscreteWeights)
def _discrete_free_entropy(prior, constraint, load, saddle, refinement):
    curvature = curvature_at(prior, constraint, load, saddle.q_hat, refinement)
    log_z, overlap, spread, squared = discrete_averages(prior.values, saddle.q_hat, curvature, refinement)
    energetic = pattern_averages(constraint, overlap, spread, refinement)
    self_overlap = overlap + spread
    cost = -0.5 * saddle.q_hat * spread - 0.5 * curvature * self_overlap
    return FreeEntropy(
        cost + log_z + load * energetic.log_probability,
        log_z,
        squared,
        energetic.log_probability,
        energetic.slope,
        energetic.squared_curvature,
        self_overlap,
    )
