"""Averages behind α'_u to any number of digits, on lattices in two variables, each with a bound of its error.

The trapezoidal theorem of `proven_quadrature` is used in one variable after the other: with steps h and k, strips b and
c, and M the largest integral of |f| over lines shifted by at most that much, the error is at most
2M/(e^{2πb/h} - 1) + 2M/(e^{2πc/k} - 1). What bounds f there:

- a weight: |tanh|, sech² and their products in the nine averages are at most 216 where the imaginary parts of A and of
  √q̃̂ z₀ are at most 1;
- a pattern: |H(u+iv)| <= e^{v²/2} H(u), |G(u+iv)| = e^{v²/2} G(u), and for |v| <= 1 both R and 1/H stay near the real
  line: where u <= 0, Re H(u+iv) = H(u) - G(u)∫₀^v e^{s²/2} sin(us) ds >= 0.99 H(u), hence |R| <= 1.67 R(u); where
  0 <= u <= 1, Re 1/R = ∫₀^∞ e^{-ut-t²/2} cos(vt) dt is harmonic and smallest at u = v = 1, hence |R| <= 2.4; where
  u >= 1, R(x) - x is the Stieltjes transform of a law of mass one, hence |R - x| <= 1. So |R| <= 2.4 + u for u >= 0,
  and as H(u) <= G(u) min(√(π/2), 1/u), 1/|H(u+iv)| <= 4.1/H(u) everywhere. M is then 4.1 e^{growth} times an average
  under the real law, summed in double precision along with the lattice.

What is cut off at the ends of the lattices is taken as ten times the terms there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = ["Overlaps", "PatternDerivatives", "Rule", "overlaps_of", "pattern_derivatives"]

LEAST_NARROWING = 0.05  # of the law of y by the reference
EXTRA_REACH = 2.5  # standard deviations beyond e^{-z²/2} = 10^-digits
OF_A_WEIGHT, OF_A_PATTERN = 216.0, 4.1
AT_THE_ENDS = 10.0


class Rule(NamedTuple):
    """Digits of the quadrature and how much finer than the strips ask for."""

    digits: int
    refinement: float


class Overlaps(NamedTuple):
    """Averages over one counted weight beside its reference weight, as in `kernels.franz_parisi_entropic`."""

    reference_q: Any
    p: Any
    q: Any
    t: Any
    t_second: Any
    t2_second: Any
    third: Any
    t_third: Any
    fourth: Any


class PatternDerivatives(NamedTuple):
    """∂G_E and ∂²G_E in (p, t, q), and a bound of the error of each."""

    first: list[Any]
    second: list[list[Any]]
    error: Any


class Lattice(NamedTuple):
    """Half-width of the strip, step, and ln of the growth of the integrand's majorant up to its edge."""

    height: float
    step: Any
    growth: float


def _lattice(context: Any, strip: float, rule: Rule, variance: float = 1.0, growth: float = 0.0) -> Lattice:
    """Step for a Gaussian of given variance times a function that grows like e^{growth} up to the edge of the strip."""
    wanted = rule.digits * math.log(10.0)
    height = min(strip, math.sqrt(2.0 * wanted * variance))
    growth += 0.5 * height**2 / variance
    step = 2.0 * math.pi * height / (wanted + growth) / rule.refinement
    return Lattice(height, context.mpf(step), growth)


def _error(context: Any, lattice: Lattice, step: Any, size: Any) -> Any:
    """Largest error of the trapezoidal rule of a step for an integrand of a size on the real line."""
    return 2 * size * context.exp(lattice.growth) / context.expm1(2 * context.pi * lattice.height / step)


def _reach(context: Any, rule: Rule) -> Any:
    return context.sqrt(2 * context.log(10) * rule.digits) + EXTRA_REACH


