"""Energetic term of the Franz-Parisi entropy: one pattern seen by the reference and by the counted weights.

The counted constraint depends on the cavity mean ω alone, so everything is a one-dimensional integral over ω ~ N(0, q)
of f = ln Z(ω, 1 - q) and its derivatives, against densities of ω conditioned on the reference. Those densities are
averages over the reference's cavity field h₀ given ω, an equidistant lattice in its standard normal y; the panels
in ω are graded towards the counted edge (width √(1-q)) and the reference edge (width of the stability Δ̃ given ω).
Both constraints enter through `log_probability`. Derivatives with respect to the overlaps are, by Gaussian integration
by parts, ∂_p = ∂_Δ̃ ∂_ω and ∂_t = ∂_h₀ ∂_ω under the integral, and ∂_q f = -(f'' + f'²)/2 + f''/2.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit
from perceptron.kernels.special.quadrature import N_NODES, graded_nodes, reach
from perceptron.kernels.typical.constraints import edges, is_met, log_probability

LATTICE_STEP = 0.82
TAIL_STEP = 0.58  # of the lattice, where 1/Z̃ bends, in standard deviations of Δ̃ given h₀
EDGE_WIDTH = 3.5  # of the panels, in widths of the counted edge: zeros of H lie 3.4 away
STEP_WIDTH = 2.5  # of the panels, in widths of the reference edge, where the density is entire
LONGEST_WALK = 60.0
NEGLIGIBLE = 1e-14
NO_SPREAD = 1e-26  # of ω given h₀ (κ̃ = κ at the typical distance): the reference then tells nothing more
MOST_NARROWING = 2e4  # of the lattice in y by a sharp Δ̃; beyond it the error estimate speaks
LEAST_VARIANCE = 1e-12  # of Δ̃ given ω, relative: a sharper edge would change G_E by less than this times f''
LOG_SQRT_2PI = 0.9189385332046728


class FieldLaw(NamedTuple):
    """Joint Gaussian law of the reference's cavity field h₀, its stability Δ̃ and the counted cavity mean ω."""

    one_minus_q: float
    omega_scale: float  # √q
    mean_slope: float  # E[h₀|ω] = mean_slope ω = (t/q) ω
    mean_spread: float  # standard deviation of h₀ given ω
    stability_slope: float  # E[Δ̃|ω] = stability_slope ω = (p/q) ω
    stability_spread: float  # E[Δ̃|ω, y] = stability_slope ω + stability_spread y
    stability_variance: float  # Var[Δ̃|ω, y]
    reference_one_minus_q: float
    reference_edge: float
    field_slope: float  # E[ω|h₀] = field_slope h₀ + excess_slope (Δ̃ - h₀), Δ̃ averaged
    excess_slope: float
    lattice_step: float


class EnergeticTerm(NamedTuple):
    """G_E, its derivatives of first and second order in the overlaps, and ⟨f''²⟩."""

    value: float
    d_p: float
    d_t: float
    d_q: float
    d_pp: float
    d_pt: float
    d_pq: float
    d_tt: float
    d_tq: float
    d_qq: float
    squared_curvature: float


@njit
def field_law(reference, reference_one_minus_q, entropic, refinement):
    """Conditional means and variances without subtraction of nearly equal numbers."""
    reference_q = 1.0 - reference_one_minus_q
    t_deficit, p_minus_t_deficit = entropic.t_deficit, entropic.one_minus_p - entropic.t_deficit
    p = 1.0 - entropic.one_minus_p
    q = 1.0 - entropic.one_minus_q
    t = reference_q - t_deficit
    p_minus_t = reference_one_minus_q - p_minus_t_deficit
    variance = entropic.conditional_variance
    spread_given_h = variance + p_minus_t * p_minus_t / reference_one_minus_q  # τ² = q - t²/q̃
    if spread_given_h > NO_SPREAD:
        excess = variance + p_minus_t * (t_deficit / reference_q - p_minus_t_deficit / reference_one_minus_q)
        stability_spread = math.sqrt(reference_q / (q * spread_given_h)) * excess
        stability_variance = reference_one_minus_q * max(variance / spread_given_h, LEAST_VARIANCE)
    else:
        stability_spread, stability_variance = 0.0, reference_one_minus_q
    mean_spread = math.sqrt(reference_q * spread_given_h / q)
    narrowing = min(stability_spread * stability_spread / stability_variance, MOST_NARROWING)
    step = min(
        LATTICE_STEP / math.sqrt(1.0 + narrowing),
        TAIL_STEP * math.sqrt(reference_one_minus_q) / max(mean_spread, 1e-300),
    )
    return FieldLaw(
        entropic.one_minus_q,
        math.sqrt(q),
        t / q,
        mean_spread,
        p / q,
        stability_spread,
        stability_variance,
        reference_one_minus_q,
        edges(reference)[1],
        t / reference_q,
        p_minus_t / reference_one_minus_q,
        step / refinement,
    )


@njit
def add_lattice_node(reference, law, omega, y, sums):
    """Add one node of y to the reference averages at ω; returns the size of what was added."""
    h = law.mean_slope * omega + law.mean_spread * y
    mean = law.stability_slope * omega + law.stability_spread * y
    log_z0, slope0, curvature0 = log_probability(reference, h, law.reference_one_minus_q)
    log_z1, slope1, curvature1 = log_probability(reference, mean, law.stability_variance)
    weight = math.exp(log_z1 - log_z0 - 0.5 * y * y)
    sums[0] += weight
    sums[1] += weight * slope0
    sums[2] += weight * (curvature0 - slope0 * slope0)
    sums[3] += weight * slope1
    sums[4] += weight * slope1 * slope0
    sums[5] += weight * (curvature1 + slope1 * slope1)
    return weight * (1.0 + abs(slope1)) * (1.0 + abs(slope0) + abs(slope1))


