"""Results of iterative solvers: a value is never without its status and its error."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "MARGINAL",
    "ConvergenceError",
    "Estimate",
    "Solution",
    "Status",
    "conclude",
    "stability_in_words",
    "worst",
]

MARGINAL = 1e-7  # of the replicon about 1


class Status(enum.IntEnum):
    """How a computation ended; `message` says it in words."""

    CONVERGED = 0
    NOT_CONVERGED = 1
    NO_SUCH_THRESHOLD = 2
    END_OF_BRANCH = 3
    INTERRUPTED = 4
    SOLVED = 5
    NOT_SOLVED = 6
    EXACT = 7
    CONTRADICTION = 8
    NOT_REACHED = 9

    @property
    def message(self) -> str:
        """One sentence for the user."""
        return _MESSAGES[self]


_MESSAGES = {
    Status.CONVERGED: "the residual is below the tolerance",
    Status.NOT_CONVERGED: "the residual stayed above the tolerance",
    Status.NO_SUCH_THRESHOLD: "the defining condition has no solution with existing typical solutions",
    Status.END_OF_BRANCH: "no saddle point was found beyond the last distance given",
    Status.SOLVED: "all patterns are met",
    Status.NOT_SOLVED: "no weights that meet all patterns were found; the best ones are given",
    Status.EXACT: "every configuration was counted; nothing was iterated",
    Status.CONTRADICTION: "the messages contradict each other: patterns cannot be met given the others",
    Status.NOT_REACHED: "no configuration of this level was found; nothing is known of it",
    Status.INTERRUPTED: "the computation was interrupted; finished points are kept",
}


_BY_SEVERITY = (
    Status.CONVERGED,
    Status.NO_SUCH_THRESHOLD,
    Status.END_OF_BRANCH,
    Status.NOT_SOLVED,
    Status.CONTRADICTION,
    Status.NOT_CONVERGED,
    Status.INTERRUPTED,
)


def worst(statuses: Iterable[Status]) -> Status:
    """Status of a whole from those of its parts.

    From good to bad: CONVERGED (for which SOLVED and EXACT count too), NO_SUCH_THRESHOLD, END_OF_BRANCH, NOT_SOLVED,
    CONTRADICTION, NOT_CONVERGED, INTERRUPTED. Nothing at all has converged.
    """
    return max((s for s in statuses if s in _BY_SEVERITY), key=_BY_SEVERITY.index, default=Status.CONVERGED)


def stability_in_words(replicon: float) -> str:
    """Local stability of replica symmetry: stable, marginal or unstable; not known where the replicon is nan."""
    if math.isnan(replicon):
        return "not known"
    if abs(replicon - 1.0) <= MARGINAL:
        return "marginal"
    return "stable" if replicon < 1.0 else "unstable"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and an estimate of its absolute error (quadrature, residual and rounding together)."""

    value: float
    error: float

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return f"{self.value:.12g} ± {self.error:.1e}"


@dataclass(frozen=True, slots=True)
class Solution:
    """A root found by iteration.

    Attributes
    ----------
    name : str
        The quantity, by its name in docs/notation.md.
    value, error : float
        The root and an estimate of its absolute error; nan where the status says there is none.
    status : Status
        How the iteration ended.
    iterations : int
        Number of iterations of the outermost loop.
    residual, tolerance : float
        What is left of the defining equation, or the last step where that is what is judged, and the largest with which
        it counts as solved.
    distance : float
        For thresholds defined at an interior distance: where it happens; else nan.
    distance_error : float
        Its error.
    replicon : float
        The largest replicon at the saddle behind the root, locally stable below 1; nan where there is none.
    """

    name: str
    value: float
    error: float
    status: Status
    iterations: int
    residual: float
    tolerance: float
    distance: float = float("nan")
    distance_error: float = float("nan")
    replicon: float = float("nan")

    @property
    def is_stable(self) -> bool | None:
        """Whether replica symmetry is locally stable at the saddle behind the root; None where there is none.

        At a marginal saddle, whose replicon is 1, it is not.
        """
        return None if math.isnan(self.replicon) else stability_in_words(self.replicon) == "stable"

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if self.status is Status.CONVERGED:
            unstable = stability_in_words(self.replicon) == "unstable"
            warning = f" (replica symmetry is unstable: replicon {self.replicon:.3g})" if unstable else ""
            return f"{self.name} = {self.value:.12g} ± {self.error:.1e}{warning}"
        return f"{self.name}: {self.status.name} ({self.status.message})"


def conclude(solution: Solution, throw: bool) -> Solution:
    """Return the solution, or raise ConvergenceError where it did not converge and `throw` is true."""
    if throw and solution.status is Status.NOT_CONVERGED:
        message = f"{solution.name} did not converge: last iterate {solution.value}, residual {solution.residual:.1e}"
        raise ConvergenceError(message, solution)
    return solution


class ConvergenceError(RuntimeError):
    """Raised instead of returning a result that did not converge; the last iterate is in `result`."""

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result
