"""Data of the densest regions: their local entropy beside that of typical references, and α_u against the margin.

Distances are not all the same thing: a profile of typical references and the points of focusing are at a distance from
the reference or centre, and so is the curve with a reference (d_S); curves of real replicas are at a mutual distance.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from figures.focusing_points import compute_points
from perceptron.base.profile import geometric_bound
from perceptron.base.results import Status, worst
from perceptron.base.sweep import sweep
from perceptron.theory.coupled.solutions import coupled_profile
from perceptron.theory.coupled.thresholds import region_thresholds
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile
from perceptron.theory.franz_parisi.thresholds import dense_core_load
from perceptron.theory.typical.solutions import capacity, maximum_margin

__all__ = ["compute_alpha_u", "compute_densest_curves", "compute_local_entropies"]

Columns = dict[str, np.ndarray]
Progress = Callable[[int, int], None]
LOAD = 0.5
DISTANCES = 0.12 * np.linspace(0.0, 1.0, 121)[1:] ** 2
SMALLEST_AT_EQUAL_MARGINS = 2e-3  # below it replica symmetry is badly broken for κ̃ = κ
LARGEST_DISTANCE, N_DISTANCES = 0.24, 36
# replicas, reference and smallest distance: below it y is beyond 1000, and the limit needs grids of gigabytes
DENSEST_CURVES = {"reference": (None, True, 0.01), "replicas": (None, False, 0.01), "limit": (np.inf, False, 0.02)}
MARGINS = np.linspace(-1.0, 2.0, 31)


def compute_densest_curves(load: float) -> tuple[Columns, Status]:
    """Local entropy S_I of coupled solutions, stable or not, along F_E = 0 with a reference and without, and y -> ∞."""
    columns: Columns = {}
    statuses = []
    for name, (n_replicas, reference, smallest) in DENSEST_CURVES.items():
        distances = np.geomspace(smallest, LARGEST_DISTANCE, N_DISTANCES)
        profile = coupled_profile(load, distances, n_replicas, reference=reference)
        columns[f"{name}_distance"] = profile.array("reference_distance" if reference else "distance")
        for quantity in ("local_entropy", "local_entropy_error", "external_entropy", "n_replicas"):
            columns[f"{name}_{quantity}"] = profile.array(quantity)
        replicons = (profile.array("inner_replicon"), profile.array("outer_replicon"))
        columns[f"{name}_replicon"] = np.maximum(*replicons)
        statuses.append(profile.status)
    return columns, worst(statuses)


def compute_local_entropies(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """All local entropies at α = 0.5 in one panel, with the points of focusing belief propagation."""
    columns: Columns = {"load": np.array(LOAD), "bound_distance": DISTANCES}
    columns["bound"] = np.array([geometric_bound(d) for d in DISTANCES])
    statuses = []
    for name, margin in (("typical", 0.0), ("maximum", maximum_margin(LOAD).value)):
        distances = DISTANCES[DISTANCES >= SMALLEST_AT_EQUAL_MARGINS] if margin == 0.0 else DISTANCES
        profile = local_entropy_profile(LOAD, margin, 0.0, distances, executor=executor, throw=False)
        for quantity in ("distance", "local_entropy", "local_entropy_error", "replicon"):
            columns[f"{name}_{quantity}"] = profile.array(quantity)
        statuses.append(profile.status)
    curves, of_curves = compute_densest_curves(LOAD)
    points, status = compute_points(executor, progress)
    return columns | curves | points, worst([*statuses, of_curves, status])


def compute_alpha_u(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """The three α_u, α'_u and α_c against the margin of the solutions."""
    results, interrupted = sweep(_loads_at, [float(margin) for margin in MARGINS], executor, progress)
    rows = {margin: row for margin, row in zip(MARGINS, results, strict=True) if row is not None}
    columns: Columns = {"margins": np.array(list(rows))}
    for k, name in enumerate(("infinite_replicas", "real_replicas", "reference", "core", "capacity")):
        columns[name] = np.array([row[k][0] for row in rows.values()])
        columns[f"{name}_error"] = np.array([row[k][1] for row in rows.values()])
    statuses = [status for row in rows.values() for _, _, status in row]
    return columns, Status.INTERRUPTED if interrupted else worst(statuses)


def _loads_at(margin: float) -> list[tuple[float, float, Status]]:
    solutions = [*region_thresholds(margin), dense_core_load(margin, throw=False), capacity(margin, throw=False)]
    return [(solution.value, solution.error, solution.status) for solution in solutions]
