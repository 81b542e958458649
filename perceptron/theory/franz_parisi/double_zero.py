"""Where a dip of the local entropy, or of its slope, first touches zero as one parameter changes.

All thresholds between the phases are of one kind: φ_FP^(k) = φ_FP^(k+1) = 0 at a distance strictly inside (0, d*), with
k = 0 (the entropy touches zero) or k = 1 (the profile stops being monotone). A coarse walk along the branch finds the
dip and its sign, bisection in the parameter brings it near zero, and Newton's method in (ln d, parameter) finishes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from perceptron.base.results import Solution, Status
from perceptron.kernels.franz_parisi import saddle as kernels
from perceptron.kernels.franz_parisi.entropic import Conjugates
from perceptron.theory.franz_parisi.branch import (
    Branch,
    Point,
    make_problem,
    solve_saddle_point,
    unchecked_branch,
)

__all__ = ["Dip", "Family", "find_dip", "find_double_zero"]

WALK_RATIO = 0.65  # of successive distances
SEARCH_TOLERANCE = 1e-6  # of the walk; Newton's method has the tolerance of results
SMALLEST_DISTANCE = 1e-10
GEOMETRIC = 1e-4  # t̂ relative to its value at d*: below it nearly all configurations are solutions
MAX_BISECTIONS = 60
MAX_NEWTON = 30
STEP_LN_D, STEP_PARAMETER = 1e-4, 1e-6
# of the last Newton step, which is added to the error; it is the residual, that of ln d in units of the parameter's
LN_D_TOLERANCE, PARAMETER_TOLERANCE = 1e-7, 1e-9

Family = Callable[[float], tuple[float, float, float, type]]
"""From the parameter to (load, reference margin, counted margin, class of the constraints)."""


class Midpoint(Protocol):
    """Where to cut an interval of the parameter."""

    def __call__(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Dip:
    """Lowest interior minimum of φ^(order); `value` is +inf without one, -inf where the branch ends first."""

    value: float
    distance: float
    conjugates: Conjugates | None


def find_dip(branch: Branch, order: int) -> Dip:
    """Walk from d* to small distances and return the lowest interior minimum of φ^(order)."""
    lowest = Dip(math.inf, math.nan, None)
    distance = 0.97 * branch.d_star.value
    above = branch.at(distance)
    while distance > SMALLEST_DISTANCE and above.t_hat > GEOMETRIC * branch.top.t_hat:
        distance *= WALK_RATIO
        saddle, reached = branch.follow(distance)
        if not reached:
            return Dip(-math.inf, 0.5 * saddle.one_minus_p, None)
        below = branch.as_point(saddle)
        if _derivative(above, order + 1) > 0.0 > _derivative(below, order + 1):
            dip = _refined_dip(branch, below, above, order)
            lowest = min(lowest, dip, key=lambda d: d.value)
        above = below
    return lowest


def _coarse_dip(family: Family, order: int, parameter: float) -> Dip:
    return find_dip(unchecked_branch(*family(parameter), tolerance=SEARCH_TOLERANCE), order)


def _derivative(point: Point, order: int) -> float:
    return (point.local_entropy, point.derivative, point.second_derivative)[order]


def _refined_dip(branch: Branch, below: Point, above: Point, order: int) -> Dip:
    """Close in on the zero of φ^(order + 1) between two points by the regula falsi in ln d."""
    point = below
    for _ in range(4):
        low, high = _derivative(below, order + 1), _derivative(above, order + 1)
        share = min(max(low / (low - high), 0.05), 0.95)
        point = branch.at(math.exp(math.log(below.distance) + share * math.log(above.distance / below.distance)))
        if _derivative(point, order + 1) < 0.0:
            below = point
        else:
            above = point
    conjugates = branch.saddles[min(branch.saddles, key=lambda d: abs(d - point.distance))].conjugates
    return Dip(_derivative(point, order), point.distance, conjugates)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is searched, and the interval of the parameter with a little slack at its ends."""

    family: Family
    order: int
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class _Condition:
    """φ^(order) and d φ^(order + 1) at (ln d, parameter), with their errors."""

    values: np.ndarray
    errors: np.ndarray
    conjugates: Conjugates
    replicon: float
    converged: bool


