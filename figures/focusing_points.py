"""Points of figure 3: local entropy around solutions that focusing belief propagation finds, by two routes.

Each instance (N = 2001, α = P/N next to 0.5) is solved, and its local entropy measured by

1. belief propagation in a field along one solution, the centre at the end of pseudo-reinforcement (ρ → 1);
2. the internal entropy of focusing itself with many replicas at a fixed coupling, where the centre is the densest that
   focusing finds for that distance.

The centre that solves first (ρ near 0.7) will not do for route 1: it lies at the rim of the dense region, its smallest
stability is the smallest allowed, and its local entropy is lower by 0.004 at d = 0.012. Nor will few replicas for
route 2, see `perceptron.message_passing.focusing`.

Points are means over instances with their standard errors; `deviation` is from the curve of typical solutions of
maximum margin at the same P/N, taken at the distance of every point. That curve is a comparison and not a prediction.
Most of the scatter between instances follows |Σ_μ ξ^μ|²/(N P), whose mean is 1: `controlled_deviation` is the value at
1 of the straight line through the instances, with half the error.

Below d = 0.01 points may lie under the curve by 1e-4 to 3e-4. There the smallest stabilities decide, and those of a
centre are 0.2 to 0.3, below κ_max = 0.418, which the search does not reach at this N.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from perceptron.base.results import Status, worst
from perceptron.base.sweep import sweep
from perceptron.message_passing.focusing import many_replicas_profile
from perceptron.message_passing.local_entropy import field_profile, fields_for_distances
from perceptron.message_passing.protocols import pseudo_reinforcement
from perceptron.patterns import n_patterns_at, random_patterns
from perceptron.solvers.focusing import follow_protocol
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile
from perceptron.theory.typical.solutions import maximum_margin

__all__ = ["compute_points"]

Columns = dict[str, np.ndarray]
N_WEIGHTS = 2001
LOAD = 0.5
N_INSTANCES = 10
NODE = "amp"  # within 1e-4 of the Gaussian node at this N, far below the error bars
RHO_STEP = 0.0005  # of the protocol of route 1
# free weights would be at these distances in the field
FIELDS = fields_for_distances(
    np.array([0.0012, 0.003, 0.006, 0.01, 0.015, 0.022, 0.03, 0.04, 0.052, 0.066, 0.082, 0.1, 0.13, 0.17, 0.22])
)
COUPLINGS = fields_for_distances(np.array([0.01, 0.022, 0.04, 0.066, 0.1, 0.14, 0.2]))


def compute_points(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Both routes over the instances; columns `scan_…` and `focusing_…`."""
    results, interrupted = sweep(_measure, list(range(N_INSTANCES)), executor, progress)
    finished = [result for result in results if result is not None]
    load = n_patterns_at(LOAD, N_WEIGHTS) / N_WEIGHTS
    columns: Columns = {"points_n_weights": np.array(N_WEIGHTS), "points_load": np.array(load)}
    columns |= {"points_n_instances": np.array(len(finished))}
    if interrupted:
        return columns, Status.INTERRUPTED
    spread = np.array([result[2] for result in finished])
    status = worst(result[3] for result in finished)
    for k, route in enumerate(("scan", "focusing")):
        distance, entropy = (np.array([result[k][row] for result in finished]) for row in (0, 1))
        deviation = entropy - _maximum_margin_curve(load, distance)
        columns |= _means(route, distance, entropy, deviation) | _controlled(route, deviation, spread)
    return columns, status


def _measure(instance: int) -> tuple[np.ndarray, np.ndarray, float, Status]:
    """Distance and local entropy, shape (2, n_points), by either route, nan where unknown; |Σ_μ ξ^μ|²/(N P); status."""
    data, search, start = np.random.SeedSequence([1, instance]).spawn(3)
    n_patterns = n_patterns_at(LOAD, N_WEIGHTS)
    patterns = random_patterns(N_WEIGHTS, n_patterns, rng=np.random.default_rng(data))
    total = patterns.values.sum(axis=0, dtype=np.float64)
    spread = float(total @ total) / patterns.values.size
    line = pseudo_reinforcement(RHO_STEP)
    found = follow_protocol(patterns, line, to_the_end=True, rng=np.random.default_rng(search))
    if found.status is not Status.SOLVED:
        return np.full((2, FIELDS.size), np.nan), np.full((2, COUPLINGS.size), np.nan), spread, found.status
    scan = field_profile(patterns, found.weights, fields=FIELDS, node=NODE)
    focusing = many_replicas_profile(patterns, COUPLINGS, node=NODE, rng=np.random.default_rng(start))
    by_field = {point.field: point for point in scan.points}
    by_coupling = {point.coupling: point for point in focusing.points}
    first = [by_field.get(float(field)) for field in FIELDS]
    second = [by_coupling.get(float(coupling)) for coupling in COUPLINGS]
    rows = []
    for chosen in (first, second):
        pairs = [(np.nan, np.nan) if p is None else (p.distance, p.local_entropy) for p in chosen]
        rows.append(np.array(pairs).T)
    return rows[0], rows[1], spread, worst([scan.status, focusing.status])


def _maximum_margin_curve(load: float, distance: np.ndarray) -> np.ndarray:
    """φ_FP around typical solutions of maximum margin, at distances of any shape; nan where they are nan."""
    curve = np.full(distance.shape, np.nan)
    known = np.isfinite(distance)
    if not known.any():
        return curve
    unique, place = np.unique(distance[known], return_inverse=True)
    profile = local_entropy_profile(load, maximum_margin(load).value, 0.0, unique)
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


def _controlled(route: str, deviation: np.ndarray, spread: np.ndarray) -> Columns:
    """Value at spread 1 of the least-squares line through the instances, with its standard error; needs three."""
    kept = np.isfinite(deviation).sum(axis=0) >= 2
    found = np.full((2, np.count_nonzero(kept)), np.nan)
    for k, column in enumerate(deviation[:, kept].T):
        known = np.isfinite(column)
        n, x, y = np.count_nonzero(known), spread[known] - 1.0, column[known]
        square = np.sum((x - x.mean()) ** 2)
        if n < 3 or square == 0.0:
            continue
        slope = np.sum((x - x.mean()) * y) / square
        rest = y - y.mean() - slope * (x - x.mean())
        found[0, k] = y.mean() - slope * x.mean()
        found[1, k] = np.sqrt(np.sum(rest**2) / (n - 2) * (1.0 / n + x.mean() ** 2 / square))
    return {f"{route}_controlled_deviation": found[0], f"{route}_controlled_deviation_error": found[1]}
