"""Descend along gradients into a window on the values, before anything is sampled."""

import math

import numpy as np

from perceptron.base.jit import njit
from wl.engine.kernels.seek import gap
from wl.interface.bins import bin_of
from wl.interface.forces import measure, pull

PACE = 0.01  # of a step, in half-widths of the box
FIRST, SECOND, LEAST = 0.9, 0.999, 1e-12  # decays and floor of Adam


@njit
def approach(model, state, grid, bounds, n_evaluations):
    """Steps of Adam on the distance from the window; returns their number, -1 where they did not do, and the last gap.

    `bounds` is (2, 2): lowest and highest value of either variable, infinite where it is free.
    """
    mean, square = np.zeros(state.parameters.size), np.zeros(state.parameters.size)
    left = np.inf
    for k in range(1, n_evaluations + 1):
        measure(model, state)
        if bin_of(grid, (state.values[0], state.values[1])) >= 0:
            return k, 0.0
        left = gap((state.values[0], state.values[1]), bounds[0], bounds[1])
        pull(model, state, _direction(state, bounds, 0), _direction(state, bounds, 1))
        first_bias, second_bias = 1.0 - FIRST**k, 1.0 - SECOND**k
        for i in range(state.parameters.size):
            slope = np.float64(state.gradient[i])
            mean[i] = FIRST * mean[i] + (1.0 - FIRST) * slope
            square[i] = SECOND * square[i] + (1.0 - SECOND) * slope * slope
            h = np.float64(model.half_widths[i])
            change = PACE * h * mean[i] / first_bias / (math.sqrt(square[i] / second_bias) + LEAST)
            state.parameters[i] = min(max(state.parameters[i] - change, -h), h)
    return -1, left


@njit
def _direction(state, bounds, which):
    """Slope of the distance from the window along one variable."""
    value = state.coordinates[which]
    if value < bounds[0, which]:
        return -1.0
    return 1.0 if value > bounds[1, which] else 0.0
