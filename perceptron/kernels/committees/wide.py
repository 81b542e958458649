"""Tree committees of K → ∞ hidden units: the energetic term of one perceptron at transformed overlaps.

N weights in K branches of N/K; unit l sees h_l = √(K/N) Σ w ξ of its branch, and a pattern is met when
Δ = (1/√K) Σ_l c_l f(h_l) >= κ, c_l = ±1 with as many of either sign. For K → ∞ the Δ of several weight vectors are
jointly Gaussian with covariances Δ(q) = E f(h)f(h') - (E f)² at overlap q of the weights [1]_, so that every average of
the simple perceptron holds with q replaced by D(q) = Δ(q)/Δ(1) and κ by κ/√Δ(1). By the chain rule the field
conjugate to q carries D'(q), and fluctuations of q carry D'(q)² and, beside it, D''(q):

- sign units: Δ = (2/π) arcsin q; D' diverges at q = 1;
- ReLU units: Δ = [√(1-q²) + q(π/2 + arcsin q) - 1]/2π.

Not for correlated or overlapping inputs of the units (fully connected committees have permutation symmetry).

References
----------
.. [1] E. Barkai, D. Hansel and H. Sompolinsky, Phys. Rev. A 45, 4146 (1992); C. Baldassi, E. M. Malatesta and
   R. Zecchina, Phys. Rev. Lett. 123, 170602 (2019).
"""

import math
from typing import NamedTuple

from perceptron.base.jit import dispatched, njit
from perceptron.kernels.franz_parisi.energetic import EnergeticTerm, energetic_term
from perceptron.kernels.franz_parisi.entropic import Overlaps, overlaps_alone
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.kernels.typical.replica_symmetric import (
    Energetic,
    energetic_averages,
    pattern_averages,
)

SMALL_ANGLE = 0.2  # below it sin a - a cos a is summed as a series
LEAST_SPREAD = 1e-13  # of the counted field given the reference's: below it is rounding, and the two agree
RELU_SCALE = math.sqrt(2.0 * math.pi / (math.pi - 1.0))  # 1/√Δ(1)


class WideSignCommittee(NamedTuple):
    """Sign units, K → ∞: (1/√K) Σ_l c_l sign(h_l) >= margin."""

    margin: float


class WideReluCommittee(NamedTuple):
    """ReLU units, K → ∞: (1/√K) Σ_l c_l max(h_l, 0) >= margin."""

    margin: float


class UnitOverlap(NamedTuple):
    """D of the output against q of the weights, and its derivatives."""

    deficit: float  # 1 - D, without subtraction
    first: float
    second: float


@dispatched
def unit_overlap(committee, deficit):  # noqa: ARG001
    """D and its derivatives at 1 - q = `deficit`."""
    raise TypeError(f"unit_overlap is not registered for {type(committee).__name__}")


@dispatched
def output_step(committee):
    """The margin step of the output divided by √Δ(1), and that divisor's inverse."""
    raise TypeError(f"output_step is not registered for {type(committee).__name__}")


@njit
def angle_and_sine(deficit):
    """(a, sin a) of cos a = q."""
    return 2.0 * math.asin(min(math.sqrt(0.5 * deficit), 1.0)), math.sqrt(deficit * (2.0 - deficit))


@unit_overlap.register(WideSignCommittee)
def _sign_overlap(committee, deficit):  # noqa: ARG001
    angle, sine = angle_and_sine(deficit)
    slope = 2.0 / (math.pi * sine)
    return UnitOverlap(2.0 / math.pi * angle, slope, slope * (1.0 - deficit) / (sine * sine))


@unit_overlap.register(WideReluCommittee)
def _relu_overlap(committee, deficit):  # noqa: ARG001
    angle, sine = angle_and_sine(deficit)
    lost = math.pi * deficit - sine_excess(angle, sine, deficit)
    return UnitOverlap(lost / (math.pi - 1.0), (math.pi - angle) / (math.pi - 1.0), 1.0 / ((math.pi - 1.0) * sine))


