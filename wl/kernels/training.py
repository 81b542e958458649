"""Gradient descent of one small network: forward, backward, and the two optimizers, point by point and without BLAS.

Below some hundred neurons a layer the calls of a matrix library cost more than its arithmetic. Not for wide layers.

Activities and slopes stand layer after layer in one array: inputs a⁰, hidden a¹ … a^(L-1), outputs z^L.
Numbers: c the mean loss over points, δ = ∂c/∂z of one point.

    δ^L_i = p_i - 1[i = label]  (cross-entropies),  2(z_i - y_i)/n_outputs  (mean squared error)
    δ^(l-1)_j = σ'(z_j) Σ_i W_ij δ^l_i,   ∂c/∂W_ij = ⟨δ_i a_j⟩,   ∂c/∂b_i = ⟨δ_i⟩

Source of Adam: D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.jit import njit
from wl.kernels.random import below

RELU, TANH, SILU = 0, 1, 2
LOGISTIC, SOFTMAX, LINEAR = 0, 1, 2
SGD, ADAM = 0, 1
FINISHED = -1  # of `train`: no epoch at which a number was not finite


class Shape(NamedTuple):
    """What the kernels know of an architecture."""

    widths: np.ndarray  # int64 (n_layers + 1,), inputs and outputs included
    activation: int
    head: int


class Points(NamedTuple):
    """A set of points; labels are stored as float64 in one column."""

    features: np.ndarray  # (n_points, n_inputs)
    targets: np.ndarray  # (n_points, 1) labels, or (n_points, n_outputs)


class Rule(NamedTuple):
    """How parameters follow the gradient."""

    optimizer: int
    learning_rate: float
    batch_size: int
    half_widths: np.ndarray  # of the box that parameters are clipped to, infinite where free
    decays: np.ndarray  # β₁ and β₂ of Adam
    epsilon: float


@njit(borrows=True)
def sigmoid(z):
    """1/(1 + e⁻ᶻ), without overflow."""
    small = math.exp(-abs(z))
    return 1.0 / (1.0 + small) if z >= 0.0 else small / (1.0 + small)


@njit(borrows=True)
def forward(shape, parameters, points, point, activities, slopes):
    """Fill activities and slopes σ'(z) of all neurons for one point; return where the outputs begin."""
    widths = shape.widths
    n_layers = widths.size - 1
    for j in range(widths[0]):
        activities[j] = points.features[point, j]
    place, source = 0, 0
    for layer in range(n_layers):
        n_inputs, n_outputs = widths[layer], widths[layer + 1]
        target, biases = source + n_inputs, place + n_inputs * n_outputs
        for i in range(n_outputs):
            z = parameters[biases + i]
            for j in range(n_inputs):
                z += parameters[place + i * n_inputs + j] * activities[source + j]
            activities[target + i] = z
        if layer < n_layers - 1:
            _activate(shape.activation, target, n_outputs, activities, slopes)
        place, source = biases + n_outputs, target
    return source


@njit(borrows=True)
def _activate(activation, first, number, activities, slopes):
    """σ and σ' of a layer; what is not a number stays so."""
    for k in range(first, first + number):
        z = activities[k]
        if activation == RELU:
            slopes[k] = 1.0 if z > 0.0 else 0.0
            activities[k] = 0.0 if z <= 0.0 else z
        elif activation == TANH:
            rest = math.exp(-2.0 * abs(z))  # three times as fast as math.tanh, as exact in absolute terms
            value = math.copysign((1.0 - rest) / (1.0 + rest), z)
            activities[k] = value
            slopes[k] = 1.0 - value * value
        else:
            gate = sigmoid(z)
            activities[k] = z * gate
            slopes[k] = gate * (1.0 + z * (1.0 - gate))


@njit(borrows=True)
def loss_of_outputs(shape, points, point, outputs, activities, deltas):
    """Loss of one point from its outputs, and whether it is classified rightly; fills δ^L."""
    number = shape.widths[-1]
    if shape.head == LOGISTIC:
        z, label = activities[outputs], points.targets[point, 0]
        deltas[outputs] = sigmoid(z) - label
        wrong_by = (1.0 - 2.0 * label) * z
        return max(wrong_by, 0.0) + math.log1p(math.exp(-abs(z))), (z > 0.0) == (label > 0.5)
    if shape.head == LINEAR:
        total = 0.0
        for i in range(number):
            miss = activities[outputs + i] - points.targets[point, i]
            deltas[outputs + i] = 2.0 * miss / number
            total += miss * miss
        return total / number, False
    label, best = int(points.targets[point, 0]), 0
    for i in range(number):
        if activities[outputs + i] > activities[outputs + best]:
            best = i
    total = 0.0
    for i in range(number):
        deltas[outputs + i] = math.exp(activities[outputs + i] - activities[outputs + best])
        total += deltas[outputs + i]
    for i in range(number):
        deltas[outputs + i] /= total
    deltas[outputs + label] -= 1.0
    return math.log(total) + activities[outputs + best] - activities[outputs + label], best == label


