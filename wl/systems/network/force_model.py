"""Architectures, data and boxes brought into the form of `wl.systems.network.forces`."""

from __future__ import annotations

import numpy as np

from wl.interface.forces import ForceState, new_force_state
from wl.networks.architecture import Architecture
from wl.networks.kernel_form import kernel_head, kernel_layers, new_passes
from wl.networks.kernels.losses import ACCURACY
from wl.systems.network.forces import NetworkForceModel, NetworkScratch
from wl.systems.network.points import NetworkPoints

__all__ = ["SHARPNESS", "force_model", "new_network_state"]

SHARPNESS = 5.0  # paper H, of what stands for an accuracy
TIME_STEP = 1e-3


def force_model(
    architecture: Architecture, precision: str, points: NetworkPoints, half_widths: np.ndarray
) -> NetworkForceModel:
    """Constants of the kernels."""
    sharpness = [SHARPNESS if kind == ACCURACY else 1.0 for kind in points.kinds]
    n_neurons = sum(architecture.widths)
    return NetworkForceModel(
        layers=kernel_layers(architecture, precision, points.features),
        head=kernel_head(architecture, precision),
        targets=points.targets,
        half_widths=half_widths,
        outputs=np.arange(n_neurons - architecture.n_outputs, n_neurons),
        n_values=points.n_values,
        kinds=points.kinds,
        bounds=points.bounds,
        sharpness=(sharpness[0], sharpness[1]),
    )


def new_network_state(model: NetworkForceModel, points: NetworkPoints) -> ForceState:
    """State of zeros."""
    scratch = NetworkScratch(new_passes(model.layers, points.features))
    return new_force_state(model.half_widths, TIME_STEP, scratch)
