"""The Gaussian tail H, its density G and ln H, inverse Mills ratio, ln 2cosh: stable in both tails.

Everything rests on the Mills ratio M(x) = H(x)/G(x), x >= 0, from a table of polynomials in y = C/(C + x)
(relative error below 4e-16). Then ln H = ln(M/√(2π)) - x²/2 has no cancellation for x >= 0, and for x < 0
ln H = log1p(-H(-x)); R = 1/M or G/(1 - H(-x)). No quotient of two underflowing numbers is ever formed.
"""

import math

from perceptron.base.jit import njit
from perceptron.kernels.special.mills_table import COEFFICIENTS, MAP_CONSTANT, N_INTERVALS

INV_SQRT_2PI = 0.3989422804014327
SQRT_HALF = 0.7071067811865476


@njit
def mills_ratio(x):
    """M(x) = H(x)/G(x) for x >= 0."""
    y = MAP_CONSTANT / (MAP_CONSTANT + x)
    scaled = y * N_INTERVALS
    index = int(scaled) if scaled < N_INTERVALS else N_INTERVALS - 1  # also for nan
    s = 2.0 * (scaled - index) - 1.0
    s2 = s * s
    even = COEFFICIENTS[index, 8]
    odd = COEFFICIENTS[index, 9]
    for half in range(3, -1, -1):
        even = even * s2 + COEFFICIENTS[index, 2 * half]
        odd = odd * s2 + COEFFICIENTS[index, 2 * half + 1]
    return (even + s * odd) * y / MAP_CONSTANT


@njit
def gaussian_density(x):
    """G(x) = exp(-x²/2)/√(2π)."""
    return INV_SQRT_2PI * math.exp(-0.5 * x * x)


@njit
def gaussian_tail(x):
    """H(x) = ∫_x^∞ G."""
    if 0.0 <= x <= 37.0:  # here G M is better conditioned than erfc of a rounded x/√2
        return gaussian_density(x) * mills_ratio(x)
    return 0.5 * math.erfc(x * SQRT_HALF)


@njit
def log_tail_and_ratio(x):
    """(ln H(x), R(x)) with R = G/H."""
    if x >= 0.0:
        m = mills_ratio(x)
        return math.log(INV_SQRT_2PI * m) - 0.5 * x * x, 1.0 / m
    density = gaussian_density(x)
    tail = density * mills_ratio(-x)
    return math.log1p(-tail), density / (1.0 - tail)


@njit
def log_gaussian_tail(x):
    """Ln H(x)."""
    return log_tail_and_ratio(x)[0]


@njit
def inverse_mills_ratio(x):
    """R(x) = G(x)/H(x)."""
    return log_tail_and_ratio(x)[1]


@njit
def log_2cosh(x):
    """ln(2 cosh x) = |x| + log1p(exp(-2|x|))."""
    size = abs(x)
    return size + math.log1p(math.exp(-2.0 * size))
