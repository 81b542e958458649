"""Walk towards a window on the values, before anything is sampled."""

import numpy as np

from perceptron.base.jit import njit
from wl.interface.bins import bin_of
from wl.interface.system import commit, propose, proposed
from wl.interface.xoroshiro import uniform

WARMING = 1.0005  # a trial; from flat to greedy within some ten thousand


@njit
def gap(values, lowest, highest):
    """How far the values lie outside a window, in units of the spans given by the driver; infinite for nan."""
    total = 0.0
    for k in range(2):
        value = values[0] if k == 0 else values[1]
        if not value <= np.inf:  # nan: a move that cannot be made
            return np.inf
        if value < lowest[k]:
            total += lowest[k] - value
        elif value > highest[k]:
            total += value - highest[k]
    return total


@njit
def seek(model, state, grid, stream, bounds, beta, n_trials):
    """Metropolis trials on the gap with growing inverse temperature until the values have a bin.

    `bounds` is (2, 2): lowest and highest value of either variable, infinite where it is free. Returns the number of
    trials, or -1 where they did not suffice, and the last gap.
    """
    present = np.inf
    for k in range(n_trials):
        move = propose(model, state, stream)
        values = proposed(model, state, move)
        new = gap(values, bounds[0], bounds[1])
        if new < np.inf and (new <= present or uniform(stream) < np.exp(-beta * (new - present))):
            commit(model, state, move)
            present = new
            if bin_of(grid, values) >= 0:
                return k + 1, present
        beta *= WARMING
    return -1, present