@njit(borrows=True)
def backward(shape, parameters, activities, slopes, deltas, gradient):
    """Add ∂c/∂W and ∂c/∂b of one point, whose δ^L is known, to the gradient."""
    widths = shape.widths
    place, target = parameters.size, 0
    for layer in range(widths.size - 1):
        target += widths[layer]
    for layer in range(widths.size - 2, -1, -1):
        n_inputs, n_outputs = widths[layer], widths[layer + 1]
        source, biases = target - n_inputs, place - n_outputs
        place = biases - n_inputs * n_outputs
        for j in range(n_inputs):
            deltas[source + j] = 0.0
        for i in range(n_outputs):
            delta = deltas[target + i]
            gradient[biases + i] += delta
            row = place + i * n_inputs
            for j in range(n_inputs):
                gradient[row + j] += delta * activities[source + j]
                deltas[source + j] += delta * parameters[row + j]
        for j in range(n_inputs):
            deltas[source + j] *= slopes[source + j]
        target = source


@njit(nogil=True)
def measure(shape, parameters, points, scratch):
    """Mean loss and share of points classified rightly; `scratch` is (3, total width)."""
    total, n_right = 0.0, 0
    activities, slopes, deltas = scratch[0], scratch[1], scratch[2]
    for point in range(points.features.shape[0]):
        outputs = forward(shape, parameters, points, point, activities, slopes)
        loss, right = loss_of_outputs(shape, points, point, outputs, activities, deltas)
        total += loss
        n_right += right
    return total / points.features.shape[0], n_right / points.features.shape[0]


@njit(nogil=True)
def batch_gradient(shape, parameters, points, batch, scratch, gradient):
    """Mean loss over the points of a batch, and its gradient."""
    activities, slopes, deltas = scratch[0], scratch[1], scratch[2]
    gradient[:] = 0.0
    total = 0.0
    for point in batch:
        outputs = forward(shape, parameters, points, point, activities, slopes)
        total += loss_of_outputs(shape, points, point, outputs, activities, deltas)[0]
        backward(shape, parameters, activities, slopes, deltas, gradient)
    gradient /= batch.size
    return total / batch.size


@njit(nogil=True)
def follow(rule, parameters, gradient, moments, step):
    """One step of the optimizer, step = 1, 2, …; `moments` is (2, n_parameters), of Adam."""
    first, second = rule.decays[0], rule.decays[1]
    power = float(step)  # powers of integers differ in the last bit between compiled and plain Python
    unbiased, unbiased_square = 1.0 - first**power, 1.0 - second**power
    for k in range(parameters.size):
        slope = gradient[k]
        if rule.optimizer == ADAM:
            moments[0, k] = first * moments[0, k] + (1.0 - first) * slope
            moments[1, k] = second * moments[1, k] + (1.0 - second) * slope * slope
            slope = moments[0, k] / unbiased / (math.sqrt(moments[1, k] / unbiased_square) + rule.epsilon)
        value = parameters[k] - rule.learning_rate * slope
        if value > rule.half_widths[k]:
            value = rule.half_widths[k]
        elif value < -rule.half_widths[k]:
            value = -rule.half_widths[k]
        parameters[k] = value


@njit(nogil=True)
def shuffle(stream, order):
    """Random order, every one as likely."""
    for last in range(order.size - 1, 0, -1):
        other = below(stream, last + 1)
        order[last], order[other] = order[other], order[last]


@njit(nogil=True)
def train(shape, rule, train_points, test_points, parameters, stream, epochs, records):
    """Train in place until the last of the epochs; return the epoch at which a number was not finite, or FINISHED.

    Parameters
    ----------
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
    n_points, total_width = train_points.features.shape[0], shape.widths.sum()
    scratch, gradient = np.zeros((3, total_width)), np.zeros(parameters.size)
    moments, order, step = np.zeros((2, parameters.size)), np.arange(n_points), 0
    epoch = 0
    for k in range(epochs.size):
        while epoch < epochs[k]:
            epoch += 1
            shuffle(stream, order)
            for begin in range(0, n_points, rule.batch_size):
                batch = order[begin : min(begin + rule.batch_size, n_points)]
                loss = batch_gradient(shape, parameters, train_points, batch, scratch, gradient)
                if not np.isfinite(loss):
                    return epoch
                step += 1
                follow(rule, parameters, gradient, moments, step)
        train_loss, train_accuracy = measure(shape, parameters, train_points, scratch)
        test_loss, test_accuracy = measure(shape, parameters, test_points, scratch)
        if not (np.isfinite(train_loss) and np.isfinite(test_loss) and np.all(np.isfinite(parameters))):
            return epoch
        records[0, k], records[1, k] = train_loss, test_loss
        records[2, k], records[3, k] = train_accuracy, test_accuracy
    return FINISHED
