"""All searches by their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from perceptron.base.checks import check_choice, check_kind
from perceptron.patterns import Patterns, random_patterns
from perceptron.solvers.annealing import simulated_annealing
from perceptron.solvers.focusing import focusing_search, reinforced_search
from perceptron.solvers.sbpi import sbpi
from perceptron.solvers.search import Limits, SearchResult

__all__ = ["SOLVERS", "solve", "warm_up"]

SOLVERS: dict[str, Callable[..., SearchResult]] = {
    "fbp": focusing_search,
    "rbp": reinforced_search,
    "sbpi": sbpi,
    "sa": simulated_annealing,
}


def solve(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    solver: str = "fbp",
    limits: Limits = Limits(),  # noqa: B008  # an immutable record
    rng: np.random.Generator,
    **options: Any,
) -> SearchResult:
    """Search for one solution.

    Parameters
    ----------
    patterns : Patterns
    margin : float
        κ; every pattern is to have ξ·w >= κ√N.
    solver : str
        fbp (focusing belief propagation), rbp (reinforced), sbpi, or sa (simulated annealing).
    limits : Limits
        On wall time and sweeps.
    rng : numpy.random.Generator
        Drives the search.
    options
        Handed to the solver.

    Returns
    -------
    SearchResult
        SOLVED only if the weights were verified on the patterns; NOT_SOLVED with the best weights otherwise.

    Raises
    ------
    ValueError
        For an unknown solver.
    """
    check_choice("solver", solver, SOLVERS)
    check_kind("patterns", patterns, Patterns)
    check_kind("limits", limits, Limits)
    check_kind("rng", rng, np.random.Generator)
    return SOLVERS[solver](patterns, margin, limits=limits, rng=rng, **options)


def warm_up(solver: str = "fbp", gaussian: bool = False) -> None:
    """Have the kernels of a solver compiled, or loaded from the disk cache, before a clock starts.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, also where the solver caught it.
    """
    rng = np.random.default_rng(0)
    patterns = random_patterns(16, 32, rng=rng, gaussian=gaussian)
    if solve(patterns, solver=solver, limits=Limits(10.0, 3), rng=rng).interrupted:
        raise KeyboardInterrupt
