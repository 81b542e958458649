"""Numbers of solutions and their stabilities by flat-histogram sampling, against belief propagation and theory.

- Instance by instance, N = 201: ln Z/N = ln g(E = 0)/N beside BP of the same instance. A run whose longest stay at
  E = 0 is more than a fifth of its visits there, or whose error is unknown, is marked as not converged.
- Averaged over instances against φ(α, κ_eff) at α = P/N, κ_eff = (s_min - 1)/√N: enumeration at small N, sampling
  above. The mean of ln Z/N is that over instances with solutions, runs that have not converged left out. Where all
  instances have solutions, it is the intercept of a regression on |Σ_μ ξ^μ|²/(NP) - 1, a quantity of zero mean that
  explains most of the scatter between instances.
- The distribution P(Δ) of the stabilities of uniformly drawn solutions, N = 201, beside the theory and beside BP of the
  same instances. Intervals are two lattice steps wide: ξ·w modulo 4 depends only on the numbers of -1 in ξ and w, so
  that neighbouring levels alternate with the instance by a part of order 1/√N that no theory of large N has.

Errors are standard errors: of the frozen walk in the first part, over instances in the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from figures.perceptron_sampling import (
    MOST_STAY,
    correlation_control,
    margin_of,
    run_sampler,
    sampler_of,
    solutions,
)
from figures.stabilities import interval_masses
from perceptron.base.results import Status, worst
from perceptron.base.sweep import sweep
from perceptron.enumeration.average import average_log_count
from perceptron.message_passing.belief_propagation import belief_propagation
from perceptron.message_passing.nodes import node_of
from perceptron.message_passing.stabilities import stability_masses
from perceptron.patterns import Patterns, random_patterns
from perceptron.theory.typical.solutions import largest_margin, typical_solutions
from wl.landscape.frozen_walk import with_errors

__all__ = ["CASES", "Effort", "Row", "compute_margins", "mean_entropy", "sample_instance", "sampled_stabilities"]

Columns = dict[str, np.ndarray]
Progress = Callable[[int, int], None]

CASES = ((0.3, 1), (0.3, 3), (0.3, 5), (0.5, 1), (0.5, 3), (0.5, 5), (0.7, 1))  # load, s_min
ENUMERATED = {11: 2000, 15: 1000, 21: 300, 25: 100}  # N, instances
LEAST_ENTROPY = 0.05  # of theory, for averages: below it too many small instances have no solutions
LEAST_RUNS = 4  # converged, for an average
STABILITY_CASE = (201, 100)
N_STABILITY_INSTANCES = 6
N_LOOKS, SPACING = 10_000, 20_000
N_STEPS = 2  # lattice steps an interval
LARGEST_STABILITY = 4.0


class Effort(NamedTuple):
    """Instances that are sampled at one N, and trials each."""

    n_instances: int
    n_trials: int


SAMPLED = {51: Effort(24, 20_000_000), 101: Effort(12, 60_000_000), 201: Effort(6, 250_000_000)}


class Row(NamedTuple):
    """One sampled instance.

    ln Z/N with its error (nan where no solution was found), BP's ln Z/N (nan where it did not settle), the control of
    the regression, the share of the longest stay, and round trips.
    """

    entropy: float
    error: float
    bp: float
    control: float
    longest_stay: float
    round_trips: float

    @property
    def converged(self) -> bool:
        """Whether the run can be trusted."""
        return bool(math.isfinite(self.error) and self.longest_stay < MOST_STAY)

    @property
    def status(self) -> Status:
        """NOT_CONVERGED where the run cannot be trusted, or the messages beside it did not settle."""
        return Status.CONVERGED if self.converged and math.isfinite(self.bp) else Status.NOT_CONVERGED


Case = tuple[int, int, int]  # N, P, s_min
Task = tuple[int, int, int, int, int]  # these, number of the instance, trials
AVERAGES = (
    *("n_weights", "n_patterns", "smallest_sum", "theory", "entropy", "error"),
    *("unsolvable", "unsolvable_error", "doubtful"),
)


def compute_margins(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """All parts: `instances_…`, `averages_…` and `stabilities_…`."""
    tasks = _tasks(SAMPLED)
    columns: Columns = {}
    results, interrupted = sweep(sample_instance, tasks, executor, progress)
    if interrupted:
        return columns, Status.INTERRUPTED
    groups: dict[Case, list[Row]] = {}
    for task, row in zip(tasks, results, strict=True):
        groups.setdefault(task[:3], []).append(row)
    columns |= _instances(groups)
    averages, of_averages = _averages(groups, executor, progress)
    columns |= averages
    if of_averages is Status.INTERRUPTED:
        return columns, of_averages
    found, of_stabilities = sampled_stabilities(N_STABILITY_INSTANCES, N_LOOKS, executor, progress)
    return columns | found, worst([*(row.status for row in results), of_averages, of_stabilities])


def patterns_for(load: float, n_weights: int) -> int:
    """P = floor(αN + ½)."""
    return math.floor(load * n_weights + 0.5)


def _tasks(efforts: dict[int, Effort]) -> list[Task]:
    return [
        (n_weights, patterns_for(load, n_weights), smallest, number, effort.n_trials)
        for n_weights, effort in efforts.items()
        for load, smallest in CASES
        for number in range(effort.n_instances)
    ]


def instance_of(n_weights: int, n_patterns: int, number: int) -> Patterns:
    """Instance of a number; all thresholds share it."""
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng([1, n_weights, n_patterns, number]))


def sample_instance(task: Task) -> Row:
    """Sample one instance, and propagate beliefs on it."""
    n_weights, n_patterns, smallest, number, n_trials = task
    patterns = instance_of(n_weights, n_patterns, number)
    sampler = run_sampler(sampler_of(patterns, smallest, n_trials, number + 1), n_trials)
    log_g, error = with_errors(sampler)
    bp = belief_propagation(patterns, margin_of(smallest, n_weights))
    settled = bp.status is Status.CONVERGED
    return Row(
        float(log_g[0]) / n_weights,
        float(error[0]) / n_weights,
        bp.entropy.value if settled else math.nan,
        correlation_control(patterns),
        sampler.longest_stay_share,
        float(sampler.round_trips),
    )


def _instances(groups: dict[Case, list[Row]]) -> Columns:
    """Table of all sampled instances."""
    rows = [(key, row) for key, group in groups.items() for row in group]
    columns = {f"instances_{name}": np.array([getattr(row, name) for _, row in rows]) for name in Row._fields}
    columns["instances_converged"] = np.array([row.converged for _, row in rows])
    for place, name in enumerate(("n_weights", "n_patterns", "smallest_sum")):
        columns[f"instances_{name}"] = np.array([key[place] for key, _ in rows])
    return columns


def _averages(groups: dict[Case, list[Row]], executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Means over instances at all N beside theory, with the share of instances without solutions."""
    lines: list[tuple[float, ...]] = []
    enumerated = [
        (n_weights, patterns_for(load, n_weights), smallest) for load, smallest in CASES for n_weights in ENUMERATED
    ]
    for case in enumerated:
        if theory_of(case) > LEAST_ENTROPY:
            line, status = _enumerated_line(case, executor, progress)
            if status is Status.INTERRUPTED:
                return {}, status
            lines.append(line)
    lines += [_sampled_line(case, rows) for case, rows in groups.items() if theory_of(case) > LEAST_ENTROPY]
    columns = zip(AVERAGES, zip(*lines, strict=True), strict=True)
    return {f"averages_{name}": np.array(column) for name, column in columns}, Status.CONVERGED


