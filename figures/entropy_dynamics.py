"""Figures 2a, 2c, 3 and 7 of paper H from stored runs of molecular dynamics, and the entropic advantage by width.

A panel is one network: the map ln g(ln L_train, ln L_test), its maximum-entropy and equilibrium curves, the mean curves
of trained networks, in the box and free, at the mean ln L_train of their records, and the losses of the best constant
prediction. The advantage is `wl.analysis.advantage` over the records of networks trained in the box, where the
equilibrium is known within 0.1.

The status of a figure is the worst of its landscapes and ensembles; NOT_CONVERGED also where one is missing.
`figures.entropy_dynamics_runs` makes the stored data; panels without any are left empty and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from figures.entropy_dynamics_runs import CASES, Case, landscape_file, training_file
from figures.parts import status_of_runs
from perceptron.base.files import load_table
from perceptron.base.results import Status
from wl.analysis.advantage import Advantage, entropic_advantage
from wl.analysis.curves import equilibrium_curve, maximum_entropy_curve
from wl.landscape.build import load_landscape

__all__ = ["PANELS", "compute_advantage", "compute_panels", "panels_of"]

Columns = dict[str, np.ndarray]
Progress = Callable[[int, int], None]
PANELS = {
    "H2a": ("house-prices-20",),
    "H2c": ("polymer-10",),
    "H3": ("spiral-regression-30", "spiral-regression-100", "spiral-regression-300", "spiral-regression-1000"),
    "H7": ("house-prices-10", "house-prices-20", "house-prices-50", "house-prices-100"),
}
TASKS = ("spiral-regression", "house-prices", "polymer")
LARGEST_ERROR = 0.1  # of the equilibrium curve, in bins that are used


def compute_panels(name: str, executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Maps and curves of the networks of one figure, numbered from 0."""
    del executor
    columns: Columns = {"names": np.array(PANELS[name])}
    cases = [CASES[case_name] for case_name in PANELS[name]]
    landscapes = [_landscape(case) for case in cases]
    for number, (case, landscape) in enumerate(zip(cases, landscapes, strict=True)):
        columns |= {f"{key}_{number}": value for key, value in _panel(case, landscape).items()}
        progress(number + 1, len(cases))
    return columns, status_of_runs(landscapes, [training_file(case, clip) for case in cases for clip in (True, False)])


def panels_of(name: str) -> Callable[[Executor | None, Progress], tuple[Columns, Status]]:
    """`compute_panels` of one figure."""
    return partial(compute_panels, name)


def _landscape(case: Case) -> Any | None:
    return load_landscape(landscape_file(case)) if landscape_file(case).exists() else None


def _panel(case: Case, landscape: Any | None) -> Columns:
    columns: Columns = {}
    if landscape is not None:
        columns |= {
            "log_train_loss_edges": landscape["log_train_loss_edges"].values,
            "log_test_loss_edges": landscape["log_test_loss_edges"].values,
            "log_g": landscape["log_g"].values,
            "absolute": np.isfinite(landscape.attrs["log_covered"]),
            "log_total": np.array(landscape.attrs["log_total"]),
            "steps": np.array(landscape.attrs["steps"]),
            "round_trips": np.array(landscape.attrs["round_trips"]),
            "converged": np.array(landscape.attrs["status"] == "CONVERGED"),
        }
        for name, curve in (
            ("equilibrium", equilibrium_curve(landscape)),
            ("maximum", maximum_entropy_curve(landscape)),
        ):
            columns |= {f"{name}_position": curve.x, f"{name}_value": curve.value, f"{name}_error": curve.error}
    for name, clip in (("clipped", True), ("free", False)):
        if training_file(case, clip).exists():
            trained, _ = load_table(training_file(case, clip))
            columns |= {
                f"{name}_position": trained["log_train_loss"],
                f"{name}_value": trained["log_test_loss"],
                f"{name}_error": trained["log_test_loss_error"],
                f"{name}_n_runs": trained["n_runs"],
                f"{name}_outside_box": trained["outside_box"],
                "constant": trained["constant"],
            }
    return columns


def compute_advantage(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """A row for each network whose landscape and ensemble are there, where they meet."""
    del executor
    cases = [case for case in CASES.values() if case.preset == "default" and case.task in TASKS]
    found = {}
    for number, case in enumerate(cases):
        progress(number + 1, len(cases))
        if not (landscape_file(case).exists() and training_file(case, True).exists()):
            continue
        advantage = _advantage(case)
        if advantage.n_runs > 1:
            found[case] = advantage
    columns: Columns = {name: np.array([getattr(case, name) for case in found]) for name in ("task", "width")}
    names = {"advantage": "value", "advantage_error": "error"} | {
        name: name for name in ("training_error", "landscape_error", "grid_error", "n_runs", "n_records")
    }
    columns |= {name: np.array([getattr(one, part) for one in found.values()]) for name, part in names.items()}
    columns["converged"] = np.array([one.status is Status.CONVERGED for one in found.values()])
    return columns, status_of_runs([_landscape(case) for case in found], [training_file(case, True) for case in found])


def _advantage(case: Case) -> Advantage:
    trained, _ = load_table(training_file(case, True))
    records = (trained["records_log_train_loss"], trained["records_log_test_loss"])
    return entropic_advantage(load_landscape(landscape_file(case)), *records, largest_error=LARGEST_ERROR)
