"""Forward and backward pass of one small network over a mini-batch, in double precision and without BLAS.

Below some hundred neurons a layer the calls of a matrix library cost more than its arithmetic. Not for wide layers.

A neuron is a row over the points of the mini-batch, which are filled up to a multiple of VECTOR with points whose δ are
zero: inputs a⁰, hidden a¹ … a^(L-1), outputs z^L. Every product of matrices is a sum of rows with a number before each,
eight of them to a pass, as entering a loop costs as much as some products; passes become vector code.
Numbers: c the mean loss over the n points, δ = ∂c/∂z of one point.

    δ^L_i = (p_i - 1[i = label])/n  (cross-entropies),  2(z_i - y_i)/(n n_outputs)  (mean squared error)
    δ^(l-1)_j = σ'(z_j) Σ_i W_ij δ^l_i,   ∂c/∂W_ij = Σ δ_i a_j,   ∂c/∂b_i = Σ δ_i  (over points)
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.networks.layers.activations import double_exp

RELU, TANH, SILU = 0, 1, 2
LOGISTIC, SOFTMAX, LINEAR = 0, 1, 2
VECTOR = 8


class Shape(NamedTuple):
    """What the kernels know of an architecture."""

    widths: np.ndarray  # int64 (n_layers + 1,), inputs and outputs included
    activation: int
    head: int


class Points(NamedTuple):
    """A set of points; labels are stored as float64 in one column."""

    features: np.ndarray  # (n_points, n_inputs)
    targets: np.ndarray  # (n_points, 1) labels, or (n_points, n_outputs)


class Room(NamedTuple):
    """Work space for a mini-batch, see `room_for`; flat arrays are views of those above, row after row."""

    activities: np.ndarray  # (n_neurons, n_points)
    slopes: np.ndarray  # (n_neurons, n_points), σ'(z) of SiLU
    deltas: np.ndarray  # (n_neurons, n_points)
    flat_activities: np.ndarray
    flat_slopes: np.ndarray
    flat_deltas: np.ndarray
    columns: np.ndarray  # (n_points, widest layer), activities of the inputs of a layer once more, transposed
    sums: np.ndarray  # (widest layer above the inputs, widest layer)


def room_for(widths: np.ndarray, n_points: int) -> Room:
    """Work space for as many points as `n_points`."""
    n_columns, widest = (-(-int(number) // VECTOR) * VECTOR for number in (n_points, np.max(widths)))
    rows = [np.zeros((int(np.sum(widths)), n_columns)) for _ in range(3)]
    flat = [array.reshape(-1) for array in rows]
    columns, sums = np.zeros((n_columns, widest)), np.zeros((int(np.max(widths[1:])), widest))
    return Room(rows[0], rows[1], rows[2], flat[0], flat[1], flat[2], columns, sums)


@njit(borrows=True)
def _add_eight(targets, factors, first, apart, s, rows):
    for i in range(targets.shape[0]):
        q = first + i * apart
        f0, f1, f2, f3 = factors[q], factors[q + s], factors[q + 2 * s], factors[q + 3 * s]
        f4, f5, f6, f7 = factors[q + 4 * s], factors[q + 5 * s], factors[q + 6 * s], factors[q + 7 * s]
        for k in range(targets.shape[1]):
            some = (f0 * rows[0, k] + f1 * rows[1, k]) + (f2 * rows[2, k] + f3 * rows[3, k])
            more = (f4 * rows[4, k] + f5 * rows[5, k]) + (f6 * rows[6, k] + f7 * rows[7, k])
            targets[i, k] += some + more


@njit(borrows=True)
def _add_four(targets, factors, first, apart, s, rows):
    for i in range(targets.shape[0]):
        q = first + i * apart
        f0, f1, f2, f3 = factors[q], factors[q + s], factors[q + 2 * s], factors[q + 3 * s]
        for k in range(targets.shape[1]):
            targets[i, k] += (f0 * rows[0, k] + f1 * rows[1, k]) + (f2 * rows[2, k] + f3 * rows[3, k])


@njit(borrows=True)
def _add_two(targets, factors, first, apart, s, rows):
    for i in range(targets.shape[0]):
        f0, f1 = factors[first + i * apart], factors[first + i * apart + s]
        for k in range(targets.shape[1]):
            targets[i, k] += f0 * rows[0, k] + f1 * rows[1, k]


@njit(borrows=True)
def _add_one(targets, factors, first, apart, rows):
    for i in range(targets.shape[0]):
        factor = factors[first + i * apart]
        for k in range(targets.shape[1]):
            targets[i, k] += factor * rows[0, k]


@njit(_nrt=False)
def _add_product(targets, factors, first, apart, s, rows):
    """Add a product of matrices, of which the first has the factors [first + i apart + q s] in row i and column q."""
    number, begin = rows.shape[0], 0
    while number - begin >= 8:
        _add_eight(targets, factors, first + begin * s, apart, s, rows[begin:])
        begin += 8
    if number - begin >= 4:
        _add_four(targets, factors, first + begin * s, apart, s, rows[begin:])
        begin += 4
    if number - begin >= 2:
        _add_two(targets, factors, first + begin * s, apart, s, rows[begin:])
        begin += 2
    if number - begin == 1:
        _add_one(targets, factors, first + begin * s, apart, rows[begin:])


@njit(borrows=True)
def sigmoid(z):
    """1/(1 + e⁻ᶻ), without overflow."""
    small = double_exp(-abs(z))
    return (1.0 if z >= 0.0 else small) / (1.0 + small)


@njit(_nrt=False)
def _activate(activation, rows, slopes):
    """σ of some neurons, and σ' where it does not follow from it; what is not a number stays so."""
    if activation == RELU:
        for k in range(rows.size):
            rows[k] *= 1.0 if rows[k] > 0.0 else 0.0  # a product, as a choice may become a jump for each number
    elif activation == TANH:
        for k in range(rows.size):
            rest = double_exp(-2.0 * abs(rows[k]))  # as exact as math.tanh in absolute terms
            size = (1.0 - rest) / (1.0 + rest)
            rows[k] = size if rows[k] > 0.0 else -size
    else:
        for k in range(rows.size):
            z = rows[k]
            gate = sigmoid(z)
            rows[k] = z * gate
            slopes[k] = gate * (1.0 + z * (1.0 - gate))


