"""Distribution of stabilities Δ = ξ·w/√N over solutions at load 0.5: theory, enumeration, belief propagation, search.

- Theory: typical solutions, replica-symmetric, in the thermodynamic limit; beside them typical solutions of maximum
  margin.
- Enumeration: all solutions of each instance, N = 13 and 25, every instance with solutions counting alike. P = N/2 is
  no integer, so half of the instances have P = (N - 1)/2 and half (N + 1)/2.
- Belief propagation: cavity distributions at the fixed point, N = 2001, cut off at the midpoint of the lattice.
- Focusing belief propagation: the stabilities of one solution of each of the same instances, the first that a search
  meets and the last when the protocol is followed to its end. A search does not draw solutions uniformly, so these are
  not typical and theory does not predict them.

Probabilities are those of intervals made of whole lattice steps 2/√N, which start at κ_eff = 0 (N odd); the theory
beside each is averaged over the same intervals at the same P/N. Errors are standard errors over instances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.results import Status, worst
from perceptron.base.sweep import sweep
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.message_passing.belief_propagation import belief_propagation
from perceptron.message_passing.nodes import node_of
from perceptron.message_passing.protocols import pseudo_reinforcement
from perceptron.message_passing.stabilities import stability_masses
from perceptron.patterns import Patterns, random_patterns
from perceptron.solvers.focusing import Attempt, focusing_search, follow_protocol
from perceptron.solvers.search import SearchResult
from perceptron.theory.typical.solutions import maximum_margin
from perceptron.theory.typical.stability_distribution import stability_distribution

__all__ = ["LARGE", "SMALL", "Ensemble", "compute_stabilities", "interval_masses", "measure"]

Columns = dict[str, np.ndarray]
LOAD = 0.5
LARGEST_STABILITY = 4.0
ORDER = 12  # Gauss-Legendre nodes an interval


class Ensemble(NamedTuple):
    """Random instances: N, the values of P that share them, their number for each, and lattice steps an interval."""

    n_weights: int
    pattern_numbers: tuple[int, ...]
    n_instances: int
    n_steps: int

    @property
    def boundaries(self) -> np.ndarray:
        """Boundaries of the intervals, the first at κ_eff = 0 and the last beyond `LARGEST_STABILITY`."""
        width = 2.0 * self.n_steps / math.sqrt(self.n_weights)
        return width * np.arange(math.ceil(LARGEST_STABILITY / width) + 1)


SMALL = {13: Ensemble(13, (6, 7), 2000, 1), 25: Ensemble(25, (12, 13), 300, 1)}
LARGE = Ensemble(2001, (1000, 1001), 5, 4)
ROUTES = {
    "enumeration_13": ("enumeration", SMALL[13]),
    "enumeration_25": ("enumeration", SMALL[25]),
    "bp": ("bp", LARGE),
    "focusing": ("focusing", LARGE),
    "focusing_end": ("focusing to the end", LARGE),
}


def compute_stabilities(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """All routes: `ROUTE_…` with centres and widths of the intervals, density, its error and theory; the curves."""
    stabilities = np.linspace(0.0, LARGEST_STABILITY, 401)[1:]
    columns: Columns = {"load": np.array(LOAD), "stability": stabilities}
    columns["density"], columns["density_error"] = stability_distribution(LOAD, 0.0, stabilities)
    margin = maximum_margin(LOAD).value
    columns["maximum_margin"] = np.array(margin)
    columns["maximum_margin_density"], _ = stability_distribution(LOAD, margin, stabilities)
    statuses = []
    for route, (method, ensemble) in ROUTES.items():
        found, status = measure(method, ensemble, executor, progress)
        if status is Status.INTERRUPTED:
            return columns, status
        columns |= {f"{route}_{name}": column for name, column in found.items()}
        statuses.append(status)
    return columns, worst(statuses)


def measure(
    method: str,
    ensemble: Ensemble,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Columns, Status]:
    """Density of stabilities by one method (a key of `_MEASURES`), averaged over the instances of an ensemble.

    `mean` holds the mean stability on these intervals, its standard error, and its value in theory. Instances without
    an answer are left out; the status says so, unless it is by enumeration, which proves that they have no solution.
    """
    n_all = ensemble.n_instances
    tasks = [(ensemble, n_patterns, k) for n_patterns in ensemble.pattern_numbers for k in range(n_all)]
    results, interrupted = sweep(_MEASURES[method], tasks, executor, progress)
    if interrupted:
        return {}, Status.INTERRUPTED
    groups = [_kept(results[k : k + n_all]) for k in range(0, len(results), n_all)]
    status = Status.CONVERGED if sum(map(len, groups)) == len(tasks) else _LEFT_OUT[method]
    bounds = ensemble.boundaries
    width = np.diff(bounds)
    theory = [interval_masses(n_patterns / ensemble.n_weights, bounds) for n_patterns in ensemble.pattern_numbers]
    centres = 0.5 * (bounds[1:] + bounds[:-1])
    mean, mean_error = _average([group @ centres for group in groups])
    density, error = _average([group / width for group in groups])
    return {
        "stability": centres,
        "width": width,
        "density": density,
        "error": error,
        "theory": np.mean(theory, axis=0) / width,
        "mean": np.array([mean, mean_error, np.mean(theory, axis=0) @ centres]),
        "n_weights": np.array(ensemble.n_weights),
        "n_instances": np.array([len(group) for group in groups]),
    }, status


def interval_masses(load: float, bounds: np.ndarray) -> np.ndarray:
    """∫P(Δ)dΔ of typical solutions of margin 0 between neighbouring boundaries, none of them inside a step of P."""
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    centres, halves = 0.5 * (bounds[1:] + bounds[:-1]), 0.5 * np.diff(bounds)
    places = centres[:, None] + halves[:, None] * nodes
    density, _ = stability_distribution(load, 0.0, places.ravel())
    return (density.reshape(places.shape) @ weights) * halves


def _average(groups: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over groups of the means over their instances (rows), and its standard error."""
    variances = [group.var(axis=0, ddof=1) / len(group) for group in groups]
    return np.mean([group.mean(axis=0) for group in groups], axis=0), np.sqrt(np.sum(variances, axis=0)) / len(groups)


