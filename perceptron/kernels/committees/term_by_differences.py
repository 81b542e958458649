"""Energetic terms of three units: first order from integrals over their fields, second order by differences.

Derivatives follow from ∂_p = ∂_x ∂_ω, ∂_t = ∂_h ∂_ω and ∂_q f = -f'²/2, summed over units. Second ones are differences
of first ones on a coarser grid, at a q lifted where that makes them feasible, with a relative error near 1e-3: enough
for Newton's method and for curvatures. A constraint registers `first_order`, and `term_by_differences` as its
`energetic_term`.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit
from perceptron.kernels.committees.three_signs import lattice_step
from perceptron.kernels.franz_parisi.energetic import LOG_SQRT_2PI, STEP_WIDTH, EnergeticTerm
from perceptron.kernels.franz_parisi.entropic import Overlaps

COARSER, COARSEST = 0.85, 0.7  # grids of first and of second derivatives, relative to those of one perceptron
DIFFERENCE = 1e-5  # of overlaps, relative to 1 - q, for second derivatives
LEAST_VARIANCE = 1e-3  # of the counted field given the reference's two, relative to 1 - q, for differences


class FirstOrder(NamedTuple):
    """G_E, its gradient and Σ_lm ⟨(∂_l ∂_m ln Z)²⟩."""

    value: float
    d_p: float
    d_t: float
    d_q: float
    squared_curvature: float


@dispatched
def first_order(counted, reference, reference_one_minus_q, overlaps, conditional_variance, refinement):  # noqa: ARG001
    """G_E and its gradient at overlaps with the variance of the counted field given the reference's two."""
    raise TypeError(f"first_order is not registered for {type(counted).__name__}")


@njit
def term_by_differences(counted, reference, reference_one_minus_q, entropic, refinement):
    """First order at the overlaps, second order by differences at overlaps well inside the feasible ones."""
    here = Overlaps(entropic.one_minus_p, entropic.t_deficit, entropic.one_minus_q)
    variance = entropic.conditional_variance
    first = first_order(counted, reference, reference_one_minus_q, here, variance, COARSER * refinement)
    lifted, grid = max(LEAST_VARIANCE * here.one_minus_q - variance, 0.0), COARSEST * refinement
    base = Overlaps(here.one_minus_p, here.t_deficit, here.one_minus_q - lifted)
    at_base = moved(counted, reference, reference_one_minus_q, base, (0.0, 0.0, 0.0), grid)
    small = DIFFERENCE * here.one_minus_q
    by_p = moved(counted, reference, reference_one_minus_q, base, (small, 0.0, 0.0), grid)
    by_t = moved(counted, reference, reference_one_minus_q, base, (0.0, small, 0.0), grid)
    by_q = moved(counted, reference, reference_one_minus_q, base, (0.0, 0.0, small), grid)
    return EnergeticTerm(
        first.value,
        first.d_p,
        first.d_t,
        first.d_q,
        (by_p.d_p - at_base.d_p) / small,
        (by_p.d_t - at_base.d_t) / small,
        (by_p.d_q - at_base.d_q) / small,
        (by_t.d_t - at_base.d_t) / small,
        (by_t.d_q - at_base.d_q) / small,
        (by_q.d_q - at_base.d_q) / small,
        first.squared_curvature,
    )


@njit
def moved(counted, reference, reference_one_minus_q, overlaps, steps, refinement):
    """First order at (p, t, q) moved by steps, which no conjugates have given."""
    to = Overlaps(overlaps.one_minus_p - steps[0], overlaps.t_deficit - steps[1], overlaps.one_minus_q - steps[2])
    t = 1.0 - reference_one_minus_q - to.t_deficit
    excess = reference_one_minus_q - to.one_minus_p + to.t_deficit
    variance = 1.0 - to.one_minus_q - t * t / (1.0 - reference_one_minus_q) - excess**2 / reference_one_minus_q
    return first_order(counted, reference, reference_one_minus_q, to, max(variance, 0.0), refinement)


@njit
def omega_lattice(law, ends, least_step, refinement):
    """ω and the weights of N(ω; 0, q) dω between ends in ω/√q, fine enough for ln Z and for the reference's edge."""
    slope = max(abs(law.stability_slope), 1e-3) * law.omega_scale
    edge = STEP_WIDTH * math.sqrt(law.stability_variance + law.stability_spread**2) / slope
    width = min(math.sqrt(law.one_minus_q) / law.omega_scale, edge)
    step = max(lattice_step(width), least_step) / refinement
    first, last = math.floor(ends[0] / step), math.ceil(ends[1] / step)
    omegas, weights = np.empty(last - first + 1), np.empty(last - first + 1)
    for k in range(omegas.size):
        z = (first + k) * step
        omegas[k] = law.omega_scale * z
        weights[k] = step * math.exp(-0.5 * z * z - LOG_SQRT_2PI)
    return omegas, weights
