"""Architectures and points brought into the form of `wl.networks.kernels.gradients`."""

from __future__ import annotations

import numpy as np

from wl.networks import forward
from wl.networks.architecture import Architecture
from wl.networks.kernels.gradients import MANY_INPUTS, Layers, Passes

__all__ = ["kernel_layers", "new_passes"]


def kernel_layers(architecture: Architecture, precision: str, features: np.ndarray) -> Layers:
    """Shape of the network for products of matrices, with the features (n_inputs, n_points) the other way round too."""
    widths = np.array(architecture.widths)
    turned = architecture.n_inputs >= MANY_INPUTS
    return Layers(
        forward.ACTIVATIONS[architecture.activation](forward.PRECISIONS[precision]),
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
