"""Gradient descent written down in the straightforward way, in NumPy: what the training kernels are measured against.

One matrix product a layer and mini-batch, forward and backward. It shares no line with the kernels, which makes it an
oracle of the tests too: the order of the points comes from the caller.

`python -m benchmarks.plain_training [--epochs 300]` prints processor time of an epoch of both on the spiral, and of
the kernels their ratio, on one core and in turns.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from wl.networks.architecture import Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.datasets.split import Split
from wl.networks.training.ensemble import TrainingOptions
from wl.networks.training.train import train_ensemble

N_TURNS = 9
CASES = (("tanh", "sgd", 5), ("tanh", "sgd", 10), ("tanh", "sgd", 40), ("relu", "sgd", 10), ("tanh", "adam", 10))


def plain_outputs(architecture: Architecture, parameters: np.ndarray, features: np.ndarray) -> list[Any]:
    """Activities of all layers and slopes of the hidden ones, each (n_points, width)."""
    activities, slopes = [features], []
    layers = architecture.views(parameters)
    for number, (weights, biases) in enumerate(layers):
        z = activities[-1] @ weights.T + biases
        if number == len(layers) - 1:
            activities.append(z)
        elif architecture.activation == "relu":
            activities.append(np.maximum(z, 0.0))
            slopes.append((z > 0.0).astype(float))
        elif architecture.activation == "tanh":
            activities.append(np.tanh(z))
            slopes.append(1.0 / np.cosh(z) ** 2)
        else:
            gate = 1.0 / (1.0 + np.exp(-z))
            activities.append(z * gate)
            slopes.append(gate + z * gate * (1.0 - gate))
    return [activities, slopes]


def plain_loss(architecture: Architecture, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean loss and its derivative by the outputs (n_points, n_outputs)."""
    n_points = len(outputs)
    if architecture.head == "linear":
        return float(np.mean((outputs - targets) ** 2)), 2.0 * (outputs - targets) / outputs.size
    if architecture.head == "logistic":
        z = outputs[:, 0]
        loss = np.mean(np.logaddexp(0.0, z) - targets * z)
        return float(loss), (1.0 / (1.0 + np.exp(-z)) - targets)[:, None] / n_points
    log_chances = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    right = np.eye(outputs.shape[1])[targets]
    return float(-np.mean((log_chances * right).sum(axis=1))), (np.exp(log_chances) - right) / n_points


def plain_gradient(architecture: Architecture, parameters: np.ndarray, split: Split, batch: Any) -> np.ndarray:
    """Gradient of the mean loss over a batch, (n_parameters,)."""
    activities, slopes = plain_outputs(architecture, parameters, split.features[batch])
    delta = plain_loss(architecture, activities[-1], split.targets[batch])[1]
    layers, pieces = architecture.views(parameters), []
    for number in range(len(layers) - 1, -1, -1):
        pieces = [(delta.T @ activities[number]).ravel(), delta.sum(axis=0), *pieces]
        if number:
            delta = (delta @ layers[number][0]) * slopes[number - 1]
    return np.concatenate(pieces)


def plain_train(
    architecture: Architecture,
    split: Split,
    start: np.ndarray,
    options: TrainingOptions,
    orders: Iterable[np.ndarray],
) -> np.ndarray:
    """Parameters after one epoch for each of the orders of the points."""
    theta, step = start.copy(), 0
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    limit = architecture.half_widths(options.box) if options.clip else np.inf
    for order in orders:
        for begin in range(0, len(order), options.batch_size):
            slope = plain_gradient(architecture, theta, split, order[begin : begin + options.batch_size])
            step += 1
            if options.optimizer == "adam":
                first = 0.9 * first + 0.1 * slope
                second = 0.999 * second + 0.001 * slope**2
                slope = (first / (1.0 - 0.9**step)) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-8)
            theta = np.clip(theta - options.learning_rate * slope, -limit, limit)
    return theta


def main() -> None:
    """Print times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=300)
    n_epochs, data = parser.parse_args().epochs, spiral()
    for activation, optimizer, batch_size in CASES:
        architecture = Architecture(2, (8, 8, 8, 8), activation=activation)
        options = TrainingOptions(1, optimizer, 0.01, batch_size, n_epochs, n_epochs)
        train_ensemble(data, architecture, options)
        rng, spent = np.random.default_rng(1), []
        start = rng.uniform(-0.7, 0.7, architecture.n_parameters)
        for _ in range(N_TURNS):
            begin = time.thread_time()
            plain_train(architecture, data.train, start, options, (rng.permutation(40) for _ in range(n_epochs)))
            middle = time.thread_time()
            train_ensemble(data, architecture, options)
            spent.append((middle - begin, time.thread_time() - middle))
        plain, ours = np.median(spent, axis=0) / n_epochs
        ratio = np.median([a / b for a, b in spent])
        name = f"{activation}, {optimizer}, batches of {batch_size}"
        print(f"{name}: {1e6 * ours:.1f} µs an epoch, NumPy {1e6 * plain:.0f} µs, ratio {ratio:.1f}", flush=True)


if __name__ == "__main__":
    main()
