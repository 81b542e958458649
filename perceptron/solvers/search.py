"""What every search for a solution takes and returns. A search is stochastic and may fail: it then says NOT_SOLVED."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer, check_real, keep_plain
from perceptron.base.results import Status
from perceptron.patterns import Patterns

__all__ = ["Limits", "SearchResult", "conclude_search"]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search gives up.

    Attributes
    ----------
    max_seconds : float
        Wall time; looked at between sweeps or small groups of them.
    max_sweeps : int or None
        One sweep looks at every pattern once; None leaves it to the algorithm.
    """

    max_seconds: float = math.inf
    max_sweeps: int | None = None

    def __post_init__(self) -> None:
        keep_plain(self)
        if self.max_seconds != math.inf:
            check_real("max_seconds", self.max_seconds, above=0.0)
        if self.max_sweeps is not None:
            check_integer("max_sweeps", self.max_sweeps, least=1)


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """The best weights a search found.

    Attributes
    ----------
    solver : str
        Key of the algorithm.
    status : Status
        SOLVED, NOT_SOLVED, or INTERRUPTED after Ctrl-C before a solution was found.
    weights : ndarray of int8, shape (n_weights,)
        A solution, or the best weights seen.
    n_errors : int
        Patterns these weights do not meet, counted afresh from the patterns.
    n_sweeps : int
        Passes over all patterns (of all attempts together).
    seconds : float
        Wall time of the search.
    timed_out : bool
        Whether the time limit ended it.
    interrupted : bool
        Whether Ctrl-C ended it, solved or not: another run would go on.
    settings : mapping
        Parameters of the algorithm, as they were used.
    """

    solver: str
    status: Status
    weights: np.ndarray
    n_errors: int
    n_sweeps: int
    seconds: float
    timed_out: bool = False
    interrupted: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


def conclude_search(  # noqa: PLR0913  # one argument for each field of the result
    solver: str,
    patterns: Patterns,
    weights: np.ndarray,
    margin: float,
    *,
    n_sweeps: int,
    start: float,
    timed_out: bool = False,
    interrupted: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> SearchResult:
    """Verify the weights against the patterns and wrap them up; `start` is a `time.perf_counter()`."""
    n_errors = patterns.n_errors(weights, margin)
    status = Status.SOLVED if n_errors == 0 else Status.INTERRUPTED if interrupted else Status.NOT_SOLVED
    seconds = time.perf_counter() - start
    copy = np.array(weights, dtype=np.int8)
    return SearchResult(solver, status, copy, n_errors, n_sweeps, seconds, timed_out, interrupted, settings or {})
