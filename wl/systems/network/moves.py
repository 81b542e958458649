"""Kernels of a neural network under changes of one parameter, or of all parameters of one neuron.

`wl.systems.network.system` makes the model. A move is (parameter, number, word): where it begins, how many parameters
it changes, and random bits that the steps are worked out from, so that nothing of a move has to be kept. A proposal
writes the changed neuron and all layers above into those rows of their slots that are not in use; acceptance makes them
the rows in use, and a rejection costs nothing.

All rows are functions of the parameters alone (`wl.networks.kernels.incremental`), and so are the values: nothing
drifts, and `measured` may be called at any time without changing a chain.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import UNIT, next_word, scaled, uniform
from wl.networks.kernels.incremental import Network, set_all, set_layers, set_neurons
from wl.networks.kernels.losses import (
    Linear,
    Logistic,
    ManyClasses,
    TwoClasses,
    set_margins,
    value_of,
)

__all__ = ["NetworkModel", "NetworkState"]

NOWHERE = math.nan
N_LOW = 20  # bits that choose a scale
LOW = (1 << N_LOW) - 1
SPREAD, FIRST_FACTOR, SECOND_FACTOR = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
BY_1, BY_11, BY_27, BY_30, BY_31 = np.uint64(1), np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


class NetworkModel(NamedTuple):
    """Constants; values are pairs of a kind and of the points it is taken over."""

    network: Network
    head: Logistic | TwoClasses | ManyClasses | Linear
    features: np.ndarray  # (n_inputs, n_points), in the precision of the network; points padded, training first
    targets: np.ndarray  # (1 or n_outputs, n_points), see `wl.networks.kernels.losses`
    half_widths: np.ndarray  # (n_parameters,), of the box
    reach: np.ndarray  # (n_parameters,), the same over the largest: the part of a step that a parameter takes
    neurons: np.ndarray  # int64 (n_neurons,), first parameter of every neuron
    block_share: float
    scales: np.ndarray  # float64 (n_scales,), a move takes one of them, each as likely, times the step
    n_values: int  # 1 where the second value repeats the first
    kinds: tuple[int, int]
    bounds: tuple[tuple[int, int], tuple[int, int]]


class NetworkState(NamedTuple):
    """Parameters with the rows of all neurons, twice."""

    parameters: np.ndarray  # (n_parameters,)
    values: np.ndarray  # float64 (2,)
    proposed_values: np.ndarray  # float64 (2,)
    weights: np.ndarray  # (n_padded_weights,), the parameters, padded, each neuron with its bias
    rows: np.ndarray  # (2 n_slots, n_points)
    places: np.ndarray  # int64 (n_slots,), row in use
    proposed_places: np.ndarray  # int64 (n_slots,)
    margins: np.ndarray  # (n_points,)
    step: np.ndarray  # float64 (2,), largest change of a parameter in moves of one and of many


@njit(borrows=True)
def _bits(stream):
    """63 random bits, a signed integer as Python hands it back to compiled code."""
    return np.int64(next_word(stream) >> BY_1)


@njit(borrows=True)
def _change(word, k):
    """Uniform number in [-1, 1) from the k-th scrambling of a word (splitmix64)."""
    z = np.uint64(word) + SPREAD * np.uint64(k + 1)
    z = (z ^ (z >> BY_30)) * FIRST_FACTOR
    z = (z ^ (z >> BY_27)) * SECOND_FACTOR
    z ^= z >> BY_31
    return 2.0 * UNIT * np.float64(np.int64(z >> BY_11)) - 1.0


@njit(borrows=True)
def _scale(model, word):
    """Scale of a move from the low bits of its word; the steps are worked out from scramblings of all of it."""
    return model.scales[((word & LOW) * model.scales.size) >> N_LOW]


@njit(borrows=True)
def _place(network, move, k):
    """The k-th parameter of a move: weights stand together, the bias of their neuron does not."""
    first, number = move[0], move[1]
    return network.bias_of[network.slot_of[first]] if k > 0 and k == number - 1 else first + k


@njit(borrows=True)
def _write(model, state, move, target, padded):
    """Write new parameters to where they stand in the vector or among the padded weights; whether all fit the box."""
    inside = True
    step = _scale(model, move[2]) * (state.step[0] if move[1] == 1 else state.step[1])
    for k in range(move[1]):
        place = _place(model.network, move, k)
        there = model.network.padded_place[place] if padded else place
        target[there] = state.parameters[place] + step * model.reach[place] * _change(move[2], k)
        inside &= abs(target[there]) <= model.half_widths[place]
    return inside


@njit(borrows=True)
def _restore(model, state, move):
    for k in range(move[1]):
        place = _place(model.network, move, k)
        state.weights[model.network.padded_place[place]] = state.parameters[place]


@njit(borrows=True)
def _values(model, state, places):
    """Both values from the rows of the outputs."""
    rows, margins, slots = state.rows, state.margins, model.network.slots
    outputs = places[slots[slots.size - 2] : slots[slots.size - 2] + model.network.widths[slots.size - 2]]
    set_margins(model.head, margins, rows, outputs, model.targets)
    first = value_of(model.head, model.kinds[0], margins, rows, outputs, model.targets, model.bounds[0])
    second = first
    if model.n_values == 2:
        second = value_of(model.head, model.kinds[1], margins, rows, outputs, model.targets, model.bounds[1])
    if first < np.inf and second < np.inf:  # not so for nan
        return first, second
    return NOWHERE, NOWHERE


@propose.register(NetworkModel, borrows=True)
def _propose(model, state, stream):
    if model.block_share > 0.0 and uniform(stream) < model.block_share:
        first = model.neurons[scaled(next_word(stream), model.neurons.size)]
        layer = model.network.layer_of[first]
        return first, model.network.widths[layer - 1] + 1, _bits(stream)
    return scaled(next_word(stream), state.parameters.size), np.int64(1), _bits(stream)


@proposed.register(NetworkModel, borrows=True)
def _proposed(model, state, move):
    network, places, trial = model.network, state.places, state.proposed_places
    values = (NOWHERE, NOWHERE)
    if _write(model, state, move, state.weights, True):
        layer, slot = network.layer_of[move[0]], network.slot_of[move[0]]
        above = network.slots[layer + 1]
        for k in range(above):
            trial[k] = places[k]
        for k in range(above, places.size):
            trial[k] = places[k] ^ 1
        trial[slot] ^= 1
        set_neurons(network, state.rows, trial, state.weights, layer, slot, 1)
        set_layers(network, state.rows, trial, state.weights, layer + 1)
        values = _values(model, state, trial)
    _restore(model, state, move)
    state.proposed_values[0], state.proposed_values[1] = values
    return values


@commit.register(NetworkModel, borrows=True)
def _commit(model, state, move):
    _write(model, state, move, state.parameters, False)
    _restore(model, state, move)
    for k in range(state.places.size):
        state.places[k] = state.proposed_places[k]
    state.values[0] = state.proposed_values[0]
    state.values[1] = state.proposed_values[1]


@measured.register(NetworkModel)
def _measured(model, state):
    for slot in range(state.places.size):
        state.places[slot] = 2 * slot
    for j in range(model.features.shape[0]):
        for k in range(model.features.shape[1]):
            state.rows[2 * j, k] = model.features[j, k]
    set_all(model.network, state.rows, state.places, state.weights, state.parameters)
    values = _values(model, state, state.places)
    state.values[0], state.values[1] = values
    return values


@draw.register(NetworkModel)
def _draw(model, state, stream):
    for k in range(state.parameters.size):
        state.parameters[k] = model.half_widths[k] * (2.0 * uniform(stream) - 1.0)
    measured(model, state)
