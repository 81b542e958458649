"""The points of a network's collective variables, as the kernels want them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernel_form import kernel_targets, point_rows
from wl.networks.kernels.losses import ACCURACY, LOSS, SMOOTHED

__all__ = ["TEST", "TRAIN", "VARIABLES", "NetworkPoints", "points_of"]

TRAIN, TEST = range(2)
VARIABLES = {
    "log_train_loss": (LOSS, TRAIN),
    "log_test_loss": (LOSS, TEST),
    "train_accuracy": (ACCURACY, TRAIN),
    "test_accuracy": (ACCURACY, TEST),
    "smoothed_train_accuracy": (SMOOTHED, TRAIN),
    "smoothed_test_accuracy": (SMOOTHED, TEST),
}


class NetworkPoints(NamedTuple):
    """Points that the variables are taken over, training points first, padded to whole vectors."""

    features: np.ndarray  # (n_inputs, n_points)
    targets: np.ndarray  # (1 or n_outputs, n_points), see `wl.networks.kernels.losses`
    n_values: int
    kinds: tuple[int, int]
    bounds: tuple[tuple[int, int], tuple[int, int]]


def points_of(
    architecture: Architecture, splits: Mapping[int, Split], names: tuple[str, ...], precision: str
) -> NetworkPoints:
    """Those points alone that the variables are taken over."""
    kinds, parts = zip(*(VARIABLES[name] for name in names), strict=True)
    bounds, n_points = {}, 0
    for part in sorted(set(parts)):
        bounds[part] = (n_points, n_points + splits[part].n_points)
        n_points += splits[part].n_points
    features = np.concatenate([splits[part].features for part in bounds])
    targets = np.concatenate([kernel_targets(architecture, splits[part].targets) for part in bounds])
    return NetworkPoints(
        point_rows(features, precision),
        point_rows(targets, precision),
        len(names),
        (kinds[0], kinds[-1]),
        (bounds[parts[0]], bounds[parts[-1]]),
    )
