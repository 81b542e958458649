"""Averages of the replica-symmetric saddle to any number of digits, with a proven bound of the quadrature.

The trapezoidal rule of step h converges exponentially for analytic integrands: if |f| integrates to at most M along
every line of the strip |Im z| <= b, it misses the integral by at most 2M/(e^{2πb/h} - 1) [1]_. Everything the theorem
asks for is known by hand here, so the number of nodes follows from the number of digits, and nothing is guessed:

- in the strip |Im A| <= 1, ln 2cosh A, sech²A and 2 sech²A - 3 sech⁴A are at most 50 + |Re A|;
- in the strip |Im x| <= 1 the tail H has no zero and R = G/H obeys |R(x)| <= 29 + |Re x|. For Re x <= 0 because
  |H(u+iv)| >= H(u) - G(u)∫₀¹e^{s²/2}ds; for 0 <= Re x <= 1 because Re 1/R is π times a Gaussian smeared with a
  Cauchy law; for Re x >= 1 because R(x) - x is the Stieltjes transform of a law of mass one. Integrating R,
  |ln H(x)| <= u²/2 + 2|u| + 31. With T = 30 + 2|u| all averages below are of functions that are at most 3T⁴.

The arithmetic is a parameter: mpmath numbers here and balls of python-flint in `enclosure` run the same code.

References
----------
.. [1] L. N. Trefethen and J. A. C. Weideman, SIAM Review 56, 385 (2014), theorem 5.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Arithmetic", "Energetic", "Entropic", "Rule", "energetic", "entropic", "trapezoidal_rule"]

FOURTH_MOMENT = 3.0**0.25  # of a standard normal: ⟨z⁴⟩^{1/4}
SHORTEST_REACH = 4.0
SLACK = 1.0 + 1e-9  # over the rounding of the bounds, which are computed in double precision


class Arithmetic(NamedTuple):
    """What a number system must offer; `widened(x, log_bound)` is x with an error of at most e^log_bound."""

    number: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    erfc: Callable[[Any], Any]
    pi: Any
    widened: Callable[[Any, float], Any]


class Rule(NamedTuple):
    """Nodes k·step, |k| <= half, of ∫Dz, and ln of the largest error of any average it is made for."""

    step: float
    half: int
    log_bound: float


class Entropic(NamedTuple):
    """Averages over one binary weight in the field A = √q̂ z."""

    log_partition: Any  # ⟨ln 2cosh A⟩
    one_minus_overlap: Any  # ⟨sech² A⟩
    slope: Any  # d⟨sech² A⟩/dq̂ = ⟨2 sech² A - 3 sech⁴ A⟩


class Energetic(NamedTuple):
    """Averages over one pattern of a margin step, x = (κ - √q z)/√(1-q)."""

    log_tail: Any  # ⟨ln H⟩
    ratio: Any  # ⟨R⟩
    squared_ratio: Any  # ⟨R²⟩
    by_margin: Any  # ⟨R²(R - x)⟩
    by_variance: Any  # ⟨R²(R - x)² + 2R³(R - x)⟩


def trapezoidal_rule(strip: float, majorant: tuple[float, float, float, int], digits: int) -> Rule:
    """Step and reach with which ∫Dz f has an error below 10^-digits.

    Parameters
    ----------
    strip : float
        f is analytic for |Im z| <= strip.
    majorant : (constant, base, slope, power)
        There |f| <= constant (base + slope |Re z|)^power, with power <= 4.
    digits : int
        What is asked for, absolutely.
    """
    constant, base, slope, power = majorant
    log_size = math.log(constant) + power * math.log(base + FOURTH_MOMENT * slope)
    wanted = digits * math.log(10.0) + max(log_size, 0.0) + 3.0
    height = min(strip, math.sqrt(2.0 * wanted))  # |G(x + ib)| = G(x) e^{b²/2}: higher than this is no gain
    exponent = wanted + 0.5 * height * height
    step = 2.0 * math.pi * height / exponent
    log_strip_error = math.log(2.0) + log_size + 0.5 * height * height - exponent - math.log1p(-math.exp(-exponent))
    reach = SHORTEST_REACH
    while True:  # terms beyond the reach fall at least like e^{-(z - reach)(reach - 1)}
        log_tail = math.log(constant) + power * math.log(base + slope * reach) - 0.5 * reach * reach
        log_tail += math.log(2.0 * (step + 1.0 / (reach - 1.0)))
        if log_tail <= -wanted + max(log_size, 0.0):
            break
        reach += 0.25
    log_bound = max(log_strip_error, log_tail) + math.log1p(math.exp(-abs(log_strip_error - log_tail)))
    return Rule(step, math.ceil(reach / step) + 1, log_bound + math.log(SLACK))


def entropic(arithmetic: Arithmetic, q_hat: Any, largest_q_hat: float, digits: int) -> Entropic:
    """Averages over one weight; `largest_q_hat` is at least q̂, and at least the upper end of a ball."""
    exp, log1p = arithmetic.exp, arithmetic.log1p
    scale = math.sqrt(largest_q_hat) * SLACK
    rule = trapezoidal_rule(1.0 / scale, (1.0, 50.0, scale, 1), digits)
    step, width = arithmetic.number(rule.step), arithmetic.sqrt(q_hat)
    sums = [arithmetic.number(0)] * 3
    for k in range(rule.half + 1):
        z = step * k
        weight = exp(-z * z / 2) * (1 if k == 0 else 2)
        field = width * z
        decay = exp(-2 * field)
        sech2 = 4 * decay / (1 + decay) ** 2
        sums[0] += weight * (field + log1p(decay))
        sums[1] += weight * sech2
        sums[2] += weight * sech2 * (2 - 3 * sech2)
    normal = step / arithmetic.sqrt(2 * arithmetic.pi)
    return Entropic(*(arithmetic.widened(normal * total, rule.log_bound) for total in sums))


def energetic(arithmetic: Arithmetic, margin: Any, one_minus_overlap: Any, digits: int) -> Energetic:
    """Averages over one pattern."""
    exp, number = arithmetic.exp, arithmetic.number
    width = arithmetic.sqrt(one_minus_overlap)
    slope = arithmetic.sqrt(1 - one_minus_overlap) / width
    edge = margin / width
    largest_slope, largest_edge = float(slope) * (1.0 + 1e-6), abs(float(edge)) * (1.0 + 1e-6) + 1e-6
    majorant = (3.0, 30.0 + 2.0 * largest_edge, 2.0 * largest_slope, 4)
    rule = trapezoidal_rule(1.0 / largest_slope, majorant, digits)
    step, root_half = number(rule.step), 1 / arithmetic.sqrt(number(2))
    density = 1 / arithmetic.sqrt(2 * arithmetic.pi)
    sums = [number(0)] * 5
    for k in range(-rule.half, rule.half + 1):
        z = step * k
        weight = exp(-z * z / 2)
        x = edge - slope * z
        tail = arithmetic.erfc(x * root_half) / 2
        ratio = density * exp(-x * x / 2) / tail
        excess = ratio - x
        squared = ratio * ratio
        sums[0] += weight * arithmetic.log(tail)
        sums[1] += weight * ratio
        sums[2] += weight * squared
        sums[3] += weight * squared * excess
        sums[4] += weight * squared * excess * (excess + 2 * ratio)
    return Energetic(*(arithmetic.widened(step * density * total, rule.log_bound) for total in sums))
