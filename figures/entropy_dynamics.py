"""Figures 2a, 2c, 3 and 7 of paper H from stored runs of molecular dynamics, and the entropic advantage by width.

A panel is one network: the map ln g(ln L_train, ln L_test), its maximum-entropy and equilibrium curves, and the mean
curves of trained networks, in the box and free. The advantage is ln L_test of the trained networks in the box less
that of the equilibrium at the same ln L_train, averaged over the bins where both are known, the equilibrium within 0.1;
its error is the larger of the standard error of that mean, as if bins were one draw each, and the mean error of the
curves.

`figures.entropy_dynamics_runs` makes the stored data; panels without any are left empty and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np

from figures.entropy_dynamics_runs import CASES, Case, landscape_file, training_file
from perceptron.files import load_table
from perceptron.solution import Status
from wl.analysis import equilibrium_curve, maximum_entropy_curve
from wl.landscape import load_landscape

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
LEAST_RUNS, LARGEST_ERROR = 2, 0.1  # of the equilibrium curve, in bins that are used
FARTHEST = 0.05  # between bins of the two curves


def compute_panels(name: str, executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Maps and curves of the networks of one figure, numbered from 0."""
    del executor
    columns: Columns = {"names": np.array(PANELS[name])}
    for number, case_name in enumerate(PANELS[name]):
        found = _panel(CASES[case_name])
        columns |= {f"{key}_{number}": value for key, value in found.items()}
        progress(number + 1, len(PANELS[name]))
    return columns, Status.CONVERGED


def panels_of(name: str) -> Callable[[Executor | None, Progress], tuple[Columns, Status]]:
    """`compute_panels` of one figure."""
    return partial(compute_panels, name)


def _panel(case: Case) -> Columns:
    columns: Columns = {}
    if landscape_file(case).exists():
        landscape = load_landscape(landscape_file(case))
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
            columns |= {f"{name}_position": curve.position, f"{name}_value": curve.value, f"{name}_error": curve.error}
    for name, clip in (("clipped", True), ("free", False)):
        if training_file(case, clip).exists():
            trained, _ = load_table(training_file(case, clip))
            columns |= {
                f"{name}_position": trained["log_train_loss"],
                f"{name}_value": trained["log_test_loss"],
                f"{name}_error": trained["log_test_loss_error"],
                f"{name}_n_runs": trained["n_runs"],
                f"{name}_outside_box": trained["outside_box"],
            }
    return columns


def compute_advantage(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """A row for each network whose landscape and ensemble are there."""
    del executor
    rows: dict[str, list[Any]] = {"task": [], "width": [], "advantage": [], "advantage_error": [], "n_bins": []}
    cases = [case for case in CASES.values() if case.preset == "default" and case.task in TASKS]
    for number, case in enumerate(cases):
        progress(number + 1, len(cases))
        if not (landscape_file(case).exists() and training_file(case, True).exists()):
            continue
        found = _advantage(_panel(case))
        if found is None:
            continue
        values = (case.task, case.width, *found)
        for key, value in zip(rows, values, strict=True):
            rows[key].append(value)
    return {key: np.array(values) for key, values in rows.items()}, Status.CONVERGED


def _advantage(panel: Columns) -> tuple[float, float, int] | None:
    position, value, error = (panel[f"clipped_{part}"] for part in ("position", "value", "error"))
    there, found, spread = (panel[f"equilibrium_{part}"] for part in ("position", "value", "error"))
    nearest = np.abs(there - position[:, None]).argmin(axis=1)
    usable = np.isfinite(value) & (panel["clipped_n_runs"] >= LEAST_RUNS) & (spread[nearest] < LARGEST_ERROR)
    usable &= np.abs(there[nearest] - position) <= FARTHEST
    if np.count_nonzero(usable) < LEAST_RUNS:
        return None
    difference = (value - found[nearest])[usable]
    of_curves = float(np.mean(np.hypot(np.nan_to_num(error), spread[nearest])[usable]))
    of_mean = float(np.std(difference, ddof=1) / np.sqrt(difference.size))
    return float(np.mean(difference)), max(of_curves, of_mean), int(difference.size)
