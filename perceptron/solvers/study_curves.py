"""What a solver study found: a success probability against the load for each solver and size.

Probabilities carry the Wilson interval at 68.27%, the confidence of one standard deviation
(E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927), as `scipy.stats.binomtest` has it); it is not empty where all runs or
none succeed. Loads of a study that is not finished appear with the runs they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from perceptron.base.results import Estimate, Status
from perceptron.solvers.study_store import RunKey, StudyPlan, StudyRun

__all__ = ["CONFIDENCE", "StudyCurve", "StudyResult", "curve_keys", "next_runs", "study_result"]

CONFIDENCE = 0.6827


@dataclass(frozen=True, slots=True, eq=False)
class StudyCurve:
    """One solver at one size; arrays have one entry for each load with finished runs.

    Attributes
    ----------
    solver : str
    n_weights : int
        N.
    loads : ndarray of float
        α = P/N, exactly.
    n_runs, n_solved, n_timed_out : ndarray of int
        Finished runs; those with a verified solution; those that the time limit ended (unsolved).
    success, lower, upper : ndarray of float
        n_solved/n_runs and its Wilson interval at `CONFIDENCE`.
    median_seconds, median_sweeps : ndarray of float
        Over all runs, those at the limit included.
    last_success : float
        Largest load with a success; nan if there is none.
    stops_at : float
        First of the consecutive loads without a success that ended the curve; nan if it did not end so.
    first_below_half : float
        First load at which fewer than half of the runs succeeded; nan if there is none.
    half_success : Estimate
        α_½, where the success falls through ½, by `half_success_load`; nan where it does not.
    """

    solver: str
    n_weights: int
    loads: np.ndarray
    n_runs: np.ndarray
    n_solved: np.ndarray
    n_timed_out: np.ndarray
    success: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    median_seconds: np.ndarray
    median_sweeps: np.ndarray
    last_success: float
    stops_at: float
    first_below_half: float
    half_success: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """A study, finished or not.

    Attributes
    ----------
    plan : StudyPlan
    status : Status
        CONVERGED when every curve has ended, NOT_SOLVED when they have and not one run found a solution, else
        INTERRUPTED.
    curves : dict of (str, int) to StudyCurve
        By solver and N; curves without finished runs are left out.
    runs : tuple of StudyRun
        Ordered by solver, N, P and instance.
    """

    plan: StudyPlan
    status: Status
    curves: Mapping[tuple[str, int], StudyCurve]
    runs: tuple[StudyRun, ...]


def curve_keys(plan: StudyPlan) -> list[tuple[str, int]]:
    """(solver, N) of each curve."""
    return [(solver, size) for size in plan.sizes for solver in plan.solvers]


def _loads_of(plan: StudyPlan, curve: tuple[str, int]) -> list[list[RunKey]]:
    """Keys of the runs of a curve, one list for each load."""
    instances = range(plan.n_instances)
    return [[RunKey(*curve, number, k) for k in instances] for number in plan.pattern_numbers(curve[1])]


def next_runs(plan: StudyPlan, runs: Mapping[RunKey, StudyRun], curve: tuple[str, int]) -> list[RunKey]:
    """Missing runs of the first unfinished load of a curve; none when the curve has ended."""
    n_failed = 0
    for keys in _loads_of(plan, curve):
        missing = [key for key in keys if key not in runs]
        if missing:
            return missing
        n_failed = 0 if any(runs[key].solved for key in keys) else n_failed + 1
        if n_failed == plan.n_failed_loads:
            break
    return []


def study_result(plan: StudyPlan, runs: Mapping[RunKey, StudyRun]) -> StudyResult:
    """Sum up the finished runs."""
    unfinished = any(next_runs(plan, runs, curve) for curve in curve_keys(plan))
    curves = {curve: _sum_up(plan, runs, curve) for curve in curve_keys(plan)}
    begun = {curve: sums for curve, sums in curves.items() if sums.loads.size}
    solved = any(run.solved for run in runs.values())
    status = Status.INTERRUPTED if unfinished else Status.CONVERGED if solved else Status.NOT_SOLVED
    return StudyResult(plan, status, begun, tuple(runs[key] for key in sorted(runs)))


def _sum_up(plan: StudyPlan, runs: Mapping[RunKey, StudyRun], curve: tuple[str, int]) -> StudyCurve:
    finished = [[runs[key] for key in keys if key in runs] for keys in _loads_of(plan, curve)]
    groups = [group for group in finished if group]
    loads = np.array([group[0].n_patterns / group[0].n_weights for group in groups])
    n_runs = np.array([len(group) for group in groups], dtype=np.int64)
    n_solved = np.array([sum(run.solved for run in group) for group in groups], dtype=np.int64)
    intervals = [wilson_interval(*counts) for counts in zip(n_solved.tolist(), n_runs.tolist(), strict=True)]
    bounds = np.array(intervals).reshape(-1, 2)
    success = n_solved / n_runs
    ended = not next_runs(plan, runs, curve)
    return StudyCurve(
        *curve,
        loads=loads,
        n_runs=n_runs,
        n_solved=n_solved,
        n_timed_out=np.array([sum(run.timed_out for run in group) for group in groups], dtype=np.int64),
        success=success,
        lower=bounds[:, 0],
        upper=bounds[:, 1],
        median_seconds=np.array([np.median([run.seconds for run in group]) for group in groups]),
        median_sweeps=np.array([np.median([run.n_sweeps for run in group]) for group in groups]),
        last_success=float(loads[n_solved > 0].max()) if n_solved.any() else float("nan"),
        stops_at=_stops_at(loads, n_solved, plan.n_failed_loads) if ended else float("nan"),
        first_below_half=float(loads[success < 0.5].min()) if np.any(success < 0.5) else float("nan"),
        half_success=half_success_load(loads, success, 0.5 * (bounds[:, 1] - bounds[:, 0])),
    )


def _stops_at(loads: np.ndarray, n_solved: np.ndarray, n_failed_loads: int) -> float:
    tail = n_solved[-n_failed_loads:]
    return float(loads[-n_failed_loads]) if tail.size == n_failed_loads and not tail.any() else float("nan")


def half_success_load(loads: np.ndarray, success: np.ndarray, errors: np.ndarray) -> Estimate:
    """α_½ where the success first falls below ½, between that load and the one before, linearly; nan if it does not.

    The error carries over that of the two probabilities; that success need not be linear in between is not in it.
    """
    below = np.flatnonzero(success < 0.5)
    if below.size == 0 or below[0] == 0:
        return Estimate(float("nan"), float("nan"))
    k = int(below[0])
    fall = success[k - 1] - success[k]
    share = (success[k - 1] - 0.5) / fall
    step = loads[k] - loads[k - 1]
    error = step / fall * np.hypot((1.0 - share) * errors[k - 1], share * errors[k])
    return Estimate(float(loads[k - 1] + share * step), float(error))


def wilson_interval(n_solved: int, n_runs: int) -> tuple[float, float]:
    """Wilson interval of a success probability at `CONFIDENCE`."""
    interval = binomtest(n_solved, n_runs).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
