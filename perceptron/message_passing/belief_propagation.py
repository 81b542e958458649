"""Belief propagation on one instance: entropy and overlap of its solutions, where the messages settle.

The measure is uniform over all w with ξ^μ·w >= s_min for all μ, times e^{Σ h^ext_i w_i} in an external field. With the
fixed point of the messages the Bethe approximation gives

    free entropy F = ln Σ_w e^{Σ h^ext w} 1[w solves],   entropy = (F - Σ_i h^ext_i m_i)/N,   overlap = Σ_i m_i²/N.

Messages need not settle: the status says so, and nothing is claimed then. The errors reported are those of the
iteration; what the Bethe approximation and the node leave out (O(1/N) in the entropy, more at small N and near the
capacity) is not in them. Not for finding solutions: see `perceptron.solvers`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from perceptron.checks import check_dtype, check_integer, check_real, keep_plain
from perceptron.message_passing.nodes import NODES, Node, node_of
from perceptron.patterns import Patterns
from perceptron.solution import ConvergenceError, Estimate, Status

__all__ = ["BeliefPropagation", "SweepOptions", "belief_propagation", "geometric_rest", "settle"]

ROUNDING = 1e-15
SLOWEST_RATE = 0.99


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """How messages are iterated.

    Attributes
    ----------
    damping : float
        Weight of the old message, in [0, 1).
    sequential : bool
        Patterns one after the other in a fresh random order each sweep, or all in parallel.
    tolerance : float
        Largest change of a magnetisation in a sweep, undone of the damping.
    max_sweeps : int
    """

    damping: float = 0.5
    sequential: bool = False
    tolerance: float = 1e-5
    max_sweeps: int = 2000

    def __post_init__(self) -> None:
        keep_plain(self)
        if not 0.0 <= check_real("damping", self.damping) < 1.0:
            raise ValueError(f"damping = {self.damping!r} is out of range; allowed: real numbers in [0, 1)")
        check_real("tolerance", self.tolerance, above=0.0)
        check_integer("max_sweeps", self.max_sweeps, least=1)


@dataclass(frozen=True, slots=True, eq=False)
class BeliefPropagation:
    """Messages of one instance, and what follows from them.

    Attributes
    ----------
    node : str
        Form of the equations the numbers come from.
    status : Status
        CONVERGED or NOT_CONVERGED.
    entropy : Estimate
        (F - Σ h^ext m)/N, nats per weight; the error is that of the iteration.
    free_entropy : Estimate
        F/N.
    overlap : Estimate
        Σ m²/N, overlap of two solutions.
    magnetisations, fields : ndarray, shape (n_weights,)
        m_i, and h_i = Σ_μ h_{μ→i}.
    margin, effective_margin : float
        κ, and κ_eff of the lattice, at which theory is to be compared.
    n_sweeps, residual, tolerance, seconds
        How the messages settled.
    """

    node: str
    status: Status
    entropy: Estimate
    free_entropy: Estimate
    overlap: Estimate
    magnetisations: np.ndarray
    fields: np.ndarray
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
    options: SweepOptions = SweepOptions(),
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
        With the last iterate, if `throw`.
    """
    threshold = patterns.threshold(margin)
    state = node if isinstance(node, Node) else node_of(node, patterns, threshold)
    if state.patterns is not patterns or state.threshold != threshold:
        raise ValueError(f"node = {state.name!r} belongs to another instance or margin; allowed: {', '.join(NODES)}")
    start = time.perf_counter()
    field = _external(external, state)
    order = None
    if options.sequential:
        order = rng if rng is not None else np.random.default_rng(1)
    n_sweeps, residual, converged, errors = settle(state, field, options, order)
    size = patterns.n_weights
    free = state.free_entropy(field) / size
    energy = float(np.dot(field.astype(np.float64), state.means.astype(np.float64))) / size
    result = BeliefPropagation(
        node=state.name,
        status=Status.CONVERGED if converged else Status.NOT_CONVERGED,
        entropy=Estimate(free - energy, errors[0] + ROUNDING),
        free_entropy=Estimate(free, errors[0] + ROUNDING),
        overlap=Estimate(state.square / size, errors[1] + ROUNDING),
        magnetisations=state.means.astype(np.float64),
        fields=state.fields.astype(np.float64),
        margin=margin,
        effective_margin=threshold.effective_margin,
        n_sweeps=n_sweeps,
        residual=residual,
        tolerance=options.tolerance,
        seconds=time.perf_counter() - start,
    )
    if throw and not converged:
        message = f"belief propagation did not settle: residual {residual:.1e} after {n_sweeps} sweeps"
        raise ConvergenceError(message, result)
    return result


def settle(
    state: Node, external: np.ndarray, options: SweepOptions, rng: np.random.Generator | None
) -> tuple[int, float, bool, tuple[float, float]]:
    """Sweep until the largest change of a mean is below the tolerance.

    Returns
    -------
    n_sweeps : int
    residual : float
    converged : bool
    errors : tuple of float
        Estimates of what is left in entropy and overlap per weight: the change over the last sweep, times
        1/(1 - rate) for the geometric rest.
    """
    residual, before, converged = np.inf, np.inf, False
    n_sweeps = 0
    while n_sweeps < options.max_sweeps and not converged:
        before = residual
        residual = state.sweep(external, options.damping, rng)
        n_sweeps += 1
        converged = n_sweeps > 1 and residual < options.tolerance
    size = state.fields.size
    old = _measures(state, external)
    residual = state.sweep(external, options.damping, rng)
    state.magnetise(external)
    new = _measures(state, external)
    left = geometric_rest(before, residual)
    errors = (abs(new[0] - old[0]) * left / size, abs(new[1] - old[1]) * left / size)
    return n_sweeps + 1, float(residual), bool(converged), errors


def geometric_rest(before: float, residual: float) -> float:
    """1/(1 - rate): all changes from the last one on, over the last; rate of the last two residuals, at most 0.99."""
    known = np.isfinite(before) and before > 0.0
    return 1.0 / (1.0 - (min(residual / before, SLOWEST_RATE) if known else SLOWEST_RATE))


def _measures(state: Node, external: np.ndarray) -> tuple[float, float]:
    energy = float(np.dot(external.astype(np.float64), state.means.astype(np.float64)))
    return state.free_entropy(external) - energy, state.square


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
