"""Local entropy of one given solution: belief propagation in a field γ w̃ that holds weights near it.

The field weighs a solution at overlap p = Σ w̃_i w_i/N with e^{γNp}. Scanning γ gives, at every γ,

    p = Σ_i w̃_i m_i/N,   d = (1 - p)/2,   S_loc(d) = (F - γ Σ_i w̃_i m_i)/N,   dS_loc/dd = 2γ,

the local entropy along a curve parametrised by γ (a Legendre transform: where the true curve is not concave, its hull
is seen). Not for distances at which the messages do not settle: those points are left out and reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_array, check_kind
from perceptron.base.profile import Profile
from perceptron.base.results import Status
from perceptron.message_passing.belief_propagation import BeliefPropagation, belief_propagation
from perceptron.message_passing.nodes import AmpNode, ExactNode, Node, node_of
from perceptron.message_passing.settling import ROUNDING, SweepOptions
from perceptron.patterns import Patterns, check_weights

__all__ = ["FieldPoint", "FieldProfile", "field_profile", "fields_for_distances"]

DISTANCES = 0.2 * np.linspace(0.05, 1.0, 40) ** 2
STEP = 0.01  # of γ, for the slope of S_loc where F is not stationary


@dataclass(frozen=True, slots=True)
class FieldPoint:
    """The measure in the field γ w̃.

    Attributes
    ----------
    field : float
        γ.
    distance, distance_error : float
        d = (1 - p)/2 from the given weights.
    local_entropy, local_entropy_error : float
        S_loc, nats per weight; the errors are those of the iteration.
    derivative, derivative_error : float
        dS_loc/dd = 2γ where F is stationary (exact, amp). With the Gaussian and the relaxed node it is so up to
        O(1/N): their error is the difference from the slope of their own S_loc, nan where d does not move with γ
        or messages do not settle at a field a little stronger.
    overlap : float
        ⟨m²⟩ between two counted solutions.
    status, reason, n_sweeps, residual
        How the messages settled, as in `BeliefPropagation`.
    """

    field: float
    distance: float
    distance_error: float
    local_entropy: float
    local_entropy_error: float
    derivative: float
    derivative_error: float
    overlap: float
    status: Status
    reason: str
    n_sweeps: int
    residual: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FieldProfile(Profile):
    """Local entropy around one given configuration.

    Attributes
    ----------
    node : str
        Form of belief propagation.
    load, margin, effective_margin : float
        α, κ, and κ_eff at which theory is to be compared.
    reference_margin : float
        Smallest stability of the given weights.
    points : tuple of FieldPoint
        Points where the messages settled, by increasing distance.
    missing : tuple of FieldPoint
        Points where they did not.
    status : Status
        CONVERGED, or NOT_CONVERGED where some did not.
    """

    node: str
    load: float
    margin: float
    effective_margin: float
    reference_margin: float
    points: tuple[FieldPoint, ...]
    missing: tuple[FieldPoint, ...]
    status: Status


def fields_for_distances(distances: Sequence[float] | np.ndarray) -> np.ndarray:
    """Fields γ = atanh(1 - 2d) that hold free weights at these distances in (0, ½)."""
    return np.arctanh(1.0 - 2.0 * check_array("distances", distances, above=0.0, below=0.5))


def field_profile(  # noqa: PLR0913  # the last four by keyword only
    patterns: Patterns,
    weights: np.ndarray,
    margin: float = 0.0,
    *,
    fields: Sequence[float] | np.ndarray | None = None,
    node: str = "gaussian",
    options: SweepOptions = SweepOptions(),  # noqa: B008  # an immutable record
    progress: Callable[[int, int], None] = lambda *_: None,
) -> FieldProfile:
    """Scan the field γ, from weak to strong, each point from the messages of the one before.

    The other way round the messages would stay frozen at w̃, which is a fixed point at every γ around some solutions.

    Parameters
    ----------
    patterns : Patterns
    weights : ndarray, shape (n_weights,)
        w̃; usually a solution, but any configuration is allowed.
    margin : float
        κ of the counted solutions.
    fields : array_like, shape (n,), optional
        γ; unless given those that hold free weights at 40 distances from 0.0005 to 0.2.
    node : str
        gaussian, relaxed, exact or amp.
    options : SweepOptions
    progress : callable
        Called with (number of points finished, number of points).
    """
    check_kind("patterns", patterns, Patterns)
    check_kind("options", options, SweepOptions)
    reference = check_weights(weights, patterns.n_weights)
    chosen = fields_for_distances(DISTANCES) if fields is None else check_array("fields", fields)
    scan = _Scan(patterns, reference, margin, node_of(node, patterns, patterns.threshold(margin)), options)
    found = []
    for n_finished, field in enumerate(np.sort(chosen), 1):
        found.append(scan.point(float(field)))
        progress(n_finished, chosen.size)
    points = tuple(sorted((p for p in found if p.status is Status.CONVERGED), key=lambda p: p.distance))
    missing = tuple(p for p in found if p.status is not Status.CONVERGED)
    return FieldProfile(
        node=node,
        load=patterns.load,
        margin=margin,
        effective_margin=patterns.threshold(margin).effective_margin,
        reference_margin=float(np.min(patterns.sums(reference))) / math.sqrt(patterns.n_weights),
        points=points,
        missing=missing,
        status=Status.NOT_CONVERGED if missing else Status.CONVERGED,
    )


class _Scan:
    """The messages of one scan, carried from field to field."""

    def __init__(
        self, patterns: Patterns, reference: np.ndarray, margin: float, state: Node, options: SweepOptions
    ) -> None:
        self.patterns, self.reference, self.margin = patterns, reference, margin
        self.state, self.options = state, options
        self.rng = np.random.default_rng(1) if options.sequential else None

    def point(self, field: float) -> FieldPoint:
        run = self._settle(field)
        overlap = self._overlap(run)
        return FieldPoint(
            field=field,
            distance=0.5 * (1.0 - overlap),
            distance_error=0.5 * run.magnetisation_error + ROUNDING,
            local_entropy=run.free_entropy.value - field * overlap,
            local_entropy_error=run.entropy.error,
            derivative=2.0 * field,
            derivative_error=4e-16 * abs(field) + self._slope_error(field, run),
            overlap=run.overlap.value,
            status=run.status,
            reason=run.reason,
            n_sweeps=run.n_sweeps,
            residual=run.residual,
        )

    def _settle(self, field: float) -> BeliefPropagation:
        return belief_propagation(
            self.patterns,
            self.margin,
            node=self.state,
            external=field * self.reference,
            options=self.options,
            rng=self.rng,
        )

    def _overlap(self, run: BeliefPropagation) -> float:
        return float(np.dot(self.reference, run.magnetisations)) / self.patterns.n_weights

    def _slope_error(self, field: float, run: BeliefPropagation) -> float:
        """|dS/dd - 2γ| = 2 |dF/dγ - p|/(dp/dγ) by a second run at γ + STEP; 0 where messages make F stationary."""
        if isinstance(self.state, ExactNode | AmpNode):
            return 0.0
        there = self._settle(field + STEP)
        overlap, beyond = self._overlap(run), self._overlap(there)
        if there.status is not Status.CONVERGED or beyond == overlap:
            return math.nan
        excess = abs(there.free_entropy.value - run.free_entropy.value - 0.5 * STEP * (overlap + beyond))
        return 2.0 * (excess + there.free_entropy.error + run.free_entropy.error) / abs(beyond - overlap)
