"""What the kernels of `wl.networks.training.matrix_descent` need of a data set, a network and its options."""

from __future__ import annotations

import numpy as np
import scipy.linalg  # noqa: F401  # loads the library that the kernels multiply with, so that its threads can be limited

from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Dataset, Split
from wl.networks.kernel_form import kernel_head, kernel_layers, kernel_targets, new_passes
from wl.networks.training import matrix_descent as kernels
from wl.networks.training.descent import Rule
from wl.networks.training.small_dense import Points

__all__ = ["train_by_matrices"]

PRECISION = "float32"


def train_by_matrices(
    dataset: Dataset,
    architecture: Architecture,
    rule: Rule,
    parameters: np.ndarray,
    stream: np.ndarray,
    epochs: np.ndarray,
) -> tuple[int, np.ndarray]:
    """Train in place; the epoch at which a number was not finite, or FINISHED, and records (4, n_records)."""
    records, single = np.full((4, epochs.size), np.nan), parameters.astype(PRECISION)
    limits = _rounded_down(rule.half_widths)
    rest = dataset.train.n_points % rule.batch_size
    n_neurons = sum(architecture.widths)
    diverged_at = kernels.train(
        kernel_head(architecture, PRECISION),
        np.arange(n_neurons - architecture.n_outputs, n_neurons),
        rule._replace(half_widths=limits),
        kernels.Room(
            _empty(architecture, dataset.train, rule.batch_size),
            _empty(architecture, dataset.train, rest),
            _filled(architecture, dataset.train),
            _filled(architecture, dataset.test),
        ),
        _points(architecture, dataset.train),
        np.clip(single, -limits, limits, out=single),
        stream,
        epochs,
        records,
    )
    parameters[:] = single
    return diverged_at, records


def _rounded_down(half_widths: np.ndarray) -> np.ndarray:
    """In single precision, and not beyond the box."""
    rounded = half_widths.astype(PRECISION)
    return np.where(rounded > half_widths, np.nextafter(rounded, np.float32(0.0)), rounded)


def _points(architecture: Architecture, split: Split) -> Points:
    targets = kernel_targets(architecture, split.targets)
    return Points(split.features.astype(PRECISION), targets.astype(PRECISION))


def _empty(architecture: Architecture, split: Split, n_points: int) -> kernels.Batch:
    """Room for some points."""
    features = np.zeros((architecture.n_inputs, n_points), PRECISION)
    layers = kernel_layers(architecture, PRECISION, features)
    n_targets = kernel_targets(architecture, split.targets[:1]).shape[1]
    return kernels.Batch(layers, new_passes(layers, features), np.zeros((n_targets, n_points), PRECISION))


def _filled(architecture: Architecture, split: Split) -> kernels.Batch:
    """All points."""
    batch, order = _empty(architecture, split, split.n_points), np.arange(split.n_points)
    kernels.gather(batch, _points(architecture, split), order)
    return batch
