"""Exact counts of all 2ᴺ configurations of one instance of ±1 patterns.

Every configuration w ∈ {±1}ᴺ is visited once; the counts are integers without error. They are the oracle of the
samplers, of message passing and, averaged over instances (`perceptron.enumeration.average`), of the theory at finite N.
A Gray code runs over the high weights and is cut into chunks that threads share; the low weights are enumerated inside
vectors (`perceptron.kernels.instance.gray_code`).
Not for Gaussian patterns, nor for more than about thirty weights: the time doubles with every weight.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer
from perceptron.base.results import Estimate, Status
from perceptron.base.sweep import Progress
from perceptron.enumeration.walk import (
    EnumerationOptions,
    Walk,
    agreements_needed,
    check_enumerable,
    expected_seconds,
    in_threads,
)
from perceptron.kernels.instance import gray_code as kernels
from perceptron.patterns import Patterns, Threshold, check_weights, threshold_at

__all__ = [
    "Enumeration",
    "EnumerationOptions",
    "enumerate_instance",
    "expected_seconds",
]

ROUNDING = 4e-16


@dataclass(frozen=True, slots=True, eq=False)
class Enumeration:
    """Exact counts of one instance; arrays are int64 and read-only.

    Attributes
    ----------
    n_weights, n_patterns : int
        N and P.
    threshold : Threshold
        What the margin asks of ξ·w.
    margins : ndarray, shape (N + 1,)
        Integer levels -N, -N + 2, …, N of the minimum stability min_μ ξ^μ·w.
    counts : ndarray, shape (N + 1,)
        Configurations at each level; their sum is 2ᴺ.
    error_counts : ndarray, shape (P + 1,)
        Configurations with 0 … P patterns below the margin.
    n_solutions : int
        Z, the configurations without error.
    entropy : Estimate
        ln Z / N in nats per weight, and its rounding error; -inf for Z = 0.
    status : Status
        EXACT: the enumeration is complete. An interrupted one returns nothing.
    reference : ndarray of int8, shape (N,), or None
        Where distances are counted from.
    joint_counts, joint_error_counts : ndarray, shape (N + 1, N + 1) and (P + 1, N + 1), or None
        The same, resolved by the number of weights, 0 … N, in which configuration and reference differ.
    deficit_threshold : int or None
        s* of the deficit.
    deficit_counts, joint_deficit_counts : ndarray, shape (E_max + 1,) and (E_max + 1, N + 1), or None
        Configurations at each deficit 0 … E_max = P(N + s*)/2, and by distance.
    stability_counts : ndarray, shape (N + 1,), or None
        Pairs of a solution and a pattern with ξ·w at each level of `margins`; their sum is PZ.
    seconds : float
        Wall time.
    """

    n_weights: int
    n_patterns: int
    threshold: Threshold
    margins: np.ndarray
    counts: np.ndarray
    error_counts: np.ndarray
    n_solutions: int
    entropy: Estimate
    status: Status
    reference: np.ndarray | None
    joint_counts: np.ndarray | None
    joint_error_counts: np.ndarray | None
    deficit_threshold: int | None
    deficit_counts: np.ndarray | None
    joint_deficit_counts: np.ndarray | None
    stability_counts: np.ndarray | None
    seconds: float

    @property
    def cumulative_counts(self) -> np.ndarray:
        """Configurations whose minimum stability is at least each level of `margins`, shape (N + 1,)."""
        return np.cumsum(self.counts[::-1])[::-1]

    @property
    def largest_margin(self) -> int:
        """Largest minimum stability that a configuration reaches, as a level."""
        return int(self.margins[np.flatnonzero(self.counts)[-1]])

    def n_solutions_at(self, margin: float, *, ties_solve: bool = True) -> int:
        """Number of configurations that meet any margin κ."""
        return int(self.counts[self._first_level(margin, ties_solve) :].sum())

    def entropy_at(self, margin: float, *, ties_solve: bool = True) -> Estimate:
        """Entropy ln Z / N at any margin κ, and its rounding error."""
        return _entropy(self.n_solutions_at(margin, ties_solve=ties_solve), self.n_weights)

    def solutions_by_distance(self, margin: float, *, ties_solve: bool = True) -> np.ndarray:
        """Solutions of any margin κ at 0 … N flips from the reference, shape (N + 1,).

        Raises
        ------
        ValueError
            Where the enumeration had no reference.
        """
        if self.joint_counts is None:
            raise ValueError("reference = None; allowed: weights of ±1, given to enumerate_instance")
        return self.joint_counts[self._first_level(margin, ties_solve) :].sum(axis=0)

    def _first_level(self, margin: float, ties_solve: bool) -> int:
        return agreements_needed(threshold_at(self.n_weights, margin, ties_solve=ties_solve), self.n_weights)


def _entropy(n_solutions: int, n_weights: int) -> Estimate:
    if n_solutions == 0:
        return Estimate(-math.inf, 0.0)
    value = math.log(n_solutions) / n_weights
    return Estimate(value, ROUNDING * value)


def enumerate_instance(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    reference: Any = None,
    options: EnumerationOptions = EnumerationOptions(),  # noqa: B008  # an immutable record
    progress: Progress | None = None,
) -> Enumeration:
    """Count all configurations of one instance.

    Parameters
    ----------
    patterns : Patterns
        Of ±1, with at most 30 weights unless the options allow more.
    margin : float
        κ of errors and solutions; `counts` covers all margins at once.
    reference : array_like of ±1, shape (N,), optional
        Resolves the counts by the distance from it.
    options : EnumerationOptions
        Ties, deficits, stabilities, threads, largest N.
    progress : callable, optional
        Called with (number of chunks finished, number of chunks).

    Raises
    ------
    ValueError
        For Gaussian patterns, too many weights (before anything is computed), or arguments out of range.
    KeyboardInterrupt
        After Ctrl-C, within a second: counts of a part could be taken for the whole.
    """
    start = time.perf_counter()
    check_enumerable(patterns, options)
    size = patterns.n_weights
    threshold = patterns.threshold(margin, ties_solve=options.ties_solve)
    deficit = -1 if options.deficit_threshold is None else _deficit_needed(patterns, options.deficit_threshold)
    checked = None if reference is None else check_weights(reference, size, "reference")
    needed = kernels.Needed(agreements_needed(threshold, size), deficit)
    job = _Count(Walk.of(patterns, checked), needed, options.stabilities)
    parts = in_threads(job, range(job.walk.n_chunks), options.workers, progress)
    fewest, errors, deficits, stabilities = (sum(part) for part in zip(*parts, strict=True))
    n_solutions = int(errors[0].sum())
    return Enumeration(
        n_weights=size,
        n_patterns=patterns.n_patterns,
        threshold=threshold,
        margins=_read_only(np.arange(-size, size + 1, 2, dtype=np.int64)),
        counts=_read_only(fewest.sum(axis=1)),
        error_counts=_read_only(errors.sum(axis=1)),
        n_solutions=n_solutions,
        entropy=_entropy(n_solutions, size),
        status=Status.EXACT,
        reference=None if checked is None else _read_only(checked),
        joint_counts=None if checked is None else _read_only(fewest),
        joint_error_counts=None if checked is None else _read_only(errors),
        deficit_threshold=options.deficit_threshold,
        deficit_counts=None if deficit < 0 else _read_only(deficits.sum(axis=1)),
        joint_deficit_counts=None if deficit < 0 or checked is None else _read_only(deficits),
        stability_counts=_read_only(stabilities) if options.stabilities else None,
        seconds=time.perf_counter() - start,
    )


def _deficit_needed(patterns: Patterns, deficit_threshold: int) -> int:
    """Agreements without deficit, (s* + N)/2."""
    size = patterns.n_weights
    checked = check_integer("deficit_threshold", deficit_threshold, least=-size, most=size + 2)
    if (checked - size) % 2 != 0:
        raise ValueError(f"deficit_threshold = {checked} is out of range; allowed: the parity of n_weights = {size}")
    needed = (checked + size) // 2
    if patterns.n_patterns * needed > kernels.LARGEST_TOTAL:
        raise ValueError(
            f"deficit_threshold = {checked} with n_patterns = {patterns.n_patterns} allows deficits up to "
            f"{patterns.n_patterns * needed}; allowed: up to {kernels.LARGEST_TOTAL}"
        )
    return needed


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts of one chunk, by value and distance (a single column where there is no reference)."""

    walk: Walk
    needed: kernels.Needed
    stabilities: bool

    def __call__(self, chunk: int) -> list[np.ndarray]:
        size, n_patterns, n_distances = self.walk.n_weights, self.walk.n_patterns, self.walk.tables.n_distances
        n_values = (size + 1, n_patterns + 1, n_patterns * max(self.needed.deficit, 0) + 1)
        counts = kernels.Counts(*(np.zeros((kernels.LANES, n * n_distances), dtype=np.int64) for n in n_values))
        self.walk.count(chunk, self.needed, counts)
        agreements = np.zeros((kernels.LANES, size + 1 if self.stabilities else 0), dtype=np.int64)
        if self.stabilities:
            self.walk.visit(chunk, self.needed.error, np.empty(0, dtype=np.uint64), agreements)
        by_distance = [lanes.sum(axis=0).reshape(-1, n_distances) for lanes in counts]
        return [*by_distance, agreements.sum(axis=0)]
