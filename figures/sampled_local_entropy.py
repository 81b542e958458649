"""Solutions at a Hamming distance from a reference by two-dimensional sampling of ln g(E, d), N = 101 and 201, P ≈ N/2.

References are drawn uniformly from the solutions of threshold s̃ by a sampler of their own, or found by focusing BP.
Counted are solutions of s_min = 1.

- Local entropy against φ_FP(d) of typical references at κ̃_eff = (s̃ - 1)/√N. At finite N the number of configurations at
  distance d is a binomial, not e^{N h(d)}; its prefactor is taken out: plotted is h(d) + ln[g(0, d)/C(N, Nd)]/N with
  h(d) = -d ln d - (1-d) ln(1-d). Solutions at even and at odd distances differ (ξ·w modulo 4 depends on the parity of
  the flips), so that ln g is averaged over neighbouring distances with weights ¼, ½, ¼.
- ln Σ_d g(0, d) e^{h(N - 2d)}/N against the free entropy of BP in the field h w̃ on the same instance, without a
  saddle point in between. Distances above 0.35 N are not sampled. For h >= 0.2 they weigh nothing that is seen; at
  h = 0 they hold a large part of the solutions around a uniform reference, and the value is not drawn.
- g(0, d) at d = 0 … 3 against direct enumeration of the ball around the reference.

Errors are standard errors of the frozen walk; in the first part over references.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from figures.margins import instance_of
from figures.perceptron_sampling import (
    FARTHEST,
    MOST_STAY,
    Surroundings,
    margin_of,
    run_sampler,
    sampler_of,
    sampler_of_surroundings,
    solutions,
)
from perceptron.base.profile import geometric_bound
from perceptron.base.results import Status, worst
from perceptron.base.sweep import sweep
from perceptron.message_passing.belief_propagation import belief_propagation
from perceptron.patterns import Patterns
from perceptron.solvers.focusing import focusing_search
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile
from wl.engine.sampler import Sampler
from wl.landscape.frozen_walk import with_errors

__all__ = [
    "FIELDS",
    "FOCUSING",
    "Task",
    "ball_counts",
    "compute_sampled_local_entropy",
    "draw_reference",
    "surroundings",
]

Columns = dict[str, np.ndarray]
Progress = Callable[[int, int], None]

FIELDS = np.array([0.0, 0.2, 0.4, 0.6, 0.8])
BALL = 3  # radius
FOCUSING = 0  # in place of s̃: a solution that focusing BP finds
N_LOOKS, SPACING = 200, 50_000
N_REFERENCE_TRIALS = 150_000_000
SIZES = {101: (51, 4, 150_000_000), 201: (101, 4, 300_000_000)}  # N: P, references of a kind, trials
REFERENCES = (1, 3)
DISTANCES = np.linspace(0.0, FARTHEST, 101)[1:]


class Task(NamedTuple):
    """One reference: the instance, s̃ or FOCUSING, and trials."""

    n_weights: int
    n_patterns: int
    number: int
    reference: int
    n_trials: int


class Found(NamedTuple):
    """What is known around one reference.

    ln g(0, d) and error for d = 0 … the open bin; ln Σ_d g(0, d) e^{h(N - 2d)}/N and error; the same of BP; counts in
    the ball; smallest sum of the reference; share of the longest stay; round trips.
    """

    log_g: np.ndarray
    log_g_error: np.ndarray
    free_entropy: np.ndarray
    free_entropy_error: np.ndarray
    bp: np.ndarray
    ball: np.ndarray
    smallest: int
    longest_stay: float
    round_trips: int

    @property
    def status(self) -> Status:
        """NOT_CONVERGED where the run was caught, hardly came to solutions, or messages did not settle."""
        known = math.isfinite(self.free_entropy_error[0]) and self.longest_stay < MOST_STAY
        return Status.CONVERGED if known and np.all(np.isfinite(self.bp)) else Status.NOT_CONVERGED


def compute_sampled_local_entropy(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """All references: `<N>_…` tables with a row each; `theory_…` profiles."""
    tasks = [
        Task(n_weights, n_patterns, number, kind, n_trials)
        for n_weights, (n_patterns, n_references, n_trials) in SIZES.items()
        for kind in (*REFERENCES, FOCUSING)
        for number in range(n_references)
    ]
    results, interrupted = sweep(surroundings, tasks, executor, progress)
    if interrupted:
        return {}, Status.INTERRUPTED
    columns: Columns = {"fields": FIELDS, "sizes": np.array(list(SIZES)), "references": np.array(REFERENCES)}
    statuses = [found.status for found in results]
    for n_weights, (n_patterns, _, _) in SIZES.items():
        rows = [(task, found) for task, found in zip(tasks, results, strict=True) if task.n_weights == n_weights]
        columns[f"{n_weights}_n_patterns"] = np.array(n_patterns)
        columns[f"{n_weights}_reference"] = np.array([task.reference for task, _ in rows])
        for name in Found._fields:
            columns[f"{n_weights}_{name}"] = np.array([getattr(found, name) for _, found in rows])
        log_g = columns[f"{n_weights}_log_g"]
        columns[f"{n_weights}_local_entropy"] = local_entropies(log_g, n_weights)
        for kind in REFERENCES:
            theory, status = _theory(n_weights, n_patterns, kind, executor)
            columns |= theory
            statuses.append(status)
    return columns, worst(statuses)


def surroundings(task: Task) -> Found:
    """Sample around one reference, propagate beliefs in fields along it, and enumerate its ball."""
    patterns = instance_of(task.n_weights, task.n_patterns, task.number)
    reference = draw_reference(patterns, task.reference, task.number + 1)
    around = Surroundings(reference, round(FARTHEST * task.n_weights))
    sampler = run_sampler(sampler_of_surroundings(patterns, 1, around, task.n_trials, task.number + 1), task.n_trials)
    log_g, log_g_error, free, free_error = _measured(sampler, FIELDS)
    return Found(
        log_g,
        log_g_error,
        free,
        free_error,
        np.array([_bp(patterns, reference, field) for field in FIELDS]),
        ball_counts(patterns, reference, 1),
        int(patterns.sums(reference).min()),
        sampler.longest_stay_share,
        sampler.round_trips,
    )


def draw_reference(patterns: Patterns, kind: int, seed: int, n_trials: int = N_REFERENCE_TRIALS) -> np.ndarray:
    """A uniform draw of the solutions of threshold s̃ = `kind`, or a solution found by focusing BP.

    Raises
    ------
    ValueError
        Where none was found.
    """
    if kind == FOCUSING:
        found = focusing_search(patterns, rng=np.random.default_rng([2, seed]))
        if found.status is not Status.SOLVED:
            raise ValueError("focusing BP found no solution of the instance; allowed: another instance")
        return found.weights
    n_learning = n_trials // 3
    sampler = run_sampler(sampler_of(patterns, kind, 3 * n_learning, seed), n_learning + 1)
    drawn = list(solutions(sampler, N_LOOKS, SPACING))
    if not drawn:
        raise ValueError(f"no solution of threshold {kind} was met; allowed: more trials or another instance")
    return drawn[-1]


def _measured(sampler: Sampler, fields: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_distances = sampler.grid.row_size
    size = sampler.system.parameters["n_weights"]
    distances = sampler.grid.axes[1].coordinate

    def all_of_it(log_g: np.ndarray) -> np.ndarray:
        solved = log_g[:n_distances]
        return np.concatenate((solved, free_entropies(solved, distances, size, fields)))

    values, errors = with_errors(sampler, all_of_it)
    return values[:n_distances], errors[:n_distances], values[n_distances:], errors[n_distances:]


def free_entropies(log_g: np.ndarray, distances: np.ndarray, size: int, fields: np.ndarray) -> np.ndarray:
    """Ln Σ_d g(0, d) e^{h(N - 2d)}/N at every h."""
    exponents = np.where(np.isfinite(log_g), log_g, -np.inf) + fields[:, None] * (size - 2.0 * distances)
    largest = exponents.max(axis=1)
    return (largest + np.log(np.exp(exponents - largest[:, None]).sum(axis=1))) / size


def _bp(patterns: Patterns, reference: np.ndarray, field: float) -> float:
    """Free entropy in the field h w̃; nan where the messages did not settle."""
    found = belief_propagation(patterns, 0.0, node="exact", external=field * reference.astype(np.float64))
    return found.free_entropy.value if found.status is Status.CONVERGED else math.nan


def ball_counts(patterns: Patterns, reference: np.ndarray, smallest_sum: int) -> np.ndarray:
    """Solutions at 0, 1, 2 and 3 flips from a reference, counted one by one."""
    size = patterns.n_weights
    sums = patterns.sums(reference).astype(np.int16)
    flips = (2 * patterns.values * reference).astype(np.int16)
    once = sums[:, None] - flips
    counts = np.zeros(BALL + 1, np.int64)
    counts[0] = np.all(sums >= smallest_sum)
    counts[1] = np.all(once >= smallest_sum, axis=0).sum()
    for i in range(size):
        twice = once[:, i, None] - flips[:, i + 1 :]
        counts[2] += np.all(twice >= smallest_sum, axis=0).sum()
        for j in range(i + 1, size):
            thrice = twice[:, j - i - 1, None] - flips[:, j + 1 :]
            counts[3] += np.all(thrice >= smallest_sum, axis=0).sum()
    return counts


def local_entropies(log_g: np.ndarray, size: int) -> np.ndarray:
    """h(d) + ln[g(0, d)/C(N, Nd)]/N, averaged over neighbouring distances; nan at both ends."""
    distances = np.arange(log_g.shape[1])
    binomial = gammaln(size + 1.0) - gammaln(distances + 1.0) - gammaln(size - distances + 1.0)
    bound = np.array([geometric_bound(d / size) for d in distances])
    excess = (log_g - binomial) / size + bound
    smooth = np.full_like(excess, np.nan)
    smooth[:, 1:-1] = 0.25 * excess[:, :-2] + 0.5 * excess[:, 1:-1] + 0.25 * excess[:, 2:]
    return smooth


def _theory(n_weights: int, n_patterns: int, kind: int, executor: Executor | None) -> tuple[Columns, Status]:
    load, margin = n_patterns / n_weights, margin_of(kind, n_weights)
    profile = local_entropy_profile(load, margin, 0.0, DISTANCES, executor=executor, throw=False)
    columns = {name: profile.array(name) for name in ("distance", "local_entropy")}
    return {f"theory_{n_weights}_{kind}_{name}": column for name, column in columns.items()}, profile.status
