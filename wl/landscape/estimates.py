"""What independent runs say of ln g and of curves along the first variable, and what they combine to.

A run has its own walk; the uniform draws are those of all. The error of the mean over runs is therefore that of the
walks, from the spread of at least 8 runs or else from within them, together with that of the draws, which more runs do
not make smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wl.engine.sampler import Sampler
from wl.interface.grid import Grid
from wl.landscape.anchoring import Anchored
from wl.landscape.frozen_walk import Estimate, estimate, learned_log_g, normalised, with_constant

__all__ = [
    "ALONG_FIRST",
    "MARGINAL",
    "MEAN",
    "OF_WALK",
    "Curves",
    "combined",
    "conditional_means",
    "curves_of",
    "fields_of",
    "learned_with_constant",
    "log_sums",
    "mean_of",
    "normalised_where_whole",
    "offsets",
]

LEAST_RUNS_FOR_SPREAD = 8
OF_WALK, MARGINAL, MEAN = "log_g_of_walk", "log_g_marginal", "conditional_mean"
MARGINAL_OF_WALK = "log_g_marginal_of_walk"
ALONG_FIRST = (MARGINAL, MEAN, MARGINAL_OF_WALK)  # curves along the first of two variables


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """One quantity from every run, with the errors of the walk and of the draws.

    Attributes
    ----------
    values : ndarray, shape (n_runs, n)
    errors : ndarray, shape (n_runs, n)
        Standard errors from within each walk.
    draws_error : ndarray, shape (n,)
        Standard error that all runs have in common, from the uniform draws.
    """

    values: np.ndarray
    errors: np.ndarray
    draws_error: np.ndarray

    @property
    def mean(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean over the runs that know a place, and its standard error."""
        value, error = combined(self.values, self.errors)
        return value, np.where(np.isfinite(value), np.hypot(error, self.draws_error), np.nan)


class _Part(NamedTuple):
    """A quantity that follows from ln g."""

    name: str
    size: int
    act: Callable[[Anchored], np.ndarray]


def curves_of(samplers: list[Sampler]) -> tuple[dict[str, Curves], bool]:
    """Ln g, curves along the first of two variables, and what the walks alone say of ln g, by name.

    The second result tells whether ln g is absolute. Those of the walk alone are there where draws are. Before the
    weights are frozen ln g is that of Wang and Landau, without errors.
    """
    grid, parts = samplers[0].grid, _parts(samplers[0].grid, samplers[0].uniform_draws is not None)

    def act(found: Anchored) -> np.ndarray:
        return np.concatenate([[found.constant], *(part.act(found) for part in parts)])

    estimates = [estimate(sampler, act) for sampler in samplers]
    if not any(np.isfinite(found.value).any() for found in estimates):
        nothing = np.full(estimates[0].value.shape, np.nan)
        learned = [act(learned_with_constant(sampler)) for sampler in samplers]
        estimates = [Estimate(value, nothing, np.zeros(nothing.shape)) for value in learned]
    values, errors = np.stack([found.value for found in estimates]), np.stack([found.error for found in estimates])
    absolute, of_draws = np.isfinite(values[:, 0]), mean_of(np.stack([found.draws_error for found in estimates]))
    shifts = offsets(values[:, 1 : 1 + grid.n_bins], absolute)
    curves, first = {}, 1
    for part in parts:
        there = slice(first, first + part.size)
        shift = shifts if part.name != MEAN else np.zeros(len(shifts))
        curves[part.name] = Curves(values[:, there] + shift[:, None], errors[:, there], of_draws[there])
        first += part.size
    return curves, bool(absolute.any())


def _parts(grid: Grid, drawn: bool) -> list[_Part]:
    parts = [_Part("log_g", grid.n_bins, lambda found: found.log_g)]
    if drawn:
        parts.append(_Part(OF_WALK, grid.n_bins, lambda found: found.of_walk))
    if len(grid.axes) == 2:
        second, n_rows = grid.axes[1].coordinate, grid.axes[0].n_bins
        if drawn:
            parts.append(_Part(MARGINAL_OF_WALK, n_rows, lambda found: log_sums(found.of_walk.reshape(grid.shape))))
        parts += [
            _Part(MARGINAL, n_rows, lambda found: log_sums(found.log_g.reshape(grid.shape))),
            _Part(MEAN, n_rows, lambda found: conditional_means(found.log_g.reshape(grid.shape), second)),
        ]
    return parts


