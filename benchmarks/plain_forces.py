"""Langevin steps of a network in plain NumPy: what the engine's step is measured against.

Single precision, mean squared errors; forward and backward for the training points and again for the test points, and
an update layer by layer with fresh noise, as `benchmarks.plain_forces_torch` does it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split

__all__ = ["PlainForces"]

STEP, FRICTION = 1e-4, 0.01


class PlainForces:
    """Matrix products over the points."""

    def __init__(self, architecture: Architecture, train: Split, test: Split) -> None:
        self.rng, self.relu = np.random.default_rng(1), architecture.activation == "relu"
        self.half = np.float32(architecture.half_widths().max())
        vector = self.rng.uniform(-self.half, self.half, architecture.n_parameters).astype(np.float32)
        self.layers = architecture.views(vector)
        self.velocities = [[self._normals(each.shape) for each in layer] for layer in self.layers]
        self.sets = [(s.features.astype(np.float32), s.targets.astype(np.float32)) for s in (train, test)]
        self.keep, self.noise = np.float32(1.0 - FRICTION), np.float32(math.sqrt(FRICTION * (2.0 - FRICTION)))

    def _normals(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.rng.standard_normal(shape, np.float32)

    def _gradient(self, features: np.ndarray, targets: np.ndarray) -> tuple[float, list[Any]]:
        """Mean square, and the gradient of its logarithm."""
        signals = [features]
        for number, (weights, biases) in enumerate(self.layers):
            z = signals[-1] @ weights.T + biases
            last = number == len(self.layers) - 1
            signals.append(z if last else np.maximum(z, np.float32(0.0)) if self.relu else np.tanh(z))
        misses = signals[-1] - targets
        loss = float(np.mean(misses * misses))
        delta, found = misses * np.float32(2.0 / misses.size / loss), []
        for number in range(len(self.layers) - 1, -1, -1):
            below = signals[number]
            found.append((delta.T @ below, delta.sum(axis=0)))
            if number:
                slopes = (below > 0) if self.relu else np.float32(1.0) - below * below
                delta = (delta @ self.layers[number][0]) * slopes
        return loss, found[::-1]

    def advance(self, n_steps: int) -> None:
        """Make steps."""
        step = np.float32(STEP)
        for _ in range(n_steps):
            (one, first), (two, second) = (self._gradient(*points) for points in self.sets)
            factors = [np.float32(0.5 + 1e-3 * math.log(loss)) for loss in (one, two)]
            for layer, velocities, g, h in zip(self.layers, self.velocities, first, second, strict=True):
                for k in range(2):
                    v = velocities[k]
                    v -= step * (factors[0] * g[k] + factors[1] * h[k])
                    v *= self.keep
                    v += self.noise * self._normals(v.shape)
                    layer[k][...] += step * v
                    np.clip(layer[k], -self.half, self.half, out=layer[k])
