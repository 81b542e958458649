"""Wang-Landau steps of a network written down in the straightforward way: what the engine's trial is measured against.

Every step changes one weight, runs both sets of points through the whole network, and takes the mean cross-entropy of
the training points and the accuracy of the test points: in compiled loops of double precision, in NumPy, and in PyTorch
with one forward pass for each set. One random number accepts or rejects; ln g is left out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from perceptron.jit import njit
from wl.datasets.split import Split
from wl.networks.architecture import Architecture

__all__ = ["PlainCompiled", "PlainNumpy", "PlainTorch"]

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


class PlainTorch:
    """A Sequential of Linear layers, one pass for the training and one for the test points."""

    def __init__(self, architecture: Architecture, train: Split, test: Split) -> None:
        import torch  # noqa: PLC0415  # a peer, where installed

        torch.set_num_threads(1)
        self.torch: Any = torch
        torch.manual_seed(1)
        parts: list[Any] = []
        for n_inputs, n_outputs in zip(architecture.widths[:-1], architecture.widths[1:], strict=True):
            kind = torch.nn.ReLU if architecture.activation == "relu" else torch.nn.Tanh
            parts += [torch.nn.Linear(n_inputs, n_outputs), kind()]
        self.network, self.half = torch.nn.Sequential(*parts[:-1]), float(architecture.half_widths().max())
        self.sets = [(torch.tensor(s.features, dtype=torch.float32), torch.tensor(s.targets)) for s in (train, test)]
        self.two = architecture.n_outputs == 2
        self.weights = list(self.network.parameters())

    def _values(self, features: Any, labels: Any) -> tuple[float, float]:
        torch, z = self.torch, self.network(features)
        if self.two:
            return torch.nn.functional.cross_entropy(z, labels).item(), (z.argmax(1) == labels).float().mean().item()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], labels.float())
        return loss.item(), ((z[:, 0] > 0) == (labels == 1)).float().mean().item()

    def advance(self, n_trials: int) -> None:
        """Make steps."""
        rng = np.random.default_rng(1)
        sizes = np.array([weight.numel() for weight in self.weights])
        with self.torch.no_grad():
            for _ in range(n_trials):
                layer = rng.choice(sizes.size, p=sizes / sizes.sum())
                flat = self.weights[layer].view(-1)
                k = int(rng.integers(flat.numel()))
                old = flat[k].item()
                flat[k] = old + STEP * (2.0 * rng.random() - 1.0)
                for features, labels in self.sets:
                    self._values(features, labels)
                if abs(flat[k].item()) > self.half or rng.random() < 0.3:
                    flat[k] = old
