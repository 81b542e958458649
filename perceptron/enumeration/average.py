"""Averages over instances of what enumeration counts: the number of solutions at finite N.

Random instances of the storage problem are counted one by one; their mean of ln Z / N is to be compared with the theory
at load P/N and margin `threshold.effective_margin`. Not at loads where most instances have Z = 0: the mean is over the
others only, and says less the fewer they are.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_integer
from perceptron.base.results import Estimate, Status
from perceptron.base.sweep import Progress, sweep
from perceptron.enumeration.walk import (
    EnumerationOptions,
    Walk,
    agreements_needed,
    check_enumerable,
)
from perceptron.patterns import Threshold, random_patterns, threshold_at

__all__ = ["LogCountAverage", "average_log_count"]


@dataclass(frozen=True, slots=True, eq=False)
class LogCountAverage:
    """Average of ln Z / N over instances of the storage problem that have solutions.

    Attributes
    ----------
    n_weights, n_patterns : int
        N and P.
    n_instances : int
        Instances that were counted.
    threshold : Threshold
        What the margin asks of ξ·w.
    entropy : Estimate
        Mean of ln Z / N over the instances with Z > 0, and its standard error; nan for fewer than one, or two, of them.
    fraction_unsolvable : Estimate
        Fraction k/n of instances with Z = 0; the error is √(p(1 - p)/n) at p = (k + 1)/(n + 2), never zero.
    n_solutions : ndarray of int64, shape (n_instances,)
        Z of every instance.
    data_seed : int
        Its spawned children draw the instances: the first ones stay the same when their number grows.
    status : Status
        CONVERGED, or INTERRUPTED after Ctrl-C: the instances finished by then are kept.
    """

    n_weights: int
    n_patterns: int
    n_instances: int
    threshold: Threshold
    entropy: Estimate
    fraction_unsolvable: Estimate
    n_solutions: np.ndarray
    data_seed: int
    status: Status


def average_log_count(  # noqa: PLR0913  # the last three by keyword only
    n_weights: int,
    n_patterns: int,
    n_instances: int,
    margin: float = 0.0,
    *,
    data_seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> LogCountAverage:
    """Average ln Z / N over random instances.

    Parameters
    ----------
    n_weights, n_patterns, n_instances : int
        N <= 30, P, and the number of instances.
    margin : float
        κ; ties count as solved.
    data_seed : int
        Seeds the instances.
    executor : concurrent.futures.Executor, optional
        Where the instances are counted, in threads or processes; the numbers do not depend on it.
    progress : callable, optional
        Called with (number of instances finished, number of instances).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    check_integer("n_weights", n_weights, least=1, most=EnumerationOptions().max_weights)
    check_integer("n_patterns", n_patterns, least=1)
    check_integer("n_instances", n_instances, least=1)
    check_integer("data_seed", data_seed, least=0)
    threshold = threshold_at(n_weights, margin)
    children = np.random.SeedSequence(data_seed).spawn(n_instances)
    tasks = [(n_weights, n_patterns, threshold, child) for child in children]
    results, interrupted = sweep(_count_solutions, tasks, executor, progress)
    counts = np.array([count for count in results if count is not None], dtype=np.int64)
    return LogCountAverage(
        n_weights=n_weights,
        n_patterns=n_patterns,
        n_instances=counts.size,
        threshold=threshold,
        entropy=_mean_entropy(counts, n_weights),
        fraction_unsolvable=_fraction(int(np.count_nonzero(counts == 0)), counts.size),
        n_solutions=counts,
        data_seed=data_seed,
        status=Status.INTERRUPTED if interrupted else Status.CONVERGED,
    )


def _count_solutions(task: tuple[int, int, Threshold, np.random.SeedSequence]) -> int:
    n_weights, n_patterns, threshold, seed = task
    patterns = random_patterns(n_weights, n_patterns, rng=np.random.default_rng(seed))
    check_enumerable(patterns, EnumerationOptions())
    walk, needed = Walk.of(patterns), agreements_needed(threshold, n_weights)
    no_codes, no_agreements = np.empty(0, dtype=np.uint64), np.empty((1, 0), dtype=np.int64)
    return sum(walk.visit(chunk, needed, no_codes, no_agreements) for chunk in range(walk.n_chunks))


def _mean_entropy(counts: np.ndarray, n_weights: int) -> Estimate:
    entropies = np.log(counts[counts > 0]) / n_weights
    if entropies.size == 0:
        return Estimate(math.nan, math.nan)
    error = float(entropies.std(ddof=1)) / math.sqrt(entropies.size) if entropies.size > 1 else math.nan
    return Estimate(float(entropies.mean()), error)


def _fraction(n_unsolvable: int, n_instances: int) -> Estimate:
    if n_instances == 0:
        return Estimate(math.nan, math.nan)
    p = (n_unsolvable + 1.0) / (n_instances + 2.0)
    return Estimate(n_unsolvable / n_instances, math.sqrt(p * (1.0 - p) / n_instances))