def _enumerated_line(case: Case, executor: Executor | None, progress: Progress) -> tuple[tuple[float, ...], Status]:
    n_weights, n_patterns, smallest = case
    number, margin = ENUMERATED[n_weights], margin_of(smallest, n_weights)
    found = average_log_count(n_weights, n_patterns, number, margin, executor=executor, progress=progress)
    if found.status is Status.INTERRUPTED:
        return (), found.status
    with np.errstate(divide="ignore"):
        values = np.log(found.n_solutions) / n_weights
    controls = _controls(n_weights, n_patterns, number, found.data_seed)
    return (*case, theory_of(case), *mean_entropy(values, controls), 0.0), found.status


def _sampled_line(case: Case, rows: list[Row]) -> tuple[float, ...]:
    """Averages over the runs that have converged or found no solution, and the share of the others."""
    used = [row for row in rows if row.converged or not math.isfinite(row.entropy)]
    values = np.array([row.entropy if row.converged else -math.inf for row in used])
    doubtful = 1.0 - len(used) / len(rows)
    if np.count_nonzero(np.isfinite(values)) < LEAST_RUNS:
        return *case, theory_of(case), math.nan, math.nan, math.nan, math.nan, doubtful
    return *case, theory_of(case), *mean_entropy(values, np.array([row.control for row in used])), doubtful


def theory_of(case: Case) -> float:
    """φ(P/N, κ_eff); nan beyond the end of the saddle."""
    n_weights, n_patterns, smallest = case
    load, margin = n_patterns / n_weights, margin_of(smallest, n_weights)
    return typical_solutions(load, margin).entropy.value if margin < 0.999 * largest_margin(load) else math.nan


