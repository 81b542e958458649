"""The load α'_u, up to which maximum-margin references have monotone surroundings, beyond double precision.

One system in (q̃̂, κ̃, α, v, t̂, p̂): the reference's saddle and φ = 0, both saddle equations of the Franz-Parisi
entropy, φ'_FP = 0, and φ''_FP = 0, which says that the three by three Jacobian of the last equations is singular. All
averages are trapezoidal lattices in two variables, exponentially accurate, with a bound of their errors
(`dense_core_averages`). Newton's method keeps a Jacobian of finite differences, which gains some five digits a step.
The error adds to the last step what the bounds of the averages let the six equations, and through the inverse Jacobian
the load, be off. Not for other thresholds, or where double precision is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from perceptron.base.results import ConvergenceError, Solution, Status
from perceptron.theory.digits.arbitrary_precision import (
    Digits,
    Number,
    mpmath_arithmetic,
    number,
    working_context,
)
from perceptron.theory.digits.dense_core_averages import (
    Overlaps,
    PatternDerivatives,
    Rule,
    overlaps_of,
    pattern_derivatives,
)
from perceptron.theory.digits.proven_quadrature import Energetic, Entropic, energetic, entropic
from perceptron.theory.franz_parisi import thresholds
from perceptron.theory.franz_parisi.branch import franz_parisi_branch
from perceptron.theory.typical.solutions import maximum_margin, typical_solutions

__all__ = ["dense_core_load"]

FIRST_DIGITS, DIGITS_PER_STEP = 13, 6  # of the quadrature, which follows the iteration
GUARD = 12  # digits of the quadrature beyond those asked for: its bounds are that much wider than its errors
JACOBIAN_DIGITS, JACOBIAN_STEP = 11, "1e-6"
JACOBIAN_SLACK = 2  # over the inverse Jacobian and the sensitivities, which are known to a few digits
MAX_ITERATIONS = 12


class Averages(NamedTuple):
    """What the equations are made of, with bounds of their errors."""

    weight: Entropic
    pattern: Energetic
    overlaps: Overlaps
    derivatives: PatternDerivatives
    reference_error: Any  # of the first two
    overlap_error: Any


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
    found = thresholds.dense_core_load(float(exact))
    point = _start(context, found, float(exact))
    inverse = _inverse_jacobian(context, point, exact)
    enough = context.mpf(10) ** (-digits - 2)
    for iteration in range(1, MAX_ITERATIONS + 1):
        rule = Rule(min(FIRST_DIGITS + DIGITS_PER_STEP * iteration, digits + GUARD), 1.0)
        averages = _averages(context, point, exact, rule)
        residuals = _equations(context, point, averages)
        step = -inverse * residuals
        point = [x + dx for x, dx in zip(point, step, strict=True)]
        if abs(step[2]) <= enough and rule.digits == digits + GUARD:
            break
    error = abs(step[2]) + JACOBIAN_SLACK * _carried(context, point, exact, inverse, averages)
    status = Status.CONVERGED if error <= context.mpf(10) ** -digits else Status.NOT_CONVERGED
    residual = max(abs(r) for r in residuals)
    result = Digits("alpha_u_prime", point[2], error, digits, status, iteration, residual, found.replicon)
    if throw and status is not Status.CONVERGED:
        raise ConvergenceError(f"alpha_u_prime did not reach {digits} digits: error {result.error_text}", result)
    return result


def _start(context: Any, found: Solution, margin: float) -> list[Any]:
    """The unknowns in double precision, at the load found."""
    reference = maximum_margin(found.value).value
    point = franz_parisi_branch(found.value, reference, margin).at(found.distance)
    q_hat = typical_solutions(found.value, reference).q_hat.value
    v = point.q_hat - point.t_hat**2 / q_hat
    return [context.mpf(x) for x in (q_hat, reference, found.value, v, point.t_hat, point.p_hat)]


def _inverse_jacobian(context: Any, point: Sequence[Any], margin: Any) -> Any:
    """By forward differences at few digits: its error only sets the pace of the iteration."""
    rule, step = Rule(JACOBIAN_DIGITS, 1.0), context.mpf(JACOBIAN_STEP)
    base = _equations(context, point, _averages(context, point, margin, rule))
    columns = []
    for k in range(len(point)):
        shifted = [x + (step if i == k else 0) for i, x in enumerate(point)]
        columns.append((_equations(context, shifted, _averages(context, shifted, margin, rule)) - base) / step)
    return context.matrix([[columns[k][i] for k in range(len(point))] for i in range(len(point))]) ** -1


def _averages(context: Any, point: Sequence[Any], margin: Any, rule: Rule) -> Averages:
    q_hat, reference_margin, _, v, t_hat, p_hat = point
    arithmetic = mpmath_arithmetic(context)
    weight = entropic(arithmetic, q_hat, float(q_hat) * 1.001, rule.digits)
    pattern = energetic(arithmetic, reference_margin, weight.one_minus_overlap, rule.digits)
    overlaps, overlap_error = overlaps_of(context, (q_hat, v, t_hat, p_hat), rule)
    derivatives = pattern_derivatives(context, overlaps, (reference_margin, margin), rule)
    return Averages(weight, pattern, overlaps, derivatives, context.mpf(10) ** -rule.digits, overlap_error)


def _equations(context: Any, point: Sequence[Any], averages: Averages) -> Any:
    """What is left of the six equations."""
    q_hat, _, load, v, t_hat, p_hat = point
    c, (first, second, _) = averages.weight.one_minus_overlap, averages.derivatives
    entropy = -q_hat * c / 2 + averages.weight.log_partition + load * averages.pattern.log_tail
    gradient = _gradient(averages.overlaps, t_hat / q_hat)
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
    reference = (q_hat - load * averages.pattern.squared_ratio / c, entropy)
    return context.matrix([*reference, *saddle, context.det(jacobian)])


def _carried(context: Any, point: Sequence[Any], margin: Any, inverse: Any, averages: Averages) -> Any:
    """How far the load may be off where every average is by as much as its bound."""
    base = _averages(context, point, margin, Rule(JACOBIAN_DIGITS, 1.0))
    here, step, total = _equations(context, point, base), context.mpf(JACOBIAN_STEP), context.mpf(0)
    for error, moved in _moved(context, point, margin, base, averages):
        change = inverse * (_equations(context, point, moved) - here)
        total += error * abs(change[2]) / step
    return total


def _moved(
    context: Any, point: Sequence[Any], margin: Any, base: Averages, bounds: Averages
) -> Iterator[tuple[Any, Averages]]:
    """Each average moved by a small step, what follows from it moved along, and its bound."""
    arithmetic, step, rule = mpmath_arithmetic(context), context.mpf(JACOBIAN_STEP), Rule(JACOBIAN_DIGITS, 1.0)
    for name in ("log_partition", "one_minus_overlap"):
        weight = base.weight._replace(**{name: getattr(base.weight, name) + step})
        pattern = energetic(arithmetic, point[1], weight.one_minus_overlap, rule.digits)
        yield bounds.reference_error, base._replace(weight=weight, pattern=pattern)
    for name in ("log_tail", "squared_ratio"):
        pattern = base.pattern._replace(**{name: getattr(base.pattern, name) + step})
        yield bounds.reference_error, base._replace(pattern=pattern)
    for name in Overlaps._fields:
        overlaps = base.overlaps._replace(**{name: getattr(base.overlaps, name) + step})
        derivatives = base.derivatives
        if name in ("reference_q", "p", "q", "t"):
            derivatives = pattern_derivatives(context, overlaps, (point[1], margin), rule)
        yield bounds.overlap_error, base._replace(overlaps=overlaps, derivatives=derivatives)
    for i in range(3):
        first = [value + (step if k == i else 0) for k, value in enumerate(base.derivatives.first)]
        yield bounds.derivatives.error, base._replace(derivatives=base.derivatives._replace(first=first))
        for j in range(i, 3):
            second = [row[:] for row in base.derivatives.second]
            second[i][j] += step
            second[j][i] = second[i][j]
            yield bounds.derivatives.error, base._replace(derivatives=base.derivatives._replace(second=second))


def _gradient(o: Overlaps, ratio: Any) -> list[list[Any]]:
    """Rows p, t, q; columns v, t̂, p̂ (at fixed v), with ratio = t̂/q̃̂."""
    c = 1 - o.q
    by_q_hat = (o.third / 2, o.t_third / 2, -o.fourth / 2)
    by_t_hat = (-o.t_second, c - 2 * o.t2_second, o.t_third)
    by_p_hat = (c, o.t_second, -o.third)
    return [[by_q_hat[i], by_t_hat[i] + 2 * ratio * by_q_hat[i], by_p_hat[i]] for i in range(3)]