def _kept(results: Sequence[np.ndarray | None]) -> np.ndarray:
    """Rows of the instances that have an answer: solutions exist, messages settled, a solution was found."""
    return np.array([row for row in results if row is not None and np.all(np.isfinite(row))])


def _instance(ensemble: Ensemble, n_patterns: int, number: int) -> tuple[Patterns, np.random.Generator]:
    """Patterns, and a stream for the search; the same for every route."""
    data, search = np.random.SeedSequence([1, ensemble.n_weights, n_patterns, number]).spawn(2)
    patterns = random_patterns(ensemble.n_weights, n_patterns, rng=np.random.default_rng(data))
    return patterns, np.random.default_rng(search)


def _enumerate(task: tuple[Ensemble, int, int]) -> np.ndarray:
    """Masses over all solutions of an instance; nan where there are none."""
    ensemble = task[0]
    patterns, _ = _instance(*task)
    found = enumerate_instance(patterns, options=EnumerationOptions(stabilities=True, n_threads=1))
    counts = found.stability_counts
    return _histogram(ensemble, found.margins, np.zeros(found.margins.size) if counts is None else counts)


def _propagate(task: tuple[Ensemble, int, int]) -> np.ndarray:
    """Masses from the messages of an instance; nan where they did not settle."""
    ensemble = task[0]
    patterns, _ = _instance(*task)
    state = node_of("gaussian", patterns, patterns.threshold())
    run = belief_propagation(patterns, node=state)
    masses = stability_masses(state, ensemble.boundaries)
    return masses if run.status is Status.CONVERGED else np.full(masses.size, np.nan)


def _search(task: tuple[Ensemble, int, int]) -> np.ndarray:
    """Shares of the stabilities of one solution; nan where none was found."""
    ensemble = task[0]
    patterns, rng = _instance(*task)
    found = focusing_search(patterns, rng=rng, attempts=(Attempt(), Attempt(rho_step=0.0005)))
    return _shares(ensemble, patterns, found)


def _search_to_the_end(task: tuple[Ensemble, int, int]) -> np.ndarray:
    """The same where the protocol goes on after the first solution; the last one counts."""
    patterns, rng = _instance(*task)
    return _shares(task[0], patterns, follow_protocol(patterns, pseudo_reinforcement(0.002), to_the_end=True, rng=rng))


def _shares(ensemble: Ensemble, patterns: Patterns, found: SearchResult) -> np.ndarray:
    sums = patterns.sums(found.weights)
    return _histogram(ensemble, sums, np.full(sums.size, float(found.status is Status.SOLVED)))


def _histogram(ensemble: Ensemble, sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Shares of the intervals, of everything that there is; nan if that is nothing."""
    inside, _ = np.histogram(sums / math.sqrt(ensemble.n_weights), ensemble.boundaries, weights=weights)
    total = weights.sum()
    return inside / total if total > 0 else np.full(inside.size, np.nan)


_MEASURES: dict[str, Callable[[Any], np.ndarray]] = {
    "enumeration": _enumerate,
    "bp": _propagate,
    "focusing": _search,
    "focusing to the end": _search_to_the_end,
}
_LEFT_OUT = {  # what it means that an instance has no answer
    "enumeration": Status.CONVERGED,
    "bp": Status.NOT_CONVERGED,
    "focusing": Status.NOT_SOLVED,
    "focusing to the end": Status.NOT_SOLVED,
}
