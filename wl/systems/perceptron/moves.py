"""Kernels of the binary perceptron on its three main variables, with the models that select them.

`wl.systems.perceptron.system` makes the models; `wl.systems.perceptron.levels` has the method.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.instance.patterns import field
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import next_word, scaled
from wl.systems.perceptron import levels as kernels

__all__ = ["KINDS", "DeficitModel", "ErrorsModel", "Instance", "MinimumModel", "PerceptronState"]

HALF_A_WORD, LAST_BIT = np.uint64(32), np.uint64(63)


class Instance(NamedTuple):
    """Patterns and what is asked of them."""

    values: np.ndarray  # int8 (n_patterns, n_weights)
    signs: np.ndarray  # uint64 (n_weights, n_words), bits that tell where a pattern is +1
    used: np.ndarray  # uint64 (2, n_words), bits of none and of all of the patterns
    reference: np.ndarray  # int8 (n_weights,)
    smallest_sum: int


class DeficitModel(NamedTuple):
    """Constants for the deficit; the second weight of a move is drawn among `n_choices`, and the first ones exist."""

    instance: Instance
    n_partners: int
    n_choices: int


class ErrorsModel(NamedTuple):
    """Constants for the number of errors."""

    instance: Instance
    n_partners: int
    n_choices: int


class MinimumModel(NamedTuple):
    """Constants for the minimum stability, with flips of one weight."""

    instance: Instance


class PerceptronState(NamedTuple):
    """Weights with the levels of the patterns, as `wl.systems.perceptron.levels` keeps them."""

    weights: np.ndarray  # int8 (n_weights,)
    values: np.ndarray  # int64 (2,): main variable, distance
    rows: np.ndarray  # uint64 (n_weights, n_words)
    planes: np.ndarray  # uint64 (n_words, n_digits)
    masks: np.ndarray  # uint64 (N_MASKS, n_words)
    levels: np.ndarray  # int64 (n_patterns,), filled by `measured` and left behind by moves


KINDS = {"deficit": DeficitModel, "n_errors": ErrorsModel, "minimum_stability": MinimumModel}


@njit(borrows=True)
def _farther(instance, weights, i, j):
    """Change of the distance by the flip."""
    reference = instance.reference
    change = np.int64(weights[i] * reference[i])
    return change + np.int64(weights[j] * reference[j]) * np.int64(i != j)


@njit(borrows=True)
def _pair(model, state, stream):
    """Two weights, or one twice."""
    word = next_word(stream)
    i = scaled(word, state.weights.size)
    j = scaled(word << HALF_A_WORD, model.n_choices)
    return i, j if j < model.n_partners else i


@propose.register(DeficitModel, borrows=True)
def _propose_for_deficit(model, state, stream):
    i, j = _pair(model, state, stream)
    change = kernels.deficit_change(state.rows, state.masks, i, j)
    return i, j, change, _farther(model.instance, state.weights, i, j)


@propose.register(ErrorsModel, borrows=True)
def _propose_for_errors(model, state, stream):
    i, j = _pair(model, state, stream)
    change = kernels.n_below(state.rows, state.masks, i, j) - state.values[0]
    return i, j, change, _farther(model.instance, state.weights, i, j)


@propose.register(MinimumModel, borrows=True)
def _propose_for_minimum(model, state, stream):
    i = scaled(next_word(stream), state.weights.size)
    change = 2 * kernels.minimum_change(state.rows, state.masks, i)
    return i, i, change, _farther(model.instance, state.weights, i, i)


def _proposed(model, state, move):
    return state.values[0] + move[2], state.values[1] + move[3]


@njit(borrows=True)
def _flip_weights(state, move):
    i, j, weights = move[0], move[1], state.weights
    weights[i] = -weights[i]
    weights[j] *= np.int8(1 - 2 * np.int64(i != j))
    state.values[0] += move[2]
    state.values[1] += move[3]


def _commit(model, state, move):
    kernels.flip(state.rows, state.planes, state.masks, model.instance.used, move[0], move[1])
    _flip_weights(state, move)


@commit.register(MinimumModel, borrows=True)
def _commit_for_minimum(model, state, move):
    kernels.flip_one(state.rows, state.planes, state.masks, model.instance.used, move[0], move[2] // 2)
    _flip_weights(state, move)


@njit
def _measure_levels(instance, state):
    """Levels from weights and patterns alone, the sums from the rows and the distance."""
    weights, levels = state.weights, state.levels
    for mu in range(levels.size):
        levels[mu] = (np.int64(field(instance.values, weights, mu)) - instance.smallest_sum) // 2
    kernels.set_rows(state.rows, instance.signs, instance.used, weights)
    state.values[1] = 0
    for i in range(weights.size):
        state.values[1] += weights[i] != instance.reference[i]


@njit
def _set_threshold(instance, state):
    kernels.set_planes(state.planes, state.levels)
    for w in range(state.planes.shape[0]):
        digits = kernels.change_levels(state.planes, w, kernels.NONE, kernels.NONE, kernels.NONE)
        kernels.set_threshold_masks(state.masks, w, instance.used[1, w], digits)


@measured.register(DeficitModel)
def _measured_deficit(model, state):
    _measure_levels(model.instance, state)
    _set_threshold(model.instance, state)
    state.values[0] = 0
    for mu in range(state.levels.size):
        state.values[0] += max(-state.levels[mu], 0)
    return state.values[0], state.values[1]


@measured.register(ErrorsModel)
def _measured_errors(model, state):
    _measure_levels(model.instance, state)
    _set_threshold(model.instance, state)
    state.values[0] = 0
    for mu in range(state.levels.size):
        state.values[0] += state.levels[mu] < 0
    return state.values[0], state.values[1]


@measured.register(MinimumModel)
def _measured_minimum(model, state):
    instance, levels = model.instance, state.levels
    _measure_levels(instance, state)
    least = levels.min()
    levels -= least
    kernels.set_planes(state.planes, levels)
    for w in range(state.planes.shape[0]):
        digits = kernels.change_levels(state.planes, w, kernels.NONE, kernels.NONE, kernels.NONE)
        kernels.set_minimum_masks(state.masks, w, instance.used[1, w], digits)
    state.values[0] = 2 * least + instance.smallest_sum
    return state.values[0], state.values[1]


def _draw(model, state, stream):
    for i in range(state.weights.size):
        state.weights[i] = 1 if next_word(stream) >> LAST_BIT else -1
    measured(model, state)


commit.register(DeficitModel, borrows=True)(_commit)
commit.register(ErrorsModel, borrows=True)(_commit)
for kind in KINDS.values():
    proposed.register(kind, borrows=True)(_proposed)
    draw.register(kind)(_draw)
