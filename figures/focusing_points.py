"""Points of figure 3: local entropy around solutions that focusing belief propagation finds, by two routes.

Each instance (N = 2001, α = P/N next to 0.5) is solved; then its local entropy is measured by belief propagation in a
field along the solution (route 1), and read off the messages of focusing belief propagation itself as their internal
entropy (route 2). Points are means over instances with their standard errors. The theory to compare with is that of
typical solutions of maximum margin at the same P/N; solutions found by an algorithm need not be typical.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from perceptron.message_passing.focusing import focusing_profile
from perceptron.message_passing.local_entropy import field_profile, fields_for_distances
from perceptron.message_passing.protocols import pseudo_reinforcement_point
from perceptron.patterns import n_patterns_at, random_patterns
from perceptron.solution import Status
from perceptron.solvers.focusing import Attempt, focusing_search
from perceptron.sweep import sweep
from perceptron.theory.local_entropy import local_entropy_profile
from perceptron.theory.replica_symmetric import maximum_margin

__all__ = ["compute_points"]

Columns = dict[str, np.ndarray]
N_WEIGHTS = 2001
LOAD = 0.5
N_INSTANCES = 10
NODE = "amp"  # within 1e-4 of the Gaussian node at this N, far below the error bars
FIELDS = fields_for_distances(
    np.array([0.0012, 0.003, 0.006, 0.01, 0.015, 0.022, 0.03, 0.04, 0.052, 0.066, 0.082, 0.1])
)
RHOS = np.array([0.46, 0.52, 0.58, 0.64, 0.7, 0.75, 0.8, 0.85, 0.9, 0.94, 0.97])


def compute_points(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Both routes over the instances; columns `scan_…` and `focusing_…`."""
    results, interrupted = sweep(_measure, list(range(N_INSTANCES)), executor, progress)
    finished = [result for result in results if result is not None]
    load = n_patterns_at(LOAD, N_WEIGHTS) / N_WEIGHTS
    columns: Columns = {"points_n_weights": np.array(N_WEIGHTS), "points_load": np.array(load)}
    columns |= {"points_n_instances": np.array(len(finished))}
    if interrupted:
        return columns, Status.INTERRUPTED
    for k, route in enumerate(("scan", "focusing")):
        distance, entropy = (np.array([result[k][row] for result in finished]) for row in (0, 1))
        columns |= _means(route, distance, entropy, entropy - _maximum_margin_curve(load, distance))
    return columns, Status.CONVERGED


def _measure(instance: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance and local entropy, shape (2, n_points), by either route; nan where messages did not settle."""
    data, search, start = np.random.SeedSequence([1, instance]).spawn(3)
    n_patterns = n_patterns_at(LOAD, N_WEIGHTS)
    patterns = random_patterns(N_WEIGHTS, n_patterns, rng=np.random.default_rng(data))
    found = focusing_search(patterns, rng=np.random.default_rng(search), attempts=(Attempt(), Attempt(rho_step=0.0005)))
    if found.status is not Status.SOLVED:
        return np.full((2, FIELDS.size), np.nan), np.full((2, RHOS.size), np.nan)
    scan = field_profile(patterns, found.weights, fields=FIELDS, node=NODE)
    protocol = [pseudo_reinforcement_point(float(rho)) for rho in RHOS]
    focusing = focusing_profile(patterns, protocol, node=NODE, rng=np.random.default_rng(start))
    by_field = {point.field: point for point in scan.points}
    by_coupling = {point.coupling: point for point in focusing.points}
    first = [by_field.get(float(field)) for field in FIELDS]
    second = [by_coupling.get(point.coupling) for point in protocol]
    rows = []
    for chosen in (first, second):
        pairs = [(np.nan, np.nan) if p is None else (p.distance, p.local_entropy) for p in chosen]
        rows.append(np.array(pairs).T)
    return rows[0], rows[1]


def _maximum_margin_curve(load: float, distance: np.ndarray) -> np.ndarray:
    """φ_FP around typical solutions of maximum margin, at distances of any shape; nan where they are nan."""
    known = np.isfinite(distance)
    unique, place = np.unique(distance[known], return_inverse=True)
    profile = local_entropy_profile(load, maximum_margin(load).value, 0.0, unique)
    curve = np.full(distance.shape, np.nan)
    curve[known] = profile.array("local_entropy")[place]
    return curve


def _means(route: str, distance: np.ndarray, entropy: np.ndarray, deviation: np.ndarray) -> Columns:
    """Means and standard errors over the instances (rows) of the points that at least two of them have."""
    number = np.isfinite(distance).sum(axis=0)
    kept = number >= 2
    columns: Columns = {f"{route}_n_instances": number[kept]}
    for name, values in (("distance", distance), ("local_entropy", entropy), ("deviation", deviation)):
        columns[f"{route}_{name}"] = np.nanmean(values[:, kept], axis=0)
        columns[f"{route}_{name}_error"] = np.nanstd(values[:, kept], axis=0, ddof=1) / np.sqrt(number[kept])
    return columns
