"""Activations and the functions behind losses, in forms that a compiler turns into vector instructions.

In single precision no library is called, as that would make a loop scalar:

    tanh x ≈ x P(x²)/Q(x²),  degrees 4 and 4, fitted to [0, 9] with relative error 2.1e-8; constant beyond
    eˣ = 2ⁿ eʳ,  n the integer next to x/ln 2, with a polynomial of degree 6 in r; x <= 0, cut at -80
    ln(1 + x) = 2 artanh t,  t = x/(2 + x), artanh t = t (1 + t² R(t²)), R of degree 4; x in [0, 1]

The first is within TANH_ULPS units in the last place of every single-precision argument, the others within EXP_ULPS and
LOG_ULPS, all tested. Double precision takes the library's functions, but for `double_exp`, within DOUBLE_EXP_ULPS, in
loops that are to become vector code. The class of the first argument, an activation or a precision, chooses the
function when a kernel is compiled. In single precision products and sums may be contracted, and nothing else.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit

CONTRACTED = {"contract"}
TANH_ULPS, EXP_ULPS, LOG_ULPS, DOUBLE_EXP_ULPS = 5.5, 1.5, 2.5, 1.0

ONE, TWO, HALF = np.float32(1.0), np.float32(2.0), np.float32(0.5)
TANH_END = np.float32(9.0)
TANH_ABOVE = tuple(np.float32(c) for c in (1.0, 0.133810252, 3.49558727e-3, 2.06090699e-5, 1.33546481e-8))
TANH_BELOW = tuple(np.float32(c) for c in (1.0, 0.467143416, 2.58769784e-2, 3.28563358e-4, 7.77655202e-7))
EXP_LEAST, DOUBLE_EXP_LEAST, PER_LN2 = np.float32(-80.0), -700.0, np.float32(1.4426950408889634)
LN2_HIGH, LN2_LOW = (
    np.float32(0.693359375),
    np.float32(-2.1219444005469057e-4),
)  # the first has few digits: n times it is exact
ROUNDER = np.float32(1.5 * 2.0**23)  # adding it leaves the nearest integer in the last bits
EXP_SERIES = tuple(np.float32(c) for c in (0.4999999, 0.1666642, 0.041668225, 0.008374824, 0.0013836835))
DOUBLE_PER_LN2, DOUBLE_LN2_HIGH, DOUBLE_LN2_LOW = 1.4426950408889634, 0.693147180369123816490, 1.90821492927058770e-10
DOUBLE_ROUNDER, DOUBLE_EXPONENT_BIAS, DOUBLE_EXPONENT_PLACE = 1.5 * 2.0**52, np.int64(1023), np.int64(52)
DOUBLE_EXP_SERIES = tuple(1.0 / math.factorial(k) for k in range(2, 14))
EXPONENT_BIAS, EXPONENT_PLACE = np.int32(127), np.int32(23)
LEAST_ARGUMENT = np.float32(1e-15)  # squares of less could be denormal, which costs a hundred times as much
ARTANH_SERIES = tuple(np.float32(c) for c in (0.3333334, 0.19999346, 0.14310361, 0.10696625, 0.12206534))


class Single(NamedTuple):
    """Single precision."""

    zero: np.float32
    half: np.float32
    least_log_scale: np.float32


class Double(NamedTuple):
    """Double precision."""

    zero: np.float64
    half: np.float64
    least_log_scale: np.float64


Precision = Single | Double


class Relu(NamedTuple):
    """max(z, 0)."""

    precision: Precision


class Tanh(NamedTuple):
    """tanh z."""

    precision: Precision


class Silu(NamedTuple):
    """z/(1 + e⁻ᶻ)."""

    precision: Precision


class Identity(NamedTuple):
    """z, for the outputs."""

    precision: Precision


Activation = Relu | Tanh | Silu


@dispatched
def tanh(precision, x):
    """Hyperbolic tangent."""
    raise NotImplementedError(f"tanh has no kernel for {precision!r}")


@dispatched
def exp(precision, x):
    """Exponential of x <= 0."""
    raise NotImplementedError(f"exp has no kernel for {precision!r}")


@dispatched
def log1p_over(precision, scale, x):
    """ln(1 + scale x)/scale for x in [0, 1] and scale in (0, 1]; x itself where the scale is tiny."""
    raise NotImplementedError(f"log1p_over has no kernel for {precision!r}")


@dispatched
def activated(activation, z):
    """Activation of a neuron."""
    raise NotImplementedError(f"activated has no kernel for {activation!r}")


@njit(borrows=True, fastmath=CONTRACTED)
def single_tanh(x):
    """Hyperbolic tangent of a single-precision number."""
    inside = min(max(x, -TANH_END), TANH_END)
    u = inside * inside
    p, q = TANH_ABOVE, TANH_BELOW
    above = (((p[4] * u + p[3]) * u + p[2]) * u + p[1]) * u + p[0]
    below = (((q[4] * u + q[3]) * u + q[2]) * u + q[1]) * u + q[0]
    return inside * above / below


@njit(borrows=True, fastmath=CONTRACTED)
def single_exp(x):
    """Exponential of a single-precision number <= 0."""
    inside = max(x, EXP_LEAST)
    shifted = np.float32(inside * PER_LN2 + ROUNDER)
    n = shifted - ROUNDER
    r = (inside - n * LN2_HIGH) - n * LN2_LOW
    c = EXP_SERIES
    tail = (((c[4] * r + c[3]) * r + c[2]) * r + c[1]) * r + c[0]
    power = np.int32((np.int32(shifted.view(np.int32)) + EXPONENT_BIAS) << EXPONENT_PLACE)
    return ((tail * r) * r + r + ONE) * power.view(np.float32)


@njit(borrows=True)
def double_exp(x):
    """Exponential of a double-precision number <= 0, as that of single precision, by its series to degree 13."""
    inside = DOUBLE_EXP_LEAST if x < DOUBLE_EXP_LEAST else x  # what is not a number stays so
    shifted = np.float64(inside * DOUBLE_PER_LN2 + DOUBLE_ROUNDER)
    n = shifted - DOUBLE_ROUNDER
    r = (inside - n * DOUBLE_LN2_HIGH) - n * DOUBLE_LN2_LOW
    c = DOUBLE_EXP_SERIES
    tail = ((((c[11] * r + c[10]) * r + c[9]) * r + c[8]) * r + c[7]) * r + c[6]
    tail = (((((tail * r + c[5]) * r + c[4]) * r + c[3]) * r + c[2]) * r + c[1]) * r + c[0]
    power = np.int64((np.int64(shifted.view(np.int64)) + DOUBLE_EXPONENT_BIAS) << DOUBLE_EXPONENT_PLACE)
    return ((tail * r) * r + r + 1.0) * power.view(np.float64)


@njit(borrows=True, fastmath=CONTRACTED)
def single_log1p_over(scale, x):
    """ln(1 + scale x)/scale of single-precision numbers in [0, 1]."""
    t = x / (TWO + scale * x)
    inside = max(scale * t, LEAST_ARGUMENT)
    u = inside * inside
    c = ARTANH_SERIES
    tail = ((((c[4] * u + c[3]) * u + c[2]) * u + c[1]) * u + c[0]) * u
    return TWO * (t + t * tail)


@tanh.register(Single, borrows=True)
def _single_tanh(precision, x):
    return single_tanh(x)


@tanh.register(Double, borrows=True)
def _double_tanh(precision, x):
    return math.tanh(x)


@exp.register(Single, borrows=True)
def _single_exp(precision, x):
    return single_exp(x)


@exp.register(Double, borrows=True)
def _double_exp(precision, x):
    return math.exp(max(x, DOUBLE_EXP_LEAST))


@log1p_over.register(Single, borrows=True)
def _single_log1p_over(precision, scale, x):
    return single_log1p_over(scale, x)


@log1p_over.register(Double, borrows=True)
def _double_log1p_over(precision, scale, x):
    return math.log1p(scale * x) / scale


@activated.register(Identity, borrows=True)
def _identity(activation, z):
    return z


@activated.register(Relu, borrows=True)
def _relu(activation, z):
    return max(z, activation.precision.zero)


@activated.register(Tanh, borrows=True)
def _tanh(activation, z):
    return tanh(activation.precision, z)


@activated.register(Silu, borrows=True)
def _silu(activation, z):
    half = activation.precision.half * z
    return half + half * tanh(activation.precision, half)
