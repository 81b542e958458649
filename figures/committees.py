"""Data of the figure of tree committees: entropy, typical distance, local entropy, and the width of the dense phase."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np

from perceptron.base.results import Status, worst
from perceptron.kernels.committees.three_relus import ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import WideReluCommittee, WideSignCommittee
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile
from perceptron.theory.franz_parisi.thresholds import dense_core_load, kappa_u
from perceptron.theory.typical.solutions import capacity, maximum_margin, typical_solutions

__all__ = ["MODELS", "PROFILE_LOAD", "compute_committees"]

Columns = dict[str, np.ndarray]
MODELS = {
    "perceptron": MarginStep,
    "three": SignCommitteeOfThree,
    "three_relu": ReluCommitteeOfThree,
    "sign": WideSignCommittee,
    "relu": WideReluCommittee,
}
PROFILE_LOAD = 0.5
DISTANCES = np.linspace(0.0, 1.0, 101)[1:] ** 2
DISTANCES_OF_THREE = {  # below, their integrals take minutes
    SignCommitteeOfThree: np.linspace(0.18, 1.0, 24) ** 2,
    ReluCommitteeOfThree: np.linspace(0.3, 1.0, 10)[2:] ** 2,
}
LOADS = np.linspace(0.02, 1.0, 50)  # in units of the last one of each curve


def compute_committees(executor: Executor | None, progress: Any) -> tuple[Columns, Status]:
    """Four panels over the models, one after the other."""
    columns: Columns = {"load": np.array(PROFILE_LOAD)}
    statuses: list[Status] = []
    for k, (name, step) in enumerate(MODELS.items()):
        columns |= _typical(name, step, statuses)
        references = {"zero": 0.0}
        if step is not SignCommitteeOfThree:
            references |= {"largest": maximum_margin(PROFILE_LOAD, step).value}
        if step not in DISTANCES_OF_THREE:
            columns |= _width_of_the_dense_phase(name, step, statuses)
        for place, margin in references.items():
            found = _profile(step, margin, executor)
            statuses.append(found.status)
            columns[f"{name}_{place}_distance"] = found.array("distance")
            columns[f"{name}_{place}_entropy"] = found.array("local_entropy")
            columns[f"{name}_{place}_entropy_error"] = found.array("local_entropy_error")
            columns[f"{name}_{place}_replicon"] = found.array("replicon")
        progress(k + 1, len(MODELS))
    return columns, worst(statuses)


def _typical(name: str, step: Any, statuses: list[Status]) -> Columns:
    """Entropy and distance up to the capacity; adds their statuses."""
    end = capacity(step(0.0), throw=False)
    solutions = [typical_solutions(float(load), step(0.0), throw=False) for load in LOADS * end.value]
    statuses += [end.status, *(typical.status for typical in solutions)]
    return {
        f"{name}_capacity": np.array([end.value, end.error]),
        f"{name}_loads": LOADS * end.value,
        **_with_errors(f"{name}_entropy", [typical.entropy for typical in solutions]),
        **_with_errors(f"{name}_typical_distance", [typical.typical_distance for typical in solutions]),
    }


def _with_errors(name: str, estimates: list[Any]) -> Columns:
    columns = {name: np.array([estimate.value for estimate in estimates])}
    return columns | {f"{name}_error": np.array([estimate.error for estimate in estimates])}


def _width_of_the_dense_phase(name: str, step: Any, statuses: list[Status]) -> Columns:
    """κ̃_u over κ_max up to the load at which they meet; adds their statuses."""
    end = dense_core_load(0.0, step, throw=False)
    loads = np.linspace(0.3, 1.0, 29)[:-1] * end.value
    margins = [kappa_u(float(load), 0.0, step, throw=False) for load in loads]
    statuses += [end.status, *(margin.status for margin in margins)]
    return {
        f"{name}_dense_core_load": np.array([end.value, end.error]),
        f"{name}_dense_loads": loads,
        f"{name}_largest_margin": np.array([maximum_margin(float(load), step).value for load in loads]),
        **_with_errors(f"{name}_kappa_u", margins),
    }


def _profile(step: Any, margin: float, executor: Executor | None) -> Any:
    shape = DISTANCES_OF_THREE.get(step, DISTANCES)
    return local_entropy_profile(PROFILE_LOAD, margin, 0.0, 0.42 * shape, step=step, executor=executor, throw=False)
