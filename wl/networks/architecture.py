"""Shape of a fully connected network, and the order of its parameters in one vector.

    a⁰ = x,  z^l = W^l a^(l-1) + b^l,  a^l = σ(z^l) for l < L,  output = z^L

The vector holds W¹ (row by row, a row for each neuron of the layer), b¹, W², b², …, so that all that enters one layer
stands together. The head says what the outputs z^L mean:

- "logistic": one output z, P(label 1) = 1/(1 + e⁻ᶻ); loss is the mean cross-entropy
- "softmax": one output for each class, P(k) ∝ e^(z_k); loss is the mean cross-entropy
- "linear": outputs are the prediction; loss is the mean squared error over points and outputs
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.checks import check_choice, check_integer, keep_plain

__all__ = ["ACTIVATIONS", "HEADS", "Architecture", "Layer"]

ACTIVATIONS = ("relu", "tanh", "silu")
HEADS = ("logistic", "softmax", "linear")


@dataclass(frozen=True, slots=True)
class Layer:
    """Where a layer stands in the vector.

    Attributes
    ----------
    n_inputs, n_outputs : int
    weights, biases : slice
        Of the vector; weights are (n_outputs, n_inputs) there.
    """

    n_inputs: int
    n_outputs: int
    weights: slice
    biases: slice


@dataclass(frozen=True, slots=True)
class Architecture:
    """Shape of a fully connected network.

    Attributes
    ----------
    n_inputs : int
        Features of a point.
    hidden : tuple of int
        Neurons of the hidden layers, first to last; at least one layer.
    n_outputs : int
        Outputs; 1 for the logistic head, the number of classes for softmax.
    activation : str
        Of all hidden layers: relu, tanh or silu, z/(1 + e⁻ᶻ).
    head : str
        logistic, softmax or linear.

    Raises
    ------
    ValueError
        For sizes below one, unknown names, or a number of outputs that does not fit the head.
    """

    n_inputs: int
    hidden: tuple[int, ...]
    n_outputs: int = 1
    activation: str = "tanh"
    head: str = "logistic"

    def __post_init__(self) -> None:
        keep_plain(self)
        check_integer("n_inputs", self.n_inputs, least=1)
        if not isinstance(self.hidden, tuple) or not self.hidden:
            raise ValueError(f"hidden = {self.hidden!r} is not usable; allowed: a tuple of widths, as (8, 8)")
        for width in self.hidden:
            check_integer("hidden", width, least=1)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("head", self.head, HEADS)
        least, most = {"logistic": (1, 1), "softmax": (2, None), "linear": (1, None)}[self.head]
        check_integer("n_outputs", self.n_outputs, least=least, most=most)

    @property
    def widths(self) -> tuple[int, ...]:
        """Numbers of inputs, hidden neurons of each layer, and outputs."""
        return (self.n_inputs, *self.hidden, self.n_outputs)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Where the layers stand in the vector, first to last."""
        found, place = [], 0
        for n_inputs, n_outputs in zip(self.widths[:-1], self.widths[1:], strict=True):
            middle = place + n_inputs * n_outputs
            end = middle + n_outputs
            found.append(Layer(n_inputs, n_outputs, slice(place, middle), slice(middle, end)))
            place = end
        return tuple(found)

    @property
    def n_parameters(self) -> int:
        """Length of the vector."""
        return self.layers[-1].biases.stop

    def views(self, parameters: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights (n_outputs, n_inputs) and biases (n_outputs,) of every layer, as views of the vector.

        A leading shape is kept: `parameters` is (..., n_parameters).

        Raises
        ------
        ValueError
            For a vector of another length.
        """
        lead, length = parameters.shape[:-1], parameters.shape[-1]
        if length != self.n_parameters:
            raise ValueError(f"parameters has {length} entries a network; allowed: {self.n_parameters}")
        return [
            (
                parameters[..., layer.weights].reshape(*lead, layer.n_outputs, layer.n_inputs),
                parameters[..., layer.biases],
            )
            for layer in self.layers
        ]

    def half_widths(self, box: float | tuple[float, ...] | None = None) -> np.ndarray:
        """Largest size of every parameter in the box the sampler keeps to, float64 (n_parameters,).

        Parameters
        ----------
        box : float or tuple of float, optional
            One bound for all, one for each layer, or None: 2/√W with W the width of the first hidden layer (paper H).

        Raises
        ------
        ValueError
            For bounds that are not positive numbers, or not one for each layer.
        """
        bounds = _bounds(2.0 / math.sqrt(self.hidden[0]) if box is None else box, len(self.layers))
        half = np.empty(self.n_parameters)
        for layer, bound in zip(self.layers, bounds, strict=True):
            half[layer.weights.start : layer.biases.stop] = bound
        return half


def _bounds(box: Any, n_layers: int) -> tuple[float, ...]:
    bounds = tuple(box) if isinstance(box, tuple | list) else (box,) * n_layers
    usable = len(bounds) == n_layers and all(math.isfinite(bound) and bound > 0.0 for bound in bounds)
    if not usable:
        raise ValueError(
            f"box = {box!r} is not usable; allowed: a positive number, or one for each of {n_layers} layers"
        )
    return bounds
