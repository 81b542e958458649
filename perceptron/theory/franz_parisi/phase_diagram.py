"""The phase diagram in (α, κ̃): κ_max, κ̃_u, κ̃_min and the end of stability as functions of the load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_array
from perceptron.base.results import Solution, Status, worst
from perceptron.base.sweep import sweep
from perceptron.theory.franz_parisi.stability import stable_reference_margin
from perceptron.theory.franz_parisi.thresholds import kappa_min, kappa_u
from perceptron.theory.ranges import check_margin
from perceptron.theory.typical.solutions import maximum_margin

__all__ = ["PhaseDiagram", "phase_diagram"]


@dataclass(frozen=True, slots=True)
class PhaseDiagram:
    """Thresholds at increasing loads; loads that were not finished are left out.

    Attributes
    ----------
    margin : float
        κ of the counted solutions.
    loads : ndarray, shape (n,)
    kappa_max, kappa_u, kappa_min : tuple of Solution, length n
        A threshold above κ_max has status NO_SUCH_THRESHOLD and value nan.
    kappa_at : tuple of Solution, length n
        Reference margin above which profiles are locally stable at all distances, as `stable_reference_margin`.
    status : Status
        INTERRUPTED where loads are missing, else the worst of all thresholds. One that does not exist is an answer and
        counts as converged.
    """

    margin: float
    loads: np.ndarray
    kappa_max: tuple[Solution, ...]
    kappa_u: tuple[Solution, ...]
    kappa_min: tuple[Solution, ...]
    kappa_at: tuple[Solution, ...]
    status: Status


def phase_diagram(
    loads: Sequence[float] | np.ndarray,
    margin: float = 0.0,
    *,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PhaseDiagram:
    """Thresholds at each load.

    Parameters
    ----------
    loads : array_like, shape (n,)
        α > 0; thresholds are meant for α >= 0.3.
    margin : float
        κ.
    executor, progress
        As in `perceptron.base.sweep.sweep`.

    Returns
    -------
    PhaseDiagram
    """
    loads = np.unique(check_array("loads", loads, above=0.0))
    margin = check_margin(margin)
    results, interrupted = sweep(_thresholds, [(float(load), margin) for load in loads], executor, progress)
    finished = [k for k, result in enumerate(results) if result is not None]
    ends, upper, lower, stable = (tuple(results[k][column] for k in finished) for column in range(4))
    statuses = (solution.status for k in finished for solution in results[k])
    answers = worst(status for status in statuses if status is not Status.NO_SUCH_THRESHOLD)
    status = Status.INTERRUPTED if interrupted else answers
    return PhaseDiagram(margin, loads[finished], ends, upper, lower, stable, status)


def _thresholds(task: tuple[float, float]) -> tuple[Solution, ...]:
    load, margin = task
    upper, lower = kappa_u(load, margin, throw=False), kappa_min(load, margin, throw=False)
    return maximum_margin(load), upper, lower, stable_reference_margin(load, margin)