@njit(_nrt=False)
def _times_slopes(activation, deltas, rows, slopes):
    """Multiply by σ'."""
    if activation == RELU:
        for k in range(deltas.size):
            deltas[k] *= 1.0 if rows[k] > 0.0 else 0.0
    elif activation == TANH:
        for k in range(deltas.size):
            deltas[k] *= 1.0 - rows[k] * rows[k]
    else:
        for k in range(deltas.size):
            deltas[k] *= slopes[k]


@njit(_nrt=False)
def _gather(points, batch, room):
    for j in range(points.features.shape[1]):
        row = room.activities[j]
        for k in range(batch.size):
            row[k] = points.features[batch[k], j]


@njit(_nrt=False)
def _forward(shape, parameters, room):
    """Fill activities and slopes of all neurons above the inputs; returns the first row of the outputs."""
    widths, n_columns, place, source = shape.widths, room.activities.shape[1], 0, 0
    for layer in range(widths.size - 1):
        n_inputs, n_outputs = widths[layer], widths[layer + 1]
        target, biases = source + n_inputs, place + n_inputs * n_outputs
        rows = room.activities[target : target + n_outputs]
        _fill(rows, parameters[biases : biases + n_outputs])
        _add_product(rows, parameters, place, n_inputs, 1, room.activities[source:target])
        if layer < widths.size - 2:
            begin, end = target * n_columns, (target + n_outputs) * n_columns
            _activate(shape.activation, room.flat_activities[begin:end], room.flat_slopes[begin:end])
        place, source = biases + n_outputs, target
    return source


@njit(_nrt=False)
def _fill(rows, values):
    for i in range(rows.shape[0]):
        value = values[i]
        for k in range(rows.shape[1]):
            rows[i, k] = value


@njit(_nrt=False)
def _set_output_deltas(shape, points, batch, outputs, deltas):
    """δ^L of the points; returns whether their losses are finite."""
    n_outputs, scale, alarm = outputs.shape[0], 1.0 / batch.size, 0.0
    if shape.head == LOGISTIC:
        for k in range(batch.size):
            z = outputs[0, k]
            deltas[0, k] = scale * (sigmoid(z) - points.targets[batch[k], 0])
            alarm += 0.0 * z
    elif shape.head == LINEAR:
        for i in range(n_outputs):
            for k in range(batch.size):
                miss = outputs[i, k] - points.targets[batch[k], i]
                deltas[i, k] = 2.0 * scale / n_outputs * miss
                alarm += 0.0 * (miss * miss)
    else:
        for k in range(batch.size):
            total = _softmax(outputs, deltas, k)
            for i in range(n_outputs):
                deltas[i, k] *= scale / total
                alarm += 0.0 * outputs[i, k]
            deltas[int(points.targets[batch[k], 0]), k] -= scale
    for i in range(n_outputs):
        for k in range(batch.size, deltas.shape[1]):
            deltas[i, k] = 0.0
    return alarm == 0.0


