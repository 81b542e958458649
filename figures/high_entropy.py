"""Figure 1 of paper H from stored runs of the spiral: one landscape with its curves, and eight comparisons.

(a) ln g(ln L_train, A_test) of 2-8-8-8-8-1 (ReLU, 249 parameters) on one data set, as the logarithm of a share of the
box; equilibrium and maximum-entropy accuracy; mean accuracy of trained networks, in the box and free.

(b) Best accuracy of early stopping against the equilibrium accuracy at the same ln L_train, for four networks and two
lengths of training, means over data sets with standard errors. The best point is taken from the bins that the landscape
knows, and compared bin by bin in each data set; `advantage` is the mean of the differences, whose error is smaller than
those of the two, as data sets differ.

`figures.high_entropy_runs` makes the stored data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from figures.high_entropy_runs import DATA_SEEDS, LENGTHS, LONG, NETWORKS, landscape_file, training_file
from perceptron.files import load_table
from perceptron.solution import Status
from wl.analysis import Curve, equilibrium_curve, maximum_entropy_curve
from wl.landscape import load_landscape
from wl.networks.training_curves import RULES

__all__ = ["SHOWN", "compute_comparison", "compute_landscape"]

Columns = dict[str, np.ndarray]
SHOWN = ("8,8,8,8", 1)  # network and data set of panel (a)
LEAST_SHARE = 0.25  # of the runs, that a bin must hold to be the best point
LARGEST_ERROR = 0.05  # of the equilibrium accuracy, in bins that are used


def compute_landscape(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Panel (a): the map, its curves and the trained ones."""
    del executor
    landscape = load_landscape(_longest_run(*SHOWN))
    columns: Columns = {
        "log_train_loss_edges": landscape["log_train_loss_edges"].values,
        "test_accuracy_edges": landscape["test_accuracy_edges"].values,
        "log_share": landscape["log_g"].values - landscape.attrs["log_total"],
        "steps": np.array(landscape.attrs["steps"]),
    }
    for name, curve in (("equilibrium", equilibrium_curve(landscape)), ("maximum", maximum_entropy_curve(landscape))):
        columns |= {f"{name}_position": curve.position, f"{name}_value": curve.value, f"{name}_error": curve.error}
    for name, clip in (("clipped", True), ("free", False)):
        trained, _ = load_table(training_file(*SHOWN, clip))
        columns[f"{name}_position"] = trained["long_log_train_loss"]
        columns[f"{name}_value"], columns[f"{name}_error"] = trained["long_mean_accuracy"], trained["long_mean_error"]
        columns[f"{name}_n_runs"] = trained["long_n_runs"]
    progress(1, 1)
    return columns, Status.CONVERGED


def compute_comparison(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Panel (b): a row for each condition and way of training."""
    del executor
    cases = [
        (hidden, length, clip, rule)
        for clip in (True, False)
        for rule in RULES
        for hidden in NETWORKS
        for length in LENGTHS
    ]
    rows: dict[str, list[Any]] = {}
    curves = {case: _curve(*case) for case in itertools.product(NETWORKS, DATA_SEEDS)}
    for number, (hidden, length, clip, rule) in enumerate(cases):
        name = f"{length}_{rule.replace(' ', '_')}"
        pairs = np.array([_pair(curves[hidden, seed], training_file(hidden, seed, clip), name) for seed in DATA_SEEDS])
        for name, value in _condition(pairs).items():
            rows.setdefault(name, []).append(value)
        for name, value in (("n_parameters", NETWORKS[hidden]), ("long", length == "long"), ("clip", clip)):
            rows.setdefault(name, []).append(value)
        rows.setdefault("lowest_test_loss", []).append(rule != RULES[0])
        progress(number + 1, len(cases))
    return {name: np.array(values) for name, values in rows.items()}, Status.CONVERGED


def _curve(hidden: str, data_seed: int) -> Curve | None:
    path = _longest_run(hidden, data_seed)
    return equilibrium_curve(load_landscape(path)) if path.exists() else None


def _longest_run(hidden: str, data_seed: int) -> Path:
    """The run of 10⁹ steps where there is one, in place of that of 2·10⁸."""
    long = landscape_file(hidden, data_seed, LONG)
    return long if long.exists() else landscape_file(hidden, data_seed)


def _pair(equilibrium: Curve | None, ensemble: Path, name: str) -> tuple[float, float, float]:
    """Ln L_train of the best trained point that the landscape knows, the accuracies of training and of equilibrium."""
    length = name.partition("_")[0]
    if equilibrium is None or not ensemble.exists():
        return np.nan, np.nan, np.nan  # not run yet; the figure says how many data sets a point has
    trained, _ = load_table(ensemble)
    position, accuracy = trained[f"{length}_log_train_loss"], trained[f"{name}_accuracy"]
    curve = equilibrium.at(position)
    number = trained[f"{length}_n_runs"]
    known = (number >= LEAST_SHARE * number.max()) & (curve.error < LARGEST_ERROR)
    if not known.any():
        return np.nan, np.nan, np.nan
    best = np.flatnonzero(known)[np.argmax(accuracy[known])]
    return position[best], accuracy[best], curve.value[best]


def _condition(pairs: np.ndarray) -> dict[str, float]:
    """Means over data sets, and standard errors."""
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    number = len(pairs)
    columns = {"log_train_loss": pairs[:, 0], "trained": pairs[:, 1], "equilibrium": pairs[:, 2]}
    columns["advantage"] = pairs[:, 2] - pairs[:, 1]
    found: dict[str, float] = {"n_data_sets": number}
    for name, values in columns.items():
        found[name] = float(np.mean(values)) if number else np.nan
        found[f"{name}_error"] = float(np.std(values, ddof=1) / np.sqrt(number)) if number > 1 else np.nan
    return found
