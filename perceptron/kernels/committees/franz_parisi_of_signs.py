"""Energetic term of the Franz-Parisi entropy for the tree committee of three sign units.

With h_l, x_l, ω_l the reference's cavity field, its stability and the counted cavity mean of unit l, jointly Gaussian
within a unit and independent between units,

    G_E = E[ 1(majority of x > 0) ln Z(ω) / Z̃(h) ] = E[ P₁P₂(3 - 2P₃) ln Z(ω) / Z̃(h) ]

by permutation symmetry, P_l the probability of x_l > 0 given h_l and ω_l. The six integrals are three products of
matrices: 1/Z̃, times p₁p₂ to stay in [0, 1], is interpolated in each h by polynomials on panels, a matrix per unit
takes the nodes of h to those of ω, and ln Z and its slopes are tensors over the latter.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign, njit
from perceptron.kernels.committees.majority import (
    majority,
    squared_curvatures,
    squared_slopes,
    unit_tables,
)
from perceptron.kernels.committees.term_by_differences import (
    FirstOrder,
    first_order,
    omega_lattice,
    term_by_differences,
)
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.franz_parisi.energetic import (
    LOG_SQRT_2PI,
    energetic_term,
    field_law,
    omega_range,
)
from perceptron.kernels.franz_parisi.entropic import overlaps_alone
from perceptron.kernels.special.quadrature import N_NODES, NODES, reach
from perceptron.kernels.typical.constraints import MarginStep, log_probability

LEAST_STEP = 0.1  # of the lattice in ω/√q: five tensors over its cube are kept
PANEL = 1.6  # length in h, in widths √(1 - q̃) of the change of Z̃
LARGEST_EXPONENT = 600.0
STEP = MarginStep(0.0)  # of one unit


class Transfer(NamedTuple):
    """Matrices from the nodes of h (columns) to those of ω (rows, with their weights), as averages over h given ω."""

    pair: np.ndarray  # of P/p: a unit that must be positive
    third: np.ndarray  # of 3 - 2P: the unit that may be either
    pair_edge: np.ndarray  # the same with the density of x at 0 in place of P
    third_edge: np.ndarray


class Reference(NamedTuple):
    """p₁p₂/Z̃ over the nodes of (h₁, h₂, h₃), and its products with ∂₁ ln Z̃ and ∂₃ ln Z̃."""

    tensor: np.ndarray
    by_pair: np.ndarray
    by_third: np.ndarray


@energetic_term.register(SignCommitteeOfThree)
def _term_of_three(counted, reference, reference_one_minus_q, entropic, refinement):
    return term_by_differences(counted, reference, reference_one_minus_q, entropic, refinement)


@first_order.register(SignCommitteeOfThree)
def _first_order_of_three(counted, reference, reference_one_minus_q, overlaps, conditional_variance, refinement):  # noqa: ARG001
    law = field_law(STEP, reference_one_minus_q, overlaps_alone(overlaps, conditional_variance), refinement)
    omegas, weights = omega_lattice(law, omega_range(law, refinement), LEAST_STEP, refinement)
    h_nodes, panel = reference_nodes(reference_one_minus_q, refinement)
    transfer = transfer_matrices(law, omegas, weights, h_nodes, panel, refinement)
    reference = reference_tensors(h_nodes, reference_one_minus_q)
    return contracted(transfer, reference, omegas, overlaps.one_minus_q)


@njit
def reference_nodes(one_minus_q, refinement):
    """Nodes of equal panels that cover the reference's cavity field, and the length of a panel."""
    end = reach(refinement) * math.sqrt(1.0 - one_minus_q)
    n_panels = math.ceil(2.0 * end * refinement / (PANEL * math.sqrt(one_minus_q)))
    panel = 2.0 * end / n_panels
    nodes = np.empty(n_panels * N_NODES)
    for k in range(nodes.size):
        nodes[k] = -end + panel * (k // N_NODES + 0.5 * (1.0 + NODES[k % N_NODES]))
    return nodes, panel


@njit
def interpolation(nodes, place, start, basis):
    """Values at `place` in (-1, 1) of the polynomials that are 1 at one node of the panel, times a weight `start`."""
    for j in range(nodes.size):
        value = start
        for k in range(nodes.size):
            if k != j:
                value *= (place - nodes[k]) / (nodes[j] - nodes[k])
        basis[j] = value


@njit
def transfer_matrices(law, omegas, weights, h_nodes, panel, refinement):
    """Averages over h given ω of the polynomials in h, times what the reference's stability does at (h, ω)."""
    shape = (omegas.size, h_nodes.size)
    pair, third, pair_edge, third_edge = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    end = panel * (h_nodes.size // N_NODES) / 2.0
    basis = np.empty(N_NODES)
    half = math.ceil(3.0 * reach(refinement) / law.lattice_step)
    for i in range(omegas.size):
        for step in range(-half, half + 1):
            y = step * law.lattice_step
            h = law.mean_slope * omegas[i] + law.mean_spread * y
            if not -end < h < end:
                continue
            mean = law.stability_slope * omegas[i] + law.stability_spread * y
            log_own, _, _ = log_probability(STEP, h, law.reference_one_minus_q)
            log_positive, edge, _ = log_probability(STEP, mean, law.stability_variance)
            base = weights[i] * law.lattice_step * math.exp(-0.5 * y * y - LOG_SQRT_2PI)
            ratio = base * math.exp(log_positive - log_own) if base > 0.0 else 0.0
            positive = math.exp(log_positive)
            k = int((h + end) / panel)
            interpolation(NODES, 2.0 * (h + end) / panel - 2.0 * k - 1.0, 1.0, basis)
            for j in range(N_NODES):
                column = k * N_NODES + j
                pair[i, column] += ratio * basis[j]
                third[i, column] += base * (3.0 - 2.0 * positive) * basis[j]
                pair_edge[i, column] += ratio * edge * basis[j]
                third_edge[i, column] -= 2.0 * base * positive * edge * basis[j]
    return Transfer(pair, third, pair_edge, third_edge)


@njit
def reference_tensors(h_nodes, one_minus_q):
    """`Reference` at all triples of nodes."""
    units = unit_tables(h_nodes, one_minus_q)
    n = h_nodes.size
    tensor, by_pair, by_third = np.empty((n, n, n)), np.empty((n, n, n)), np.empty((n, n, n))
    q, g = units.negative, units.slope
    for i in range(n):
        for j in range(n):
            for k in range(n):
                log_third = units.log_positive[k]
                to_i = math.exp(min(log_third - units.log_positive[i], LARGEST_EXPONENT))
                to_j = math.exp(min(log_third - units.log_positive[j], LARGEST_EXPONENT))
                odds = to_i * q[i] + to_j * q[j]
                value = 1.0 / (1.0 + odds)
                tensor[i, j, k] = value
                by_pair[i, j, k] = value * g[i] * (q[k] + to_j * q[j]) * value
                by_third[i, j, k] = value * g[k] * odds * value
    return Reference(tensor, by_pair, by_third)


@njit
def along_third(tensor, matrix):
    """Σ_k tensor[i, j, k] matrix[c, k]."""
    n = tensor.shape[0]
    return np.dot(tensor.reshape(n * n, n), matrix.T).reshape(n, n, matrix.shape[0])


@njit
def along_pair(tensor, first, second):
    """Σ_ij first[a, i] second[b, j] tensor[i, j, c], with axes (a, b, c)."""
    n, n_out = tensor.shape[0], tensor.shape[2]
    half = np.dot(first, tensor.reshape(n, n * n_out)).reshape(first.shape[0], n, n_out)
    result = np.empty((first.shape[0], second.shape[0], n_out))
    for a in range(first.shape[0]):
        taken = np.dot(second, half[a])
        assign(result[a].reshape(taken.size), taken.reshape(taken.size))
    return result


@njit
def contracted(transfer, reference, omegas, one_minus_q):
    """Sums over the nodes of (ω₁, ω₂, ω₃) of the reference's weight times ln Z and its slopes."""
    own = along_third(reference.tensor, transfer.third)
    law = along_pair(own, transfer.pair, transfer.pair)
    edge_of_pair = along_pair(own, transfer.pair_edge, transfer.pair)
    edge_of_third = along_pair(along_third(reference.tensor, transfer.third_edge), transfer.pair, transfer.pair)
    field_of_pair = along_pair(along_third(reference.by_pair, transfer.third), transfer.pair, transfer.pair)
    field_of_third = along_pair(along_third(reference.by_third, transfer.third), transfer.pair, transfer.pair)
    units = unit_tables(omegas, one_minus_q)
    value, d_p, d_t, d_q, squared = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(omegas.size):
        for j in range(i + 1):
            both = 1.0 if i == j else 2.0  # units 1 and 2 in either order
            for k in range(omegas.size):
                c, b, a = min(j, k), min(max(j, k), i), max(i, k)
                parts = majority(units, c, b, a)
                slope_i = units.slope[i] * (parts.a if i == a else parts.b)
                slope_j = units.slope[j] * (parts.c if j == c else parts.b)
                slope_k = units.slope[k] * (parts.a if k == a else parts.b if k == b else parts.c)
                weight = both * law[i, j, k]
                value += weight * parts.log_probability
                by_p = edge_of_pair[i, j, k] * slope_i + edge_of_pair[j, i, k] * slope_j
                by_t = field_of_pair[i, j, k] * slope_i + field_of_pair[j, i, k] * slope_j
                d_p += both * (by_p + edge_of_third[i, j, k] * slope_k)
                d_t -= both * (by_t + field_of_third[i, j, k] * slope_k)
                d_q -= 0.5 * weight * squared_slopes(units, parts, c, b, a)
                squared += weight * squared_curvatures(units, parts, c, b, a)
    return FirstOrder(value, d_p, d_t, d_q, squared)