@njit(_nrt=False)
def _softmax(outputs, powers, k):
    """Fill e^(z - largest z) of one point; returns their sum."""
    best, total = outputs[0, k], 0.0
    for i in range(outputs.shape[0]):
        best = max(best, outputs[i, k])
    for i in range(outputs.shape[0]):
        powers[i, k] = math.exp(outputs[i, k] - best)
        total += powers[i, k]
    return total


@njit(_nrt=False)
def _transpose(rows, columns):
    for k in range(columns.shape[0]):
        for j in range(rows.shape[0]):
            columns[k, j] = rows[j, k]


@njit(_nrt=False)
def _set_weights(weights, sums, n_inputs):
    """Gradient of the weights of a layer from its sums over points, which stand in longer rows."""
    for i in range(sums.shape[0]):
        for j in range(n_inputs):
            weights[i * n_inputs + j] = sums[i, j]


@njit(_nrt=False)
def _set_biases(biases, deltas):
    """Sums over points, in four parts; the number of points is a multiple of VECTOR."""
    for i in range(biases.size):
        s0 = s1 = s2 = s3 = 0.0
        for k in range(0, deltas.shape[1], 4):
            s0, s1 = s0 + deltas[i, k], s1 + deltas[i, k + 1]
            s2, s3 = s2 + deltas[i, k + 2], s3 + deltas[i, k + 3]
        biases[i] = (s0 + s1) + (s2 + s3)


@njit(_nrt=False)
def _clear(rows):
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            rows[i, k] = 0.0


@njit(_nrt=False)
def _backward(shape, parameters, room, n_points, gradient):
    """∂c/∂W and ∂c/∂b from δ^L."""
    widths, n_columns = shape.widths, room.deltas.shape[1]
    place, target = parameters.size, room.deltas.shape[0] - widths[-1]
    for layer in range(widths.size - 2, -1, -1):
        n_inputs, n_outputs = widths[layer], widths[layer + 1]
        source, biases = target - n_inputs, place - n_outputs
        place = biases - n_inputs * n_outputs
        deltas, sums = room.deltas[target : target + n_outputs], room.sums[:n_outputs]
        _set_biases(gradient[biases : biases + n_outputs], deltas)
        _transpose(room.activities[source:target], room.columns)
        _clear(sums)
        _add_product(sums, room.flat_deltas, target * n_columns, n_columns, 1, room.columns[:n_points])
        _set_weights(gradient[place:biases], sums, n_inputs)
        if layer > 0:
            below, begin, end = room.deltas[source:target], source * n_columns, target * n_columns
            _clear(below)
            _add_product(below, parameters, place, 1, n_inputs, deltas)
            rows, slopes = room.flat_activities[begin:end], room.flat_slopes[begin:end]
            _times_slopes(shape.activation, room.flat_deltas[begin:end], rows, slopes)
        target = source


@njit(nogil=True)
def batch_gradient(shape, parameters, points, batch, room, gradient):
    """Gradient of the mean loss over the points of a batch; returns whether their losses are finite."""
    _gather(points, batch, room)
    first = _forward(shape, parameters, room)
    finite = _set_output_deltas(shape, points, batch, room.activities[first:], room.deltas[first:])
    _backward(shape, parameters, room, batch.size, gradient)
    return finite


@njit(_nrt=False)
def _loss_of_outputs(shape, outputs, powers, targets, k):
    """Loss of one point from its outputs, and whether it is classified rightly."""
    number = outputs.shape[0]
    if shape.head == LOGISTIC:
        z, label = outputs[0, k], targets[0]
        wrong_by = (1.0 - 2.0 * label) * z
        return max(wrong_by, 0.0) + math.log1p(math.exp(-abs(z))), (z > 0.0) == (label > 0.5)
    if shape.head == LINEAR:
        total = 0.0
        for i in range(number):
            miss = outputs[i, k] - targets[i]
            total += miss * miss
        return total / number, False
    label, best = int(targets[0]), 0
    for i in range(number):
        if outputs[i, k] > outputs[best, k]:
            best = i
    total = _softmax(outputs, powers, k)
    return math.log(total) + outputs[best, k] - outputs[label, k], best == label


@njit(nogil=True)
def measure(shape, parameters, points, ranks, room):
    """Mean loss and share of points classified rightly; `ranks` counts the points, from 0."""
    total, n_right, n_points, most = 0.0, 0, points.features.shape[0], room.activities.shape[1]
    for begin in range(0, n_points, most):
        batch = ranks[begin : min(begin + most, n_points)]
        _gather(points, batch, room)
        first = _forward(shape, parameters, room)
        outputs, powers = room.activities[first:], room.deltas[first:]
        for k in range(batch.size):
            loss, right = _loss_of_outputs(shape, outputs, powers, points.targets[begin + k], k)
            total += loss
            n_right += right
    return total / n_points, n_right / n_points
