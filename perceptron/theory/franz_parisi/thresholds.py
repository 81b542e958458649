"""Thresholds between the phases of the local entropy around typical solutions (paper: Phys. Rev. Lett. 127, 278301).

With counted margin κ and reference margin κ̃ > κ: below κ̃_min the local entropy is negative in an interval of distances,
from κ̃_min to κ̃_u it is positive but not monotone, above κ̃_u it grows up to its global maximum at d*. A threshold that
would lie above κ_max(α), where there are no typical references, does not exist.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from perceptron.base.checks import check_kind
from perceptron.base.results import Estimate, Solution, Status, conclude
from perceptron.kernels.committees.wide import WideReluCommittee, WideSignCommittee
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.franz_parisi.branch import (
    Branch,
    Point,
    check_reference_margin,
    franz_parisi_branch,
)
from perceptron.theory.franz_parisi.double_zero import find_double_zero
from perceptron.theory.ranges import check_load, check_margin, check_step
from perceptron.theory.typical.solutions import capacity, maximum_margin

__all__ = [
    "Phases",
    "counted_margin_threshold",
    "d_star",
    "dense_core_load",
    "isolation_load",
    "kappa_min",
    "kappa_u",
    "negative_interval",
    "phases",
]

STEPS = (MarginStep, WideSignCommittee, WideReluCommittee)  # with three units a search would take hours
SMALLEST_DISTANCE = 1e-12
SMALLEST_GAP = 1e-5  # of the parameter above the margin where the dip is known to be negative


def kappa_min(load: float, margin: float = 0.0, step: type = MarginStep, *, throw: bool = True) -> Solution:
    """Reference margin κ̃_min at which the local entropy touches zero inside (0, d*): φ = dφ/dd = 0.

    Parameters
    ----------
    load : float
        α.
    margin : float
        κ of the counted solutions.
    step : type
        Class of the constraints: `MarginStep` or a wide committee.
    throw : bool
        Raise ConvergenceError where the search does not converge (default), or return it with its status.

    Returns
    -------
    Solution
        Status NO_SUCH_THRESHOLD where it would lie above κ_max(α).
    """
    return conclude(_reference_margin_threshold("kappa_min", load, margin, step, order=0), throw)


def kappa_u(load: float, margin: float = 0.0, step: type = MarginStep, *, throw: bool = True) -> Solution:
    """Reference margin κ̃_u above which the local entropy is monotone up to d*: dφ/dd = d²φ/dd² = 0.

    Parameters and return value as for `kappa_min`.
    """
    return conclude(_reference_margin_threshold("kappa_u", load, margin, step, order=1), throw)


def _reference_margin_threshold(name: str, load: float, margin: float, step: type, *, order: int) -> Solution:
    check_step(step, STEPS)
    load = check_load(load)
    end = maximum_margin(load, step).value
    margin = check_margin(margin)
    gap = end - margin
    if gap <= 0.0:
        return Solution(name, math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, 1e-9)

    def midpoint(a: float, b: float) -> float:
        return margin + math.sqrt((a - margin) * (b - margin))

    interval = (margin + SMALLEST_GAP * gap, end)
    return find_double_zero(name, lambda kappa: (load, kappa, margin, step), order, interval, midpoint)


def dense_core_load(margin: float = 0.0, step: type = MarginStep, *, throw: bool = True) -> Solution:
    """Largest load α'_u at which maximum-margin references have monotone surroundings: κ̃_u(α) = κ_max(α)."""
    return conclude(_load_threshold("alpha_u_prime", margin, step, order=1), throw)


def isolation_load(margin: float = 0.0, step: type = MarginStep, *, throw: bool = True) -> Solution:
    """Load at which κ̃_min(α) = κ_max(α): beyond it every typical solution is isolated."""
    return conclude(_load_threshold("alpha_isolation", margin, step, order=0), throw)


def _load_threshold(name: str, margin: float, step: type, order: int) -> Solution:
    check_step(step, STEPS)
    margin = check_margin(margin)
    end = capacity(step(margin)).value

    def family(load: float) -> tuple[float, float, float, type]:
        return load, maximum_margin(load, step).value, margin, step

    return find_double_zero(name, family, order, (end, 0.4 * end), lambda a, b: 0.8 * a + 0.2 * b)


def counted_margin_threshold(
    load: float, reference_margin: float, step: type = MarginStep, *, throw: bool = True
) -> Solution:
    """Counted margin κ at which the profile around references of margin κ̃ stops being monotone.

    Parameters
    ----------
    load, reference_margin : float
        α and κ̃ <= κ_max(α).

    Returns
    -------
    Solution
        Positive where κ̃ > κ̃_u(α; κ = 0): the third transition of the paper.
    """
    check_step(step, STEPS)
    load = check_load(load)
    reference_margin = check_reference_margin(load, reference_margin, step)

    def midpoint(a: float, b: float) -> float:
        return reference_margin - math.sqrt((reference_margin - a) * (reference_margin - b))

    def family(kappa: float) -> tuple[float, float, float, type]:
        return load, reference_margin, kappa, step

    interval = (reference_margin - SMALLEST_GAP, reference_margin - 2.0)
    return conclude(find_double_zero("kappa_counted", family, 1, interval, midpoint), throw)


