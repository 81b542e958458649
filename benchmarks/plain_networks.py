"""Wang-Landau steps of a network written down in the straightforward way: what the engine's trial is measured against.

Every step changes one weight, runs both sets of points through the whole network, and takes the mean cross-entropy of
the training points and the accuracy of the test points: in compiled loops of double precision and in NumPy (in PyTorch:
`benchmarks.plain_networks_torch`). One random number accepts or rejects; ln g is left out.
"""

from __future__ import annotations

import math

import numpy as np

from perceptron.base.jit import njit
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split

__all__ = ["PlainCompiled", "PlainNumpy"]

STEP = 0.1


@njit
def compiled_outputs(parameters, widths, relu, features, signal, above):
    """Outputs of one point after another; double precision, library functions."""
    outputs = np.zeros((features.shape[0], widths[-1]))
    for mu in range(features.shape[0]):
        signal[: widths[0]] = features[mu]
        place = 0
        for layer in range(1, widths.size):
            n_inputs, n_outputs = widths[layer - 1], widths[layer]
            for j in range(n_outputs):
                z = parameters[place + n_inputs * n_outputs + j]
                for i in range(n_inputs):
                    z += parameters[place + j * n_inputs + i] * signal[i]
                if layer < widths.size - 1:
                    z = max(z, 0.0) if relu else math.tanh(z)
                above[j] = z
            place += (n_inputs + 1) * n_outputs
            signal[:n_outputs] = above[:n_outputs]
        outputs[mu] = signal[: widths[-1]]
    return outputs


@njit
def compiled_values(outputs, labels):
    """Mean cross-entropy and accuracy."""
    loss, right = 0.0, 0
    for mu in range(labels.size):
        z = outputs[mu, 0] if outputs.shape[1] == 1 else outputs[mu, 1] - outputs[mu, 0]
        margin = z if labels[mu] == 1 else -z
        loss += max(-margin, 0.0) + math.log1p(math.exp(-abs(margin)))
        right += (z > 0.0) == (labels[mu] == 1)
    return loss / labels.size, right / labels.size


@njit
def compiled_steps(parameters, widths, relu, train, train_labels, test, test_labels, half, rng, n_trials):  # noqa: PLR0913, PLR0917
    """Steps of one parameter."""
    signal, above = np.zeros(widths.max()), np.zeros(widths.max())
    for _ in range(n_trials):
        k = int(rng.random() * parameters.size)
        old = parameters[k]
        parameters[k] = old + STEP * (2.0 * rng.random() - 1.0)
        compiled_values(compiled_outputs(parameters, widths, relu, train, signal, above), train_labels)
        compiled_values(compiled_outputs(parameters, widths, relu, test, signal, above), test_labels)
        if abs(parameters[k]) > half or rng.random() < 0.3:
            parameters[k] = old


class PlainCompiled:
    """Loops over points, layers and neurons."""

    def __init__(self, architecture: Architecture, train: Split, test: Split) -> None:
        self.rng, self.widths = np.random.default_rng(1), np.array(architecture.widths)
        self.half = float(architecture.half_widths().max())
        self.parameters = self.rng.uniform(-self.half, self.half, architecture.n_parameters)
        self.relu, self.train, self.test = architecture.activation == "relu", train, test

    def advance(self, n_trials: int) -> None:
        """Make steps."""
        points = (self.train.features, self.train.targets, self.test.features, self.test.targets)
        compiled_steps(self.parameters, self.widths, self.relu, *points, self.half, self.rng, n_trials)


class PlainNumpy:
    """Matrix products over the points."""

    def __init__(self, architecture: Architecture, train: Split, test: Split) -> None:
        self.rng, self.architecture, self.train, self.test = np.random.default_rng(1), architecture, train, test
        self.half = float(architecture.half_widths().max())
        self.parameters = self.rng.uniform(-self.half, self.half, architecture.n_parameters)
        self.layers = architecture.views(self.parameters)

    def _values(self, split: Split) -> tuple[float, float]:
        signal = split.features
        for number, (weights, biases) in enumerate(self.layers):
            signal = signal @ weights.T + biases
            if number < len(self.layers) - 1:
                signal = np.maximum(signal, 0.0) if self.architecture.activation == "relu" else np.tanh(signal)
        z = signal[:, 0] if signal.shape[1] == 1 else signal[:, 1] - signal[:, 0]
        margins = np.where(split.targets == 1, z, -z)
        return float(np.logaddexp(0.0, -margins).mean()), float(((z > 0.0) == (split.targets == 1)).mean())

    def advance(self, n_trials: int) -> None:
        """Make steps."""
        for _ in range(n_trials):
            k = self.rng.integers(self.parameters.size)
            old = self.parameters[k]
            self.parameters[k] += STEP * (2.0 * self.rng.random() - 1.0)
            self._values(self.train)
            self._values(self.test)
            if abs(self.parameters[k]) > self.half or self.rng.random() < 0.3:
                self.parameters[k] = old