def _condition(family: Family, order: int, x: np.ndarray, start: Conjugates) -> _Condition:
    distance = math.exp(x[0])
    closure = kernels.Closure(kernels.DISTANCE, distance)
    saddle = solve_saddle_point(make_problem(*family(x[1])), start, closure)
    values = (saddle.local_entropy, saddle.derivative, saddle.second_derivative)
    errors = (saddle.local_entropy_error, saddle.derivative_error, saddle.second_derivative_error)
    return _Condition(
        np.array([values[order], distance * values[order + 1]]),
        np.array([errors[order], distance * errors[order + 1]]),
        saddle.conjugates,
        saddle.replicon,
        saddle.converged,
    )


def _newton(name: str, search: _Search, parameter: float, dip: Dip) -> Solution:
    """Newton's method on the double zero; the Jacobian is taken by forward differences of accurate values.

    Gives up where it leaves the interval of the parameter, beyond which there may be no saddle to stand on.
    """
    family, order = search.family, search.order
    x = np.array([math.log(dip.distance), parameter])
    start = dip.conjugates
    assert start is not None
    failed = Solution(name, parameter, math.nan, Status.NOT_CONVERGED, 0, math.nan, PARAMETER_TOLERANCE)
    for iteration in range(1, MAX_NEWTON + 1):
        here = _condition(family, order, x, start)
        shifted_d = _condition(family, order, x + np.array([STEP_LN_D, 0.0]), here.conjugates)
        shifted_parameter = _condition(family, order, x + np.array([0.0, STEP_PARAMETER]), here.conjugates)
        if not (here.converged and shifted_d.converged and shifted_parameter.converged):
            return failed
        jacobian = np.column_stack(
            [
                (shifted_d.values - here.values) / STEP_LN_D,
                (shifted_parameter.values - here.values) / STEP_PARAMETER,
            ]
        )
        if np.linalg.det(jacobian) == 0.0:
            return failed
        inverse = np.linalg.inv(jacobian)
        step = -inverse @ here.values
        error = np.abs(inverse) @ here.errors + np.abs(step)
        if abs(step[0]) < LN_D_TOLERANCE and abs(step[1]) < PARAMETER_TOLERANCE:
            if jacobian[1, 0] < 0.0:  # a maximum that touches zero, not a minimum
                return failed
            distance, value = math.exp(x[0] + step[0]), float(x[1] + step[1])
            last_step = max(abs(step[1]), abs(step[0]) * PARAMETER_TOLERANCE / LN_D_TOLERANCE)
            residual, distance_error = float(last_step), distance * float(error[0])
            return Solution(
                name,
                value,
                float(error[1]),
                Status.CONVERGED,
                iteration,
                residual,
                PARAMETER_TOLERANCE,
                distance,
                distance_error,
                here.replicon,
            )
        x = x + step * min(1.0, 0.5 / abs(step[0]), 0.1 / abs(step[1]))
        start = here.conjugates
        if not search.lowest <= x[1] <= search.highest:
            return failed
    return failed


def find_double_zero(
    name: str, family: Family, order: int, interval: tuple[float, float], midpoint: Midpoint
) -> Solution:
    """Parameter in `interval` = (negative end, positive end) at which the dip touches zero.

    The negative end is taken on trust (there the dip is known to be negative); if the dip is negative at the positive
    end too, there is no such threshold in the interval.
    """
    negative, positive = interval
    ends = sorted(interval)
    slack = 1e-4 * (ends[1] - ends[0])
    search = _Search(family, order, ends[0] - slack, ends[1] + slack)
    for bisection in range(MAX_BISECTIONS):
        if bisection == 1 and _coarse_dip(family, order, positive).value < 0.0:
            return Solution(name, math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, PARAMETER_TOLERANCE)
        parameter = midpoint(negative, positive)
        dip = _coarse_dip(family, order, parameter)
        if dip.conjugates is not None:
            solution = _newton(name, search, parameter, dip)
            if solution.status is Status.CONVERGED and ends[0] < solution.value <= ends[1]:
                return solution
        if dip.value < 0.0:
            negative = parameter
        else:
            positive = parameter
    return Solution(name, parameter, math.nan, Status.NOT_CONVERGED, MAX_BISECTIONS, math.nan, PARAMETER_TOLERANCE)
