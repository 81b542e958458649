"""Energetic term of the Franz-Parisi entropy for the tree committee of three ReLU units.

With h_l, x_l, ω_l the reference's cavity field, its stability and the counted cavity mean of unit l, as for sign units
(`perceptron.kernels.committees.franz_parisi_of_signs`), and for each label y, averaged over at the end,

    G_E = E[ 1(y[Σ max(x, 0)/√3 - θ] >= κ̃) ln Z(ω) / Z̃(h) ].

The event is a sum of products over the units (`perceptron.kernels.committees.relu_units`), so that the six integrals
are products of matrices: for each unit, each of its roles and each place of the partial sums, one matrix takes the
nodes of h, on which 1/Z̃ is interpolated by polynomials on panels, to those of ω. All units average alike, so ∂_p = ∂_x
∂_ω, ∂_t = ∂_h ∂_ω and ∂_q f = -f'²/2 are three times those of the third unit; second ones by differences.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.committees.franz_parisi_of_signs import interpolation
from perceptron.kernels.committees.reduced_tensors import directions, product, reduced, weighted
from perceptron.kernels.committees.relu_units import Unit, empty_unit, fill_unit, gauss_legendre
from perceptron.kernels.committees.term_by_differences import (
    FirstOrder,
    first_order,
    omega_lattice,
    term_by_differences,
)
from perceptron.kernels.committees.three_relus import (
    LEAST_PROBABILITY,
    SQRT_3,
    ReluCommitteeOfThree,
    label_grid,
    outputs_at,
    squared_terms,
)
from perceptron.kernels.committees.unit_matrices import (
    add_unit,
    between,
    over_pairs,
    over_third,
    scaled_rows,
    sizes,
)
from perceptron.kernels.franz_parisi.energetic import LOG_SQRT_2PI, energetic_term, field_law
from perceptron.kernels.franz_parisi.entropic import overlaps_alone
from perceptron.kernels.special.gaussian import log_gaussian_tail
from perceptron.kernels.typical.constraints import MarginStep

REACH = 7.2  # of Gaussian fields; e^{-7.2²/2} = 6e-12
LEAST_STEP = 0.12  # of the lattice in ω/√q: matrices over its cube are kept
PANEL, N_NODES = 2.6, 24  # length in h, in widths √(1 - q̃) of the change of Z̃, and nodes: 1/Z̃ grows like a Gaussian
STEP = MarginStep(0.0)  # of one unit, for its Gaussian law


class Fields(NamedTuple):
    """The reference's cavity field in panels from -end to end, and Z̃ over the cube of its nodes."""

    label: float
    nodes: np.ndarray
    end: float
    panel: float
    places: np.ndarray  # of the nodes in a panel [-1, 1]
    bound: float  # with label -1 three units below it have a sum below θ: the product of their probabilities bounds Z̃
    inverse: np.ndarray  # 1/Z̃ times that product, in [0, 1]
    by_third: np.ndarray  # the same times ∂₃ ln Z̃


@njit
def reach_of(refinement):
    """A finer grid also reaches further, so that errors of the cut show."""
    return REACH * math.sqrt(refinement)


