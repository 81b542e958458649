"""Data of the phase diagrams of all models: capacities, errors of generalisation, isolation of typical solutions."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np

from perceptron.base.results import Solution, Status, worst
from perceptron.kernels.typical.constraints import SymmetricWindow
from perceptron.kernels.typical.priors import BinaryWeights
from perceptron.kernels.typical.spherical import SphericalWeights
from perceptron.theory.overview import TERNARY
from perceptron.theory.typical.solutions import capacity
from perceptron.theory.typical.symmetric_perceptron import (
    WindowPoint,
    isolation_distance,
    window_local_entropy,
)
from perceptron.theory.typical.teacher_student import (
    generalisation,
    perfect_learning_load,
    spinodal_load,
)

__all__ = ["compute_models"]

Columns = dict[str, np.ndarray]
MARGINS = np.linspace(-0.5, 2.0, 26)  # the sixth is 0
HALF_WIDTH = 1.0
WINDOW_LOADS = (0.5, 1.0, 1.5, 1.75)
DISTANCES = np.geomspace(1e-3, 0.49, 60)
PRIORS = {"spherical": SphericalWeights(), "ternary": TERNARY, "binary": BinaryWeights()}


def compute_models(executor: Executor | None, progress: Any) -> tuple[Columns, Status]:  # noqa: ARG001
    """Four panels: capacity against margin, of windows, generalisation, local entropy of the symmetric perceptron.

    All of them rest on replica-symmetric saddles, whose replicons are kept beside them. That ternary weights have no
    capacity below margin 0 is an answer and counts as converged; END_OF_BRANCH tells that window entropies have no
    saddle at the smallest distances.
    """
    columns: Columns = {"margins": MARGINS}
    statuses: list[Status] = []
    for name, prior in PRIORS.items():
        solutions = [capacity(float(margin), prior=prior, throw=False) for margin in MARGINS]
        statuses += [s.status for s in solutions if s.status is not Status.NO_SUCH_THRESHOLD]
        columns |= _named(name, solutions)
    progress(1, 3)
    columns |= _generalisation(statuses)
    progress(2, 3)
    columns |= _symmetric(statuses)
    progress(3, 3)
    return columns, worst(statuses)


def _named(name: str, solutions: list[Solution]) -> Columns:
    parts = {"": "value", "_error": "error", "_replicon": "replicon"}
    return {
        f"{name}{end}": np.array([getattr(solution, part) for solution in solutions]) for end, part in parts.items()
    }


def _generalisation(statuses: list[Status]) -> Columns:
    transition, spinodal = perfect_learning_load(throw=False), spinodal_load(throw=False)
    loads = np.concatenate([np.linspace(0.01, 1.45, 60), spinodal.value - np.geomspace(0.04, 1e-4, 12)])
    points = [generalisation(float(load)) for load in loads]
    statuses += [transition.status, spinodal.status, *(point.students.status for point in points)]
    columns = {"student_loads": loads} | _named("alpha_perfect", [transition]) | _named("alpha_spinodal", [spinodal])
    for name in ("gibbs_error", "bayes_error"):
        columns[name] = np.array([getattr(point, name).value for point in points])
    columns["student_replicon"] = np.array([point.students.replicon.value for point in points])
    return columns | {"student_entropy": np.array([point.students.entropy.value for point in points])}


def _symmetric(statuses: list[Status]) -> Columns:
    half_widths = np.linspace(0.1, 2.0, 39)
    columns: Columns = {"half_widths": half_widths, "half_width": np.array(HALF_WIDTH)}
    loads = [capacity(SymmetricWindow(float(k)), throw=False) for k in half_widths]
    columns |= _named("symmetric", loads) | {"window_loads": np.array(WINDOW_LOADS)}
    ends = [isolation_distance(load, HALF_WIDTH) for load in WINDOW_LOADS]
    columns |= _named("isolation", ends)
    statuses += [solution.status for solution in (*loads, *ends)]
    for k, load in enumerate(WINDOW_LOADS):
        points = [window_local_entropy(load, HALF_WIDTH, float(d), throw=False) for d in DISTANCES]
        statuses.append(_status_of_branch(points))
        points = [point for point in points if point.status is Status.CONVERGED]
        columns[f"window_distance_{k}"] = np.array([point.distance for point in points])
        columns[f"window_entropy_{k}"] = np.array([point.local_entropy.value for point in points])
        columns[f"window_replicon_{k}"] = np.array([point.saddle.replicon.value for point in points])
    return columns


def _status_of_branch(points: list[WindowPoint]) -> Status:
    """Of points by increasing distance: END_OF_BRANCH where the first ones alone have no saddle."""
    settled = [point.status is Status.CONVERGED for point in points]
    if all(settled):
        return Status.CONVERGED
    ends = any(settled) and all(settled[settled.index(True) :])
    return Status.END_OF_BRANCH if ends else Status.NOT_CONVERGED
