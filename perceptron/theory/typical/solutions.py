"""Typical solutions: entropy, overlap, capacity and maximum margin in the replica-symmetric theory.

φ(α) = extr over q, q̂ of { -q̂(1-q)/2 + ∫Dz ln Σ_w e^{√q̂ z w} + α ∫Dz ln Z(√q z, 1-q) }, with Z(mean, variance) the
probability that a Gaussian stability meets the constraint; nats per weight [1]_. Not for loads at which the
replicon exceeds 1: the value is then reported but replica symmetry is broken.

References
----------
.. [1] W. Krauth and M. Mézard, J. Phys. France 50, 3057 (1989).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from perceptron.base.checks import check_real
from perceptron.base.results import ConvergenceError, Estimate, Solution, Status, conclude, worst
from perceptron.kernels.committees.three_relus import ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import WideReluCommittee, WideSignCommittee
from perceptron.kernels.typical import replica_symmetric as kernels
from perceptron.kernels.typical.constraints import MarginStep, SymmetricWindow, log_probability
from perceptron.kernels.typical.priors import BinaryWeights, log_partition
from perceptron.kernels.typical.spherical import DiscreteWeights, SphericalWeights
from perceptron.theory.ranges import check_half_width, check_load, check_margin, check_step
from perceptron.theory.typical.saddle_end import (
    check_saddle_exists,
    largest_margin,
    last_load,
    replicon_at_end,
    sampled_distance,
)

__all__ = [
    "TypicalSolutions",
    "capacity",
    "largest_margin",
    "maximum_margin",
    "typical_solutions",
]

MARGINS = (MarginStep, WideSignCommittee, WideReluCommittee, ReluCommitteeOfThree)
TOLERANCE = 1e-14
FINER = 1.5
ROUNDING = 4e-16
LARGEST_ERROR = 1e-11  # of a root, relative: one with a larger error has not converged


@dataclass(frozen=True, slots=True)
class TypicalSolutions:
    """The replica-symmetric saddle at one load.

    Attributes
    ----------
    load : float
        α = P/N.
    constraint, prior : NamedTuple
        The energetic and the entropic term.
    entropy : Estimate
        φ, nats per weight; negative values mean that typically there are no solutions.
    overlap, q_hat : Estimate
        q between two typical solutions, and its conjugate.
    self_overlap : Estimate
        Q = ⟨w²⟩, 1 unless weights are discrete with several sizes.
    typical_distance : Estimate
        d = (Q - q)/2, of binary weights the normalised Hamming distance.
    replicon : Estimate
        α⟨(∂² ln Z)²⟩⟨(Var w)²⟩; replica symmetry is stable below 1.
    entropy_by_load, entropy_by_margin : float
        ∂φ/∂α = ⟨ln Z⟩ and, behind a margin, ∂φ/∂κ = -α⟨∂ ln Z⟩ at the saddle.
    status, iterations, residual, tolerance
        How the saddle was found; the residual is that of ln q̂.
    """

    load: float
    constraint: Any
    prior: Any
    entropy: Estimate
    overlap: Estimate
    self_overlap: Estimate
    q_hat: Estimate
    typical_distance: Estimate
    replicon: Estimate
    entropy_by_load: float
    entropy_by_margin: float
    status: Status
    iterations: int
    residual: float
    tolerance: float

    @property
    def is_stable(self) -> bool:
        """Whether replica symmetry is stable: the replicon is below 1."""
        return self.replicon.value < 1.0


def typical_solutions(
    load: float,
    constraint: Any = 0.0,
    *,
    prior: Any = BinaryWeights(),  # noqa: B008  # an immutable record
    throw: bool = True,
) -> TypicalSolutions:
    """Solve the replica-symmetric saddle at one load.

    Parameters
    ----------
    load : float
        α > 0.
    constraint : float or NamedTuple
        A number κ means `MarginStep(κ)`; any registered constraint is accepted.
    prior : NamedTuple
        A registered prior (`perceptron.kernels.typical.priors`, `perceptron.kernels.typical.spherical`).
    throw : bool
        Raise when not converged (default) or return the last iterate with its status.

    Returns
    -------
    TypicalSolutions

    Raises
    ------
    ValueError
        If the load is not positive, load or margin lie at or beyond the end of the saddle (`largest_margin`), or prior
        and constraint do not go together.
    ConvergenceError
        If the saddle does not converge.
    """
    load = check_load(load)
    constraint = as_constraint(constraint)
    check_prior(prior)
    check_saddle_exists(load, constraint, prior)
    result = _solve(load, constraint, prior)
    if throw and result.status is not Status.CONVERGED:
        message = f"the saddle at load {load} for {constraint} did not converge: residual {result.residual:.1e}"
        raise ConvergenceError(message, result)
    return result


def _solve(load: float, constraint: Any, prior: Any) -> TypicalSolutions:
    saddle = _saddle(prior, constraint, load, 1.0)
    coarse = _free_entropy(prior, constraint, load, saddle, 1.0)
    finer = _saddle(prior, constraint, load, FINER)
    fine = _free_entropy(prior, constraint, load, finer, FINER)
    q_hat_error = abs(finer.q_hat - saddle.q_hat) + (abs(finer.residual) + 10 * ROUNDING) * finer.q_hat
    overlap_error = abs(finer.one_minus_overlap - saddle.one_minus_overlap) + 10 * ROUNDING
    rounding = ROUNDING * (1.0 + fine.log_partition + load * abs(fine.log_probability))
    coarse_replicon = load * coarse.squared_curvature * coarse.squared_susceptibility
    replicon = load * fine.squared_curvature * fine.squared_susceptibility
    return TypicalSolutions(
        load=load,
        constraint=constraint,
        prior=prior,
        entropy=Estimate(fine.value, abs(fine.value - coarse.value) + rounding),
        overlap=Estimate(fine.self_overlap - finer.one_minus_overlap, overlap_error),
        self_overlap=Estimate(fine.self_overlap, abs(fine.self_overlap - coarse.self_overlap)),
        q_hat=Estimate(finer.q_hat, q_hat_error),
        typical_distance=Estimate(0.5 * finer.one_minus_overlap, 0.5 * overlap_error),
        replicon=Estimate(replicon, abs(replicon - coarse_replicon) + 10 * ROUNDING * replicon),
        entropy_by_load=fine.log_probability,
        entropy_by_margin=-load * fine.slope if isinstance(constraint, MARGINS) else math.nan,
        status=Status.CONVERGED if saddle.converged and finer.converged else Status.NOT_CONVERGED,
        iterations=saddle.iterations + finer.iterations,
        residual=max(saddle.residual, finer.residual, key=abs),
        tolerance=kernels.ACCEPTED * TOLERANCE,
    )


def _saddle(prior: Any, constraint: Any, load: float, refinement: float) -> kernels.Saddle:
    return kernels.Saddle(*kernels.solve_saddle_flat(prior, constraint, load, refinement, TOLERANCE))


def _free_entropy(
    prior: Any, constraint: Any, load: float, saddle: kernels.Saddle, refinement: float
) -> kernels.FreeEntropy:
    return kernels.FreeEntropy(*kernels.free_entropy_flat(prior, constraint, load, saddle, refinement))


def as_constraint(constraint: Any) -> Any:
    """A number is the margin of a step; the parameters of a constraint become finite floats."""
    if hasattr(constraint, "_asdict"):
        if type(constraint) not in log_probability.registry | kernels.energetic_averages.registry:
            allowed = "a number or a NamedTuple registered in perceptron.kernels"
            raise ValueError(f"constraint = {constraint!r} is not known; allowed: {allowed}")
        numbers = [check_real(name, value) for name, value in constraint._asdict().items()]
        if isinstance(constraint, SymmetricWindow):
            check_half_width(constraint.half_width)
        elif isinstance(constraint, MARGINS):
            check_margin(constraint.margin)
        if isinstance(constraint, SignCommitteeOfThree) and constraint.margin != 0.0:
            raise ValueError(f"margin = {constraint.margin!r} is not allowed for three sign units; allowed: 0")
        if isinstance(constraint, ReluCommitteeOfThree):
            threshold = check_real("threshold", constraint.threshold, above=0.0)
            check_real("margin", constraint.margin, above=-threshold, below=threshold)
        return type(constraint)(*numbers)
    return MarginStep(check_margin(constraint))


def check_prior(prior: Any) -> None:
    """Refuse whatever is not a registered prior.

    Raises
    ------
    TypeError
        Naming it.
    """
    known = log_partition.registry | kernels.entropic_averages.registry | kernels.updated_q_hat.registry
    if type(prior) is object or type(prior) not in known:
        allowed = "a NamedTuple registered in perceptron.kernels, as BinaryWeights()"
        raise TypeError(f"prior = {prior!r} is not usable; allowed: {allowed}")


def capacity(
    constraint: Any = 0.0,
    *,
    prior: Any = BinaryWeights(),  # noqa: B008
    throw: bool = True,
) -> Solution:
    """Load α_c at which the entropy vanishes, by Newton's method with ∂φ/∂α = ⟨ln Z⟩.

    Parameters
    ----------
    constraint, prior
        As in `typical_solutions`. Spherical weights, whose entropy has no zero of its own, have the load at which
        their saddle ends with q -> 1; below margin 0 and in committees replica symmetry is broken before.
    throw : bool
        Raise ConvergenceError where the iteration does not converge (default), or return it with its status.

    Returns
    -------
    Solution
        With the replicon there: where it exceeds 1 (`is_stable` is False) replica symmetry is broken, and the value is
        not the capacity of the model. Of spherical weights below margin 0 it is an upper bound. Status
        NO_SUCH_THRESHOLD where there is no such load: weights of which all but a few may be zero meet every pattern of
        a constraint that holds around Δ = 0, at any load.

    References
    ----------
    W. Krauth and M. Mézard, J. Phys. France 50, 3057 (1989): α_c(0) = 0.833. E. Gardner, J. Phys. A 21, 257 (1988).
    """
    constraint = as_constraint(constraint)
    check_prior(prior)
    end = last_load(constraint, prior)
    if _met_by_few_weights(constraint, prior):
        return Solution("alpha_c", math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, TOLERANCE)
    if isinstance(prior, SphericalWeights):
        error = 10.0 * ROUNDING * end
        if isinstance(constraint, ReluCommitteeOfThree):
            distance = sampled_distance(constraint)
            end, error = 1.0 / distance.value, distance.error / distance.value**2
        found = math.isfinite(end)
        status = Status.CONVERGED if found else Status.NO_SUCH_THRESHOLD
        value, error, replicon = (end, error, replicon_at_end(constraint)) if found else (math.nan, math.nan, math.nan)
        return Solution("alpha_c", value, error, status, 0, 0.0, TOLERANCE, replicon=replicon)
    return conclude(_capacity(constraint, prior, end), throw)


def _met_by_few_weights(constraint: Any, prior: Any) -> bool:
    """Whether N^½ times a small number of weights, the others zero, meet every pattern: |Δ| is then below any bound."""
    if not isinstance(prior, DiscreteWeights) or 0.0 not in prior.values:
        return False
    return isinstance(constraint, SymmetricWindow) or (isinstance(constraint, MarginStep) and constraint.margin < 0.0)


@functools.lru_cache(maxsize=256, typed=True)  # records of different classes with the same numbers are equal
def _capacity(constraint: Any, prior: Any, end: float) -> Solution:
    """From a low load Newton's method may step beyond the last load that has a saddle; it is then halved back."""
    # φ is below its annealed value, which is zero here: a start from above at which the saddle may not exist.
    configurations = kernels.entropic_averages(prior, 0.0, 1.0).log_partition
    annealed = -configurations / kernels.energetic_averages(constraint, 1.0, 1.0).log_probability
    load, last = min((0.8 if math.isfinite(end) else 0.4) * annealed, 0.9 * end), 0.0
    for iteration in range(1, 100):
        typical = _solve(load, constraint, prior)
        if typical.status is not Status.CONVERGED:
            end, load = load, 0.5 * (last + load)
            continue
        last, step = load, -typical.entropy.value / typical.entropy_by_load
        load = min(load + step, load + 0.7 * (end - load))
        if abs(step) <= 1e-14 * load:
            break
    typical = _solve(load, constraint, prior)
    error = (typical.entropy.error + abs(typical.entropy.value)) / abs(typical.entropy_by_load)
    status = Status.CONVERGED if error < LARGEST_ERROR * load else Status.NOT_CONVERGED
    status = worst((status, typical.status))
    tolerance = LARGEST_ERROR * load * abs(typical.entropy_by_load)  # of the entropy, which is the residual
    numbers = (load, error, status, iteration, typical.entropy.value, tolerance)
    return Solution("alpha_c", *numbers, replicon=typical.replicon.value)