def overlaps_of(context: Any, conjugates: Sequence[Any], rule: Rule) -> tuple[Overlaps, Any]:
    """Overlaps at (q̃̂, v, t̂, p̂), and a bound of their errors.

    A = (t̂/√q̃̂) z₀ + √v z₁ + p̂ - t̂ on a lattice whose values of A fall on one line of equal steps.
    """
    q_hat, v, t_hat, p_hat = conjugates
    field, spread = context.sqrt(q_hat), context.sqrt(v)
    slope, reach = t_hat / field, _reach(context, rule)
    in_z1 = _lattice(context, float(1 / spread), rule)
    in_z0 = _lattice(context, float(1 / max(field, slope)), rule)
    stride = max(int(slope * in_z0.step / (spread * in_z1.step)), 1)
    inner_step = min(in_z1.step, slope * in_z0.step / (spread * stride))
    outer_step = stride * spread * inner_step / slope
    inner, outer = int(reach / inner_step) + 1, int((reach + field) / outer_step) + 1
    inner_weights = [context.exp(-((j * inner_step) ** 2) / 2) for j in range(-inner, inner + 1)]
    columns: list[list[Any]] = [[] for _ in range(5)]
    for k in range(-stride * outer - inner, stride * outer + inner + 1):
        m = context.tanh(p_hat - t_hat + spread * inner_step * k)
        s = 1 - m * m
        for column, value in zip(columns, (m, m * m, s, -2 * m * s, s * (4 - 6 * s)), strict=True):
            column.append(value)
    sums = [context.mpf(0)] * 9
    for i in range(-outer, outer + 1):
        z = i * outer_step
        weight = context.exp(-z * z / 2) * 2 / (1 + context.exp(-2 * field * z))
        if weight < context.mpf(10) ** (-rule.digits - 10):
            continue
        tanh, first = context.tanh(field * z), stride * (i + outer)
        m, m2, s, third, fourth = (context.fdot(inner_weights, c[first : first + 2 * inner + 1]) for c in columns)
        row = (tanh * sum(inner_weights), m, m2, tanh * m, tanh * s, tanh**2 * s, third, tanh * third, fourth)
        sums = [total + weight * value for total, value in zip(sums, row, strict=True)]
    normal = inner_step * outer_step / (2 * context.pi)
    error = _error(context, in_z1, inner_step, OF_A_WEIGHT) + _error(context, in_z0, outer_step, OF_A_WEIGHT)
    error += AT_THE_ENDS * OF_A_WEIGHT * (context.exp(-reach * reach / 2) + context.mpf(10) ** (-rule.digits - 10))
    return Overlaps(*(normal * total for total in sums)), error


def pattern_derivatives(context: Any, o: Overlaps, margins: tuple[Any, Any], rule: Rule) -> PatternDerivatives:
    """∂G_E and ∂²G_E in (p, t, q), by the lattices of `kernels.franz_parisi_energetic` in ω and y."""
    reference_margin, margin = margins
    c, reference_c = 1 - o.q, 1 - o.reference_q
    tau2 = o.q - o.t**2 / o.reference_q
    variance = reference_c * (tau2 - (o.p - o.t) ** 2 / reference_c) / tau2
    sigma, scale = context.sqrt(variance), context.sqrt(o.q)
    h_spread = context.sqrt(o.reference_q * tau2 / o.q)
    s_slope = o.p / o.q
    s_spread = (o.q * o.reference_q - o.t * o.p) / context.sqrt(o.q * o.reference_q * tau2)
    reach, width = _reach(context, rule), context.sqrt(c)
    strip = float(min(width, context.sqrt(reference_c) * o.q / o.t))
    in_omega = _lattice(context, strip, rule, float(o.q), 0.5 * float(s_slope * strip / sigma) ** 2)
    step = in_omega.step
    y_strip = float(context.sqrt(reference_c) / h_spread)
    # 1/Z̃ grows like e^{x̃²/2} against the Gaussian of y
    y_reach = reach / context.sqrt(max(1 - h_spread**2 / reference_c, LEAST_NARROWING))
    in_y = _lattice(context, y_strip, rule, 1.0, 0.5 * float(s_spread / sigma * y_strip) ** 2)
    low = reference_margin / s_slope - reach * context.sqrt(variance + s_spread**2) / s_slope
    low, high = max(low, -reach * scale), min(margin + reach * width, reach * scale)
    stride = max(int(h_spread * in_y.step / (o.t / o.q * step)), 1)  # values of h₀ fall on one line of equal steps
    y_step = stride * o.t / o.q * step / h_spread
    y_half = int(y_reach / y_step) + 1
    nodes = [(j, j * y_step, context.exp(-((j * y_step) ** 2) / 2)) for j in range(-y_half, y_half + 1)]
    totals, cavities = [context.mpf(0)] * 9, _Cavities(context, o.t / o.q * step, reference_margin, reference_c)
    size, at_ends = 0.0, 0.0
    first, last = int(low / step) - 1, int(high / step) + 1
    for k in range(first, last + 1):
        edge = (reference_margin - s_slope * k * step) / sigma
        sums = [context.mpf(0)] * 6
        sizes = [
            cavities.add(sums, k + stride * j, edge - s_spread / sigma * y, sigma, weight) for j, y, weight in nodes
        ]
        omega = k * step
        law = context.exp(-(omega**2) / (2 * o.q))
        _add_node(context, totals, sums, (margin - omega) / width, width, law)
        slopes = float(law) * _slopes(float((margin - omega) / width), float(width))
        size += slopes * math.fsum(sizes)
        at_ends += slopes * (sizes[0] + sizes[-1] + (math.fsum(sizes) if k in (first, last) else 0.0))
    normal = step * y_step / (2 * context.pi * scale)
    d_p, d_t, d_q, pp, pt, pq, tt, tq, qq = (normal * total for total in totals)
    size *= OF_A_PATTERN * float(normal)
    error = _error(context, in_omega, step, size) + _error(context, in_y, y_step, size)
    error += AT_THE_ENDS * normal * at_ends
    return PatternDerivatives([d_p, d_t, d_q], [[pp, pt, pq], [pt, tt, tq], [pq, tq, qq]], error)


