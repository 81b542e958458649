"""The load α'_u, up to which maximum-margin references have monotone surroundings, beyond double precision.

One system in (q̃̂, κ̃, α, v, t̂, p̂): the reference's saddle and φ = 0, both saddle equations of the Franz-Parisi
entropy, φ'_FP = 0, and φ''_FP = 0, which says that the three by three Jacobian of the last equations is singular. All
averages are trapezoidal lattices in two variables, exponentially accurate as in `proven_quadrature`, with steps from
the same strips; here the error is measured on a finer lattice, not proved. Newton's method keeps a Jacobian of finite
differences, which gains some five digits a step. The error adds the last step and the change under the finer lattice.
Not for other thresholds, or where double precision is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from perceptron.solution import ConvergenceError, Status
from perceptron.theory import thresholds
from perceptron.theory.arbitrary_precision import Digits, Number, mpmath_arithmetic, number, working_context
from perceptron.theory.franz_parisi import franz_parisi_branch
from perceptron.theory.proven_quadrature import energetic, entropic
from perceptron.theory.replica_symmetric import maximum_margin, typical_solutions

__all__ = ["dense_core_load"]

FIRST_DIGITS, DIGITS_PER_STEP = 13, 6  # of the quadrature, which follows the iteration
GUARD = 8  # digits of the quadrature beyond those asked for
FINER = 1.25  # of the rule that judges the result
JACOBIAN_DIGITS, JACOBIAN_STEP = 11, "1e-6"
MAX_ITERATIONS = 12
LEAST_NARROWING = 0.05  # of the law of y by the reference
EXTRA_REACH = 2.5  # standard deviations beyond e^{-z²/2} = 10^-digits


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


def dense_core_load(margin: Number = 0, digits: int = 20, *, throw: bool = True) -> Digits:
    """α'_u at counted margin κ.

    Parameters
    ----------
    margin : int, float, str or Fraction
        κ, exactly as in `arbitrary_precision.typical_solutions`.
    digits : int
        Digits wanted; 20 take a few minutes.
    throw : bool
        Raise where they were not reached (default), or return what was reached with its status.
    """
    context = working_context(digits)
    exact = number(context, "margin", margin)
    point = _start(context, float(exact))
    inverse = _inverse_jacobian(context, point, exact)
    enough = context.mpf(10) ** (-digits - 2)
    for iteration in range(1, MAX_ITERATIONS + 1):
        rule = Rule(min(FIRST_DIGITS + DIGITS_PER_STEP * iteration, digits + GUARD), 1.0)
        residuals = _residuals(context, point, exact, rule)
        step = -inverse * residuals
        point = [x + dx for x, dx in zip(point, step, strict=True)]
        if abs(step[2]) <= enough and rule.digits == digits + GUARD:
            break
    judged = inverse * _residuals(context, point, exact, Rule(digits + GUARD, FINER))
    error = abs(step[2]) + abs(judged[2])
    status = Status.CONVERGED if error <= context.mpf(10) ** -digits else Status.NOT_CONVERGED
    residual = max(abs(r) for r in residuals)
    result = Digits("alpha_u_prime", point[2], error, digits, status, iteration, residual)
    if throw and status is not Status.CONVERGED:
        raise ConvergenceError(f"alpha_u_prime did not reach {digits} digits: error {result.error_text}", result)
    return result


def _start(context: Any, margin: float) -> list[Any]:
    """The unknowns in double precision."""
    found = thresholds.dense_core_load(margin)
    reference = maximum_margin(found.value).value
    point = franz_parisi_branch(found.value, reference, margin).at(found.distance)
    q_hat = typical_solutions(found.value, reference).q_hat.value
    v = point.q_hat - point.t_hat**2 / q_hat
    return [context.mpf(x) for x in (q_hat, reference, found.value, v, point.t_hat, point.p_hat)]


def _inverse_jacobian(context: Any, point: Sequence[Any], margin: Any) -> Any:
    """By forward differences at few digits: its error only sets the pace of the iteration."""
    rule, step = Rule(JACOBIAN_DIGITS, 1.0), context.mpf(JACOBIAN_STEP)
    base = _residuals(context, point, margin, rule)
    columns = []
    for k in range(len(point)):
        shifted = [x + (step if i == k else 0) for i, x in enumerate(point)]
        columns.append((_residuals(context, shifted, margin, rule) - base) / step)
    return context.matrix([[columns[k][i] for k in range(len(point))] for i in range(len(point))]) ** -1


def _residuals(context: Any, point: Sequence[Any], margin: Any, rule: Rule) -> Any:
    """The six equations."""
    q_hat, reference_margin, load, v, t_hat, p_hat = point
    arithmetic = mpmath_arithmetic(context)
    weight = entropic(arithmetic, q_hat, float(q_hat) * 1.001, rule.digits)
    c = weight.one_minus_overlap
    pattern = energetic(arithmetic, reference_margin, c, rule.digits)
    entropy = -q_hat * c / 2 + weight.log_partition + load * pattern.log_tail
    overlaps = _overlaps(context, (q_hat, v, t_hat, p_hat), rule)
    first, second = _pattern_derivatives(context, overlaps, (reference_margin, margin), rule)
    gradient = _gradient(overlaps, t_hat / q_hat)
    by_t, by_q = second[1], second[2]

    def along(row: Sequence[Any], column: int) -> Any:
        return load * sum(row[i] * gradient[i][column] for i in range(3))

    jacobian = context.matrix(3, 3)
    for column in range(3):
        jacobian[0, column] = 2 * along(by_q, column)
        jacobian[1, column] = along(by_t, column)
        jacobian[2, column] = -along(second[0], column)
    jacobian[0, 0] += 1
    jacobian[0, 1] += 2 * t_hat / q_hat
    jacobian[1, 1] += 1
    jacobian[2, 2] += 1
    saddle = (v + t_hat**2 / q_hat + 2 * load * first[2], t_hat + load * first[1], p_hat - load * first[0])
    reference = (q_hat - load * pattern.squared_ratio / c, entropy)
    return context.matrix([*reference, *saddle, context.det(jacobian)])


def _gradient(o: Overlaps, ratio: Any) -> list[list[Any]]:
    """Rows p, t, q; columns v, t̂, p̂ (at fixed v), with ratio = t̂/q̃̂."""
    c = 1 - o.q
    by_q_hat = (o.third / 2, o.t_third / 2, -o.fourth / 2)
    by_t_hat = (-o.t_second, c - 2 * o.t2_second, o.t_third)
    by_p_hat = (c, o.t_second, -o.third)
    return [[by_q_hat[i], by_t_hat[i] + 2 * ratio * by_q_hat[i], by_p_hat[i]] for i in range(3)]


def _lattice(context: Any, strip: float, reach: Any, rule: Rule, growth: float = 0.0) -> tuple[Any, int]:
    """Step for functions that grow like e^{growth} in the strip, and the number of nodes up to `reach`."""
    wanted = rule.digits * 2.302585092994046
    height = min(strip, float(context.sqrt(2 * wanted)))
    step = 6.283185307179586 * height / (wanted + 0.5 * height**2 + growth) / rule.refinement
    return context.mpf(step), int(reach / step) + 1


def _reach(context: Any, rule: Rule) -> Any:
    return context.sqrt(2 * context.log(10) * rule.digits) + EXTRA_REACH


def _overlaps(context: Any, conjugates: Sequence[Any], rule: Rule) -> Overlaps:
    """A = (t̂/√q̃̂) z₀ + √v z₁ + p̂ - t̂ on a lattice whose values of A fall on one line of equal steps."""
    q_hat, v, t_hat, p_hat = conjugates
    field, spread = context.sqrt(q_hat), context.sqrt(v)
    slope, reach = t_hat / field, _reach(context, rule)
    inner_step, inner = _lattice(context, float(1 / spread), reach, rule)
    outer_step, _ = _lattice(context, float(1 / max(field, slope)), reach, rule)
    stride = max(int(slope * outer_step / (spread * inner_step)), 1)
    inner_step = min(inner_step, slope * outer_step / (spread * stride))
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
    return Overlaps(*(normal * total for total in sums))


def _pattern_derivatives(
    context: Any, o: Overlaps, margins: tuple[Any, Any], rule: Rule
) -> tuple[list[Any], list[list[Any]]]:
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
    growth = 0.5 * float(s_slope * strip / sigma) ** 2
    step, _ = _lattice(context, strip, 1, rule, growth)
    y_strip = float(context.sqrt(reference_c) / h_spread)
    # 1/Z̃ grows like e^{x̃²/2} against the Gaussian of y
    y_reach = reach / context.sqrt(max(1 - h_spread**2 / reference_c, LEAST_NARROWING))
    y_step, _ = _lattice(context, y_strip, y_reach, rule, 0.5 * float(s_spread / sigma * y_strip) ** 2)
    low = reference_margin / s_slope - reach * context.sqrt(variance + s_spread**2) / s_slope
    low, high = max(low, -reach * scale), min(margin + reach * width, reach * scale)
    stride = max(int(h_spread * y_step / (o.t / o.q * step)), 1)  # values of h₀ fall on one line of equal steps
    y_step = stride * o.t / o.q * step / h_spread
    y_half = int(y_reach / y_step) + 1
    nodes = [(j, j * y_step, context.exp(-((j * y_step) ** 2) / 2)) for j in range(-y_half, y_half + 1)]
    totals, cavities = [context.mpf(0)] * 9, _Cavities(context, o.t / o.q * step, reference_margin, reference_c)
    for k in range(int(low / step) - 1, int(high / step) + 2):
        edge = (reference_margin - s_slope * k * step) / sigma
        sums = [context.mpf(0)] * 6
        for j, y, weight in nodes:
            cavities.add(sums, k + stride * j, edge - s_spread / sigma * y, sigma, weight)
        omega = k * step
        _add_node(context, totals, sums, (margin - omega) / width, width, context.exp(-(omega**2) / (2 * o.q)))
    totals = [total * step * y_step / (2 * context.pi * scale) for total in totals]
    d_p, d_t, d_q, pp, pt, pq, tt, tq, qq = totals
    return [d_p, d_t, d_q], [[pp, pt, pq], [pt, tt, tq], [pq, tq, qq]]


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

    def add(self, sums: list[Any], k: int, x: Any, sigma: Any, weight: Any) -> None:
        """Add Z₁/Z̃ times 1, g̃, g̃' - g̃², ∂Z₁/Z̃ times 1, g̃, and ∂²Z₁/Z̃, where Z₁ = H(x) and σ∂ = -∂_x."""
        if x > self.end:
            return
        inverse, slope, bend = self.at(k)
        met = weight if x < -self.end else weight * self.context.erfc(x * self.half) / 2
        sums[0] += met * inverse
        sums[1] += met * slope
        sums[2] += met * bend
        if x > -self.end:
            rise = weight * self.density * self.context.exp(-x * x / 2) / sigma
            sums[3] += rise * inverse
            sums[4] += rise * slope
            sums[5] += rise * inverse * x / sigma


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