def learned_with_constant(sampler: Sampler) -> Anchored:
    """Ln g of Wang and Landau; what its bins were visited weighs them against the draws."""
    visits = np.sum([window.surface.histogram for window in sampler.windows], axis=0)
    return with_constant(sampler, learned_log_g(sampler), visits.astype(float), sampler.uniform_draws)


def offsets(log_g: np.ndarray, absolute: np.ndarray) -> np.ndarray:
    """What to add to ln g of each run, so that runs whose constant is unknown stand where the others do.

    Without any constant all are normalised over the bins that every run knows. A run that has no bin in common with
    the others is left out: its offset is nan.
    """
    known = np.isfinite(log_g)
    if absolute.all():
        return np.zeros(len(log_g))
    if not absolute.any():
        common = known.all(axis=0)
        if not common.any():
            return np.zeros(len(log_g))
        return -np.logaddexp.reduce(log_g[:, common], axis=1)
    level, found = mean_of(log_g[absolute]), np.zeros(len(log_g))
    for k in np.flatnonzero(~absolute):
        common = known[k] & np.isfinite(level)
        found[k] = np.mean(level[common] - log_g[k, common]) if common.any() else np.nan
    return found


def fields_of(name: str, curves: Curves, dimensions: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Any]:
    """A quantity as variables of a dataset: the mean, its error and the draws' part of it, and those of each run."""
    mean, error = curves.mean
    own = {name: mean, f"{name}_error": error, f"{name}_draws_error": curves.draws_error}
    of_runs = {f"{name}_runs": curves.values, f"{name}_runs_error": curves.errors}
    found: dict[str, Any] = {key: (dimensions, array.reshape(shape)) for key, array in own.items()}
    return found | {key: (("run", *dimensions), array.reshape(-1, *shape)) for key, array in of_runs.items()}


def conditional_means(log_g: np.ndarray, coordinate: np.ndarray) -> np.ndarray:
    """Σ_y y g(x, y)/Σ_y g(x, y) in every bin x, from ln g of shape (n_x, n_y); nan where no y is known.

    With x = ln L_train and y the test accuracy it is the equilibrium accuracy (paper H, eq. 1).
    """
    known = np.isfinite(log_g)
    largest = np.max(np.where(known, log_g, -np.inf), axis=1, keepdims=True)
    weights = np.where(known, np.exp(log_g - np.where(np.isfinite(largest), largest, 0.0)), 0.0)
    with np.errstate(invalid="ignore"):
        return (weights @ coordinate) / weights.sum(axis=1)


def log_sums(log_g: np.ndarray) -> np.ndarray:
    """Ln Σ_y g(x, y) from ln g of shape (..., n_x, n_y), nan where no y is known."""
    found = np.logaddexp.reduce(np.where(np.isfinite(log_g), log_g, -np.inf), axis=-1)
    return np.where(np.isfinite(found), found, np.nan)


def combined(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the runs that know a bin, and its error: from the spread of at least 8 runs, else from within them."""
    mean = mean_of(values)
    number = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if values.shape[0] >= LEAST_RUNS_FOR_SPREAD:
            spread = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (number - 1.0) / number)
            return mean, np.where(number >= LEAST_RUNS_FOR_SPREAD, spread, np.nan)
        usable = np.isfinite(errors) & np.isfinite(values)
        within = np.sqrt(np.where(usable, errors**2, 0.0).sum(axis=0)) / number
        return mean, np.where(usable.sum(axis=0) == number, within, np.nan)


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not nan."""
    known = np.isfinite(values)
    number = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, np.where(known, values, 0.0).sum(axis=0) / number, np.nan)


def normalised_where_whole(log_g: np.ndarray, samplers: list[Sampler], absolute: bool) -> np.ndarray:
    """Ln g of the mean over runs, with the total that is known exactly; Σ g = 1 where no constant is known.

    The mean of logarithms lowers a total. Where bins were found that no frozen walk visited, or draws tell the
    constant, it stays as it is.
    """
    known = np.isfinite(log_g)
    if not known.any():
        return log_g
    if not absolute:
        return normalised(log_g, np.nan)
    total = samplers[0].grid.log_total(samplers[0].system)
    missed = any(np.any(window.known & ~known) for sampler in samplers for window in sampler.windows)
    return log_g if np.isnan(total) or missed else normalised(log_g, total)