def _controls(n_weights: int, n_patterns: int, number: int, data_seed: int) -> np.ndarray:
    """Controls of the instances that `average_log_count` draws."""
    children = np.random.SeedSequence(data_seed).spawn(number)
    drawn = [random_patterns(n_weights, n_patterns, rng=np.random.default_rng(child)) for child in children]
    return np.array([correlation_control(patterns) for patterns in drawn])


def mean_entropy(values: np.ndarray, controls: np.ndarray) -> tuple[float, float, float, float]:
    """Mean over instances with its error, and the share of instances without solutions with its error.

    Parameters
    ----------
    values : ndarray
        ln Z/N, -inf for Z = 0.
    controls : ndarray
        Quantities of zero mean; used where all instances have solutions.
    """
    solvable = np.isfinite(values)
    number = values.size
    p = (number - np.count_nonzero(solvable) + 1.0) / (number + 2.0)
    share = 1.0 - float(solvable.mean()), math.sqrt(p * (1.0 - p) / number)
    if not np.all(solvable):
        left = values[solvable]
        return float(left.mean()), float(left.std(ddof=1)) / math.sqrt(left.size), *share
    design = np.stack([np.ones(number), controls], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ values
    variance = np.sum((values - design @ coefficients) ** 2) / (number - 2.0)
    return float(coefficients[0]), math.sqrt(float(inverse[0, 0] * variance)), *share


def sampled_stabilities(
    n_instances: int, n_looks: int, executor: Executor | None = None, progress: Progress | None = None
) -> tuple[Columns, Status]:
    """Density of the stabilities of sampled solutions on intervals of `N_STEPS` lattice steps, beside theory and BP."""
    tasks = [(number, n_looks) for number in range(n_instances)]
    results, interrupted = sweep(_stabilities, tasks, executor, progress)
    if interrupted:
        return {}, Status.INTERRUPTED
    status = worst(result[3] for result in results)
    bounds = _boundaries()
    width = np.diff(bounds)
    sampled, bp = (np.array([result[k] for result in results]) / width for k in (0, 1))
    settled = np.isfinite(bp).all(axis=1)
    theory = interval_masses(STABILITY_CASE[1] / STABILITY_CASE[0], bounds) / width
    scale = math.sqrt(n_instances)
    return {
        "stabilities_centre": 0.5 * (bounds[1:] + bounds[:-1]),
        "stabilities_width": width,
        "stabilities_density": sampled.mean(axis=0),
        "stabilities_error": sampled.std(axis=0, ddof=1) / scale,
        "stabilities_bp": bp[settled].mean(axis=0),
        "stabilities_less_bp_error": (sampled - bp)[settled].std(axis=0, ddof=1) / math.sqrt(np.count_nonzero(settled)),
        "stabilities_theory": theory,
        "stabilities_size": np.array(STABILITY_CASE),
        "stabilities_n_draws": np.array([result[2] for result in results]),
    }, status


def _boundaries() -> np.ndarray:
    width = 2.0 * N_STEPS / math.sqrt(STABILITY_CASE[0])
    return width * np.arange(math.ceil(LARGEST_STABILITY / width) + 1)


def _stabilities(task: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, int, Status]:
    """Masses of the intervals over sampled solutions of an instance, those of BP, number of draws, status of BP.

    Those of BP are nan where it does not settle.
    """
    number, n_looks = task
    patterns = instance_of(*STABILITY_CASE, number)
    n_learning = SAMPLED[STABILITY_CASE[0]].n_trials // 3
    sampler = sampler_of(patterns, 1, 3 * n_learning, number + 1)
    run_sampler(sampler, n_learning + 1)
    counts = np.zeros(2 * STABILITY_CASE[0] + 1)
    n_draws = 0
    for weights in solutions(sampler, n_looks, SPACING):
        counts += np.bincount(patterns.sums(weights).astype(np.int64) + STABILITY_CASE[0], minlength=counts.size)
        n_draws += 1
    levels = np.arange(-STABILITY_CASE[0], STABILITY_CASE[0] + 1) / math.sqrt(STABILITY_CASE[0])
    masses, _ = np.histogram(levels, _boundaries(), weights=counts)
    state = node_of("gaussian", patterns, patterns.threshold())
    run = belief_propagation(patterns, node=state)
    settled = run.status is Status.CONVERGED
    bp = stability_masses(state, _boundaries()) if settled else np.full(masses.size, np.nan)
    return masses / counts.sum(), bp, n_draws, run.status
