"""Gradient descent of one small network in double precision: mini-batches in random order, two optimizers, records.

Source of Adam: D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.interface.xoroshiro import below
from wl.networks.training.small_dense import batch_gradient, measure

SGD, ADAM = 0, 1
FINISHED = -1  # of `train`: no epoch at which a number was not finite


class Rule(NamedTuple):
    """How parameters follow the gradient."""

    optimizer: int
    learning_rate: float
    batch_size: int
    half_widths: np.ndarray  # of the box that parameters are clipped to, infinite where free
    decays: np.ndarray  # β₁ and β₂ of Adam
    epsilon: float


@njit(_nrt=False)
def _adam_slopes(gradient, moments, squares, decays, unbiased, epsilon):
    """Replace slopes by those of Adam; `unbiased` are 1 - β₁ᵗ and 1 - β₂ᵗ."""
    first, second = decays[0], decays[1]
    for k in range(gradient.size):
        slope = gradient[k]
        moments[k] = first * moments[k] + (1.0 - first) * slope
        squares[k] = second * squares[k] + (1.0 - second) * slope * slope
        gradient[k] = moments[k] / unbiased[0] / (math.sqrt(squares[k] / unbiased[1]) + epsilon)


@njit(_nrt=False)
def _descend(parameters, gradient, rate, half_widths):
    for k in range(parameters.size):
        value, half_width = parameters[k] - rate * gradient[k], half_widths[k]
        value = half_width if value > half_width else value
        parameters[k] = -half_width if value < -half_width else value


@njit(nogil=True)
def follow(rule, parameters, gradient, moments, step):
    """One step of the optimizer, step = 1, 2, …; `moments` is (2, n_parameters), of Adam."""
    if rule.optimizer == ADAM:
        power = float(step)  # powers of integers differ in the last bit between compiled and plain Python
        unbiased = (1.0 - rule.decays[0] ** power, 1.0 - rule.decays[1] ** power)
        _adam_slopes(gradient, moments[0], moments[1], rule.decays, unbiased, rule.epsilon)
    _descend(parameters, gradient, rule.learning_rate, rule.half_widths)


@njit(nogil=True)
def shuffle(stream, order):
    """Random order, every one as likely."""
    for last in range(order.size - 1, 0, -1):
        other = below(stream, last + 1)
        order[last], order[other] = order[other], order[last]


@njit(nogil=True)
def train(shape, rule, train_points, test_points, room, parameters, stream, epochs, records):
    """Train in place until the last of the epochs; return the epoch at which a number was not finite, or FINISHED.

    Parameters
    ----------
    room : Room
        For the points of a mini-batch.
    parameters : float64 (n_parameters,)
        Changed in place.
    stream : uint64 (2,)
        Of the shuffling.
    epochs : int64 (n_records,)
        Increasing; 0 stands for the start.
    records : float64 (4, n_records)
        Filled: train and test loss, train and test accuracy after each of the epochs; untouched from a number that is
        not finite on.
    """
    n_points, n_test = train_points.features.shape[0], test_points.features.shape[0]
    ranks, gradient = np.arange(max(n_points, n_test)), np.zeros(parameters.size)
    moments, order, step = np.zeros((2, parameters.size)), ranks[:n_points].copy(), 0
    epoch = 0
    for k in range(epochs.size):
        while epoch < epochs[k]:
            epoch += 1
            shuffle(stream, order)
            for begin in range(0, n_points, rule.batch_size):
                batch = order[begin : min(begin + rule.batch_size, n_points)]
                if not batch_gradient(shape, parameters, train_points, batch, room, gradient):
                    return epoch
                step += 1
                follow(rule, parameters, gradient, moments, step)
        train_loss, train_accuracy = measure(shape, parameters, train_points, ranks, room)
        test_loss, test_accuracy = measure(shape, parameters, test_points, ranks, room)
        if not (np.isfinite(train_loss) and np.isfinite(test_loss) and np.all(np.isfinite(parameters))):
            return epoch
        records[0, k], records[1, k] = train_loss, test_loss
        records[2, k], records[3, k] = train_accuracy, test_accuracy
    return FINISHED