def d_star(
    load: float, reference_margin: float | None = None, margin: float = 0.0, step: type = MarginStep
) -> Estimate:
    """Distance d* of the global maximum of the local entropy around references of margin κ̃ (κ_max unless given)."""
    if reference_margin is None:
        reference_margin = maximum_margin(load, step).value
    return franz_parisi_branch(load, reference_margin, margin, step=step).d_star


@dataclass(frozen=True, slots=True)
class Phases:
    """All thresholds at one load, and the phase of one reference margin.

    Attributes
    ----------
    load, margin : float
        α and the counted κ.
    kappa_min, kappa_u, kappa_max : Solution
    kappa_counted : Solution
        Counted margin at which profiles around references of the chosen κ̃ stop being monotone.
    reference_margin : float
        The κ̃ whose phase and d* are given; κ_max unless asked for.
    d_star : Estimate
        Distance of the global maximum around references of that margin.
    phase : str
        "isolated", "isolated balls", "entropically isolated balls" or "dense"; "no solutions" beyond α_c(κ).
    negative_interval : tuple of Estimate or None
        [d₁, d₂] in which the local entropy is negative.
    """

    load: float
    margin: float
    kappa_min: Solution
    kappa_u: Solution
    kappa_max: Solution
    kappa_counted: Solution
    reference_margin: float
    d_star: Estimate
    phase: str
    negative_interval: tuple[Estimate, Estimate] | None


def phases(load: float, margin: float = 0.0, reference_margin: float | None = None, step: type = MarginStep) -> Phases:
    """All thresholds at one load, the phase of a reference margin (κ_max unless given), d* and [d₁, d₂] there."""
    check_step(step, STEPS)
    load = check_load(load)
    end = maximum_margin(load, step)
    chosen = end.value if reference_margin is None else check_reference_margin(load, reference_margin, step)
    branch = franz_parisi_branch(load, chosen, margin, step=step)
    lower, upper = kappa_min(load, margin, step), kappa_u(load, margin, step)
    interval = None
    if branch.top.local_entropy <= 0.0:
        phase = "no solutions"
    elif chosen <= margin:
        phase = "isolated"
    elif not chosen >= lower.value:  # also where there is no kappa_min
        phase = "isolated balls"
    elif not chosen >= upper.value:
        phase = "entropically isolated balls"
    else:
        phase = "dense"
    if phase in ("isolated", "isolated balls"):
        interval = negative_interval(branch)
    counted = counted_margin_threshold(load, chosen, step, throw=False)
    return Phases(load, margin, lower, upper, end, counted, chosen, branch.d_star, phase, interval)


def negative_interval(branch: Branch) -> tuple[Estimate, Estimate] | None:
    """[d₁, d₂] in which the local entropy is negative, for φ(d*) > 0; None if nowhere, d₁ = 0 if down to d = 0.

    Walks down from d* and, where references have a larger margin than is counted, up from d -> 0, to the first sign
    change of φ on each side; a gap without a saddle, in which not even negative entropies exist, counts as negative.
    """
    check_kind("branch", branch, Branch)
    upper = _sign_change(branch, 0.97 * branch.d_star.value, 0.8)
    if upper is None:
        return None
    gap = branch.problem.reference.margin - branch.problem.counted.margin
    start = min(gap * gap / 1000.0, 0.5 * upper.value)
    if gap <= 0.0 or start < SMALLEST_DISTANCE:
        return Estimate(0.0, 0.0), upper
    lower = _sign_change(branch, start, 1.25)
    return (lower if lower is not None else Estimate(0.0, 0.0)), upper


def _sign_change(branch: Branch, distance: float, ratio: float) -> Estimate | None:
    """First zero of φ on a walk from `distance`, where φ > 0, by factors of `ratio`; None if it stays positive."""
    inside = branch.at(distance, throw=False)
    while SMALLEST_DISTANCE < distance < branch.d_star.value / 0.97:
        distance *= ratio
        point = branch.at(distance, throw=False)
        if point.local_entropy < 0.0:
            return _zero_between(branch, inside, point)
        if point.status is not Status.CONVERGED:
            return None
        inside = point
    return None


def _zero_between(branch: Branch, positive: Point, negative: Point) -> Estimate:
    """Newton's method on φ(ln d), kept inside the bracket."""
    point = positive
    for _ in range(60):
        step = -point.local_entropy / point.derivative if point.derivative else math.inf
        target = point.distance + step
        low, high = sorted((positive.distance, negative.distance))
        if not low < target < high:
            target = math.sqrt(low * high)
        if abs(target - point.distance) <= 1e-13 * target:
            break
        point = branch.at(target)
        if point.local_entropy > 0.0:
            positive = point
        else:
            negative = point
    error = (point.local_entropy_error + abs(point.local_entropy)) / abs(point.derivative)
    return Estimate(point.distance, error)
