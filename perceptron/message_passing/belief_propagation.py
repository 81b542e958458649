"""Belief propagation on one instance: entropy and overlap of its solutions, where the messages settle.

The measure is uniform over all w with ξ^μ·w >= s_min for all μ, times e^{Σ h^ext_i w_i} in an external field. With the
fixed point of the messages the Bethe approximation gives

    free entropy F = ln Σ_w e^{Σ h^ext w} 1[w solves],   entropy = (F - Σ_i h^ext_i m_i)/N,   overlap = Σ_i m_i²/N.

Messages need not settle, and above the capacity they seldom do; they may also freeze on weights that do not solve. The
status says so, and nothing is claimed then (`perceptron.message_passing.settling`). The errors reported are those of
the iteration; what the Bethe approximation and the node leave out (O(1/N) in the entropy, more at small N and near the
capacity) is not in them. Not for finding solutions: see `perceptron.solvers`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_dtype, check_kind
from perceptron.base.results import ConvergenceError, Estimate, Status
from perceptron.message_passing.nodes import NODES, Node, node_of
from perceptron.message_passing.settling import NOTHING, SweepOptions, judge, settle
from perceptron.patterns import Patterns

__all__ = ["BeliefPropagation", "SweepOptions", "belief_propagation"]


@dataclass(frozen=True, slots=True, eq=False)
class BeliefPropagation:
    """Messages of one instance, and what follows from them.

    Attributes
    ----------
    node : str
        Form of the equations the numbers come from.
    status : Status
        CONVERGED; NOT_CONVERGED, with the numbers of the last sweep; or CONTRADICTION, where there is no free entropy.
    reason : str
        The status in words; where it is CONVERGED, what there is to say about the entropy, as a rule nothing.
    entropy : Estimate
        (F - Σ h^ext m)/N, nats per weight; the error is that of the iteration. It and the next two are nan where the
        messages have no free entropy, or one above that of all weights.
    free_entropy : Estimate
        F/N.
    overlap : Estimate
        Σ m²/N, overlap of two solutions.
    magnetisations, fields : ndarray, shape (n_weights,)
        m_i, and h_i = Σ_μ h_{μ→i}.
    magnetisation_error : float
        Largest error of a magnetisation, that of the iteration.
    margin, effective_margin : float
        κ, and κ_eff of the lattice, at which theory is to be compared.
    n_sweeps, residual, tolerance, seconds
        How the messages settled: CONVERGED means that the residual is not above the tolerance.
    """

    node: str
    status: Status
    reason: str
    entropy: Estimate
    free_entropy: Estimate
    overlap: Estimate
    magnetisations: np.ndarray
    fields: np.ndarray
    magnetisation_error: float
    margin: float
    effective_margin: float
    n_sweeps: int
    residual: float
    tolerance: float
    seconds: float


def belief_propagation(  # noqa: PLR0913  # the last five by keyword only
    patterns: Patterns,
    margin: float = 0.0,
    *,
    node: str | Node = "gaussian",
    external: float | np.ndarray = 0.0,
    options: SweepOptions = SweepOptions(),  # noqa: B008  # an immutable record
    rng: np.random.Generator | None = None,
    throw: bool = False,
) -> BeliefPropagation:
    """Iterate messages until they settle, and estimate entropy and overlap.

    Parameters
    ----------
    patterns : Patterns
    margin : float
        κ.
    node : str or Node
        gaussian, relaxed, exact or amp (see `perceptron.message_passing.nodes`); or the node of an earlier run, to go
        on from its messages.
    external : float or ndarray, shape (n_weights,)
        h^ext.
    options : SweepOptions
    rng : numpy.random.Generator, optional
        Draws the order of patterns; needed by sequential sweeps only.
    throw : bool
        Raise where the messages do not settle, or say so in the status (default).

    Raises
    ------
    ValueError
        For arguments out of range.
    ConvergenceError
        With the last iterate, if `throw` and the status is not CONVERGED.
    """
    check_kind("patterns", patterns, Patterns)
    check_kind("options", options, SweepOptions)
    threshold = patterns.threshold(margin)
    state = node if isinstance(node, Node) else node_of(node, patterns, threshold)
    if state.patterns is not patterns or state.threshold != threshold:
        raise ValueError(f"node = {state.name!r} belongs to another instance or margin; allowed: {', '.join(NODES)}")
    start = time.perf_counter()
    field = _external(external, state)
    order = None
    if options.sequential:
        order = rng if rng is not None else np.random.default_rng(1)
    sweeps = _Sweeps(state, field, options.damping, order)
    settled = settle(sweeps, options)
    verdict = judge(state, field, settled, options.tolerance)
    free = Estimate(verdict.entropy.value + sweeps.energy, verdict.entropy.error)
    result = BeliefPropagation(
        node=state.name,
        status=verdict.status,
        reason=verdict.reason,
        entropy=verdict.entropy,
        free_entropy=free,
        overlap=Estimate(settled.values[1], settled.errors[1]) if verdict.counts else NOTHING,
        magnetisations=state.means.astype(np.float64),
        fields=state.fields.astype(np.float64),
        magnetisation_error=settled.mean_error,
        margin=margin,
        effective_margin=threshold.effective_margin,
        n_sweeps=settled.n_sweeps,
        residual=settled.residual,
        tolerance=options.tolerance,
        seconds=time.perf_counter() - start,
    )
    if throw and result.status is not Status.CONVERGED:
        message = f"belief propagation did not settle in {result.n_sweeps} sweeps: {result.reason}"
        raise ConvergenceError(message, result)
    return result


@dataclass(frozen=True, slots=True)
class _Sweeps:
    """Sweeps of a node in a field, and (entropy, overlap) per weight."""

    node: Node
    external: np.ndarray
    damping: float
    order: np.random.Generator | None

    @property
    def energy(self) -> float:
        """Σ h^ext m/N."""
        return float(np.dot(self.external.astype(np.float64), self.node.means.astype(np.float64))) / self.external.size

    def sweep(self) -> float:
        self.node.sweep(self.external, self.damping, self.order)
        return self.node.magnetise(self.external)

    def measure(self) -> tuple[float, ...]:
        size = self.external.size
        return self.node.free_entropy(self.external) / size - self.energy, self.node.square / size


def _external(external: float | np.ndarray, state: Node) -> np.ndarray:
    size = state.patterns.n_weights
    given = np.asarray(external)
    check_dtype("external", given)
    field = given.astype(np.float64)
    if field.ndim == 0:
        field = np.full(size, float(field))
    if field.shape != (size,) or not np.all(np.isfinite(field)):
        raise ValueError(f"external has shape {field.shape} or entries that are not finite; allowed: shape ({size},)")
    return field.astype(state.number)
