"""Architectures, points and parameters brought into the form of the kernels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perceptron.base.checks import check_choice
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernels import losses
from wl.networks.kernels.gradients import MANY_INPUTS, Layers, Passes
from wl.networks.kernels.incremental import GROUP, VECTOR, Network
from wl.networks.layers.activations import Activation, Double, Identity, Precision, Relu, Silu, Single, Tanh

__all__ = [
    "PRECISIONS",
    "check_known_precision",
    "check_split",
    "kernel_head",
    "kernel_layers",
    "kernel_network",
    "new_passes",
    "point_rows",
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


def kernel_layers(architecture: Architecture, precision: str, features: np.ndarray) -> Layers:
    """Shape of the network for products of matrices, with the features (n_inputs, n_points) the other way round too."""
    widths = np.array(architecture.widths)
    turned = architecture.n_inputs >= MANY_INPUTS
    return Layers(
        ACTIVATIONS[architecture.activation](PRECISIONS[precision]),
        widths,
        np.array([layer.weights.start for layer in architecture.layers]),
        np.concatenate(([0], np.cumsum(widths)))[:-1],
        np.ascontiguousarray(features.T) if turned else np.zeros((0, 0), features.dtype),
    )


def new_passes(layers: Layers, features: np.ndarray) -> Passes:
    """Work space for these points."""
    (n_inputs, n_points), dtype = features.shape, features.dtype
    rows = np.zeros((int(layers.widths.sum()), n_points), dtype)
    rows[:n_inputs] = features
    n_turned = int(layers.widths[1]) * max(n_inputs, n_points) if layers.columns.size else 0
    return Passes(
        rows,
        np.zeros_like(rows),
        np.zeros((int(layers.widths[1:].max()), n_points), dtype),
        np.zeros(n_points, dtype),
        np.zeros(n_points, dtype),
        np.zeros(n_turned, dtype),
    )


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
