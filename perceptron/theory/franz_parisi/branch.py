"""Franz-Parisi local entropy: how many solutions lie at distance d of a typical reference solution.

φ_FP(d; α, κ̃, κ) is the typical value of (1/N) ln of the number of configurations with margin κ at normalised
Hamming distance d of a reference drawn uniformly among all solutions with margin κ̃ [1]_, in the replica-symmetric
ansatz. A `Branch` follows the saddle point continuously in d from the unconstrained maximum d*, where it is known from
two equations. Negative values mean that typically there is no such configuration. Not for distances at which the
replicon exceeds 1: the value is then reported, but replica symmetry is broken.

References
----------
.. [1] C. Baldassi et al., Phys. Rev. Lett. 127, 278301 (2021), eq. 4; S. Franz and G. Parisi, J. Phys. I 5, 1401
   (1995).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from perceptron.base.checks import check_real
from perceptron.base.results import ConvergenceError, Estimate, Status
from perceptron.kernels.committees.three_relus import ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import WideReluCommittee, WideSignCommittee
from perceptron.kernels.franz_parisi import saddle as kernels
from perceptron.kernels.franz_parisi.entropic import Conjugates
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.ranges import check_load, check_margin, check_step
from perceptron.theory.typical.solutions import (
    TypicalSolutions,
    as_constraint,
    capacity,
    largest_margin,
    maximum_margin,
    typical_solutions,
)

__all__ = ["Branch", "Point", "franz_parisi_branch"]

TOLERANCE = 1e-12
TOLERANCE_OF_THREE = 1e-10  # its integrals have errors of this size
OF_THREE = (SignCommitteeOfThree, ReluCommitteeOfThree)
STEPS = (MarginStep, WideSignCommittee, WideReluCommittee, *OF_THREE)
LONGEST_STEP = 0.7  # in ln d
SHORTEST_STEP = 1e-3
MARGIN_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Point:
    """The saddle at one distance.

    Attributes
    ----------
    distance : float
        d, normalised Hamming distance.
    local_entropy, local_entropy_error : float
        φ_FP, nats per weight.
    derivative, derivative_error : float
        dφ_FP/dd.
    second_derivative, second_derivative_error : float
        d²φ_FP/dd².
    overlap, reference_overlap, other_reference_overlap : float
        q between two counted solutions, p = 1 - 2d with the reference, t with another reference.
    one_minus_overlap : float
        1 - q, accurate also where q is close to 1.
    q_hat, t_hat, p_hat : float
        Conjugates.
    replicon, replicon_error : float
        Replica symmetry is stable below 1.
    status : Status
    iterations : int
    residual, tolerance : float
    """

    distance: float
    local_entropy: float
    local_entropy_error: float
    derivative: float
    derivative_error: float
    second_derivative: float
    second_derivative_error: float
    overlap: float
    reference_overlap: float
    other_reference_overlap: float
    one_minus_overlap: float
    q_hat: float
    t_hat: float
    p_hat: float
    replicon: float
    replicon_error: float
    status: Status
    iterations: int
    residual: float
    tolerance: float

    @property
    def is_stable(self) -> bool:
        """Whether replica symmetry is stable."""
        return self.replicon < 1.0


def check_reference_margin(load: float, reference_margin: float, step: type = MarginStep) -> float:
    """A reference margin at which typical solutions exist, up to a slack of 1e-9."""
    return check_margin(reference_margin, "reference_margin", maximum_margin(load, step).value + MARGIN_SLACK)


def make_problem(load: float, reference_margin: float, margin: float, step: type = MarginStep) -> kernels.Problem:
    """The saddle-point problem of references at κ̃ and counted solutions at κ, arguments unchecked."""
    reference = typical_solutions(load, step(reference_margin))
    one_minus_q = 2.0 * reference.typical_distance.value
    return kernels.Problem(load, step(margin), step(reference_margin), reference.q_hat.value, one_minus_q)


def franz_parisi_branch(
    load: float, reference_margin: float, margin: float = 0.0, *, step: type = MarginStep
) -> Branch:
    """The branch of saddles of given load, reference margin κ̃ <= κ_max and counted margin κ.

    `step` is the class of both constraints: one perceptron, a wide committee, or three units, where those with signs
    know margin 0 only.

    Raises
    ------
    ValueError
        If the load is not positive, κ̃ exceeds κ_max by more than 1e-9 (no typical solution to stand on), or κ is at
        or beyond the end of its replica-symmetric saddle.
    ConvergenceError
        If the saddle at d* does not converge.
    """
    load = check_load(load)
    check_step(step, STEPS)
    if step is SignCommitteeOfThree:
        check_real("load", load, below=capacity(step()).value + MARGIN_SLACK)
        margin, reference_margin = as_constraint(step(margin)).margin, as_constraint(step(reference_margin)).margin
    else:
        margin = check_margin(margin, largest=largest_margin(load, step=step))
        reference_margin = check_reference_margin(load, reference_margin, step)
    return unchecked_branch(load, reference_margin, margin, step)


def unchecked_branch(
    load: float, reference_margin: float, margin: float, step: type = MarginStep, tolerance: float | None = None
) -> Branch:
    """As `franz_parisi_branch`, but references may lie past κ_max and the tolerance be coarse, for searches."""
    if tolerance is None:
        tolerance = TOLERANCE_OF_THREE if step in OF_THREE else TOLERANCE
    problem = make_problem(load, reference_margin, margin, step)
    top = _unconstrained(problem, typical_solutions(load, step(margin)), min(tolerance, TOLERANCE_OF_THREE))
    branch = Branch(problem, {0.5 * top.one_minus_p: top}, tolerance)
    if not top.converged:
        raise ConvergenceError(branch.message("at the maximum d*", top), branch.as_point(top))
    return branch


def _unconstrained(problem: kernels.Problem, counted: TypicalSolutions, tolerance: float) -> kernels.SaddlePoint:
    """The maximum over d: q and q̂ are those of the counted solutions alone, and p̂ = t̂."""
    start = Conjugates(*kernels.unconstrained_start(problem, counted.q_hat.value))
    return solve_saddle_point(problem, start, kernels.Closure(kernels.UNCONSTRAINED, 0.0), tolerance)


def solve_saddle_point(
    problem: kernels.Problem, start: Conjugates, closure: kernels.Closure, tolerance: float = TOLERANCE
) -> kernels.SaddlePoint:
    """Newton's method from given conjugates, and the judgement of its result on a finer grid."""
    return kernels.SaddlePoint(*kernels.solve_saddle_point_flat(problem, start, closure, 1.0, tolerance))


