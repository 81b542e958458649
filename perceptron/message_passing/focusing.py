"""Focusing belief propagation: y replicas of the weights around a common centre, in one field on every weight.

With h_i = Σ_μ h_{μ→i} the field of everything but the centre, the other replicas act through the centre as

    u = atanh(tanh h tanh γ),   k = (y - 1) u,   h^ext = atanh(tanh k tanh γ),

solved together with belief propagation [1]_. At a fixed point (γ, y) the messages describe y solutions attracted to a
centre w* = sign h, and give their distance to it and the entropy of the solutions around it,

    overlap S = ⟨(r + tanh h tanh k)/(1 + r tanh h tanh k)⟩, r = tanh γ,   d = (1 - S)/2,   q = ⟨m²⟩,
    N Σ_I = I + Σ_i [ln 2cosh h_i + ln 2cosh γ - ln 2cosh u_i + u_i tanh(y u_i)] - γ N S,

where I is the Bethe free entropy less Σ_i ln 2cosh(h_i + h_i^ext).

When not to use it: at few replicas Σ_I is no local entropy. The equations let patterns act on each replica as if the
others saw patterns of their own, though all see the same ones; what that costs vanishes as y grows. At γ = ∞, y = 1
all replicas equal the centre and Σ_I should be 0; it is the plain entropy less the mean of the entropies of the single
weights, which is negative. As y → ∞ the centre is one configuration, h^ext = γ sign h, and Σ_I is the local entropy
around sign h at the field γ, as `perceptron.message_passing.local_entropy` finds it; see `many_replicas_profile`.

References
----------
.. [1] C. Baldassi et al., Proc. Natl. Acad. Sci. U.S.A. 113, E7655 (2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from perceptron.base.checks import check_real
from perceptron.base.profile import Profile
from perceptron.base.results import Status
from perceptron.kernels.instance import magnetisations as kernels
from perceptron.message_passing.nodes import Node, node_of
from perceptron.message_passing.protocols import ProtocolPoint, check_point, fixed_coupling
from perceptron.message_passing.settling import SweepOptions, judge, settle
from perceptron.patterns import Patterns

__all__ = ["Focusing", "FocusingPoint", "FocusingProfile", "focusing_profile", "many_replicas_profile"]

START = 1e-3  # size of the random fields that break the symmetry of the start


class Focusing:
    """Messages of one instance under a moving coupling to their centre: the state behind profiles and searches.

    Attributes
    ----------
    node : Node
        Any form of belief propagation.
    centre : ndarray of int8, shape (n_weights,)
        sign h, the candidate solution.
    """

    def __init__(self, node: Node, rng: np.random.Generator) -> None:
        self.node = node
        size = node.patterns.n_weights
        node.fields[:] = START * rng.standard_normal(size)
        self.external: np.ndarray = np.zeros(size, dtype=node.number)
        self._centre = np.empty(size, dtype=np.int8)

    @property
    def centre(self) -> np.ndarray:
        """Sign of h, +1 where h = 0; the same array is filled at every call."""
        kernels.signs(self.node.fields, self._centre)
        return self._centre

    def sweep(self, point: ProtocolPoint, damping: float, rng: np.random.Generator | None = None) -> float:
        """Renew the focusing field, then sweep once; returns the largest change of a mean, undone of the damping."""
        kernels.focus(self.node.fields, _tanh(point.coupling), point.replicas, self.external)
        return self.node.sweep(self.external, damping, rng)

    def measure(self, point: ProtocolPoint) -> tuple[float, float, float]:
        """(d, q, Σ_I) at the present messages."""
        coupling = (point.coupling, *_tanh(point.coupling))
        size = self.node.patterns.n_weights
        deficit, local = kernels.around_centre(self.node.fields, coupling, point.replicas)
        entropy = (self.node.interaction(self.external) + local) / size
        return 0.5 * deficit / size, self.node.square / size, entropy


def _tanh(coupling: float) -> tuple[float, float]:
    """(tanh γ, 1 - tanh γ), the second without cancellation."""
    return math.tanh(coupling), 2.0 / (1.0 + math.exp(min(2.0 * coupling, 700.0))) if coupling < math.inf else 0.0


@dataclass(frozen=True, slots=True)
class FocusingPoint:
    """Observables at one point (γ, y).

    Attributes
    ----------
    coupling, replicas : float
        γ and y.
    distance, distance_error : float
        d between a replica and the centre.
    overlap, overlap_error : float
        q = ⟨m²⟩ between two replicas' solutions, at the same centre field.
    local_entropy, local_entropy_error : float
        Σ_I, nats per weight; the errors are those of the iteration.
    n_errors : int
        Patterns that the centre does not meet.
    status, reason, n_sweeps, residual
        How the messages settled, as in `BeliefPropagation`.
    """

    coupling: float
    replicas: float
    distance: float
    distance_error: float
    overlap: float
    overlap_error: float
    local_entropy: float
    local_entropy_error: float
    n_errors: int
    status: Status
    reason: str
    n_sweeps: int
    residual: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FocusingProfile(Profile):
    """Observables along a protocol.

    Attributes
    ----------
    node : str
        Form of the equations.
    points : tuple of FocusingPoint
        Points where the messages settled, by increasing distance.
    missing : tuple of FocusingPoint
        Points where they did not.
    status : Status
        CONVERGED, or NOT_CONVERGED where some did not.
    """

    node: str
    points: tuple[FocusingPoint, ...]
    missing: tuple[FocusingPoint, ...]
    status: Status


def focusing_profile(
    patterns: Patterns,
    protocol: Iterable[tuple[float, float]],
    margin: float = 0.0,
    *,
    node: str = "gaussian",
    options: SweepOptions = SweepOptions(),  # noqa: B008  # an immutable record
    rng: np.random.Generator,
) -> FocusingProfile:
    """Settle the messages at every point of a protocol, each from those of the point before, and measure.

    Parameters
    ----------
    patterns : Patterns
    protocol : iterable of (γ, y)
        For example `perceptron.message_passing.protocols.pseudo_reinforcement(0.05)`.
    margin : float
        κ.
    node : str
        gaussian, relaxed, exact or amp.
    options : SweepOptions
        For each point; parallel updates without damping diverge at larger coupling.
    rng : numpy.random.Generator
        Breaks the symmetry of the start.
    """
    threshold = patterns.threshold(margin)
    state = Focusing(node_of(node, patterns, threshold), rng)
    order = rng if options.sequential else None
    found = [_settle_point(state, check_point(point), options, order) for point in protocol]
    return _profile(node, found)


def many_replicas_profile(  # noqa: PLR0913  # the last four by keyword only
    patterns: Patterns,
    couplings: Iterable[float],
    margin: float = 0.0,
    *,
    replicas: float = 200.0,
    node: str = "gaussian",
    options: SweepOptions = SweepOptions(),  # noqa: B008  # an immutable record
    rng: np.random.Generator,
) -> FocusingProfile:
    """Local entropy around the densest centre that focusing finds for every γ.

    Every γ starts afresh and sweeps once at each point of `fixed_coupling` up to y/2; then the messages settle at y/2
    and at y, and twice the difference of the two is added to the errors, as what finite y leaves falls about as 1/y.
    A centre belongs to its distance; it need not solve, and does so where the distance is small.

    Parameters
    ----------
    patterns : Patterns
    couplings : iterable of float
        γ > 0.
    margin, node, options, rng
        As in `focusing_profile`.
    replicas : float
        y > 2. The larger, the more points do not settle: a weight with h near 0 jumps by 2γ.
    """
    check_real("replicas", replicas, above=2.0)
    threshold = patterns.threshold(margin)
    order = rng if options.sequential else None
    found = []
    for coupling in couplings:
        state = Focusing(node_of(node, patterns, threshold), rng)
        for point in fixed_coupling(coupling, 0.5 * replicas):
            state.sweep(point, options.damping, order)
        half = _settle_point(state, point, options, order)
        whole = _settle_point(state, ProtocolPoint(point.coupling, replicas), options, order)
        found.append(_with_change(whole, half))
    return _profile(node, found)


def _with_change(point: FocusingPoint, before: FocusingPoint) -> FocusingPoint:
    names = ("distance", "overlap", "local_entropy")
    changes = {f"{name}_error": 2.0 * abs(getattr(point, name) - getattr(before, name)) for name in names}
    errors = {name: getattr(point, name) + change for name, change in changes.items()}
    if point.status is Status.CONVERGED and before.status is not Status.CONVERGED:  # the change is no measure then
        return replace(point, status=before.status, reason=f"with half as many replicas {before.reason}", **errors)
    return replace(point, **errors)


def _profile(node: str, found: list[FocusingPoint]) -> FocusingProfile:
    points = tuple(sorted((p for p in found if p.status is Status.CONVERGED), key=lambda p: p.distance))
    missing = tuple(p for p in found if p.status is not Status.CONVERGED)
    return FocusingProfile(node, points, missing, Status.NOT_CONVERGED if missing else Status.CONVERGED)


@dataclass(frozen=True, slots=True)
class _Sweeps:
    """Sweeps at one point, and (Σ_I, d, q)."""

    state: Focusing
    point: ProtocolPoint
    damping: float
    order: np.random.Generator | None

    @property
    def node(self) -> Node:
        return self.state.node

    def sweep(self) -> float:
        self.state.sweep(self.point, self.damping, self.order)
        kernels.focus(self.node.fields, _tanh(self.point.coupling), self.point.replicas, self.state.external)
        return self.node.magnetise(self.state.external)

    def measure(self) -> tuple[float, ...]:
        distance, overlap, entropy = self.state.measure(self.point)
        return entropy, distance, overlap


def _settle_point(
    state: Focusing, point: ProtocolPoint, options: SweepOptions, order: np.random.Generator | None
) -> FocusingPoint:
    settled = settle(_Sweeps(state, point, options.damping, order), options)
    verdict = judge(state.node, state.external, settled, options.tolerance)
    patterns = state.node.patterns
    return FocusingPoint(
        coupling=point.coupling,
        replicas=point.replicas,
        distance=settled.values[1],
        distance_error=settled.errors[1],
        overlap=settled.values[2],
        overlap_error=settled.errors[2],
        local_entropy=verdict.entropy.value,
        local_entropy_error=verdict.entropy.error,
        n_errors=int(np.count_nonzero(patterns.sums(state.centre) < state.node.threshold.smallest_sum)),
        status=verdict.status,
        reason=verdict.reason,
        n_sweeps=settled.n_sweeps,
        residual=settled.residual,
    )
