"""Kernels of a neural network whose parameters all move at once, along gradients of its losses and accuracies.

`wl.systems.network.system` makes the model. An accuracy, which has steps, is replaced in the bias by the mean of
1/(1 + e^(-αM)) over points, M the logarithm of the odds of their label (paper H, eq. 2, where M is the difference of
two logits) with sharpness α = 5; smoothed accuracies are variables of their own, with α = 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.interface.forces import measure, pull, register_box
from wl.networks.kernels.gradients import Layers, Passes, rows_of, set_activations, set_gradient
from wl.networks.kernels.losses import (
    ACCURACY,
    LOSS,
    Linear,
    Logistic,
    ManyClasses,
    TwoClasses,
    mean_confidence,
    set_margins,
    value_of,
)
from wl.networks.kernels.pulls import add_pulls, set_output_deltas

__all__ = ["NetworkForceModel", "NetworkScratch"]


class NetworkForceModel(NamedTuple):
    """Constants; values are pairs of a kind and of the points it is taken over."""

    layers: Layers
    head: Logistic | TwoClasses | ManyClasses | Linear
    targets: np.ndarray  # (1 or n_outputs, n_points), see `wl.networks.kernels.losses`
    half_widths: np.ndarray  # (n_parameters,), of the box
    outputs: np.ndarray  # int64 (n_outputs,), their rows
    n_values: int  # 1 where the second value repeats the first
    kinds: tuple[int, int]
    bounds: tuple[tuple[int, int], tuple[int, int]]
    sharpness: tuple[float, float]  # of what stands for an accuracy


class NetworkScratch(NamedTuple):
    """Work space."""

    passes: Passes


@njit
def _value(model, passes, which):
    """Value of one variable, and what stands for it in the bias."""
    kind, bounds = model.kinds[which], model.bounds[which]
    value = value_of(model.head, kind, passes.margins, passes.rows, model.outputs, model.targets, bounds)
    if kind == LOSS:
        return value, value
    smooth = mean_confidence(model.head.precision, passes.margins, bounds, model.sharpness[which])
    return (value if kind == ACCURACY else smooth), smooth


@measure.register(NetworkForceModel)
def _measure(model, state):
    passes = state.scratch.passes
    set_activations(model.layers, passes, state.parameters)
    set_margins(model.head, passes.margins, passes.rows, model.outputs, model.targets)
    state.values[0], state.coordinates[0] = _value(model, passes, 0)
    state.values[1], state.coordinates[1] = state.values[0], state.coordinates[0]
    if model.n_values == 2:
        state.values[1], state.coordinates[1] = _value(model, passes, 1)


@pull.register(NetworkForceModel)
def _pull(model, state, first, second):
    passes, layers = state.scratch.passes, model.layers
    passes.pulls[:] = 0
    _add(model, passes, state, 0, first)
    if model.n_values == 2:
        _add(model, passes, state, 1, second)
    last = layers.widths.size - 1
    outputs, deltas = rows_of(layers, passes.rows, last), rows_of(layers, passes.deltas, last)
    set_output_deltas(model.head, outputs, model.targets, passes.pulls, deltas)
    set_gradient(layers, passes, state.parameters, state.gradient, model.head.precision.zero)


@njit
def _add(model, passes, state, which, factor):
    if factor != 0.0:
        kind, sharpness, bounds = model.kinds[which], model.sharpness[which], model.bounds[which]
        add_pulls(model.head, kind, sharpness, passes, bounds, state.coordinates[which], factor)


register_box(NetworkForceModel)
