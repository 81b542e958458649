"""Whether two landscapes agree up to a constant, judged by the spread of independent runs.

Neighbouring bins of ln g move together, so that their errors cannot be added as if they were independent. From R runs
the covariance of at most R - 2 numbers can be estimated. Therefore the known bins of the first variable are put into a
few groups of neighbours; a run is represented by its group means less their mean (the constant), without the last. For
two samples of R₁ and R₂ such vectors of k entries with pooled covariance C,

    T² = R₁R₂/(R₁ + R₂) (a - b)ᵀ C⁻¹ (a - b),   T² (R₁ + R₂ - k - 1)/[k (R₁ + R₂ - 2)] ~ F(k, R₁ + R₂ - k - 1)

for Gaussian runs of equal covariance (Hotelling): exact at any number of runs, unlike χ² with an estimated covariance.
A curve with no free constant, such as an equilibrium accuracy, is compared by its group means themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from perceptron.base.checks import check_integer

__all__ = ["LEAST_RUNS", "Comparison", "compare_runs"]

LEAST_RUNS = 4  # of each side


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Result of the test.

    Attributes
    ----------
    statistic : float
        T² scaled to the F distribution; 1 on average where the two agree.
    p_value : float
        Chance of a larger one where they agree.
    n_groups : int
    degrees : tuple of int
        Of the F distribution.
    difference, error : ndarray, shape (n_bins,)
        Difference of the means in every bin, less its mean where a constant is free, and its standard error from the
        spread over runs; nan where a run does not know the bin.
    """

    statistic: float
    p_value: float
    n_groups: int
    degrees: tuple[int, int]
    difference: np.ndarray
    error: np.ndarray


def compare_runs(first: np.ndarray, second: np.ndarray, *, constant: bool = True, n_groups: int = 4) -> Comparison:
    """Compare two sets of independent runs.

    Parameters
    ----------
    first, second : ndarray, shape (n_runs, n_bins)
        ln g, or any curve, of every run; at least four runs each, eight for a test that sees much.
    constant : bool
        Whether a constant is free.
    n_groups : int
        Groups of neighbouring bins, from 2 to the number of runs of both sides less 3.

    Raises
    ------
    ValueError
        For too few runs, different bins, or fewer common bins than groups.
    """
    for name, runs in (("first", first), ("second", second)):
        if np.ndim(runs) != 2 or len(runs) < LEAST_RUNS:
            raise ValueError(f"{name} has shape {np.shape(runs)}; allowed: at least {LEAST_RUNS} runs x bins")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"second has {second.shape[1]} bins; allowed: as many as first, {first.shape[1]}")
    number = len(first) + len(second)
    check_integer("n_groups", n_groups, least=2, most=number - 3)
    common = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    if np.count_nonzero(common) < n_groups:
        raise ValueError(
            f"n_groups = {n_groups} for {np.count_nonzero(common)} bins that all runs know; allowed: fewer"
        )
    free = 1 if constant else 0
    vectors = [_grouped(runs[:, common], n_groups, free) for runs in (first, second)]
    degrees = (n_groups - free, number - (n_groups - free) - 1)
    statistic = _hotelling(*vectors) * degrees[1] / (degrees[0] * (number - 2))
    difference, error = _by_bin(first, second, common, constant)
    return Comparison(float(statistic), float(stats.f.sf(statistic, *degrees)), n_groups, degrees, difference, error)


def _grouped(runs: np.ndarray, n_groups: int, free: int) -> np.ndarray:
    """Means over groups of neighbours, less their mean and the last where a constant is free."""
    means = np.stack([part.mean(axis=1) for part in np.array_split(runs, n_groups, axis=1)], axis=1)
    return (means - means.mean(axis=1, keepdims=True))[:, :-1] if free else means


def _hotelling(first: np.ndarray, second: np.ndarray) -> float:
    numbers = len(first), len(second)
    scatter = sum((runs - runs.mean(axis=0)).T @ (runs - runs.mean(axis=0)) for runs in (first, second))
    covariance = scatter / (sum(numbers) - 2)
    shift = first.mean(axis=0) - second.mean(axis=0)
    return float(numbers[0] * numbers[1] / sum(numbers) * shift @ np.linalg.solve(covariance, shift))


def _by_bin(first: np.ndarray, second: np.ndarray, common: np.ndarray, constant: bool) -> tuple[np.ndarray, np.ndarray]:
    kept = [
        runs[:, common] - (runs[:, common].mean(axis=1, keepdims=True) if constant else 0.0) for runs in (first, second)
    ]
    difference, error = np.full((2, common.size), np.nan)
    difference[common] = kept[0].mean(axis=0) - kept[1].mean(axis=0)
    error[common] = np.sqrt(sum(runs.var(axis=0, ddof=1) / len(runs) for runs in kept))
    return difference, error
