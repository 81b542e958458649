"""When the messages of one instance have settled, and whether what they say then is a result.

The residual that is reported decides: the largest change of a magnetisation in the last sweep, or that of the entropy
per weight if it is larger, undone of the damping. The entropy has to be looked at too. Where patterns contradict each
other the fields grow without end, tanh no longer sees it, and the free entropy falls on while the magnetisations rest.

Two things are refused even then. Patterns may be impossible given what the others ask for (`Node.n_contradictions`):
the messages have frozen on weights that do not solve, as they do where the replica-symmetric saddle has ended at q = 1,
and there is no free entropy. And an entropy may be above the ln 2 of all weights. A negative entropy is a result, but
it counts nothing: typically there are no solutions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from perceptron.base.checks import check_integer, check_real, keep_plain
from perceptron.base.results import Estimate, Status
from perceptron.message_passing.nodes import Node

__all__ = ["Iteration", "Settled", "SweepOptions", "Verdict", "judge", "settle"]

ROUNDING = 1e-15
SLOWEST_RATE = 0.99
PATIENCE = 100  # sweeps with all weights frozen; of runs that came back to life none had more than 60
LARGEST_ENTROPY = math.log(2.0)


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
        Largest change of a magnetisation, and of the entropy per weight, in a sweep, undone of the damping.
    max_sweeps : int
        Limit of the number of sweeps.
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


class Iteration(Protocol):
    """What `settle` iterates."""

    @property
    def node(self) -> Node:
        """The messages."""

    def sweep(self) -> float:
        """Sweep once and renew the means; return their largest change."""

    def measure(self) -> tuple[float, ...]:
        """Observables of the present messages, the entropy per weight first."""


class Settled(NamedTuple):
    """How an iteration ended.

    Attributes
    ----------
    n_sweeps : int
        Number of sweeps made.
    residual : float
        Largest change of a mean or of the entropy in the last sweep, undone of the damping.
    converged : bool
        Whether it is within the tolerance.
    mean_error : float
        Largest error of a mean: the change that is left, of a geometric series with the rate of the last two.
    values, errors : tuple of float
        The observables after the last sweep; their change in it, and what is left of the same series.
    """

    n_sweeps: int
    residual: float
    converged: bool
    mean_error: float
    values: tuple[float, ...]
    errors: tuple[float, ...]


def settle(iteration: Iteration, options: SweepOptions) -> Settled:
    """Sweep until the means and the entropy change by no more than the tolerance in two sweeps running.

    It ends at the limit of sweeps too, or where the weights stay frozen and still do not settle.
    """
    undamped = 1.0 - options.damping
    change, n_frozen = math.inf, 0
    size = iteration.node.patterns.n_weights
    for n_sweeps in range(1, options.max_sweeps + 1):
        closing = change <= options.tolerance * undamped or n_sweeps == options.max_sweeps or n_frozen >= PATIENCE
        before = iteration.measure() if closing else ()
        previous, change = change, iteration.sweep()
        n_frozen = n_frozen + 1 if iteration.node.variance < 1e-6 * size else 0
        if closing:
            after = iteration.measure()
            changes = [abs(new - old) for new, old in zip(after, before, strict=True)]
            residual = max(change, changes[0] if math.isfinite(changes[0]) else math.inf) / undamped
            if residual <= options.tolerance or n_frozen >= PATIENCE:
                break
    rest = _geometric_rest(previous, change)
    errors = tuple(step * rest + ROUNDING for step in changes)
    mean_error = min(change / undamped * rest, 2.0)
    return Settled(n_sweeps, float(residual), bool(residual <= options.tolerance), mean_error, after, errors)


def _geometric_rest(before: float, last: float) -> float:
    """1/(1 - rate), with the rate of two successive changes, at most 0.99."""
    known = np.isfinite(before) and before > 0.0
    return float(1.0 / (1.0 - (min(last / before, SLOWEST_RATE) if known else SLOWEST_RATE)))


class Verdict(NamedTuple):
    """What an iteration came to.

    Attributes
    ----------
    status : Status
        CONVERGED, NOT_CONVERGED or CONTRADICTION.
    reason : str
        Why, in words; empty for an entropy that converged and counts solutions.
    entropy : Estimate
        Entropy per weight; nan where the messages have none.
    """

    status: Status
    reason: str
    entropy: Estimate

    @property
    def counts(self) -> bool:
        """Whether the messages have an entropy, converged or of the last iterate."""
        return not math.isnan(self.entropy.value)


NOTHING = Estimate(math.nan, math.nan)


def judge(node: Node, external: np.ndarray, settled: Settled, tolerance: float) -> Verdict:
    """Say whether the entropy of an iteration is a result."""
    entropy, error = settled.values[0], settled.errors[0]
    n_patterns, n_impossible = node.patterns.n_patterns, node.n_contradictions(external)
    if n_impossible or not math.isfinite(entropy):
        count = f"{n_impossible} of {n_patterns} patterns" if n_impossible else "some patterns"
        reason = f"the messages contradict each other: {count} cannot be met given the others; there is no entropy"
        return Verdict(Status.CONTRADICTION, reason, NOTHING)
    if entropy > LARGEST_ENTROPY + error + node.rounding:
        reason = f"the entropy of the last messages, {entropy:.4g}, is above the ln 2 of all weights: it is none"
        return Verdict(Status.NOT_CONVERGED, reason, NOTHING)
    estimate = Estimate(min(entropy, LARGEST_ENTROPY), error)
    if not settled.converged:
        reason = f"the residual {settled.residual:.1e} is above the tolerance {tolerance:.1e}; the numbers are the last"
        return Verdict(Status.NOT_CONVERGED, reason, estimate)
    negative = entropy < -(error + node.rounding)
    reason = "the entropy is negative and counts nothing: typically there are no solutions" if negative else ""
    return Verdict(Status.CONVERGED, reason, estimate)
