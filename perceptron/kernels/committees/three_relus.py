"""The tree committee of three ReLU units: integrals over the three cavity fields of its units, for both labels.

N weights in three branches, h_l = √(3/N) Σ w ξ, output Δ = (1/√3) Σ_l max(h_l, 0) - θ, and a pattern with label y = ±1
is met when yΔ >= κ. All output weights are equal, so that one overlap q serves all branches; the labels, which the
output does not treat alike, are averaged over. At θ = `BALANCED` random weights give either label to half of the
patterns: then, as K grows, the saddle is that of the wide committee with output weights of both signs
(`perceptron.kernels.committees.wide`). q̂ = α⟨Σ_l (∂_l ln Z)²⟩ as for sign units.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.committees.relu_units import (
    Unit,
    density,
    empty_unit,
    fill_unit,
    pair_density,
    sum_grid,
)
from perceptron.kernels.committees.three_signs import lattice_step
from perceptron.kernels.special.quadrature import gaussian_lattice
from perceptron.kernels.typical.replica_symmetric import Energetic, energetic_averages

BALANCED = 0.590006988182955542690733560709  # the median of the sum of three rectified normal numbers, over √3
SQRT_3 = math.sqrt(3.0)
NEGLIGIBLE = 1e-19  # weight of a triple
LEAST_PROBABILITY = 1e-290  # stands for zero at triples of next to no weight


class ReluCommitteeOfThree(NamedTuple):
    """y[(1/√3) Σ_l max(h_l, 0) - threshold] >= margin for labels y = ±1; |margin| < threshold."""

    margin: float = 0.0
    threshold: float = BALANCED


class Outputs(NamedTuple):
    """Over the cavity fields of units 1, 2, 3 (axes): Z and its derivatives in the fields of units 2 and 3."""

    probability: np.ndarray
    third: np.ndarray
    third_third: np.ndarray
    second_third: np.ndarray
    pair_density: np.ndarray  # of the sum of units 1 and 2 at θ
    atom: np.ndarray  # probability that unit 3 is silent


@njit
def label_grid(constraint, label, width, refinement):
    """Where the sum of three rectified fields, whose densities have the given width, must lie for a label."""
    return sum_grid(SQRT_3 * (constraint.threshold + label * constraint.margin), label, width, refinement)


@njit
def units_at(grid, fields, width):
    """`Unit` without `second`, but its last row, at each of several fields (last axis)."""
    unit = empty_unit(grid)
    n, size = unit.first.size, fields.size
    units = Unit(np.empty((n, size)), np.empty((n, size)), np.empty((n, size)), np.empty((n, size)))
    for k in range(size):
        fill_unit(grid, fields[k], width, unit)
        for u in range(n):
            units.first[u, k], units.second[u, k] = unit.first[u], unit.second[n - 1, u]
            units.third[u, k], units.third_slope[u, k] = unit.third[u], unit.third_slope[u]
    return units


@njit
def outputs_at(grid, fields, variance):
    """`Outputs` over the cube of the fields."""
    width, size = math.sqrt(variance), fields.size
    units = units_at(grid, fields, width)
    pair, moved = pairs(grid, units, fields, width)
    curvature = np.zeros_like(units.third)
    for k in range(size):
        curvature[0, k] = units.third_slope[0, k] * (grid.threshold - fields[k]) / variance
        for u in range(grid.places.size):
            excess = grid.threshold - grid.places[u] - fields[k]
            curvature[1 + u, k] = units.third_slope[1 + u, k] * excess / variance
    at_end = np.dot(units.first.T, units.third_slope)
    for i in range(size):
        for j in range(size):
            at_end[i, j] = grid.sign * (at_end[i, j] + units.third_slope[0, i] * units.first[0, j])
    shape = (size, size, size)
    return Outputs(
        np.dot(pair, units.third).reshape(shape),
        np.dot(pair, units.third_slope).reshape(shape),
        np.dot(pair, curvature).reshape(shape),
        np.dot(moved, units.third_slope).reshape(shape),
        at_end,
        units.first[0],
    )


@njit
def pairs(grid, units, fields, width):
    """Weights of units 1 and 2 (rows) at each place of their sum (columns), and derivatives in the field of unit 2."""
    n, size, n_places = units.first.shape[0], fields.size, grid.places.size
    values, slopes = np.zeros((size * size, n)), np.zeros((size * size, n))
    variance, atom = width * width, units.first[0]
    for i in range(size):
        for j in range(size):
            row, zero_i, zero_j = i * size + j, density(0.0, fields[i], width), density(0.0, fields[j], width)
            values[row, 0], slopes[row, 0] = atom[i] * atom[j], -atom[i] * zero_j
            for u in range(n_places):
                place, own_i, own_j = grid.places[u], units.first[1 + u, i], units.first[1 + u, j]
                tails = (zero_i, zero_j, own_i, own_j)
                both, moved = pair_density(place, (fields[i], fields[j]), width, tails)
                values[row, 1 + u] = atom[i] * own_j + own_i * atom[j] + both
                slopes[row, 1 + u] = atom[i] * own_j * (place - fields[j]) / variance - own_i * zero_j + moved
    if grid.sign > 0.0:
        past, moved_past = np.dot(units.first.T, units.second), np.dot(units.first.T, units.third_slope)
        for i in range(size):
            for j in range(size):
                values[i * size + j, n - 1], slopes[i * size + j, n - 1] = past[i, j], moved_past[i, j]
    return values, slopes


@njit
def squared_terms(outputs, z, i, j, k):
    """Σ_l (∂_l ln Z)² and Σ_lm (∂_l ∂_m ln Z)² at one triple by what unit 3 gives, as all units average alike."""
    inverse = 1.0 / z
    third, first, second = (
        outputs.third[i, j, k] * inverse,
        outputs.third[k, j, i] * inverse,
        outputs.third[i, k, j] * inverse,
    )
    own = outputs.third_third[i, j, k] * inverse - third * third
    mixed_second = outputs.second_third[i, j, k] * inverse - second * third
    mixed_first = outputs.second_third[j, i, k] * inverse - first * third
    return 3.0 * third * third, 3.0 * (own * own + mixed_first * mixed_first + mixed_second * mixed_second)


@energetic_averages.register(ReluCommitteeOfThree)
def _averages_of_three_relu(constraint, one_minus_overlap, refinement):
    scale, width = math.sqrt(max(1.0 - one_minus_overlap, 0.0)), math.sqrt(one_minus_overlap)
    nodes, weights = gaussian_lattice(lattice_step(width / max(scale, 1e-300)), math.sqrt(refinement))
    averages = np.zeros(4)
    for label in (-1.0, 1.0):
        grid = label_grid(constraint, label, width, refinement)
        add_label(averages, grid, scale * nodes, weights, one_minus_overlap)
    averages *= 0.5
    return Energetic(averages[0], averages[1], averages[2], math.nan, averages[3])


@njit
def add_label(averages, grid, fields, weights, variance):
    """Add ⟨ln Z⟩, its slope in the margin, and squares of slopes and curvatures, over three cavity fields."""
    outputs = outputs_at(grid, fields, variance)
    for i in range(fields.size):
        for j in range(i + 1):
            pair = weights[i] * weights[j] * (1.0 if i == j else 2.0)  # units 1 and 2 in either order
            for k in range(fields.size):
                weight = pair * weights[k]
                if weight < NEGLIGIBLE:
                    continue
                z = max(outputs.probability[i, j, k], LEAST_PROBABILITY)
                density = abs(outputs.third[i, j, k]) + outputs.pair_density[i, j] * outputs.atom[k]
                slopes, curvatures = squared_terms(outputs, z, i, j, k)
                averages[0] += weight * math.log(z)
                averages[1] += weight * SQRT_3 * density / z
                averages[2] += weight * slopes
                averages[3] += weight * curvatures
