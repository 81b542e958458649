"""Three sign units of which two must be positive: probability, given the cavity fields of the units, and its slopes.

Unit l is positive with probability p_l = H(-ω_l/σ), negative with q_l = 1 - p_l, and a pattern is met with
Z = p_a p_b + p_c (p_a q_b + p_b q_a). Units are passed with p_c the smallest, so that no sum loses digits and every
exponential is below 1.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import log_tail_and_ratio


class Units(NamedTuple):
    """One unit at many cavity fields: ln p, q, and p'/p and p''/p with respect to the field."""

    log_positive: np.ndarray
    negative: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


class Majority(NamedTuple):
    """ln Z, and in units of the products of slopes p'/p the derivatives Z_l/Z and Z_lm/Z."""

    log_probability: float
    c: float
    b: float
    a: float
    cb: float
    ca: float
    ba: float


@njit
def unit_tables(fields, variance):
    """`Units` at an array of cavity fields."""
    width = math.sqrt(variance)
    log_positive, negative, slope, curvature = np.empty((4, fields.size))
    for k in range(fields.size):
        x = -fields[k] / width
        log_positive[k], ratio = log_tail_and_ratio(x)
        negative[k] = math.exp(log_tail_and_ratio(-x)[0])
        slope[k] = ratio / width
        curvature[k] = x * ratio / variance
    return Units(log_positive, negative, slope, curvature)


@njit
def majority(units, c, b, a):
    """Z of the units at fields number c <= b <= a, in increasing order."""
    log_c, log_b, log_a = units.log_positive[c], units.log_positive[b], units.log_positive[a]
    q_c, q_b, q_a = units.negative[c], units.negative[b], units.negative[a]
    against_b, against_a = math.exp(log_c - log_b), math.exp(log_c - log_a)
    third = against_b * q_b + against_a * q_a
    inverse = 1.0 / (1.0 + third)
    return Majority(
        log_a + log_b + math.log1p(third),
        third * inverse,
        (q_c + against_a * q_a) * inverse,
        (q_c + against_b * q_b) * inverse,
        against_a * (2.0 * q_a - 1.0) * inverse,
        against_b * (2.0 * q_b - 1.0) * inverse,
        (2.0 * q_c - 1.0) * inverse,
    )


@njit
def squared_curvatures(units, parts, c, b, a):
    """Σ_lm (∂_l ∂_m ln Z)²."""
    g_c, g_b, g_a = units.slope[c], units.slope[b], units.slope[a]
    f_c, f_b, f_a = g_c * parts.c, g_b * parts.b, g_a * parts.a
    own = (units.curvature[c] * parts.c - f_c * f_c) ** 2 + (units.curvature[b] * parts.b - f_b * f_b) ** 2
    own += (units.curvature[a] * parts.a - f_a * f_a) ** 2
    mixed = (g_c * g_b * parts.cb - f_c * f_b) ** 2 + (g_c * g_a * parts.ca - f_c * f_a) ** 2
    return own + 2.0 * (mixed + (g_b * g_a * parts.ba - f_b * f_a) ** 2)


@njit
def squared_slopes(units, parts, c, b, a):
    """Σ_l (∂_l ln Z)²."""
    return (units.slope[c] * parts.c) ** 2 + (units.slope[b] * parts.b) ** 2 + (units.slope[a] * parts.a) ** 2
