"""Coupled solutions: how many y-tuples of solutions lie close together, and how dense the densest regions are.

y solutions are held at a mutual distance d, or, with a reference, at a distance d_S from one unconstrained binary
vector w̃ [1]_. F = (1/yN) ln(number of such y-tuples) is extremised over q₀, the overlap of different tuples, and, with
a reference, over q₁ = 1 - 2d, the overlap within one. From it follow

    S_I = ∂(yF)/∂y     the local entropy of the regions that dominate: solutions at that distance, per weight,
    F_E = y(F - S_I)   the external entropy: ln(number of such regions), per weight.

Larger y means denser and rarer regions. They exist while F_E >= 0: `densest_regions` takes the y at which F_E = 0, the
case that says something about the model; y -> ∞ has F_E < 0 at small distances. y = 1 couples nothing: F = φ of typical
solutions at every d. Not for distances at which a replicon exceeds 1: values are reported, but the ansatz is then
locally unstable, the inner one within the regions, the outer one among them. No saddle is looked for beyond the
distance of typical solutions, where coupling would push apart, nor where grids get too large: y -> ∞ ends near
d = 0.017 at α = 0.5, F_E = 0 where y is about 3000. There the status is END_OF_BRANCH, but the saddle goes on.

References
----------
.. [1] C. Baldassi et al., Phys. Rev. Lett. 115, 128101 (2015); C. Baldassi et al., PNAS 113, E7655 (2016) for replicas
   without a reference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from perceptron.base.checks import check_array, check_real
from perceptron.base.profile import Profile
from perceptron.base.results import ConvergenceError, Status
from perceptron.kernels.coupled.terms import Coupled
from perceptron.theory.coupled.branch import ACCEPTED, CoupledBranch, Ensemble, Root
from perceptron.theory.ranges import check_load, check_margin
from perceptron.theory.typical.solutions import largest_margin

__all__ = ["CoupledPoint", "CoupledProfile", "coupled_profile", "coupled_solutions", "densest_regions"]

FINER = 1.5
MOST_REPLICAS = 1e6  # the cost grows in proportion: ten seconds
ROUNDING = 1e-15


@dataclass(frozen=True, slots=True)
class CoupledPoint:
    """Coupled solutions at one distance; nan where the status says there is no saddle.

    Attributes
    ----------
    distance : float
        d, normalised Hamming distance of two of the y solutions.
    reference_distance : float
        d_S, their distance from the reference; nan without one.
    n_replicas, n_replicas_error : float
        y; infinity for the limit.
    entropy, entropy_error : float
        F, nats per weight and replica.
    derivative, derivative_error : float
        dF/dd at fixed y without a reference, dF/dd_S = 2 p̂ with one. Where F_E = 0 it is the slope along the curve too.
    local_entropy, local_entropy_error : float
        S_I, nats per weight.
    external_entropy, external_entropy_error : float
        F_E, nats per weight.
    overlap, outer_overlap : float
        q₁ within a tuple and q₀ between tuples.
    q_hat, outer_q_hat, p_hat : float
        Conjugates q̂₁, q̂₀, p̂.
    inner_replicon, inner_replicon_error, outer_replicon, outer_replicon_error : float
        The ansatz is locally stable where both are below 1; the outer one is infinite for y -> ∞ at small distances.
    status, iterations, residual, tolerance
        How Newton's method ended.
    """

    distance: float
    reference_distance: float
    n_replicas: float
    n_replicas_error: float
    entropy: float
    entropy_error: float
    derivative: float
    derivative_error: float
    local_entropy: float
    local_entropy_error: float
    external_entropy: float
    external_entropy_error: float
    overlap: float
    outer_overlap: float
    q_hat: float
    outer_q_hat: float
    p_hat: float
    inner_replicon: float
    inner_replicon_error: float
    outer_replicon: float
    outer_replicon_error: float
    status: Status
    iterations: int
    residual: float
    tolerance: float

    @property
    def is_stable(self) -> bool:
        """Whether both replicons are below 1."""
        return max(self.inner_replicon, self.outer_replicon) < 1.0


@dataclass(frozen=True, slots=True, repr=False)
class CoupledProfile(Profile):
    """Coupled solutions at increasing mutual distances; distances without a saddle are left out.

    Attributes
    ----------
    load, margin : float
        α and κ.
    n_replicas : float or None
        y, or None where F_E = 0 fixes it at every distance.
    has_reference : bool
    points : tuple of CoupledPoint
    missing : tuple of float
        Distances without a saddle.
    status : Status
        CONVERGED, or END_OF_BRANCH where distances are missing.
    """

    load: float
    margin: float
    n_replicas: float | None
    has_reference: bool
    points: tuple[CoupledPoint, ...]
    missing: tuple[float, ...]
    status: Status


def coupled_solutions(
    load: float,
    distance: float,
    n_replicas: float = math.inf,
    margin: float = 0.0,
    *,
    reference: bool = False,
    throw: bool = True,
) -> CoupledPoint:
    """Y solutions at a mutual distance d.

    Parameters
    ----------
    load : float
        α > 0.
    distance : float
        d in (0, ½), the mutual one also with a reference: d_S is not a monotone function of d.
    n_replicas : float
        y >= 1 (above 1 with a reference), not necessarily an integer, or infinity.
    margin : float
        κ of the solutions, below `largest_margin(load)`.
    reference : bool
        Whether the solutions are held at a distance from an unconstrained binary vector instead of from each other.
    throw : bool
        Raise where there is no saddle (default), or return nan with status END_OF_BRANCH.

    Returns
    -------
    CoupledPoint

    Raises
    ------
    ValueError, ConvergenceError
        For arguments out of range; if no saddle is found at that distance.
    """
    return _one(load, distance, _check_replicas(n_replicas, reference), margin, reference, throw)


def densest_regions(
    load: float, distance: float, margin: float = 0.0, *, reference: bool = False, throw: bool = True
) -> CoupledPoint:
    """Coupled solutions with y = y*(d), where F_E = 0: the densest regions that typically exist.

    Parameters, return value and errors as for `coupled_solutions`. There is no y* at distances so large that F_E > 0
    for every y, nor between the pieces of the curve F_E = 0 where it is broken. Only one piece is then followed:
    END_OF_BRANCH is no proof that there is none on the other.
    """
    return _one(load, distance, None, margin, reference, throw)


def coupled_profile(
    load: float,
    distances: Sequence[float] | np.ndarray,
    n_replicas: float | None = None,
    margin: float = 0.0,
    *,
    reference: bool = False,
) -> CoupledProfile:
    """Coupled solutions at many mutual distances, along one branch.

    Parameters
    ----------
    load, margin, reference
        As in `coupled_solutions`.
    distances : array_like, shape (n,)
        In (0, ½), in any order.
    n_replicas : float, optional
        y; where it is not given, F_E = 0 fixes it at every distance.
    """
    wanted = np.unique(check_array("distances", distances, above=0.0, below=0.5))
    y = None if n_replicas is None else _check_replicas(n_replicas, reference)
    e = _ensemble(load, y, margin, reference)
    branch = CoupledBranch(e)
    found, missing, started = [], [], branch.start()
    for distance in wanted[::-1]:
        root, reached = branch.follow(float(distance)) if started else (None, False)
        if reached and root is not None:
            found.append(_point(e, root, float(distance)))
        else:
            missing.append(float(distance))
    status = Status.END_OF_BRANCH if missing else Status.CONVERGED
    return CoupledProfile(e.load, e.margin, y, e.has_reference, tuple(found[::-1]), tuple(missing[::-1]), status)


def _one(
    load: float, distance: float, n_replicas: float | None, margin: float, reference: bool, throw: bool
) -> CoupledPoint:
    distance = check_real("distance", distance, above=0.0, below=0.5)
    ensemble = _ensemble(load, n_replicas, margin, reference)
    branch = CoupledBranch(ensemble)
    if not branch.start():
        point, where = _nowhere(distance), "at any distance"
    else:
        root, reached = branch.follow(distance)
        point = _point(ensemble, root, distance) if reached else _nowhere(distance)
        where = f"beyond distance {0.5 * ensemble.at(root.unknowns).one_minus_overlap:.4g}"
    if throw and point.status is not Status.CONVERGED:
        count = "with F_E = 0" if n_replicas is None else f"of {n_replicas:g} coupled solutions"
        message = f"no saddle {count} {where} on the way to {distance:g} for load {load:g}, margin {margin:g}"
        raise ConvergenceError(message, point)
    return point


def _ensemble(load: float, n_replicas: float | None, margin: float, reference: bool) -> Ensemble:
    load = check_load(load)
    margin = check_margin(margin, largest=largest_margin(load))
    return Ensemble(load, margin, n_replicas, bool(reference))


def _check_replicas(n_replicas: float, reference: bool) -> float:
    least = "above 1" if reference else "from 1"
    allowed = f"numbers {least} to {MOST_REPLICAS:g}, or infinity{', with a reference' if reference else ''}"
    try:
        number = math.nan if isinstance(n_replicas, bool) else float(n_replicas)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    within = 1.0 < number <= MOST_REPLICAS or number == math.inf or (number == 1.0 and not reference)
    if not within:
        raise ValueError(f"n_replicas = {n_replicas!r} is out of range; allowed: {allowed}")
    return number


def _nowhere(distance: float) -> CoupledPoint:
    numbers: dict[str, Any] = {item.name: math.nan for item in fields(CoupledPoint)}
    end = {"status": Status.END_OF_BRANCH, "iterations": 0, "tolerance": ACCEPTED}
    return CoupledPoint(**(numbers | end | {"distance": distance}))


def _point(ensemble: Ensemble, root: Root, distance: float) -> CoupledPoint:
    """Move the root to a finer grid by one Newton step, and name the numbers there and how far they moved."""
    unknowns = root.unknowns - root.inverse @ ensemble.residuals(root.unknowns, distance, FINER)
    before, fine = _named(ensemble, root.unknowns, ensemble.at(root.unknowns)), ensemble.at(unknowns, FINER)
    named = _named(ensemble, unknowns, fine)
    errors = {f"{name}_error": _moved(value, before[name]) for name, value in named.items()}
    (q_hat, delta_hat, p_hat), y = ensemble.replicas(unknowns)
    errors["external_entropy_error"] += ROUNDING * (y if y < math.inf else 1.0)  # y F and y S_I are what is summed
    return CoupledPoint(
        distance=distance,
        reference_distance=0.5 * (1.0 - fine.reference_overlap) if ensemble.has_reference else math.nan,
        **named,
        **errors,
        overlap=1.0 - fine.one_minus_overlap,
        outer_overlap=1.0 - fine.one_minus_overlap - fine.spread,
        q_hat=q_hat,
        outer_q_hat=q_hat - delta_hat / y,
        p_hat=p_hat,
        status=Status.CONVERGED if root.converged else Status.NOT_CONVERGED,
        iterations=root.iterations,
        residual=float(np.max(np.abs(root.residuals))),
        tolerance=ACCEPTED,
    )


def _named(ensemble: Ensemble, unknowns: np.ndarray, c: Coupled) -> dict[str, float]:
    (_, _, p_hat), y = ensemble.replicas(unknowns)
    return {
        "n_replicas": y,
        "entropy": c.entropy,
        "derivative": 2.0 * p_hat if ensemble.has_reference else c.overlap_slope,
        "local_entropy": c.entropy - c.external_entropy / y,
        "external_entropy": c.external_entropy,
        "inner_replicon": c.inner_replicon,
        "outer_replicon": c.outer_replicon,
    }


def _moved(value: float, before: float) -> float:
    return 0.0 if value == before else abs(value - before) + ROUNDING * (1.0 + abs(value))
