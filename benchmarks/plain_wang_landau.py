"""Wang-Landau sampling written down in the straightforward way: what the engine is measured against.

One source serves as two yardsticks. As plain Python it is the NumPy version; compiled as it stands it is the plain
numba one. Sums are updated incrementally, and nothing else is done for speed. A trial counts in a histogram; ln f is
halved when that is flat. No transition matrix, no frozen walk, no 1/t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from perceptron.base.jit import njit
from perceptron.patterns import Patterns

__all__ = ["PlainIsing", "PlainPerceptron", "deficit_trials", "ising_trials", "minimum_trials"]

FLATNESS = 0.8
CHECK_TRIALS = 10_000


@njit
def ising_trials(spins, energy, log_g, histogram, log_f, rng, n_trials):  # noqa: PLR0913, PLR0917
    """Trials on an L × L lattice, int64 (L, L); returns the energy. Bins are (E + 2L²)/4."""
    size = spins.shape[0]
    ground = 2 * size * size
    for _ in range(n_trials):
        i, j = int(rng.random() * size), int(rng.random() * size)
        field = (
            spins[(i + 1) % size, j] + spins[(i - 1) % size, j] + spins[i, (j + 1) % size] + spins[i, (j - 1) % size]
        )
        new = energy + 2 * spins[i, j] * field
        if rng.random() < np.exp(log_g[(energy + ground) // 4] - log_g[(new + ground) // 4]):
            spins[i, j] = -spins[i, j]
            energy = new
        log_g[(energy + ground) // 4] += log_f
        histogram[(energy + ground) // 4] += 1
    return energy


@njit
def deficit_trials(columns, weights, sums, smallest_sum, log_g, histogram, log_f, rng, n_trials):  # noqa: PLR0913, PLR0917
    """Trials on the deficit, int64 (N, P) patterns; the last bin holds everything above."""
    last = log_g.size - 1
    here = min(np.maximum(smallest_sum - sums, 0).sum() // 2, last)
    for _ in range(n_trials):
        i = int(rng.random() * weights.size)
        changed = sums - 2 * weights[i] * columns[i]
        new = min(np.maximum(smallest_sum - changed, 0).sum() // 2, last)
        if rng.random() < np.exp(log_g[here] - log_g[new]):
            weights[i] = -weights[i]
            sums[:] = changed
            here = new
        log_g[here] += log_f
        histogram[here] += 1
    return here


@njit
def minimum_trials(columns, weights, sums, _smallest_sum, log_g, histogram, log_f, rng, n_trials):  # noqa: PLR0913, PLR0917
    """Trials on the minimum stability; bins are (minimum + N)/2."""
    size = weights.size
    here = (sums.min() + size) // 2
    for _ in range(n_trials):
        i = int(rng.random() * size)
        changed = sums - 2 * weights[i] * columns[i]
        new = (changed.min() + size) // 2
        if rng.random() < np.exp(log_g[here] - log_g[new]):
            weights[i] = -weights[i]
            sums[:] = changed
            here = new
        log_g[here] += log_f
        histogram[here] += 1
    return here


def python_of(kernel: Any) -> Callable[..., Any]:
    """The plain Python of a kernel."""
    return getattr(kernel, "py_func", kernel)


class _Plain:
    """ln g, histogram and ln f of a walk whose kernel makes the trials."""

    def __init__(self, n_bins: int, seed: int, kernel: Callable[..., Any]) -> None:
        self.rng, self.kernel = np.random.default_rng(seed), kernel
        self.values, self.histogram = np.zeros(n_bins), np.zeros(n_bins, np.int64)
        self.log_f, self.until_check = 1.0, CHECK_TRIALS

    def advance(self, n_trials: int) -> None:
        """Make trials."""
        left = n_trials
        with np.errstate(over="ignore"):  # exp of a large gain is infinite, and accepted
            while left > 0:
                n_now = min(left, self.until_check)
                self._trials(n_now)
                left -= n_now
                self.until_check -= n_now
                if self.until_check == 0:
                    self._check()

    def _check(self) -> None:
        self.until_check = CHECK_TRIALS
        counts = self.histogram[self.values > 0.0]
        if counts.min() > FLATNESS * counts.mean():
            self.log_f /= 2.0
            self.histogram[:] = 0

    def _trials(self, n_trials: int) -> None:
        raise NotImplementedError

    def log_g(self) -> np.ndarray:
        """Ln g of all the bins, up to a constant; nan where unvisited."""
        return np.where(self.values > 0.0, self.values, np.nan)


class PlainIsing(_Plain):
    """The Ising model from the ground state on."""

    def __init__(self, size: int, seed: int, compiled: bool = True) -> None:
        super().__init__(size * size + 1, seed, ising_trials if compiled else python_of(ising_trials))
        self.spins, self.energy = np.ones((size, size), np.int64), -2 * size * size

    def _trials(self, n_trials: int) -> None:
        self.energy = self.kernel(self.spins, self.energy, self.values, self.histogram, self.log_f, self.rng, n_trials)


class PlainPerceptron(_Plain):
    """The perceptron from a uniform draw on; `kernel` is one of the two above or its plain Python."""

    def __init__(self, patterns: Patterns, n_bins: int, seed: int, kernel: Callable[..., Any]) -> None:
        super().__init__(n_bins, seed, kernel)
        self.columns = np.ascontiguousarray(patterns.values.T, dtype=np.int64)
        self.weights = self.rng.choice(np.array([-1, 1]), patterns.n_weights)
        self.sums = self.weights @ self.columns
        self.smallest_sum = int(patterns.threshold(0.0).smallest_sum)

    def _trials(self, n_trials: int) -> None:
        self.kernel(
            self.columns,
            self.weights,
            self.sums,
            self.smallest_sum,
            self.values,
            self.histogram,
            self.log_f,
            self.rng,
            n_trials,
        )
