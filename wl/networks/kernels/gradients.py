"""Values of a network on all points and their gradient with respect to all parameters, by products of matrices.

Neurons are rows over all points, training points first, as in `wl.networks.kernels.incremental`, but here whole layers
are one product of a library (BLAS, through `numpy.dot`), and what stands between the products is one loop over each
row:

    z^l = W^l a^(l-1) + b^l,  a^l = σ(z^l)
    δ^(l-1) = σ'(z^(l-1)) W^lᵀ δ^l,  ∂/∂W^l = δ^l a^(l-1)ᵀ,  ∂/∂b^l = Σ δ^l

A weighted sum of two values has one δ: its weights are known once the values are, so that one backward pass over the
joined points gives the gradient of the sum. δ of the outputs comes from `wl.networks.kernels.pulls`.

A call of the library begins within 0.3 microseconds: from six neurons and eighty points on plain loops are slower.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit
from wl.networks.kernels.losses import REORDERED
from wl.networks.layers.activations import CONTRACTED, Activation, Relu, Silu, Tanh, activated, tanh


class Layers(NamedTuple):
    """Shape of a network whose neurons of all layers, inputs first, are consecutive rows."""

    activation: Activation
    widths: np.ndarray  # int64 (n_layers + 1,), inputs first
    first_parameter: np.ndarray  # int64 (n_layers,), where the weights of a layer begin; its biases follow
    first_row: np.ndarray  # int64 (n_layers + 1,)
    columns: np.ndarray  # (n_points, n_inputs), the features once more, transposed, or (0, 0); see `MANY_INPUTS`


class Passes(NamedTuple):
    """Work space of both passes."""

    rows: np.ndarray  # (n_neurons, n_points), activations, the features first
    deltas: np.ndarray  # (n_neurons, n_points), δ; before the backward pass σ' of the hidden layers
    products: np.ndarray  # (widest layer, n_points)
    margins: np.ndarray  # (n_points,)
    pulls: np.ndarray  # (n_points,), derivative by the margin of every point
    turned: np.ndarray  # (2 n_points n_hidden,) at least, or (0,), for products with transposed features


MANY_INPUTS = 64  # from which on the first layer multiplies from the other side: twice as fast for 331 inputs, 20 rows


@dispatched
def activate(activation, rows, slopes, biases):
    """Turn products into activations; σ' goes into `slopes` where it does not follow from the activation."""
    raise NotImplementedError(f"activate has no kernel for {activation!r}")


@dispatched
def set_deltas(activation, deltas, rows, products):
    """δ of a hidden layer from its activations and Wᵀδ of the layer above."""
    raise NotImplementedError(f"set_deltas has no kernel for {activation!r}")


@njit(fastmath=CONTRACTED, _nrt=False)
def _activate_in_place(activation, rows, biases):
    for i in range(rows.shape[0]):
        bias = biases[i]
        for k in range(rows.shape[1]):
            rows[i, k] = activated(activation, rows[i, k] + bias)


@activate.register(Relu)
def _activate_relu(activation, rows, slopes, biases):
    _activate_in_place(activation, rows, biases)


@activate.register(Tanh)
def _activate_tanh(activation, rows, slopes, biases):
    _activate_in_place(activation, rows, biases)


@activate.register(Silu)
def _activate_silu(activation, rows, slopes, biases):
    _activate_with_slopes(activation.precision, rows, slopes, biases)


@njit(fastmath=CONTRACTED, _nrt=False)
def _activate_with_slopes(precision, rows, slopes, biases):
    half = precision.half
    one = half + half
    for i in range(rows.shape[0]):
        bias = biases[i]
        for k in range(rows.shape[1]):
            z = rows[i, k] + bias
            gate = half + half * tanh(precision, half * z)
            rows[i, k] = z * gate
            slopes[i, k] = gate * (one + z * (one - gate))


@set_deltas.register(Relu)
def _relu_deltas(activation, deltas, rows, products):
    _mask(activation.precision.zero, deltas, rows, products)


