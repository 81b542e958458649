"""Figure 1 of paper H from stored runs of the spiral: one landscape with its curves, and eight comparisons.

(a) ln g(ln L_train, A_test) of 2-8-8-8-8-1 (ReLU, 249 parameters) on one data set, as the logarithm of a share of the
box; equilibrium and maximum-entropy accuracy; mean accuracy of trained networks, in the box and free, at the mean
ln L_train of their records.

(b) Best accuracy of early stopping against the equilibrium accuracy at the same ln L_train, for four networks and two
lengths of training, means over data sets with standard errors. The points of a training curve are bins 0.1 wide; the
equilibrium beside one is the average of its curve over the ln L_train of the very records of the bin. The best point is
taken from the bins that lie in the landscape's range, and compared bin by bin in each data set; `advantage` is the mean
of the differences, whose error is smaller than those of the two, as data sets differ.

In a data set the best point is cut where the training curve is better outside the landscape's range, or is best in the
last bin inside it; `n_cut` counts these data sets. What early stopping can do is there only known to be no less.

The status of a figure is the worst of its landscapes and ensembles. `figures.high_entropy_runs` makes the stored data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from figures.high_entropy_runs import DATA_SEEDS, LENGTHS, LONG, NETWORKS, landscape_file, training_file
from figures.parts import status_of_runs
from perceptron.base.files import load_table
from perceptron.base.results import Status
from wl.analysis.advantage import equilibrium_at
from wl.analysis.curves import equilibrium_curve, maximum_entropy_curve
from wl.landscape.build import load_landscape
from wl.networks.training.curves import BIN_WIDTH, RULES, average_over_parts

__all__ = ["SHOWN", "compute_comparison", "compute_landscape"]

Columns = dict[str, np.ndarray]
SHOWN = ("8,8,8,8", 1)  # network and data set of panel (a)
LEAST_SHARE = 0.25  # of the runs, that a bin must hold to be the best point
LARGEST_ERROR = 0.05  # of the equilibrium accuracy, in bins that are used


class Pair(NamedTuple):
    """Best early stopping of one data set beside the equilibrium, nan where there is nothing to compare."""

    log_train_loss: float = np.nan
    trained: float = np.nan
    equilibrium: float = np.nan
    cut: float = np.nan  # 1 where the best point is cut at the end of the landscape


def compute_landscape(executor: Executor | None, progress: Callable[[int, int], None]) -> tuple[Columns, Status]:
    """Panel (a): the map, its curves and the trained ones."""
    del executor
    landscape = load_landscape(_longest_run(*SHOWN))
    columns: Columns = {
        "log_train_loss_edges": landscape["log_train_loss_edges"].values,
        "test_accuracy_edges": landscape["test_accuracy_edges"].values,
        "log_share": landscape["log_g"].values - landscape.attrs["log_total"],
        "steps": np.array(landscape.attrs["steps"]),
        "converged": np.array(landscape.attrs["status"] == "CONVERGED"),
    }
    for name, curve in (("equilibrium", equilibrium_curve(landscape)), ("maximum", maximum_entropy_curve(landscape))):
        columns |= {f"{name}_position": curve.x, f"{name}_value": curve.value, f"{name}_error": curve.error}
    for name, clip in (("clipped", True), ("free", False)):
        trained, _ = load_table(training_file(*SHOWN, clip))
        parts = {"position": "mean_place", "value": "mean_accuracy", "error": "mean_error", "n_runs": "n_runs"}
        columns |= {f"{name}_{part}": trained[f"long_{kept}"] for part, kept in parts.items()}
        columns["constant"] = trained["constant"]
    progress(1, 1)
    return columns, status_of_runs([landscape], [training_file(*SHOWN, clip) for clip in (True, False)])


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
    places = list(itertools.product(NETWORKS, DATA_SEEDS))
    landscapes = {place: _landscape(*place) for place in places}
    rows: dict[str, list[Any]] = {}
    for number, (hidden, length, clip, rule) in enumerate(cases):
        name = f"{length}_{rule.replace(' ', '_')}"
        pairs = [_pair(landscapes[hidden, seed], training_file(hidden, seed, clip), name) for seed in DATA_SEEDS]
        for name, value in _condition(np.array(pairs)).items():
            rows.setdefault(name, []).append(value)
        for name, value in (("n_parameters", NETWORKS[hidden]), ("long", length == "long"), ("clip", clip)):
            rows.setdefault(name, []).append(value)
        rows.setdefault("lowest_test_loss", []).append(rule != RULES[0])
        progress(number + 1, len(cases))
    ensembles = [training_file(*place, clip) for place in places for clip in (True, False)]
    columns = {name: np.array(values) for name, values in rows.items()}
    return columns, status_of_runs(landscapes.values(), ensembles)


def _landscape(hidden: str, data_seed: int) -> Any | None:
    path = _longest_run(hidden, data_seed)
    return load_landscape(path) if path.exists() else None


def _longest_run(hidden: str, data_seed: int) -> Path:
    """The run of 10⁹ steps where there is one, in place of that of 2·10⁸."""
    long = landscape_file(hidden, data_seed, LONG)
    return long if long.exists() else landscape_file(hidden, data_seed)


def _pair(landscape: Any | None, ensemble: Path, name: str) -> Pair:
    """Best trained point in the landscape's range, the equilibrium at its records, and whether it is cut."""
    if landscape is None or not ensemble.exists():
        return Pair()  # not run yet; the figure says how many data sets a point has
    trained, _ = load_table(ensemble)
    accuracy, number = trained[f"{name}_accuracy"], trained[f"{name.partition('_')[0]}_n_runs"]
    shares, places = trained[f"{name}_shares"], trained[f"{name}_places"]

    def equilibrium(position: np.ndarray) -> np.ndarray:
        return equilibrium_at(landscape, position, largest_error=LARGEST_ERROR).value

    beside, position = average_over_parts(shares, places, equilibrium), trained[f"{name}_place"]
    enough = (number >= LEAST_SHARE * number.max()) & np.isfinite(accuracy)
    known = enough & np.isfinite(beside)
    if not known.any():
        return Pair()
    best = np.flatnonzero(known)[np.argmax(accuracy[known])]
    better = bool(np.any(accuracy[enough] > accuracy[best]))
    last = bool(np.isnan(equilibrium(position[best] - BIN_WIDTH)))
    return Pair(position[best], accuracy[best], beside[best], float(better or last))


def _condition(pairs: np.ndarray) -> dict[str, float]:
    """Means over data sets, and standard errors; how many there are, and in how many the best point is cut."""
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    number = len(pairs)
    columns = {"log_train_loss": pairs[:, 0], "trained": pairs[:, 1], "equilibrium": pairs[:, 2]}
    columns["advantage"] = pairs[:, 2] - pairs[:, 1]
    found: dict[str, float] = {"n_data_sets": number, "n_cut": int(pairs[:, 3].sum())}
    for name, values in columns.items():
        found[name] = float(np.mean(values)) if number else np.nan
        found[f"{name}_error"] = float(np.std(values, ddof=1) / np.sqrt(number)) if number > 1 else np.nan
    return found
