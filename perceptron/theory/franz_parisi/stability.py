"""Where the replica-symmetric saddles lose their local stability (de Almeida-Thouless).

Every saddle of the theory carries its replicon eigenvalue, below 1 where replica symmetry is locally stable [1]_. Here
are the places where it passes 1: the load of typical solutions, the distances of a Franz-Parisi profile, and the
smallest reference margin whose whole profile up to d* is stable. Not for more than local stability: a first-order
transition to broken symmetry would not show.

References
----------
.. [1] J. R. L. de Almeida and D. J. Thouless, J. Phys. A 11, 983 (1978); for the binary perceptron W. Krauth and
   M. Mézard, J. Phys. France 50, 3057 (1989), who find 1.015 at κ = 0.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq, minimize_scalar

from perceptron.base.checks import check_kind
from perceptron.base.results import Estimate, Solution, Status
from perceptron.gaussian import gaussian_density, gaussian_tail
from perceptron.theory.franz_parisi.branch import Branch, franz_parisi_branch
from perceptron.theory.ranges import check_load, check_margin
from perceptron.theory.typical.solutions import largest_margin, maximum_margin, typical_solutions

__all__ = ["largest_replicon", "stability_load", "stable_reference_margin", "unstable_interval"]

TOLERANCE, LARGEST_ERROR = 1e-9, 1e-6  # of κ̃, in units of κ_max - κ: aimed at, and accepted
REPLICON_TOLERANCE = 1e-11
WALK_RATIO = 0.55  # of successive distances
SMALLEST_DISTANCE = 1e-10
GEOMETRIC = 1e-3  # t̂ relative to its value at d*: below it nearly all configurations are solutions
SMALLEST_GAP = 1e-4  # of κ̃ above κ, in units of κ_max - κ


def stability_load(margin: float = 0.0) -> Solution:
    """Load at which the replicon of typical solutions of margin κ passes 1; above α_c(κ) wherever it was looked for."""
    margin = check_margin(margin)
    end = 2.0 / math.pi / ((1.0 + margin**2) * float(gaussian_tail(-margin)) + margin * float(gaussian_density(margin)))

    def log_replicon(load: float) -> float:
        return math.log(typical_solutions(load, margin).replicon.value)

    load, report = brentq(log_replicon, 1e-3 * end, 0.999 * end, xtol=1e-13, full_output=True)
    replicon, step = typical_solutions(load, margin).replicon, 1e-4 * load
    slope = (log_replicon(load + step) - log_replicon(load - step)) / (2.0 * step)
    residual = replicon.value - 1.0
    error = (replicon.error + abs(residual)) / slope + 1e-13
    status = Status.CONVERGED if abs(residual) <= REPLICON_TOLERANCE else Status.NOT_CONVERGED
    return Solution("alpha_at", load, error, status, report.iterations, residual, REPLICON_TOLERANCE, replicon=1.0)


def unstable_interval(branch: Branch) -> tuple[Estimate, Estimate] | None:
    """Distances below d* between which the replicon of a profile exceeds 1; None where it is stable everywhere.

    The lower end is the last distance with a saddle, with an infinite error, where the branch ends unstable.
    """
    check_kind("branch", branch, Branch)
    walk = _walk(branch)
    unstable = [k for k, (_, replicon) in enumerate(walk) if replicon > 1.0]
    if not unstable:
        return None
    first, last = unstable[0], unstable[-1]
    upper = _crossing(branch, walk[first][0], walk[first - 1][0]) if first else Estimate(walk[0][0], math.inf)
    if last + 1 == len(walk):
        return Estimate(walk[last][0], math.inf), upper
    return _crossing(branch, walk[last + 1][0], walk[last][0]), upper


def _walk(branch: Branch) -> list[tuple[float, float]]:
    """(d, replicon) from d* down to where nearly all configurations are solutions, or to the end of the branch."""
    walk, distance = [], 0.99 * branch.d_star.value
    while distance > SMALLEST_DISTANCE:
        saddle, reached = branch.follow(distance)
        if not reached:
            break
        walk.append((distance, saddle.replicon))
        if branch.as_point(saddle).t_hat < GEOMETRIC * branch.top.t_hat:
            break
        distance *= WALK_RATIO
    return walk


def _crossing(branch: Branch, low: float, high: float) -> Estimate:
    distance = math.exp(brentq(lambda x: math.log(branch.at(math.exp(x)).replicon), math.log(low), math.log(high)))
    return Estimate(distance, 1e-11 * distance)


def largest_replicon(branch: Branch) -> tuple[float, float]:
    """(replicon, distance) at the largest replicon below d*; infinite where the branch ends while it rises."""
    walk = _walk(branch)
    k = max(range(len(walk)), key=lambda index: walk[index][1])
    if k == len(walk) - 1:
        return math.inf, walk[k][0]
    if k == 0:
        return walk[0][1], walk[0][0]
    bounds = (math.log(walk[k + 1][0]), math.log(walk[k - 1][0]))
    peak = minimize_scalar(lambda x: -branch.at(math.exp(x)).replicon, bounds=bounds, options={"xatol": 1e-6})
    return -float(peak.fun), math.exp(float(peak.x))


def stable_reference_margin(load: float, margin: float = 0.0) -> Solution:
    """Smallest reference margin κ̃ whose Franz-Parisi profile is locally stable at every distance up to d*.

    Parameters
    ----------
    load, margin : float
        α and κ of the counted solutions.

    Returns
    -------
    Solution
        Status NO_SUCH_THRESHOLD where the profile is unstable somewhere even at κ̃ = κ_max(α).
    """
    load = check_load(load)
    margin = check_margin(margin, largest=largest_margin(load))
    gap = maximum_margin(load).value - margin
    nothing = Solution("kappa_at", math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, TOLERANCE)

    def excess(reference_margin: float) -> float:
        replicon, _ = largest_replicon(franz_parisi_branch(load, reference_margin, margin))
        return math.log(min(replicon, 1e3))

    if gap <= 0.0 or excess(margin + gap) > 0.0:
        return nothing
    root, report = brentq(excess, margin + SMALLEST_GAP * gap, margin + gap, xtol=TOLERANCE * gap, full_output=True)
    replicon, distance = largest_replicon(franz_parisi_branch(load, root, margin))
    step = 1e-3 * (root - margin)
    slope = (excess(root + step) - excess(root - step)) / (2.0 * step)
    error = abs(math.log(replicon) / slope) + TOLERANCE * gap
    place = (distance, 1e-5 * distance)
    status = Status.CONVERGED if error < LARGEST_ERROR * gap else Status.NOT_CONVERGED
    tolerance = LARGEST_ERROR * gap * abs(slope)  # of the logarithm of the replicon, which is the residual
    return Solution("kappa_at", root, error, status, report.iterations, math.log(replicon), tolerance, *place, 1.0)
