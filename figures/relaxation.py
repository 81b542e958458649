"""Figure 4 of paper H for the tasks of this project: walks at a fixed temperature relax to a sampled landscape.

`figures.entropy_dynamics_runs --only relaxations` makes the stored walks; half of them begin at uniform draws, half at
trained networks. What the landscape expects of them is worked out anew: its means at their temperature, and the
equilibrium at the training loss of each record.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from figures.entropy_dynamics_runs import CASES, VARIABLES, landscape_file, relaxation_file, training_file
from figures.parts import status_of_runs
from perceptron.base.files import load_table
from perceptron.base.results import Status
from wl.analysis.advantage import equilibrium_at
from wl.analysis.thermal_means import expected_at
from wl.landscape.build import load_landscape

__all__ = ["compute_relaxation"]

Columns = dict[str, np.ndarray]


def compute_relaxation(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Walks of every case that has some, numbered from 0, and the equilibrium at the same training loss."""
    del executor
    cases = [case for case in CASES.values() if relaxation_file(case).exists() and landscape_file(case).exists()]
    columns: Columns = {"names": np.array([case.name for case in cases])}
    landscapes = []
    for number, case in enumerate(cases):
        walks, origin = load_table(relaxation_file(case))
        landscape = load_landscape(landscape_file(case))
        landscapes.append(landscape)
        temperature = origin["parameters"]["temperature"]
        there, expected = equilibrium_at(landscape, walks["values"][..., 0]).value, expected_at(landscape, temperature)
        found = dict(walks) | {
            "temperature": np.array(temperature),
            "equilibrium": there,
            "expected": np.array([[mean.value, mean.error] for mean in (expected.log_train_loss, expected.second)]),
            "excess": _excess(walks["values"][..., 1] - there),
            **{name: walks["values"][..., place] for place, name in enumerate(VARIABLES)},
        }
        if training_file(case, True).exists():
            found["constant"] = load_table(training_file(case, True))[0]["constant"]
        columns |= {f"{key}_{number}": value for key, value in found.items() if key != "values"}
        progress(number + 1, len(cases))
    return columns, status_of_runs(landscapes, ())


def _excess(difference: np.ndarray) -> np.ndarray:
    """Mean over the later half of the records in the landscape, and over walks, with its standard error."""
    later = difference[:, difference.shape[1] // 2 :]
    of_walks = np.nanmean(later, axis=1)
    return np.array([np.mean(of_walks), np.std(of_walks, ddof=1) / np.sqrt(of_walks.size)])
