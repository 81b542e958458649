"""Data of the phase diagrams of all models: capacities, errors of generalisation, isolation of typical solutions."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np

from perceptron.kernels.constraints import SymmetricWindow
from perceptron.kernels.models import SphericalWeights
from perceptron.solution import Status
from perceptron.theory.models import TERNARY
from perceptron.theory.replica_symmetric import capacity
from perceptron.theory.symmetric_perceptron import isolation_distance, window_local_entropy
from perceptron.theory.teacher_student import generalisation, perfect_learning_load, spinodal_load

__all__ = ["compute_models"]

Columns = dict[str, np.ndarray]
MARGINS = np.linspace(0.0, 2.0, 21)
HALF_WIDTH = 1.0
WINDOW_LOADS = (0.5, 1.0, 1.5, 1.75)
DISTANCES = np.geomspace(1e-3, 0.49, 60)


def compute_models(executor: Executor | None, progress: Any) -> tuple[Columns, Status]:  # noqa: ARG001
    """Four panels: capacity against margin, of windows, generalisation, local entropy of the symmetric perceptron."""
    columns: Columns = {"margins": MARGINS}
    for name, prior in (("spherical", SphericalWeights()), ("ternary", TERNARY)):
        columns |= _named(name, [capacity(float(margin), prior=prior) for margin in MARGINS])
    columns |= _named("binary", [capacity(float(margin)) for margin in MARGINS])
    progress(1, 3)
    columns |= _generalisation()
    progress(2, 3)
    columns |= _symmetric()
    progress(3, 3)
    return columns, Status.CONVERGED


def _named(name: str, solutions: list[Any]) -> Columns:
    values = np.array([solution.value for solution in solutions])
    return {name: values, f"{name}_error": np.array([solution.error for solution in solutions])}


def _generalisation() -> Columns:
    transition, spinodal = perfect_learning_load(), spinodal_load()
    loads = np.concatenate([np.linspace(0.01, 1.45, 60), spinodal.value - np.geomspace(0.04, 1e-4, 12)])
    points = [generalisation(float(load)) for load in loads]
    columns = {"student_loads": loads, "alpha_perfect": np.array(transition.value)}
    columns |= {"alpha_spinodal": np.array(spinodal.value)}
    for name in ("gibbs_error", "bayes_error"):
        columns[name] = np.array([getattr(point, name).value for point in points])
    return columns | {"student_entropy": np.array([point.students.entropy.value for point in points])}


def _symmetric() -> Columns:
    half_widths = np.linspace(0.1, 2.0, 39)
    columns: Columns = {"half_widths": half_widths, "half_width": np.array(HALF_WIDTH)}
    columns |= _named("symmetric", [capacity(SymmetricWindow(float(k))) for k in half_widths])
    columns |= {"window_loads": np.array(WINDOW_LOADS)}
    columns |= _named("isolation", [isolation_distance(load, HALF_WIDTH) for load in WINDOW_LOADS])
    for k, load in enumerate(WINDOW_LOADS):
        points = [window_local_entropy(load, HALF_WIDTH, float(d), throw=False) for d in DISTANCES]
        points = [point for point in points if point.status is Status.CONVERGED]
        columns[f"window_distance_{k}"] = np.array([point.distance for point in points])
        columns[f"window_entropy_{k}"] = np.array([point.local_entropy.value for point in points])
        columns[f"window_replicon_{k}"] = np.array([point.saddle.replicon.value for point in points])
    return columns
