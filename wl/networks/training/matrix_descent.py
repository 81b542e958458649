"""Gradient descent of one wide network: mini-batches as products of matrices, in single precision.

The same descent as `wl.networks.training.descent`, which loops over points in double precision: starts, orders of the
points, mini-batches, updates and records are alike, and trajectories differ by rounding. Points of a mini-batch are
gathered into the columns of `wl.networks.kernels.gradients`; losses are added up and compared in double precision.

    SGD  θ ← θ - η g,    Adam  m ← β₁m + (1 - β₁)g,  v ← β₂v + (1 - β₂)g²,  θ ← θ - η m̂/(√v̂ + ε),

and then θ is cut at the box. Moments and gradients that can no longer move a parameter are set to zero: denormal
numbers would cost a hundred times as much. Not for small layers, where calls of the library cost more than their
arithmetic.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.networks.kernels.gradients import Layers, Passes, rows_of, set_activations, set_gradient
from wl.networks.kernels.losses import ACCURACY, LOSS, set_margins, value_of
from wl.networks.kernels.pulls import add_pulls, set_output_deltas
from wl.networks.layers.activations import CONTRACTED
from wl.networks.training.descent import ADAM, FINISHED, shuffle

LEAST = np.float32(1e-18)  # of gradients, first moments and pulls; its square is the least second moment
LEAST_SQUARE = np.float32(1e-36)
ZERO, ONE = np.float32(0.0), np.float32(1.0)


class Batch(NamedTuple):
    """Room for points that go through the network together."""

    layers: Layers
    passes: Passes
    targets: np.ndarray  # float32 (1 or n_outputs, n_points), see `wl.networks.kernels.losses`


class Room(NamedTuple):
    """All of them: full mini-batches, the last one of an epoch, and the two sets."""

    full: Batch
    rest: Batch
    train: Batch
    test: Batch


@njit
def gather(batch, points, order):
    """Put points, one for each column, where the passes want them."""
    rows, columns, n_inputs = batch.passes.rows, batch.layers.columns, points.features.shape[1]
    for k in range(order.size):
        point = order[k]
        for j in range(n_inputs):
            rows[j, k] = points.features[point, j]
        if columns.size > 0:
            columns[k] = points.features[point]
        for j in range(points.targets.shape[1]):
            batch.targets[j, k] = points.targets[point, j]


@njit
def set_values(head, outputs, batch, parameters):
    """Forward pass; returns ln of the mean loss."""
    passes = batch.passes
    set_activations(batch.layers, passes, parameters)
    set_margins(head, passes.margins, passes.rows, outputs, batch.targets)
    bounds = (0, batch.targets.shape[1])
    return value_of(head, LOSS, passes.margins, passes.rows, outputs, batch.targets, bounds)


@njit
def measure(head, outputs, batch, parameters):
    """Mean loss and share of points classified rightly."""
    loss, passes = np.exp(set_values(head, outputs, batch, parameters)), batch.passes
    bounds = (0, batch.targets.shape[1])
    return loss, value_of(head, ACCURACY, passes.margins, passes.rows, outputs, batch.targets, bounds)


@njit
def batch_gradient(head, outputs, batch, parameters, gradient):
    """Mean loss of the gathered points, and its gradient."""
    layers, passes, n_points = batch.layers, batch.passes, batch.targets.shape[1]
    log_loss = set_values(head, outputs, batch, parameters)
    loss = np.exp(log_loss)
    passes.pulls[:] = 0
    if loss > 0.0:
        add_pulls(head, LOSS, 1.0, passes, (0, n_points), log_loss, loss)
    for k in range(n_points):
        if abs(passes.pulls[k]) < LEAST:
            passes.pulls[k] = ZERO
    last = layers.widths.size - 1
    rows, deltas = rows_of(layers, passes.rows, last), rows_of(layers, passes.deltas, last)
    set_output_deltas(head, rows, batch.targets, passes.pulls, deltas)
    set_gradient(layers, passes, parameters, gradient, ZERO)
    return loss


@njit(fastmath=CONTRACTED, _nrt=False)
def descend(parameters, gradient, half_widths, rate):
    """One step of SGD."""
    for k in range(parameters.size):
        value = parameters[k] - rate * gradient[k]
        h = half_widths[k]
        value = h if value > h else value
        parameters[k] = -h if value < -h else value


@njit(fastmath=CONTRACTED, _nrt=False)
def descend_adam(parameters, gradient, half_widths, moments, squares, factors):
    """One step of Adam; `factors` are β₁, β₂, the rate over 1 - β₁ᵗ, 1/(1 - β₂ᵗ), and ε, in single precision."""
    first, second, rate, unbiased, epsilon = factors
    for k in range(parameters.size):
        slope = gradient[k]
        slope = slope if abs(slope) > LEAST else ZERO
        moment = first * moments[k] + (ONE - first) * slope
        moment = moment if abs(moment) > LEAST else ZERO
        square = second * squares[k] + (ONE - second) * (slope * slope)
        square = square if square > LEAST_SQUARE else ZERO
        moments[k], squares[k] = moment, square
        value = parameters[k] - rate * moment / (np.sqrt(square * unbiased) + epsilon)
        h = half_widths[k]
        value = h if value > h else value
        parameters[k] = -h if value < -h else value


@njit
def follow(rule, parameters, gradient, moments, step):
    """One step of the optimizer, step = 1, 2, …; `moments` is (2, n_parameters), of Adam."""
    single = np.float32
    if rule.optimizer != ADAM:
        descend(parameters, gradient, rule.half_widths, single(rule.learning_rate))
        return
    first, second, power = rule.decays[0], rule.decays[1], float(step)
    rate, unbiased = rule.learning_rate / (1.0 - first**power), 1.0 / (1.0 - second**power)
    factors = (single(first), single(second), single(rate), single(unbiased), single(rule.epsilon))
    descend_adam(parameters, gradient, rule.half_widths, moments[0], moments[1], factors)


@njit
def train_epoch(head, outputs, rule, room, points, parameters, work, order, step):
    """One pass over the points in an order; returns the number of steps so far, 0 once a loss is not finite."""
    gradient, moments, n_points = work[0], work[1:], order.size
    for begin in range(0, n_points, rule.batch_size):
        end = min(begin + rule.batch_size, n_points)
        batch = room.full if end - begin == rule.batch_size else room.rest
        gather(batch, points, order[begin:end])
        if not np.isfinite(batch_gradient(head, outputs, batch, parameters, gradient)):
            return 0
        step += 1
        follow(rule, parameters, gradient, moments, step)
    return step


@njit(nogil=True)
def train(head, outputs, rule, room, points, parameters, stream, epochs, records):
    """Train in place until the last of the epochs; return the epoch at which a number was not finite, or FINISHED.

    As `wl.networks.training.descent.train`; parameters and features are float32, `outputs` are the rows of the outputs.
    """
    order, work = np.arange(points.features.shape[0]), np.zeros((3, parameters.size), np.float32)
    epoch, step = 0, 0
    for k in range(epochs.size):
        while epoch < epochs[k]:
            epoch += 1
            shuffle(stream, order)
            step = train_epoch(head, outputs, rule, room, points, parameters, work, order, step)
            if step == 0:
                return epoch
        train_loss, train_accuracy = measure(head, outputs, room.train, parameters)
        test_loss, test_accuracy = measure(head, outputs, room.test, parameters)
        if not (np.isfinite(train_loss) and np.isfinite(test_loss) and np.all(np.isfinite(parameters))):
            return epoch
        records[0, k], records[1, k] = train_loss, test_loss
        records[2, k], records[3, k] = train_accuracy, test_accuracy
    return FINISHED
