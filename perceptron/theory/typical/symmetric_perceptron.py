"""The symmetric perceptron |Δ| <= K: all of its typical solutions are isolated.

The first moment is exact [1]_: φ = ln 2 + α ln P(|z| <= K), and the typical overlap is 0 up to the capacity
α_c = -ln 2/ln P(|z| <= K). Yet around a typical solution the Franz-Parisi entropy is negative at small distances: the
space of solutions is made of single points far from each other, one-step replica symmetry broken with frozen states
[2]_, whose complexity is φ. Wide regions exist around other, rarer references. Not for references that overlap.

References
----------
.. [1] B. Aubin, W. Perkins and L. Zdeborová, J. Phys. A 52, 294003 (2019); E. Abbe, S. Li and A. Sly, FOCS (2021).
.. [2] D. Barbier, A. El Alaoui, F. Krzakala and L. Zdeborová, SIAM J. Math. Data Sci. (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from perceptron.base.checks import check_real
from perceptron.base.results import Estimate, Solution, Status
from perceptron.kernels.typical import window_neighbours as kernels
from perceptron.kernels.typical.constraints import SymmetricWindow
from perceptron.kernels.typical.window_neighbours import WindowNeighbour
from perceptron.theory.ranges import check_half_width, check_load
from perceptron.theory.typical.solutions import FINER, TypicalSolutions, typical_solutions

__all__ = ["WindowPoint", "isolation_distance", "window_local_entropy"]

SMALLEST_DISTANCE = 1e-6
TOLERANCE = 1e-12  # of φ_FP at the distance where it vanishes
WALK_RATIO = 0.8


@dataclass(frozen=True, slots=True)
class WindowPoint:
    """Solutions of a window at a distance of a typical one.

    Attributes
    ----------
    load, half_width, reference_half_width, distance : float
        α, K counted, K̃ of the reference, d.
    local_entropy, derivative : Estimate
        φ_FP, nats per weight, and dφ_FP/dd.
    saddle : TypicalSolutions
        Overlap of two counted solutions, q̂, replicon, status.
    """

    load: float
    half_width: float
    reference_half_width: float
    distance: float
    local_entropy: Estimate
    derivative: Estimate
    saddle: TypicalSolutions

    @property
    def status(self) -> Status:
        """That of the saddle."""
        return self.saddle.status


def window_local_entropy(
    load: float, half_width: float, distance: float, reference_half_width: float | None = None, *, throw: bool = True
) -> WindowPoint:
    """φ_FP of the symmetric perceptron at one distance.

    Parameters
    ----------
    load, half_width : float
        α > 0, K > 0.
    distance : float
        d in (0, 1/2); beyond, φ_FP(1 - d) = φ_FP(d), as -w is a solution where w is.
    reference_half_width : float, optional
        K̃ of the reference, K unless given.
    throw : bool
        Raise where there is no saddle (default), or return the last iterate with its status.

    Raises
    ------
    ValueError
        For arguments out of range.
    ConvergenceError
        If the saddle does not converge.
    """
    half_width = check_half_width(half_width)
    reference = half_width if reference_half_width is None else reference_half_width
    prior = WindowNeighbour(
        check_real("distance", distance, above=0.0, below=0.5), check_half_width(reference, "reference_half_width")
    )
    constraint = SymmetricWindow(half_width)
    saddle = typical_solutions(load, constraint, prior=prior, throw=throw)
    coarse, fine = (float(kernels.slope_at(prior, constraint, load, saddle.q_hat.value, r)) for r in (1.0, FINER))
    size = 1e-14 * (1.0 + 1.0 / prior.distance)
    derivative = Estimate(fine, abs(fine - coarse) + saddle.q_hat.error * (1.0 + abs(fine)) + size)
    place = float(load), half_width, prior.half_width, prior.distance
    return WindowPoint(*place, saddle.entropy, derivative, saddle)


def log_window_probability(half_width: float) -> float:
    """Logarithm of P(|z| <= K) for a Gaussian z."""
    scaled = half_width / math.sqrt(2.0)
    return math.log(math.erf(scaled)) if scaled < 1.0 else math.log1p(-math.erfc(scaled))


def isolation_distance(load: float, half_width: float) -> Solution:
    """Distance below which a typical solution has no other: the first zero of φ_FP on the way down from 1/2.

    Returns
    -------
    Solution
        With the replicon of the counted solutions there. Status NO_SUCH_THRESHOLD, value nan, beyond the capacity,
        where there is no typical solution.
    """
    load = check_load(load)
    log_p = log_window_probability(check_half_width(half_width))
    if math.log(2.0) + load * log_p <= 0.0:
        return Solution("d_isolation", math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, TOLERANCE)

    def entropy(log_distance: float) -> float:
        return window_local_entropy(load, half_width, math.exp(log_distance)).local_entropy.value

    high = math.log(0.499)
    low = high + math.log(WALK_RATIO)
    while entropy(low) > 0.0 and low > math.log(SMALLEST_DISTANCE):
        high, low = low, low + math.log(WALK_RATIO)
    if entropy(high) <= 0.0 or entropy(low) > 0.0:
        return Solution("d_isolation", math.nan, math.nan, Status.NOT_CONVERGED, 0, math.nan, TOLERANCE)
    root, report = brentq(entropy, low, high, xtol=1e-14, full_output=True)
    point = window_local_entropy(load, half_width, math.exp(root))
    error = (point.local_entropy.error + abs(point.local_entropy.value)) / abs(point.derivative.value)
    left = point.local_entropy.value
    status = Status.CONVERGED if abs(left) <= TOLERANCE else Status.NOT_CONVERGED
    numbers = (point.distance, error, status, report.iterations, left, TOLERANCE)
    return Solution("d_isolation", *numbers, replicon=point.saddle.replicon.value)