@njit(_nrt=False)
def _mask(zero, deltas, rows, products):
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            deltas[i, k] = products[i, k] if rows[i, k] > zero else zero


@set_deltas.register(Tanh)
def _tanh_deltas(activation, deltas, rows, products):
    _times_one_less_square(activation.precision.half, deltas, rows, products)


@njit(fastmath=CONTRACTED, _nrt=False)
def _times_one_less_square(half, deltas, rows, products):
    one = half + half
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            deltas[i, k] = products[i, k] * (one - rows[i, k] * rows[i, k])


@set_deltas.register(Silu)
def _silu_deltas(activation, deltas, rows, products):
    _times(deltas, products)


@njit(_nrt=False)
def _times(deltas, products):
    for i in range(deltas.shape[0]):
        for k in range(deltas.shape[1]):
            deltas[i, k] *= products[i, k]


@njit(_nrt=False)
def _add_biases(rows, biases):
    for i in range(rows.shape[0]):
        bias = biases[i]
        for k in range(rows.shape[1]):
            rows[i, k] += bias


@njit(fastmath=REORDERED, _nrt=False)
def _set_sums(zero, rows, sums):
    for i in range(rows.shape[0]):
        total = zero
        for k in range(rows.shape[1]):
            total += rows[i, k]
        sums[i] = total


@njit(_nrt=False)
def _transpose(source, target):
    for i in range(source.shape[0]):
        for k in range(source.shape[1]):
            target[k, i] = source[i, k]


@njit
def weights_of(layers, vector, layer):
    """Weights (n_outputs, n_inputs) of a layer, 0 the first, in a vector of all parameters."""
    first, n_inputs, n_outputs = layers.first_parameter[layer], layers.widths[layer], layers.widths[layer + 1]
    return vector[first : first + n_inputs * n_outputs].reshape((n_outputs, n_inputs))


@njit
def biases_of(layers, vector, layer):
    """Biases (n_outputs,) of a layer, 0 the first, in a vector of all parameters."""
    first = layers.first_parameter[layer] + layers.widths[layer] * layers.widths[layer + 1]
    return vector[first : first + layers.widths[layer + 1]]


@njit
def rows_of(layers, table, layer):
    """Rows of a layer, 0 the inputs."""
    return table[layers.first_row[layer] : layers.first_row[layer] + layers.widths[layer]]


@njit
def set_activations(layers, passes, parameters):
    """All rows above the features."""
    last = layers.widths.size - 2
    for layer in range(last + 1):
        weights, rows = weights_of(layers, parameters, layer), rows_of(layers, passes.rows, layer + 1)
        if layer == 0 and layers.columns.size > 0:
            turned = passes.turned[: rows.size].reshape((rows.shape[1], rows.shape[0]))
            np.dot(layers.columns, weights.T, turned)
            _transpose(turned, rows)
        else:
            np.dot(weights, rows_of(layers, passes.rows, layer), rows)
        biases = biases_of(layers, parameters, layer)
        if layer < last:
            activate(layers.activation, rows, rows_of(layers, passes.deltas, layer + 1), biases)
        else:
            _add_biases(rows, biases)


@njit
def set_gradient(layers, passes, parameters, gradient, zero):
    """Gradient with respect to all parameters from δ of the outputs."""
    for layer in range(layers.widths.size - 2, -1, -1):
        weights, deltas = weights_of(layers, parameters, layer), rows_of(layers, passes.deltas, layer + 1)
        below, slopes = rows_of(layers, passes.rows, layer), weights_of(layers, gradient, layer)
        _set_sums(zero, deltas, biases_of(layers, gradient, layer))
        if layer == 0 and layers.columns.size > 0:
            turned = passes.turned[: slopes.size].reshape((slopes.shape[1], slopes.shape[0]))
            np.dot(below, deltas.T, turned)
            _transpose(turned, slopes)
        else:
            np.dot(deltas, below.T, slopes)
        if layer > 0:
            products = passes.products[: below.shape[0]]
            np.dot(weights.T, deltas, products)
            set_deltas(layers.activation, rows_of(layers, passes.deltas, layer), below, products)