@njit
def most_likely_y(reference, law, omega):
    """Where e^{-y²/2} Z₁(y) is largest, roughly: 0, or towards the edge where the reference would be violated."""
    mean = law.stability_slope * omega
    if is_met(reference, mean):
        return 0.0
    low, high = edges(reference)
    missing = (low if abs(low - mean) < abs(high - mean) else high) - mean
    spread = law.stability_spread
    return spread * missing / (law.stability_variance + spread * spread)


@njit
def reference_averages(reference, law, omega, sums):
    """Averages over y of Z₁/Z̃ times 1, g̃, g̃' - g̃², ∂ ln Z₁, g̃ ∂ ln Z₁, ∂²Z₁/Z₁, walking out from the likeliest y."""
    sums[:] = 0.0
    start = most_likely_y(reference, law, omega)
    largest = add_lattice_node(reference, law, omega, start, sums)
    for direction in (-1.0, 1.0):
        previous = largest
        y = start
        while abs(y - start) < LONGEST_WALK:
            y += direction * law.lattice_step
            size = add_lattice_node(reference, law, omega, y, sums)
            largest = max(largest, size)
            if size <= NEGLIGIBLE * largest and size <= previous:
                break
            previous = size
    for k in range(6):
        sums[k] *= law.lattice_step * math.exp(-LOG_SQRT_2PI)


@njit
def omega_range(law, refinement):
    """Interval of z = ω/√q that holds all of the conditioned law, from h₀ at both ends of its own range.

    Given h₀ the stability exceeds its edge, which moves ω along p - t: against h₀ where p < t, and then far.
    """
    end = reach(refinement)
    h_end = end * math.sqrt(1.0 - law.reference_one_minus_q)
    lower, upper = -end, end
    for h in (-h_end, h_end):
        mean = law.field_slope * h + law.excess_slope * max(law.reference_edge - h, 0.0)
        lower = min(lower, mean / law.omega_scale - 3.0)
        upper = max(upper, mean / law.omega_scale + 3.0)
    return lower, upper


@njit
def omega_nodes(counted, reference, law, refinement):
    """Panels in z = ω/√q below the point where the counted constraint is met with certainty."""
    low_edge, high_edge = edges(counted)
    low_reference, high_reference = edges(reference)
    scale = law.omega_scale
    counted_width = math.sqrt(law.one_minus_q) / scale
    slope = max(abs(law.stability_slope), 1e-3) * scale
    step_width = math.sqrt(law.stability_variance + law.stability_spread**2) / slope
    tail_width = math.sqrt(law.reference_one_minus_q) / (max(abs(law.mean_slope), 1e-3) * scale)
    features = np.array(
        [
            [low_edge / scale, EDGE_WIDTH * counted_width],
            [high_edge / scale, EDGE_WIDTH * counted_width],
            [low_reference / slope, STEP_WIDTH * step_width],
            [high_reference / slope, STEP_WIDTH * step_width],
            [low_reference / slope, EDGE_WIDTH * tail_width],
        ]
    )
    lower, upper = omega_range(law, refinement)
    if low_edge == high_edge:
        upper = min(upper, low_edge / scale + reach(refinement) * counted_width)
    nodes, weights = graded_nodes(lower, upper, features, refinement)
    settled = min(low_edge / scale, low_reference / slope)
    return nodes, weights, settled


@dispatched(general=True)
def energetic_term(counted, reference, reference_one_minus_q, entropic, refinement):
    """All energetic averages at the overlaps of an entropic term, from the top panel in ω downwards."""
    law = field_law(reference, reference_one_minus_q, entropic, refinement)
    nodes, weights, settled = omega_nodes(counted, reference, law, refinement)
    totals = np.zeros(11)
    sums = np.empty(6)
    for panel in range(nodes.size // N_NODES - 1, -1, -1):
        added = 0.0
        for k in range(panel * N_NODES, (panel + 1) * N_NODES):
            omega = law.omega_scale * nodes[k]
            weight = weights[k] * math.exp(-0.5 * nodes[k] * nodes[k] - LOG_SQRT_2PI)
            f, f1, f2 = log_probability(counted, omega, law.one_minus_q)
            if f == 0.0:
                continue
            reference_averages(reference, law, omega, sums)
            added += weight * (sums[0] * (abs(f) + f1 * f1) + (abs(sums[1]) + abs(sums[3])) * abs(f1))
            add_omega_node(totals, weight, sums, f, f1, f2)
        if nodes[panel * N_NODES] < settled and added <= NEGLIGIBLE * abs(totals[0]):
            break
    return EnergeticTerm(
        totals[0],
        totals[1],
        totals[2],
        totals[3],
        totals[4],
        totals[5],
        totals[6],
        totals[7],
        totals[8],
        totals[9],
        totals[10],
    )


@njit
def add_omega_node(totals, weight, sums, f, f1, f2):
    """Add one node of ω to G_E and its derivatives."""
    totals[0] += weight * sums[0] * f
    totals[1] += weight * sums[3] * f1
    totals[2] -= weight * sums[1] * f1
    totals[3] -= 0.5 * weight * sums[0] * f1 * f1
    totals[4] += weight * sums[5] * f2
    totals[5] -= weight * sums[4] * f2
    totals[6] -= weight * sums[3] * f1 * f2
    totals[7] -= weight * sums[2] * f2
    totals[8] += weight * sums[1] * f1 * f2
    totals[9] -= 0.5 * weight * sums[0] * (f2 * f2 - 2.0 * f1 * f1 * f2)
    totals[10] += weight * sums[0] * f2 * f2