@njit
def reference_fields(reference, label, one_minus_q, refinement):
    """Nodes, and 1/Z̃ over all triples."""
    width = math.sqrt(one_minus_q)
    bound = (reference.threshold - reference.margin) / SQRT_3
    end = reach_of(refinement) * math.sqrt(1.0 - one_minus_q)
    n_panels = math.ceil(2.0 * end * refinement / (PANEL * width))
    panel, places = 2.0 * end / n_panels, gauss_legendre(N_NODES)[0]
    nodes, log_scale = np.empty(n_panels * N_NODES), np.empty(n_panels * N_NODES)
    for k in range(nodes.size):
        nodes[k] = -end + panel * (k // N_NODES + 0.5 * (1.0 + places[k % N_NODES]))
        log_scale[k] = log_bound(label, bound, nodes[k], width)
    outputs = outputs_at(label_grid(reference, label, width, refinement), nodes, one_minus_q)
    inverse, by_third = np.empty(outputs.probability.shape), np.empty(outputs.probability.shape)
    for i in range(nodes.size):
        for j in range(nodes.size):
            for k in range(nodes.size):
                z = max(outputs.probability[i, j, k], LEAST_PROBABILITY)
                inverse[i, j, k] = math.exp(log_scale[i] + log_scale[j] + log_scale[k]) / z
                by_third[i, j, k] = inverse[i, j, k] * outputs.third[i, j, k] / z
    return Fields(label, nodes, end, panel, places, bound, inverse, by_third)


@njit
def log_bound(label, bound, field, width):
    """Ln of the factor of one unit in the bound of Z̃."""
    return log_gaussian_tail((field - bound) / width) if label < 0.0 else 0.0


@njit
def omega_range(law, reference, label, refinement):
    """In z = ω/√q: at each end of h the stability may have to come back to the threshold, which takes ω along."""
    reach = reach_of(refinement)
    h_end = reach * math.sqrt(1.0 - law.reference_one_minus_q)
    threshold = SQRT_3 * (reference.threshold + label * reference.margin)
    lower, upper = -reach, reach
    for h in (-h_end, h_end):
        shift = max(threshold - h, 0.0) if label > 0.0 else min(-h, 0.0)
        mean = law.field_slope * h + law.excess_slope * shift
        lower = min(lower, mean / law.omega_scale - 3.0)
        upper = max(upper, mean / law.omega_scale + 3.0)
    return lower, upper


@njit
def transfer_matrices(law, grid, omegas, weights, fields, refinement):
    """For each role and place (leading axes) the matrix from the nodes of h to those of ω, with the weights of both."""
    unit = empty_unit(grid)
    n, shape = unit.first.size, (omegas.size, fields.nodes.size)
    matrices = Unit(np.zeros((n, *shape)), np.zeros((n, n, *shape)), np.zeros((n, *shape)), np.zeros((n, *shape)))
    basis, width = np.empty(N_NODES), math.sqrt(law.stability_variance)
    half = math.ceil(3.0 * reach_of(refinement) / law.lattice_step)
    for i in range(omegas.size):
        for step in range(-half, half + 1):
            y = step * law.lattice_step
            h = law.mean_slope * omegas[i] + law.mean_spread * y
            if not -fields.end < h < fields.end:
                continue
            log_scale = log_bound(fields.label, fields.bound, h, math.sqrt(law.reference_one_minus_q))
            weight = weights[i] * law.lattice_step * math.exp(-0.5 * y * y - LOG_SQRT_2PI - log_scale)
            fill_unit(grid, law.stability_slope * omegas[i] + law.stability_spread * y, width, unit)
            k = int((h + fields.end) / fields.panel)
            interpolation(fields.places, 2.0 * (h + fields.end) / fields.panel - 2.0 * k - 1.0, weight, basis)
            add_unit(matrices, unit, i, k * N_NODES, basis)
    return matrices


@njit
def counted_tensors(outputs):
    """Over the cube of ω: ln Z, its slope in the third field, and both sums of squares."""
    shape = outputs.probability.shape
    log_z, slope, squares, curvatures = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[0]):
            for k in range(shape[0]):
                z = max(outputs.probability[i, j, k], LEAST_PROBABILITY)
                log_z[i, j, k] = math.log(z)
                slope[i, j, k] = outputs.third[i, j, k] / z
                squares[i, j, k], curvatures[i, j, k] = squared_terms(outputs, z, i, j, k)
    return log_z, slope, squares, curvatures


@njit
def label_terms(counted, reference, label, law, refinement):
    """What half of the patterns, those of one label, give to G_E and its gradient."""
    width, spread = math.sqrt(law.one_minus_q), math.sqrt(law.stability_variance + law.stability_spread**2)
    fields = reference_fields(reference, label, law.reference_one_minus_q, refinement)
    omegas, weights = omega_lattice(law, omega_range(law, reference, label, refinement), LEAST_STEP, refinement)
    grid = label_grid(reference, label, spread, refinement)
    matrices = transfer_matrices(law, grid, omegas, weights, fields, refinement)
    rows, columns = sizes(matrices)
    inverse, by_third = weighted(fields.inverse, columns), weighted(fields.by_third, columns)
    of_h = directions((inverse, by_third))
    outputs = outputs_at(label_grid(counted, label, width, refinement), omegas, law.one_minus_q)
    log_z, slope, squares, curvatures = counted_tensors(outputs)
    log_z, slope = weighted(log_z, rows), weighted(slope, rows)
    squares, curvatures = weighted(squares, rows), weighted(curvatures, rows)
    of_omega = directions((log_z, slope, squares, curvatures))
    matrices = between(matrices, scaled_rows(of_omega, rows), scaled_rows(of_h, columns))
    pairs = over_pairs(reduced(inverse, of_h), matrices.first, matrices.second)
    own, edge = over_third(pairs, matrices.third), over_third(pairs, matrices.third_slope)
    field = over_third(over_pairs(reduced(by_third, of_h), matrices.first, matrices.second), matrices.third)
    slope = reduced(slope, of_omega)
    return FirstOrder(
        0.5 * product(own, reduced(log_z, of_omega)),
        1.5 * product(edge, slope),
        -1.5 * product(field, slope),
        -0.25 * product(own, reduced(squares, of_omega)),
        0.5 * product(own, reduced(curvatures, of_omega)),
    )


@first_order.register(ReluCommitteeOfThree)
def _first_order_of_three_relu(counted, reference, reference_one_minus_q, overlaps, conditional_variance, refinement):
    law = field_law(STEP, reference_one_minus_q, overlaps_alone(overlaps, conditional_variance), refinement)
    value, d_p, d_t, d_q, squared_curvature = 0.0, 0.0, 0.0, 0.0, 0.0
    for label in (-1.0, 1.0):
        half = label_terms(counted, reference, label, law, refinement)
        value += half.value
        d_p += half.d_p
        d_t += half.d_t
        d_q += half.d_q
        squared_curvature += half.squared_curvature
    return FirstOrder(value, d_p, d_t, d_q, squared_curvature)


@energetic_term.register(ReluCommitteeOfThree)
def _term_of_three_relu(counted, reference, reference_one_minus_q, entropic, refinement):
    return term_by_differences(counted, reference, reference_one_minus_q, entropic, refinement)
