"""The field by which y replicas, tied to a centre by a coupling γ, act on each other through it.

With h_i = Σ_μ h_{μ→i}: u = atanh(tanh h tanh γ) goes from a replica to the centre, k = (y - 1) u comes back from the
others, and h^ext = atanh(tanh k tanh γ). Both are written with 1 - tanh h and 1 - tanh γ, so that saturated
weights keep their digits; γ = ∞ is allowed and gives h^ext = (y - 1) h.
"""

import math

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import log_2cosh
from perceptron.kernels.special.hyperbolic import tanh_and_variance


@njit
def through_coupling(h, tanh_coupling, one_minus_tanh):
    """atanh(tanh h tanh γ), odd in h."""
    size = abs(h)
    m, s = tanh_and_variance(size)
    u = 0.5 * math.log((1.0 + m * tanh_coupling) / (s / (1.0 + m) + one_minus_tanh * m))
    return math.copysign(u, h)


@njit
def focus(fields, coupling, replicas, external):
    """Fill h^ext from h for coupling γ = (tanh γ, 1 - tanh γ) and y replicas."""
    tanh_coupling, one_minus_tanh = coupling
    number = external.dtype.type
    for i in range(fields.size):
        h = float(fields[i])
        if one_minus_tanh == 0.0:
            external[i] = number((replicas - 1.0) * h)
        else:
            u = through_coupling(h, tanh_coupling, one_minus_tanh)
            external[i] = number(through_coupling((replicas - 1.0) * u, tanh_coupling, one_minus_tanh))


@njit
def magnetise(fields, external, mean):
    """Renew m_i = tanh(h_i + h_i^ext); return (Σ(1 - m²), Σ m², largest change of a mean)."""
    number = mean.dtype.type
    variance, square, change = 0.0, 0.0, 0.0
    for i in range(fields.size):
        m, s = tanh_and_variance(float(fields[i]) + float(external[i]))
        variance += s
        square += m * m
        change = max(change, abs(m - float(mean[i])))
        mean[i] = number(m)
    return variance, square, change


@njit
def signs(fields, weights):
    """The centre's choice: w_i = sign h_i, +1 where h_i = 0."""
    for i in range(fields.size):
        weights[i] = np.int8(1) if fields[i] >= 0.0 else np.int8(-1)


@njit
def total_log_2cosh(fields, external):
    """Σ_i ln 2cosh(h_i + h_i^ext)."""
    total = 0.0
    for i in range(fields.size):
        total += log_2cosh(float(fields[i]) + float(external[i]))
    return total


@njit
def around_centre(fields, coupling, replicas):
    """(Σ_i (1 - S_i), Σ_i [ln 2cosh h + ln 2cosh γ - γ S_i - ln 2cosh u + u tanh(y u)]).

    `coupling` is (γ, tanh γ, 1 - tanh γ); ln 2cosh γ - γ S is written as γ(1 - S) + ln(1 + e^{-2γ}).
    """
    gamma, tanh_coupling, one_minus_tanh = coupling
    deficit, local = 0.0, 0.0
    free = math.log1p(math.exp(-2.0 * gamma))
    for i in range(fields.size):
        h = float(fields[i])
        u = h if one_minus_tanh == 0.0 else through_coupling(h, tanh_coupling, one_minus_tanh)
        product = math.tanh(h) * math.tanh((replicas - 1.0) * u)
        one_minus_s = one_minus_tanh * (1.0 - product) / (1.0 + tanh_coupling * product)
        deficit += one_minus_s
        local += log_2cosh(h) - log_2cosh(u) + u * math.tanh(replicas * u) + free
        if one_minus_s > 0.0:
            local += gamma * one_minus_s
    return deficit, local
