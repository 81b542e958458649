"""Gradients of networks by products of matrices: differences, both precisions, tiny losses, other packages."""

import importlib.util
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from wl.interface.forces import measure, pull
from wl.networks.architecture import ACTIVATIONS, Architecture
from wl.networks.datasets.split import Split
from wl.networks.forward import outputs, quality
from wl.networks.kernels.gradients import MANY_INPUTS
from wl.systems.network.system import VARIABLES, NetworkOptions, neural_network

N_TRAIN, N_TEST = 11, 7
STEP = 1e-4  # of the differences
LOSSES = ("log_train_loss", "log_test_loss")
LABELLED = (("log_train_loss", "test_accuracy"), ("smoothed_train_accuracy", "smoothed_test_accuracy"))
HEADS = {
    "logistic": ("logistic", 1, (LOSSES, *LABELLED)),
    "two classes": ("softmax", 2, (LOSSES, *LABELLED)),
    "four classes": ("softmax", 4, (LOSSES, *LABELLED)),
    "one number": ("linear", 1, (LOSSES, LOSSES[:1], LOSSES[1:])),
    "three numbers": ("linear", 3, (LOSSES,)),
}
SHAPES = {
    "two layers": (3, (5, 4)),
    "one layer": (2, (6,)),
    "three layers": (3, (4, 3, 5)),
    "many inputs": (70, (5, 3)),
}
SINGLE = 2e-5  # of the largest entry, at ten points
FEW = {("logistic", "relu"), ("four classes", "silu")}
SINGLES = {("logistic", "relu"), ("one number", "tanh")}  # in single precision, too


def networks(fast):
    """All pairs of head and activation; each takes ten seconds to compile, so most of them are slow tests."""
    pairs = itertools.product(HEADS, ACTIVATIONS)
    return [pytest.param(*pair, marks=[] if pair in fast else pytest.mark.slow) for pair in pairs]


NETWORKS = networks(FEW | SINGLES)


def problem(head, activation, shape, seed=0):
    """A network, its points, and parameters at which no neuron is near 0 on any of them."""
    n_inputs, hidden = SHAPES[shape]
    kind, n_outputs, _ = HEADS[head]
    architecture, rng = Architecture(n_inputs, hidden, n_outputs, activation, kind), np.random.default_rng(seed)
    while True:
        parameters = rng.uniform(-1.0, 1.0, architecture.n_parameters) / max(1.0, math.sqrt(n_inputs / 10))
        train, test = (split_of(architecture, rng, n_points) for n_points in (N_TRAIN, N_TEST))
        points = np.concatenate([train.features, test.features])
        if nearest_kink(architecture, parameters, points) > 20 * STEP:
            return architecture, train, test, parameters


def split_of(architecture, rng, n_points):
    if architecture.head == "linear":
        targets = rng.normal(size=(n_points, architecture.n_outputs))
    else:
        targets = rng.integers(0, max(2, architecture.n_outputs), n_points)
    return Split(rng.normal(size=(n_points, architecture.n_inputs)), targets)


def nearest_kink(architecture, parameters, signal):
    nearest = np.inf
    for weights, biases in architecture.views(parameters)[:-1]:
        z = signal @ weights.T + biases
        nearest, signal = min(nearest, np.abs(z).min()), np.maximum(z, 0.0)
    return nearest if architecture.activation == "relu" else np.inf


def evaluated(architecture, splits, parameters, names, precision="float64"):
    """The model and its state, measured."""
    system = neural_network(architecture, *splits, names, NetworkOptions(precision, 10.0, forces=True))
    state = system.new_state()
    state.parameters[:] = parameters
    measure(system.model, state)
    return system.model, state


def slopes(model, state, factors, chosen):
    """Fourth-order differences of the weighted sum of the coordinates with respect to the chosen parameters."""
    found = []
    for k in chosen:
        kept, each = state.parameters[k], []
        for shift in (1, -1, 2, -2):
            state.parameters[k] = kept + shift * STEP
            measure(model, state)
            each.append(np.dot(factors, state.coordinates))
        state.parameters[k] = kept
        found.append((8.0 * (each[0] - each[1]) - (each[2] - each[3])) / (12.0 * STEP))
    return np.array(found)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("head", "activation"), NETWORKS)
def test_gradient_is_the_slope(head, activation, shape):
    """Of all pairs of variables."""
    architecture, train, test, parameters = problem(head, activation, shape)
    assert (architecture.n_inputs >= MANY_INPUTS) == (shape == "many inputs")
    chosen = np.unique(np.linspace(0, architecture.n_parameters - 1, 80).astype(int))
    for names in HEADS[head][2]:
        model, state = evaluated(architecture, (train, test), parameters, names)
        factors = np.array([0.7, -1.3 if len(names) == 2 else 0.0])
        pull(model, state, *factors)
        found = state.gradient.copy()
        expected = slopes(model, state, factors, chosen)
        np.testing.assert_allclose(found[chosen], expected, rtol=0.0, atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("head", "activation"), networks(SINGLES))
def test_single_precision_agrees_with_double(head, activation, shape):
    architecture, train, test, parameters = problem(head, activation, shape)
    parameters = parameters.astype(np.float32)
    for names in HEADS[head][2]:
        gradients = []
        for precision in ("float64", "float32"):
            model, state = evaluated(architecture, (train, test), parameters, names, precision)
            pull(model, state, 0.7, -1.3)
            gradients.append(state.gradient.astype(np.float64))
        np.testing.assert_allclose(gradients[1], gradients[0], rtol=0.0, atol=SINGLE * np.abs(gradients[0]).max())


