"""Where networks start: parameters at random.

Each function gives float64 of shape (n_networks, n_parameters), in the order of `Architecture`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from perceptron.base.checks import check_integer
from wl.networks.architecture import Architecture

__all__ = ["INITIALISATIONS", "fan_in", "uniform_in_box", "xavier"]

Box = float | tuple[float, ...] | None


def uniform_in_box(
    architecture: Architecture, n_networks: int, *, rng: np.random.Generator, box: Box = None
) -> np.ndarray:
    """Weights and biases uniform in the box of the sampler, ±2/√W unless another one is given."""
    half_widths = architecture.half_widths(box)
    return rng.uniform(-half_widths, half_widths, (check_integer("n_networks", n_networks, least=1), half_widths.size))


def xavier(architecture: Architecture, n_networks: int, *, rng: np.random.Generator) -> np.ndarray:
    """Weights uniform in ±√(6/(n_inputs + n_outputs)) of their layer, biases zero.

    Source: X. Glorot and Y. Bengio, AISTATS 2010, eq. 16.
    """
    parameters = np.zeros((check_integer("n_networks", n_networks, least=1), architecture.n_parameters))
    for layer in architecture.layers:
        bound = math.sqrt(6.0 / (layer.n_inputs + layer.n_outputs))
        parameters[:, layer.weights] = rng.uniform(-bound, bound, (n_networks, layer.n_inputs * layer.n_outputs))
    return parameters


def fan_in(architecture: Architecture, n_networks: int, *, rng: np.random.Generator) -> np.ndarray:
    """Weights and biases uniform in ±1/√n_inputs of their layer, as common libraries start by default."""
    bounds = np.empty(architecture.n_parameters)
    for layer in architecture.layers:
        bounds[layer.weights.start : layer.biases.stop] = 1.0 / math.sqrt(layer.n_inputs)
    return rng.uniform(-bounds, bounds, (check_integer("n_networks", n_networks, least=1), bounds.size))


INITIALISATIONS: dict[str, Callable[..., np.ndarray]] = {"box": uniform_in_box, "xavier": xavier, "fan-in": fan_in}
