"""Forward pass of one network over many points, its losses and accuracies, in single or double precision.

The kernels (`wl.networks.kernels.incremental`, `wl.networks.kernels.losses`) keep neurons as rows over all points; this
module brings architectures, parameters and data into their form, and calls them on blocks of points that fit the
caches. Use it for measuring; a sampler that changes one parameter at a time is `wl.systems.network.system`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_choice, check_dtype
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernels import losses
from wl.networks.kernels.incremental import GROUP, VECTOR, Network, set_all
from wl.networks.layers.activations import (
    Activation,
    Double,
    Identity,
    Precision,
    Relu,
    Silu,
    Single,
    Tanh,
)

__all__ = [
    "PRECISIONS",
    "Quality",
    "check_known_precision",
    "check_split",
    "kernel_head",
    "kernel_network",
    "outputs",
    "point_rows",
    "quality",
]

PRECISIONS: dict[str, Precision] = {
    "float32": Single(np.float32(0.0), np.float32(0.5), np.float32(-20.0)),
    "float64": Double(np.float64(0.0), np.float64(0.5), np.float64(-40.0)),
}
ACTIVATIONS: dict[str, Callable[[Precision], Activation]] = {"relu": Relu, "tanh": Tanh, "silu": Silu}
HEADS: dict[str, Callable[[Precision], losses.Head]] = {
    "logistic": losses.Logistic,
    "softmax": losses.ManyClasses,
    "linear": losses.Linear,
}
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


def new_weights(network: Network, dtype: np.dtype) -> np.ndarray:
    """Zeros for the padded weights."""
    last, before = network.slots[-2], network.slots[-3]
    return np.zeros(network.first_weight[last + network.widths[-1] - 1] + last - before + 1, dtype)


def check_known_precision(precision: str) -> None:
    """Refuse the name of another precision.

    Raises
    ------
    ValueError
        Naming it.
    """
    check_choice("precision", precision, PRECISIONS)


def kernel_network(architecture: Architecture, precision: str) -> Network:
    """Shape of the network as the kernels want it.

    Raises
    ------
    ValueError
        For an unknown precision.
    """
    check_known_precision(precision)
    widths = np.array(architecture.widths)
    padded = -(-widths // GROUP) * GROUP
    slots = np.concatenate(([0], np.cumsum(padded)))
    first_weight, bias_of = np.zeros(slots[-1], np.int64), np.zeros(slots[-1], np.int64)
    layer_of, slot_of, padded_place = (np.zeros(architecture.n_parameters, np.int64) for _ in range(3))
    place = 0
    for number, layer in enumerate(architecture.layers, start=1):
        for neuron in range(layer.n_outputs):
            slot, start = slots[number] + neuron, layer.weights.start + neuron * layer.n_inputs
            own = np.append(np.arange(start, start + layer.n_inputs), layer.biases.start + neuron)
            first_weight[slot], bias_of[slot] = place, own[-1]
            layer_of[own], slot_of[own] = number, slot
            padded_place[own[:-1]] = place + np.arange(layer.n_inputs)
            padded_place[own[-1]] = place + padded[number - 1]
            place += padded[number - 1] + 1
    kind = PRECISIONS[precision]
    return Network(
        ACTIVATIONS[architecture.activation](kind),
        Identity(kind),
        widths,
        slots,
        first_weight,
        padded_place,
        layer_of,
        slot_of,
        bias_of,
    )


def kernel_head(architecture: Architecture, precision: str) -> losses.Head:
    """What the outputs mean, as the kernels want it."""
    two = architecture.head == "softmax" and architecture.n_outputs == 2
    make = losses.TwoClasses if two else HEADS[architecture.head]
    return make(PRECISIONS[precision])


def kernel_targets(architecture: Architecture, targets: np.ndarray) -> np.ndarray:
    """Targets as the kernels want them, (n_points, n): signs of two classes, labels of several, or numbers."""
    if architecture.head == "linear":
        return targets
    two = architecture.head == "logistic" or architecture.n_outputs == 2
    return (2 * targets - 1 if two else targets)[:, None]


def point_rows(columns: np.ndarray, precision: str) -> np.ndarray:
    """Transpose, filled up with zeros to whole vectors of points."""
    n_points, n_rows = columns.shape
    rows = np.zeros((n_rows, -(-n_points // VECTOR) * VECTOR), precision)
    rows[:, :n_points] = columns.T
    return rows


def check_split(name: str, split: Split, architecture: Architecture) -> None:
    """Whether data fit an architecture.

    Raises
    ------
    ValueError
        Where they do not.
    """
    if split.features.shape[1] != architecture.n_inputs:
        raise ValueError(
            f"{name}.features has {split.features.shape[1]} columns; allowed: n_inputs = {architecture.n_inputs}"
        )
    if architecture.head == "linear":
        if split.targets.shape[1:] != (architecture.n_outputs,):
            raise ValueError(
                f"{name}.targets has shape {split.targets.shape}; allowed: (n_points, {architecture.n_outputs}) with"
                " head = 'linear'"
            )
        return
    most = max(architecture.n_outputs, 2) - 1
    if split.targets.ndim != 1 or split.targets.max() > most:
        given = f"shape {split.targets.shape}" if split.targets.ndim != 1 else f"label {split.targets.max()}"
        raise ValueError(
            f"{name}.targets has {given}; allowed: labels 0 to {most}, shape (n_points,), with head ="
            f" {architecture.head!r}"
        )