def maximum_margin(load: float, step: type = MarginStep, *, throw: bool = True) -> Solution:
    """Margin κ_max at which the entropy vanishes at fixed load; negative beyond α_c(0).

    `step` is the class of the constraint: `MarginStep` or a committee with a margin. The entropy falls monotonically
    with the margin, from ln 2 to -∞ at `largest_margin` or at infinity, so the root is bracketed and followed by
    Newton's method with ∂φ/∂κ = -α⟨∂ ln Z⟩.
    """
    check_step(step, MARGINS)
    return conclude(_maximum_margin(check_load(load), step), throw)


@functools.lru_cache(maxsize=4096)
def _maximum_margin(load: float, step: type) -> Solution:
    low, high = _margin_bracket(load, step)
    margin = low
    for iteration in range(1, 200):
        entropy, slope = _entropy_and_slope(load, step(margin))
        low, high = (margin, high) if entropy > 0.0 else (low, margin)
        change = -entropy / slope
        if abs(change) <= 1e-15 * (1.0 + abs(margin)):
            break
        margin = margin + change if low < margin + change < high else 0.5 * (low + high)
    typical = typical_solutions(load, step(margin), throw=False)
    error = (typical.entropy.error + abs(typical.entropy.value)) / abs(typical.entropy_by_margin)
    largest_error = LARGEST_ERROR * (1.0 + abs(margin))
    status = Status.CONVERGED if error < largest_error else Status.NOT_CONVERGED
    status = worst((status, typical.status))
    tolerance = largest_error * abs(typical.entropy_by_margin)  # of the entropy, which is the residual
    numbers = (margin, error, status, iteration, typical.entropy.value, tolerance)
    return Solution("kappa_max", *numbers, replicon=typical.replicon.value)


def _margin_bracket(load: float, step: type) -> tuple[float, float]:
    """A margin with positive entropy, and one with negative entropy or without a saddle."""
    high = largest_margin(load, step=step)
    if math.isinf(high):
        high = 1.0
        while _entropy_and_slope(load, step(high))[0] > 0.0:
            high += 1.0
    low = high - 1.0
    while _entropy_and_slope(load, step(low))[0] < 0.0:
        low, high = low - 1.0, low
    return low, high


def _entropy_and_slope(load: float, constraint: Any) -> tuple[float, float]:
    """φ and ∂φ/∂κ on the coarse grid alone, for iterations."""
    prior = BinaryWeights()
    saddle = _saddle(prior, constraint, load, 1.0)
    free_entropy = _free_entropy(prior, constraint, load, saddle, 1.0)
    return free_entropy.value, -load * free_entropy.slope
