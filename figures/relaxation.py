"""Figure 4 of paper H for the tasks of this project: walks at a fixed temperature relax to a sampled landscape.

`figures.entropy_dynamics_runs --only relaxations` makes the stored walks; half of them begin at uniform draws, half at
trained networks.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from figures.entropy_dynamics_runs import CASES, VARIABLES, landscape_file, relaxation_file, training_file
from figures.parts import status_of_runs
from perceptron.files import load_table
from perceptron.solution import Status
from wl.advantage import equilibrium_at
from wl.landscape import load_landscape

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
        there = equilibrium_at(landscape, walks["values"][..., 0]).value
        found = dict(walks) | {
            "temperature": np.array(origin["parameters"]["temperature"]),
            "equilibrium": there,
            **{name: walks["values"][..., place] for place, name in enumerate(VARIABLES)},
        }
        if training_file(case, True).exists():
            found["constant"] = load_table(training_file(case, True))[0]["constant"]
        columns |= {f"{key}_{number}": value for key, value in found.items() if key != "values"}
        progress(number + 1, len(cases))
    return columns, status_of_runs(landscapes, ())
