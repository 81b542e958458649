"""Belief propagation with a message on every edge: one sweep over the patterns, fused row by row.

A row holds the messages h_{μ→i} of one pattern. With the total fields H_i = h_i^ext + Σ_ν h_{ν→i}

    m_{i→μ} = tanh(H_i - h_{μ→i}),   a_μ = Σ_j ξ_j m_{j→μ},   V_μ = Σ_j ξ_j² (1 - m²_{j→μ}),

and the node answers each weight with its cavity sums a = a_μ - ξ_i m_{i→μ}, V = V_μ - ξ_i² (1 - m²_{i→μ}):

- Gaussian node, double precision: h_{μ→i} = ½ [ln H((t - a - ξ_i)/√V) - ln H((t - a + ξ_i)/√V)];
- relaxed node, single precision, first order in ξ_i: h_{μ→i} = ξ_i g - ξ_i² m_{i→μ} g', with g = ∂_a ln H((t - a)/√V)
  and g' = ∂_a g at a_μ, V_μ.

Where V is large the two ln H of an edge come from one Taylor polynomial around (t - a_μ)/√V_μ, which vectorises (its
remainder is below 1e-10); elsewhere they are evaluated directly. Sums are reassociated to vectorise; nothing else is
relaxed, so that nan stays nan.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign, njit
from perceptron.kernels.special.gaussian import log_2cosh, log_gaussian_tail, log_tail_and_ratio
from perceptron.kernels.special.hyperbolic import short_tanh_and_variance, tanh_and_variance

REASSOCIATED = {"reassoc", "contract", "nsz"}
DEGREE = 9
SHORT_REACH = 0.08  # within it degree 6 is enough
TAYLOR_REACH = 0.3  # largest distance from the centre at which the polynomial stands for ln H
SMALLEST_VARIANCE = 1e-9
F32 = np.float32


class Edges(NamedTuple):
    """Messages h_{μ→i}, shape (n_patterns, n_weights), of double or single precision, and two rows of scratch."""

    patterns: np.ndarray
    messages: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


class Update(NamedTuple):
    """Threshold t, damping (weight of the old message), and whether fields are corrected in place (sequential)."""

    threshold: float
    damping: float
    in_place: bool


@njit(fastmath=REASSOCIATED)
def cavity_row(edges, mu, fields):
    """Fill m_{i→μ} and ξ²(1 - m²_{i→μ}) of one row; return (a_μ, V_μ)."""
    patterns, messages, mean, variance = edges
    a, v = 0.0, 0.0
    for i in range(fields.size):
        m, s = tanh_and_variance(fields[i] - messages[mu, i])
        xi = patterns[mu, i]
        mean[i] = xi * m
        variance[i] = xi * xi * s
        a += mean[i]
        v += variance[i]
    return a, v


@njit(fastmath=REASSOCIATED)
def short_cavity_row(edges, mu, fields):
    """The same in single precision."""
    patterns, messages, mean, _ = edges
    a, v = F32(0.0), F32(0.0)
    for i in range(fields.size):
        m, s = short_tanh_and_variance(fields[i] - messages[mu, i])
        xi = F32(patterns[mu, i])
        mean[i] = xi * m
        a += mean[i]
        v += xi * xi * s
    return a, v


@njit(fastmath=REASSOCIATED)
def short_cavity_row_of_signs(edges, mu, fields):
    """The same for ξ = ±1, whose squares need no multiplication."""
    patterns, messages, mean, _ = edges
    a, v = F32(0.0), F32(0.0)
    for i in range(fields.size):
        m, s = short_tanh_and_variance(fields[i] - messages[mu, i])
        mean[i] = F32(patterns[mu, i]) * m
        a += mean[i]
        v += s
    return a, v


@njit
def slopes(threshold, a, v):
    """(g, g') of ln H((t - a)/√V) with respect to a."""
    inverse_width = 1.0 / math.sqrt(v)
    x = (threshold - a) * inverse_width
    ratio = log_tail_and_ratio(x)[1]
    return ratio * inverse_width, -ratio * (ratio - x) / v


@njit(fastmath=REASSOCIATED)
def relaxed_row(edges, mu, slope, curvature, update, fields):
    """Damped messages of one row; fields[i] gains the new message, less the old one where corrected in place."""
    patterns, messages, mean, _ = edges
    keep, forget = F32(update.damping), F32(1.0 if update.in_place else 0.0)
    g, c = F32((1.0 - update.damping) * slope), F32((1.0 - update.damping) * curvature)
    for i in range(fields.size):
        xi = F32(patterns[mu, i])
        old = messages[mu, i]
        new = xi * (g - c * mean[i]) + keep * old
        messages[mu, i] = new
        fields[i] += new - forget * old


@njit
def relaxed_sweep(edges, order, update, read, fields):
    """One sweep of the relaxed node over the rows in `order`, from fields `read` into `fields`."""
    signs = edges.patterns.itemsize == 1  # int8: ±1
    for mu in order:
        a, v = short_cavity_row_of_signs(edges, mu, read) if signs else short_cavity_row(edges, mu, read)
        slope, curvature = slopes(update.threshold, float(a), max(float(v), SMALLEST_VARIANCE))
        relaxed_row(edges, mu, slope, curvature, update, fields)


@njit
def tail_polynomial(x, coefficients):
    """Taylor coefficients of ln H around x, up to DEGREE: R' = R² - xR, differentiated on."""
    log_tail, ratio = log_tail_and_ratio(x)
    coefficients[0] = log_tail
    coefficients[1] = -ratio  # of ln H; -k c_k are the coefficients r_{k-1} of R
    for k in range(1, DEGREE):
        # k r_k = Σ_j r_j r_{k-1-j} - x r_{k-1} - r_{k-2}
        total = 0.0
        for j in range(k):
            total += (j + 1) * coefficients[j + 1] * (k - j) * coefficients[k - j]
        total += x * k * coefficients[k]
        if k >= 2:
            total += (k - 1) * coefficients[k - 1]
        coefficients[k + 1] = -total / (k * (k + 1))


@njit(fastmath=REASSOCIATED)
def gaussian_row_by_polynomial(edges, mu, sums, coefficients, update, fields):
    """Damped messages of one row where V_μ is large; both ln H of an edge from the polynomial around x_μ."""
    patterns, messages, mean, variance = edges
    offset, v = sums  # t - a_μ, V_μ
    inverse_variance = 1.0 / v
    inverse_width = math.sqrt(inverse_variance)
    centre = offset * inverse_width
    move, keep, forget = 1.0 - update.damping, update.damping, 1.0 if update.in_place else 0.0
    for i in range(fields.size):
        r = variance[i] * inverse_variance
        # (1 - r)^(-1/2), remainder below r^7
        stretch = 1.0 + r * (0.5 + r * (0.375 + r * (0.3125 + r * (0.2734375 + r * (0.24609375 + r * 0.2255859375)))))
        width = inverse_width * stretch
        step = patterns[mu, i] * width
        u = (offset + mean[i]) * width - centre
        lo, hi = u - step, u + step
        below, above = 0.0, 0.0
        for k in range(len(coefficients) - 1, -1, -1):  # unrolled: the length is part of the type
            below = below * lo + coefficients[k]
            above = above * hi + coefficients[k]
        old = messages[mu, i]
        new = move * 0.5 * (lo * below - hi * above) + keep * old
        messages[mu, i] = new
        fields[i] += new - forget * old


@njit
def gaussian_row(edges, mu, sums, update, fields):
    """Damped messages of one row, every ln H evaluated."""
    patterns, messages, mean, variance = edges
    offset, v = sums
    forget = 1.0 if update.in_place else 0.0
    for i in range(fields.size):
        width = 1.0 / math.sqrt(max(v - variance[i], SMALLEST_VARIANCE))
        x, step = (offset + mean[i]) * width, patterns[mu, i] * width
        old = messages[mu, i]
        new = 0.5 * (log_gaussian_tail(x - step) - log_gaussian_tail(x + step))
        new = (1.0 - update.damping) * new + update.damping * old
        messages[mu, i] = new
        fields[i] += new - forget * old


@njit
def gaussian_sweep(edges, order, update, read, fields, largest_entry):
    """One sweep of the Gaussian node over the rows in `order`; `largest_entry` is max |ξ|."""
    coefficients = np.empty(DEGREE + 1)
    for mu in order:
        a, v = cavity_row(edges, mu, read)
        sums = (update.threshold - a, max(v, SMALLEST_VARIANCE))
        reach = (2.0 * largest_entry + 0.5 * abs(sums[0]) * largest_entry**2 / sums[1]) / math.sqrt(sums[1])
        if 1.1 * reach < TAYLOR_REACH and largest_entry**2 < 0.03 * sums[1]:
            tail_polynomial(sums[0] / math.sqrt(sums[1]), coefficients)
            c = coefficients
            if reach < SHORT_REACH:
                few = (c[1], c[2], c[3], c[4], c[5], c[6])
                gaussian_row_by_polynomial(edges, mu, sums, few, update, fields)
            else:
                many = (c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9])
                gaussian_row_by_polynomial(edges, mu, sums, many, update, fields)
        else:
            gaussian_row(edges, mu, sums, update, fields)