@dataclass(slots=True)
class Branch:
    """The saddle as a function of distance; remembers every saddle it has solved, by distance.

    The first saddle given is where continuation starts; `franz_parisi_branch` gives the one at d*. `tolerance` is that
    of the residual.
    """

    problem: kernels.Problem
    saddles: dict[float, kernels.SaddlePoint]
    tolerance: float = TOLERANCE
    ends: set[tuple[float, bool]] = field(default_factory=set)
    top: kernels.SaddlePoint = field(init=False)

    def __post_init__(self) -> None:
        self.top = next(iter(self.saddles.values()))

    @property
    def d_star(self) -> Estimate:
        """Distance d* of the global maximum of φ_FP; its error is that of the derivative over the curvature there."""
        error = self.top.derivative_error / abs(self.top.second_derivative) + abs(self.top.residual) + 1e-14
        return Estimate(0.5 * self.top.one_minus_p, error)

    def at(self, distance: float, throw: bool = True) -> Point:
        """The saddle at `distance`, reached by continuation from the nearest one known.

        Raises
        ------
        ConvergenceError
            If the branch ends before `distance` (unless `throw` is false: then the last saddle on the way is
            returned, at its own distance and with status END_OF_BRANCH).
        """
        distance = check_real("distance", distance, above=0.0, below=1.0)
        saddle, reached = self.follow(distance)
        if not reached and self._start_from_below(distance):
            from_below, reached = self.follow(distance)
            saddle = from_below if reached else saddle
        if reached:
            return self.as_point(saddle, distance)
        last = self.as_point(saddle, status=Status.END_OF_BRANCH)
        if throw:
            raise ConvergenceError(self.message(f"at distance {distance:g}", saddle), last)
        return last

    def _start_from_below(self, distance: float) -> bool:
        """Where the branch from d* ends, add a saddle at d -> 0, where nearly all configurations are solutions."""
        gap = self.problem.reference.margin - self.problem.counted.margin
        lowest = min(distance, gap * gap / 2000.0)
        if gap <= 0.0 or min(self.saddles) <= lowest:
            return gap > 0.0
        bottom = self.solve_from(Conjugates(0.0, 0.0, math.atanh(1.0 - 2.0 * lowest)), lowest)
        if bottom.converged:
            self._climb(bottom, lowest, distance)
        return bottom.converged

    def _climb(self, bottom: kernels.SaddlePoint, lowest: float, distance: float) -> None:
        lower = Branch(self.problem, {lowest: bottom}, self.tolerance)
        lower.follow(distance)
        self.saddles |= lower.saddles
        self.ends |= lower.ends

    def follow(self, distance: float) -> tuple[kernels.SaddlePoint, bool]:
        """Continue from the nearest known saddle; returns the last saddle and whether `distance` was reached."""
        if distance in self.saddles:
            return self.saddles[distance], True
        near = heapq.nsmallest(2, self.saddles, key=lambda known: abs(math.log(known / distance)))
        here = near[0]
        step = LONGEST_STEP
        previous = near[-1]
        while True:
            saddle = self.saddles[here]
            remaining = math.log(distance / here)
            if (here, remaining > 0.0) in self.ends:
                return saddle, False
            step = min(step, abs(remaining))
            ratio = math.copysign(step, remaining)
            target = distance if step == abs(remaining) else here * math.exp(ratio)
            start = Conjugates(*kernels.predicted_flat(saddle, self.saddles[previous], ratio))
            trial = self.solve_from(start, target) if kernels.is_workable(self.problem, start) else None
            if trial is not None and trial.converged:
                self.saddles[target] = trial
                if target == distance:
                    return trial, True
                previous, here, step = here, target, min(LONGEST_STEP, 2.0 * step)
            else:
                step *= 0.4
                if step < SHORTEST_STEP:
                    self.ends.add((here, remaining > 0.0))

    def solve_from(self, start: Conjugates, distance: float) -> kernels.SaddlePoint:
        """Newton's method at `distance` from given conjugates."""
        return solve_saddle_point(self.problem, start, kernels.Closure(kernels.DISTANCE, distance), self.tolerance)

    def as_point(
        self, saddle: kernels.SaddlePoint, distance: float | None = None, status: Status | None = None
    ) -> Point:
        """Name the numbers of a saddle, at the distance asked for where there is one."""
        if distance is None:
            distance = 0.5 * saddle.one_minus_p
        if status is None:
            status = Status.CONVERGED if saddle.converged else Status.NOT_CONVERGED
        return Point(
            distance=distance,
            local_entropy=saddle.local_entropy,
            local_entropy_error=saddle.local_entropy_error,
            derivative=saddle.derivative,
            derivative_error=saddle.derivative_error,
            second_derivative=saddle.second_derivative,
            second_derivative_error=saddle.second_derivative_error,
            overlap=1.0 - saddle.one_minus_q,
            reference_overlap=1.0 - 2.0 * distance,
            other_reference_overlap=1.0 - self.problem.reference_one_minus_q - saddle.t_deficit,
            one_minus_overlap=saddle.one_minus_q,
            q_hat=saddle.q_hat,
            t_hat=saddle.t_hat,
            p_hat=saddle.p_hat,
            replicon=saddle.replicon,
            replicon_error=saddle.replicon_error,
            status=status,
            iterations=saddle.iterations,
            residual=saddle.residual,
            tolerance=kernels.ACCEPTED * self.tolerance,
        )

    def message(self, where: str, saddle: kernels.SaddlePoint) -> str:
        """What to tell the user when no saddle was found: the problem, the last iterate and its residual."""
        problem = self.problem
        return (
            f"no saddle {where} for load {problem.load:g}, reference margin {problem.reference.margin:g}, margin "
            f"{problem.counted.margin:g}; last iterate at distance {0.5 * saddle.one_minus_p:g} with 1 - q = "
            f"{saddle.one_minus_q:.3g} and residual {saddle.residual:.1e}"
        )
