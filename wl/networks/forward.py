"""Forward pass of one network over many points, its losses and accuracies, in single or double precision.

The kernels (`wl.networks.kernels.incremental`, `wl.networks.kernels.losses`) keep neurons as rows over all points; this
module brings architectures, parameters and data into their form, and calls them on blocks of points that fit the
caches. Use it for measuring; a sampler that changes one parameter at a time is `wl.systems.network.system`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_dtype
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernel_form import check_split, kernel_head, kernel_network, kernel_targets, new_weights, point_rows
from wl.networks.kernels import losses
from wl.networks.kernels.incremental import Network, set_all

__all__ = ["Quality", "outputs", "quality"]

BLOCK = 4096  # points


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a network does on points.

    Attributes
    ----------
    log_loss : float
        ln of the mean cross-entropy, or of the mean squared error over points and outputs.
    accuracy, smoothed_accuracy : float
        Share of points whose label is the predicted one (logistic: label 1 where z > 0; softmax: the first of the
        largest outputs), and mean probability of the labels; nan for the linear head.
    """

    log_loss: float
    accuracy: float
    smoothed_accuracy: float


def outputs(
    architecture: Architecture, parameters: np.ndarray, features: np.ndarray, precision: str = "float32"
) -> np.ndarray:
    """Outputs z^L of every point.

    Parameters
    ----------
    architecture : Architecture
    parameters : ndarray, shape (n_parameters,)
    features : ndarray, shape (n_points, n_inputs)
    precision : str
        "float32", where tanh is within 5.5 units in the last place, or "float64".

    Returns
    -------
    ndarray, shape (n_points, n_outputs)
        Of this precision.

    Raises
    ------
    ValueError
        For arrays of other shapes or an unknown precision.
    """
    network = kernel_network(architecture, precision)
    if features.ndim != 2 or features.shape[1] != architecture.n_inputs:
        raise ValueError(f"features has shape {features.shape}; allowed: (n_points, {architecture.n_inputs})")
    check_dtype("features", features)
    found = [np.empty((0, architecture.n_outputs), precision)]
    for first in range(0, features.shape[0], BLOCK):
        block = features[first : first + BLOCK]
        rows, places = _forward(network, parameters, point_rows(block, precision))
        found.append(rows[places, : block.shape[0]].T)
    return np.concatenate(found)


def quality(architecture: Architecture, parameters: np.ndarray, split: Split, precision: str = "float32") -> Quality:
    """Loss and accuracies of a network.

    Raises
    ------
    ValueError
        For data that do not fit the architecture, or an unknown precision.
    """
    check_split("split", split, architecture)
    network, head = kernel_network(architecture, precision), kernel_head(architecture, precision)
    parts, sizes = [], []
    for first in range(0, split.n_points, BLOCK):
        block = Split(split.features[first : first + BLOCK], split.targets[first : first + BLOCK])
        rows, places = _forward(network, parameters, point_rows(block.features, precision))
        targets = point_rows(kernel_targets(architecture, block.targets), precision)
        parts.append(_measure(head, rows, places, targets, block.n_points))
        sizes.append(block.n_points)
    weights, values = np.array(sizes) / split.n_points, np.array(parts)
    log_loss = np.logaddexp.reduce(values[:, 0] + np.log(weights))
    accuracy, smoothed = weights @ values[:, 1:] if architecture.head != "linear" else (math.nan, math.nan)
    return Quality(float(log_loss), float(accuracy), float(smoothed))


def _forward(network: Network, parameters: np.ndarray, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all slots, and which of them are the outputs."""
    if parameters.shape != network.padded_place.shape:
        raise ValueError(f"parameters has shape {parameters.shape}; allowed: {network.padded_place.shape}")
    check_dtype("parameters", parameters)
    rows = np.zeros((network.slots[-1], features.shape[1]), features.dtype)
    rows[: features.shape[0]] = features
    places = np.arange(rows.shape[0])
    set_all(network, rows, places, new_weights(network, features.dtype), parameters.astype(features.dtype))
    return rows, places[network.slots[-2] :][: network.widths[-1]]


def _measure(
    head: losses.Head, rows: np.ndarray, places: np.ndarray, targets: np.ndarray, n_points: int
) -> tuple[float, float, float]:
    margins = np.empty(rows.shape[1], rows.dtype)
    return losses.all_values(head, margins, rows, places, targets, (0, n_points))