@njit
def sine_excess(angle, sine, deficit):
    """Sin a - a cos a."""
    if angle > SMALL_ANGLE:
        return sine - angle * (1.0 - deficit)
    square = angle * angle
    series = 1.0 / 3.0 - square * (1.0 / 30.0 - square * (1.0 / 840.0 - square * (1.0 / 45360.0 - square / 3991680.0)))
    return angle * square * series


@output_step.register(WideSignCommittee)
def _sign_step(committee):
    return MarginStep(committee.margin), 1.0


@output_step.register(WideReluCommittee)
def _relu_step(committee):
    return MarginStep(committee.margin * RELU_SCALE), RELU_SCALE


@njit
def committee_averages(committee, one_minus_overlap, refinement):
    """Energetic averages of the typical solutions."""
    overlap = unit_overlap(committee, one_minus_overlap)
    step, scale = output_step(committee)
    output = pattern_averages(step, 1.0 - overlap.deficit, overlap.deficit, refinement)
    squared_curvature = overlap.first**2 * output.squared_curvature + overlap.second * output.squared_slope
    return Energetic(
        output.log_probability,
        scale * output.slope,
        overlap.first * output.squared_slope,
        scale * scale * output.curvature,
        squared_curvature,
    )


@energetic_averages.register(WideSignCommittee)
def _wide_sign_averages(constraint, one_minus_overlap, refinement):
    return committee_averages(constraint, one_minus_overlap, refinement)


@energetic_averages.register(WideReluCommittee)
def _wide_relu_averages(constraint, one_minus_overlap, refinement):
    return committee_averages(constraint, one_minus_overlap, refinement)


@njit
def output_overlaps(p, t, q, reference):
    """Overlaps of the outputs in place of those of the weights."""
    reference_q, output_p, output_t = 1.0 - reference.deficit, 1.0 - p.deficit, 1.0 - t.deficit
    excess = output_p - output_t
    variance = max(1.0 - q.deficit - output_t**2 / reference_q - excess**2 / reference.deficit, 0.0)
    t_deficit = t.deficit - reference.deficit
    if variance + excess**2 / reference.deficit < LEAST_SPREAD:
        variance, t_deficit = 0.0, p.deficit - reference.deficit
    return overlaps_alone(Overlaps(p.deficit, t_deficit, q.deficit), variance)


@njit
def committee_term(counted, reference, reference_one_minus_q, entropic, refinement):
    """G_E of a committee and its derivatives in the overlaps of the weights."""
    p = unit_overlap(counted, entropic.one_minus_p)
    t = unit_overlap(counted, reference_one_minus_q + entropic.t_deficit)
    q = unit_overlap(counted, entropic.one_minus_q)
    own = unit_overlap(reference, reference_one_minus_q)
    counted_step, _ = output_step(counted)
    reference_step, _ = output_step(reference)
    output = energetic_term(counted_step, reference_step, own.deficit, output_overlaps(p, t, q, own), refinement)
    return EnergeticTerm(
        output.value,
        p.first * output.d_p,
        t.first * output.d_t,
        q.first * output.d_q,
        p.first**2 * output.d_pp + p.second * output.d_p,
        p.first * t.first * output.d_pt,
        p.first * q.first * output.d_pq,
        t.first**2 * output.d_tt + t.second * output.d_t,
        t.first * q.first * output.d_tq,
        q.first**2 * output.d_qq + q.second * output.d_q,
        q.first**2 * output.squared_curvature - 2.0 * q.second * output.d_q,
    )


@energetic_term.register(WideSignCommittee)
def _wide_sign_term(counted, reference, reference_one_minus_q, entropic, refinement):
    return committee_term(counted, reference, reference_one_minus_q, entropic, refinement)


@energetic_term.register(WideReluCommittee)
def _wide_relu_term(counted, reference, reference_one_minus_q, entropic, refinement):
    return committee_term(counted, reference, reference_one_minus_q, entropic, refinement)