@pytest.mark.parametrize(("head", "activation"), networks(SINGLES))
def test_values_in_single_precision_are_those_of_the_forward_pass(head, activation):
    assert_values(head, activation, "float32")


@pytest.mark.parametrize(("head", "activation"), NETWORKS)
def test_values_are_those_of_the_forward_pass(head, activation):
    assert_values(head, activation, "float64")


def assert_values(head, activation, precision):
    for shape, names in itertools.product(SHAPES, HEADS[head][2]):
        architecture, train, test, parameters = problem(head, activation, shape)
        _, state = evaluated(architecture, (train, test), parameters, names, precision)
        for value, name in zip(state.values, names, strict=False):
            split = (train, test)[VARIABLES[name][1]]
            found = quality(architecture, parameters.astype(precision), split, precision)
            expected = getattr(found, name.replace("train_", "").replace("test_", ""))
            assert value == pytest.approx(expected, abs=1e-12 if precision == "float64" else 3e-6)


@pytest.mark.parametrize(
    ("head", "activation", "precision"),
    [
        ("logistic", "relu", "float64"),
        ("logistic", "relu", "float32"),
        ("two classes", "tanh", "float64"),
        pytest.param("two classes", "tanh", "float32", marks=pytest.mark.slow),
        ("four classes", "silu", "float64"),
        pytest.param("four classes", "silu", "float32", marks=pytest.mark.slow),
    ],
)
def test_tiny_losses_have_a_gradient(head, activation, precision):
    """All points right by at least 300: ln L falls as the least margin rises, and only the points there count."""
    architecture, train, test, parameters = problem(head, activation, "two layers")
    parts, gaps = [], []
    for split in (train, test):
        z = outputs(architecture, parameters, split.features, "float64")
        z = np.column_stack([np.zeros(len(z)), z]) if z.shape[1] == 1 else z  # the logit of label 0
        parts.append(Split(split.features, z.argmax(axis=1)))
        gaps.append(np.diff(np.sort(z, axis=1), axis=1)[:, -1])
    parameters[architecture.layers[-1].weights.start :] *= 300.0 / np.concatenate(gaps).min()
    model, state = evaluated(architecture, parts, parameters, LOSSES)
    assert (state.coordinates < -100.0).all()
    expected = slopes(model, state, np.array([1.0, 0.5]), range(architecture.n_parameters))
    model, state = evaluated(architecture, parts, parameters, LOSSES, precision)
    pull(model, state, 1.0, 0.5)
    error = np.abs(state.gradient - expected).max() / np.abs(expected).max()
    assert error < (1e-6 if precision == "float64" else 1e-3)  # margins of 1000 are rounded by 6e-5


def test_a_factor_of_zero_pulls_nothing():
    architecture, train, test, parameters = problem("logistic", "relu", "one layer")
    model, state = evaluated(architecture, (train, test), parameters, LOSSES)
    pull(model, state, 0.0, 0.0)
    assert (state.gradient == 0.0).all()


def some_gradients():
    found = []
    for (head, activation), shape in itertools.product(sorted(FEW), ("two layers", "many inputs")):
        architecture, train, test, parameters = problem(head, activation, shape)
        precision = "float32" if (head, activation) in SINGLES else "float64"
        model, state = evaluated(architecture, (train, test), parameters, LOSSES, precision)
        pull(model, state, 0.7, -1.3)
        found += [*state.coordinates, *state.gradient[-4:]]
    return [float(value) for value in found]


def test_plain_python_agrees_within_rounding(run_python):
    code = "import test_network_gradients as t\nprint(*t.some_gradients())"
    plain = np.array(run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split(), float)
    np.testing.assert_allclose(plain, some_gradients(), rtol=0.0, atol=2e-5)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, a peer, is not installed")
@pytest.mark.parametrize(("head", "activation"), NETWORKS)
def test_gradients_of_torch(head, activation):
    import torch  # noqa: PLC0415  # a peer, where installed

    functions = {"relu": torch.relu, "tanh": torch.tanh, "silu": torch.nn.functional.silu}
    architecture, train, test, parameters = problem(head, activation, "three layers")
    vector, total = torch.tensor(parameters, requires_grad=True), 0.0
    for split, factor in ((train, 0.7), (test, -1.3)):
        signal = torch.tensor(split.features)
        for number, layer in enumerate(architecture.layers):
            weights = vector[layer.weights].reshape(layer.n_outputs, layer.n_inputs)
            signal = signal @ weights.T + vector[layer.biases]
            signal = functions[activation](signal) if number < len(architecture.layers) - 1 else signal
        total = total + factor * torch.log(torch_loss(torch, architecture.head, signal, torch.tensor(split.targets)))
    total.backward()
    model, state = evaluated(architecture, (train, test), parameters, LOSSES)
    pull(model, state, 0.7, -1.3)
    np.testing.assert_allclose(state.gradient, vector.grad.numpy(), rtol=1e-9, atol=1e-12)


def torch_loss(torch, head, signal, targets):
    if head == "linear":
        return torch.nn.functional.mse_loss(signal, targets)
    if head == "softmax":
        return torch.nn.functional.cross_entropy(signal, targets)
    return torch.nn.functional.binary_cross_entropy_with_logits(signal[:, 0], targets.double())