def _largest_ratio(u: float) -> tuple[float, float]:
    """Largest |R| and |R - x| for Re x = u and |Im x| <= 1."""
    if u >= 0.0:
        return 2.4 + u, 1.0 if u >= 1.0 else 4.0
    ratio = 1.67 * math.sqrt(2.0 / math.pi) * math.exp(-0.5 * u * u) / math.erfc(u / math.sqrt(2.0))
    return ratio, ratio - u + 1.0


def _slopes(u: float, width: float) -> float:
    """Majorant of all products of f' and f'' that the derivatives take."""
    ratio, excess = _largest_ratio(u)
    first, second = ratio / width, ratio * excess / width**2
    return first + first**2 + second + first * second + 0.5 * second**2 + first**2 * second


class _Cavities:
    """1/Z̃, g̃/Z̃ and (g̃' - g̃²)/Z̃ at cavity fields h₀ = k·step, remembered."""

    def __init__(self, context: Any, step: Any, edge: Any, variance: Any) -> None:
        self.context, self.step, self.edge, self.variance = context, step, edge, variance
        self.half, self.density = 1 / context.sqrt(2), 1 / context.sqrt(2 * context.pi)
        self.end = context.sqrt(2 * context.log(10) * context.dps)  # H is 0 or 1 beyond
        self.known: dict[int, tuple[Any, Any, Any]] = {}

    def at(self, k: int) -> tuple[Any, Any, Any]:
        """The three at one field."""
        if k not in self.known:
            root = self.context.sqrt(self.variance)
            x = (self.edge - k * self.step) / root
            tail = self.context.erfc(x * self.half) / 2
            ratio = self.density * self.context.exp(-x * x / 2) / tail
            slope = ratio / root
            bend = -ratio * (ratio - x) / self.variance - slope * slope
            self.known[k] = (1 / tail, slope / tail, bend / tail)
        return self.known[k]

    def add(self, sums: list[Any], k: int, x: Any, sigma: Any, weight: Any) -> float:
        """Add Z₁/Z̃ times 1, g̃, g̃' - g̃², ∂Z₁/Z̃ times 1, g̃, and ∂²Z₁/Z̃, where Z₁ = H(x) and σ∂ = -∂_x.

        Returns a majorant of all of them.
        """
        if x > self.end:
            return 0.0
        inverse, slope, bend = self.at(k)
        met = weight if x < -self.end else weight * self.context.erfc(x * self.half) / 2
        law = met * inverse
        sums[0] += law
        sums[1] += met * slope
        sums[2] += met * bend
        g, bent = self.majorant(k)
        size = float(law) * (1.0 + g + bent)
        if x > -self.end:
            rise = weight * self.density * self.context.exp(-x * x / 2) / sigma
            edge = rise * inverse
            sums[3] += edge
            sums[4] += rise * slope
            sums[5] += edge * x / sigma
            size += float(edge) * (1.0 + g + (1.0 + abs(float(x))) / float(sigma))
        return size

    def majorant(self, k: int) -> tuple[float, float]:
        """Of g̃ and of g̃' - g̃² at one cavity field."""
        variance = float(self.variance)
        ratio, excess = _largest_ratio((float(self.edge) - k * float(self.step)) / math.sqrt(variance))
        return ratio / math.sqrt(variance), ratio * (excess + ratio) / variance


def _add_node(context: Any, totals: list[Any], sums: Sequence[Any], x: Any, width: Any, weight: Any) -> None:
    ratio = context.exp(-x * x / 2) / context.sqrt(2 * context.pi) / (context.erfc(x / context.sqrt(2)) / 2)
    f1, f2 = ratio / width, -ratio * (ratio - x) / width**2
    values = (
        sums[3] * f1,
        -sums[1] * f1,
        -sums[0] * f1 * f1 / 2,
        sums[5] * f2,
        -sums[4] * f2,
        -sums[3] * f1 * f2,
        -sums[2] * f2,
        sums[1] * f1 * f2,
        -sums[0] * (f2 * f2 - 2 * f1 * f1 * f2) / 2,
    )
    for k, value in enumerate(values):
        totals[k] += weight * value
