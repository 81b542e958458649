"""Energetic terms: what a pattern demands of its stability.

A constraint enters the theory only through the probability that a Gaussian stability meets it,
Z(mean, variance) = P(constraint holds | Δ ~ N(mean, variance)): the theory needs ln Z and its first two
derivatives with respect to the mean. To add a constraint, write a NamedTuple of its parameters and register

- `log_probability(constraint, mean, variance)`, the triple (ln Z, ∂ ln Z, ∂² ln Z),
- `edges(constraint)`, the two stabilities near which ln Z is sharp when the variance is small (repeat a single one),
- `is_met(constraint, stability)`.
"""

import math
from typing import NamedTuple

from perceptron.base.jit import dispatched
from perceptron.kernels.special.gaussian import SQRT_HALF, log_tail_and_ratio


class MarginStep(NamedTuple):
    """w·ξ/√N >= margin."""

    margin: float


class SymmetricWindow(NamedTuple):
    """|w·ξ|/√N <= half_width: the symmetric perceptron."""

    half_width: float


@dispatched
def log_probability(constraint, mean, variance):  # noqa: ARG001
    """(ln Z, ∂ ln Z/∂mean, ∂² ln Z/∂mean²) of the probability Z that a Gaussian stability meets the constraint."""
    raise TypeError(f"log_probability is not registered for {type(constraint).__name__}")


@dispatched
def edges(constraint):
    """The two stabilities at which the constraint changes its mind."""
    raise TypeError(f"edges is not registered for {type(constraint).__name__}")


@dispatched
def is_met(constraint, stability):  # noqa: ARG001
    """Whether a stability meets the constraint."""
    raise TypeError(f"is_met is not registered for {type(constraint).__name__}")


@log_probability.register(MarginStep)
def _margin_log_probability(constraint, mean, variance):
    inverse_width = 1.0 / math.sqrt(variance)
    x = (constraint.margin - mean) * inverse_width
    log_tail, ratio = log_tail_and_ratio(x)
    return log_tail, ratio * inverse_width, -ratio * (ratio - x) / variance


@edges.register(MarginStep)
def _margin_edges(constraint):
    return constraint.margin, constraint.margin


@is_met.register(MarginStep)
def _margin_is_met(constraint, stability):
    return stability >= constraint.margin


@log_probability.register(SymmetricWindow)
def _window_log_probability(constraint, mean, variance):
    inverse_width = 1.0 / math.sqrt(variance)
    far = (constraint.half_width + abs(mean)) * inverse_width
    near = (constraint.half_width - abs(mean)) * inverse_width
    log_far, ratio_far = log_tail_and_ratio(far)
    if near >= 0.0:
        log_near, ratio_near = log_tail_and_ratio(near)
        outside = math.exp(log_near) + math.exp(log_far)
        if outside < 0.5:
            log_z = math.log1p(-outside)
        else:  # in a narrow window the difference from 1 would be lost in rounding
            log_z = math.log(0.5 * (math.erf(near * SQRT_HALF) + math.erf(far * SQRT_HALF)))
        density_far = ratio_far * math.exp(log_far - log_z)
        density_near = ratio_near * math.exp(log_near - log_z)
    else:
        log_beyond, ratio_beyond = log_tail_and_ratio(-near)
        odds = math.exp(log_far - log_beyond)
        log_z = log_beyond + math.log1p(-odds)
        density_far = ratio_far * odds / (1.0 - odds)
        density_near = ratio_beyond / (1.0 - odds)
    slope = (density_far - density_near) * inverse_width
    curvature = -(far * density_far + near * density_near) / variance - slope * slope
    return log_z, math.copysign(slope, -mean), curvature


@edges.register(SymmetricWindow)
def _window_edges(constraint):
    return -constraint.half_width, constraint.half_width


@is_met.register(SymmetricWindow)
def _window_is_met(constraint, stability):
    return abs(stability) <= constraint.half_width