@njit
def sum_messages(messages, external, fields):
    """fields[i] = h_i^ext + Σ_μ h_{μ→i}."""
    assign(fields, external)
    for mu in range(messages.shape[0]):
        for i in range(fields.size):
            fields[i] += messages[mu, i]


@njit
def cavity_sums(edges, fields, means, variances):
    """Fill (a_μ, V_μ) of the present messages for all patterns, in double precision."""
    patterns, messages, _, _ = edges
    for mu in range(messages.shape[0]):
        a, v = 0.0, 0.0
        for i in range(fields.size):
            m, s = tanh_and_variance(fields[i] - messages[mu, i])
            xi = float(patterns[mu, i])
            a += xi * m
            v += xi * xi * s
        means[mu] = a
        variances[mu] = max(v, SMALLEST_VARIANCE)


@njit
def total_log_tail(threshold, means, variances):
    """Σ_μ ln H((t - a_μ)/√V_μ)."""
    total = 0.0
    for mu in range(means.size):
        total += log_gaussian_tail((threshold - means[mu]) / math.sqrt(variances[mu]))
    return total


@njit
def edge_terms(messages, fields):
    """Σ_{iμ} [ln 2cosh H_i - ln 2cosh(H_i - h_{μ→i})]."""
    total = 0.0
    for i in range(fields.size):
        whole = log_2cosh(float(fields[i]))
        for mu in range(messages.shape[0]):
            total += whole - log_2cosh(float(fields[i]) - float(messages[mu, i]))
    return total
