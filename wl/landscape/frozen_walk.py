"""ln g from the frozen walk, with errors: ln g = ln H + cost, jackknifed over pieces of the walk.

With frozen weights detailed balance holds, so that no bias of the learning stage is left but the one of finite
statistics. Pieces much longer than the autocorrelation are independent; leaving out one after the other gives the
standard error of any function of the histograms, normalisation and joining of windows included.

Where the grid holds all configurations, ln g of the visited bins is normalised to their number; where uniform draws
tell the constant, they join the estimate (`wl.landscape.anchoring`), and a second jackknife over parts of the draws
gives their share of the error. All runs of a landscape have the same draws, so that this share does not fall with more
runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from wl.engine.estimators.uniform_draws import UniformDraws
from wl.engine.sampler import Sampler
from wl.landscape.anchoring import Anchored, anchored

__all__ = ["Estimate", "estimate", "frozen_log_g", "joined", "normalised", "with_errors"]

LEAST_PIECES = 4


class Estimate(NamedTuple):
    """A function of ln g, with standard errors of its two sources; nan where unknown."""

    value: np.ndarray
    error: np.ndarray  # of the walk
    draws_error: np.ndarray  # of the uniform draws; 0 where there are none


def normalised(log_g: np.ndarray, log_total: float) -> np.ndarray:
    """Ln g with Σ g = e^log_total over the bins that are not nan; with Σ g = 1 where the total is unknown (nan)."""
    if np.isnan(log_total):
        log_total = 0.0
    largest = np.nanmax(log_g)
    return log_g - largest - np.log(np.nansum(np.exp(log_g - largest))) + log_total


def joined(log_g: list[np.ndarray], weights: list[np.ndarray]) -> np.ndarray:
    """One ln g from those of overlapping windows, up to a constant.

    Each next window is shifted by the weighted mean of the differences on the overlap (least squares), and averaged
    with what is there. Weights are numbers of visits. nan where a window knows nothing.
    """
    total, weight = log_g[0].copy(), np.where(np.isfinite(log_g[0]), weights[0], 0.0)
    for values, numbers in zip(log_g[1:], weights[1:], strict=True):
        visits = np.where(np.isfinite(values), numbers, 0.0)
        shared = np.isfinite(total) & np.isfinite(values)
        share = np.minimum(weight, visits)[shared]
        if share.sum() <= 0.0:
            raise ValueError("neighbouring windows have no visited bin in common; allowed: a larger overlap or run")
        shift = np.average(total[shared] - values[shared], weights=share)
        moved = values + shift
        both = weight + visits
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (np.nan_to_num(total) * weight + np.nan_to_num(moved) * visits) / both
        total, weight = np.where(both > 0, mean, np.where(np.isfinite(total), total, moved)), both
    return total


def learned_log_g(sampler: Sampler) -> np.ndarray:
    """Ln g that Wang and Landau's weights stand for, up to a constant; nan everywhere where windows do not touch."""
    values = [window.log_g for window in sampler.windows]
    try:
        return joined(values, [np.where(window.known, 1.0, 0.0) for window in sampler.windows])
    except ValueError:
        return np.full(sampler.grid.n_bins, np.nan)


def with_constant(
    sampler: Sampler,
    log_g: np.ndarray,
    visits: np.ndarray,
    draws: UniformDraws | None,
    near: float | None = None,
) -> Anchored:
    """Ln g with the constant that the grid or the draws tell.

    Parameters
    ----------
    sampler : Sampler
    log_g, visits : ndarray, shape (n_bins,)
        Estimate up to a constant, and the number of independent visits that it is worth.
    draws : UniformDraws or None
    near : float, optional
        Where the search for the constant begins.
    """
    total = sampler.grid.log_total(sampler.system)
    known = np.isfinite(log_g)
    if np.isnan(total) and draws is not None:
        return anchored(log_g, visits, draws.counts, draws.number, sampler.system.log_total, near)
    if not known.any() or np.isnan(total):
        relative = normalised(log_g, np.nan) if known.any() else log_g
        return Anchored(relative, relative, np.nan)
    absolute = normalised(log_g, total + _log_share_of(sampler, known))
    return Anchored(absolute, absolute, 0.0)


def _log_share_of(sampler: Sampler, known: np.ndarray) -> float:
    """Ln of the share that some bins have of all that were found, by the learned weights; 0 where they are all."""
    if not any(np.any(window.known & ~known) for window in sampler.windows):
        return 0.0
    learned = learned_log_g(sampler)
    there = np.isfinite(learned)
    if not np.any(there & known):
        return 0.0
    return float(np.logaddexp.reduce(learned[there & known]) - np.logaddexp.reduce(learned[there]))


def frozen_log_g(
    sampler: Sampler,
    histograms: list[np.ndarray],
    draws: UniformDraws | None,
    inefficiency: float = 1.0,
    near: float | None = None,
) -> Anchored:
    """Ln g of the windows' histograms, one for each window, with its constant.

    nan where nothing was visited (or drawn), and everywhere as long as neighbouring windows do not touch.
    `inefficiency` is the number of visits that are worth one independent visit.
    """
    values = []
    for window, histogram in zip(sampler.windows, histograms, strict=True):
        with np.errstate(divide="ignore"):
            log_h = np.where(histogram > 0, np.log(histogram), np.nan)
        values.append(log_h + window.surface.cost)
    try:
        log_g = joined(values, histograms)
    except ValueError:
        log_g = np.full(sampler.grid.n_bins, np.nan)
    return with_constant(sampler, log_g, np.sum(histograms, axis=0) / inefficiency, draws, near)


def _inefficiency(pieces: np.ndarray, counts: np.ndarray) -> float:
    """Variance of the visits of a piece over their mean, in the bins of the draws: 1 for independent visits."""
    common = (counts > 0) & (pieces.sum(axis=0) > 0)
    if pieces.shape[0] < LEAST_PIECES or not common.any():
        return 1.0
    there = pieces[:, common]
    return max(1.0, float(there.var(axis=0, ddof=1).sum() / there.mean(axis=0).sum()))


def with_errors(
    sampler: Sampler, function: Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ln g, or a function of it, with its standard error.

    Parameters
    ----------
    sampler : Sampler
        With at least 4 pieces, or the errors are nan.
    function : callable, optional
        Of ln g, nan where unknown.

    Returns
    -------
    value, error : ndarray
    """
    act = function if function is not None else lambda values: values
    found = estimate(sampler, lambda anchored: act(anchored.log_g))
    return found.value, np.hypot(found.error, found.draws_error)


def estimate(sampler: Sampler, function: Callable[[Anchored], np.ndarray]) -> Estimate:
    """A function of ln g with the errors of the walk and of the draws.

    Parameters
    ----------
    sampler : Sampler
        With at least 4 pieces, or the errors are nan.
    function : callable
        Of ln g with its constant.
    """
    per_window = sampler.settings.n_walkers
    chunks = [sampler.pieces[k : k + per_window] for k in range(0, len(sampler.pieces), per_window)]
    whole = [np.sum([pieces.total for pieces in chunk], axis=0) for chunk in chunks]
    finished = [np.sum([pieces.finished for pieces in chunk], axis=0) for chunk in chunks]
    if any(not np.any(histogram) for histogram in whole):
        nothing = np.full(sampler.grid.n_bins, np.nan)
        empty = function(Anchored(nothing, nothing, np.nan))
        return Estimate(empty, np.full(empty.shape, np.nan), np.zeros(empty.shape))
    draws = sampler.uniform_draws
    inefficiency = 1.0 if draws is None else _inefficiency(np.sum(finished, axis=0), draws.counts)
    found = frozen_log_g(sampler, whole, draws, inefficiency)
    value, near = function(found), found.constant
    unknown, n_pieces = np.full(value.shape, np.nan), finished[0].shape[0]
    if n_pieces < LEAST_PIECES:
        return Estimate(value, unknown, np.zeros(value.shape))

    def without(k: int) -> np.ndarray:
        left = [total - part[k] for total, part in zip(whole, finished, strict=True)]
        return function(frozen_log_g(sampler, left, draws, inefficiency, near))

    error = jackknifed([without(k) for k in range(n_pieces)])
    if draws is None or np.isnan(near):
        return Estimate(value, error, np.zeros(value.shape))
    fewer = [function(frozen_log_g(sampler, whole, some, inefficiency, near)) for some in draws.without_parts()]
    return Estimate(value, error, jackknifed(fewer))


def jackknifed(left_out: list[np.ndarray]) -> np.ndarray:
    """Standard error from the values without one part after the other.

    nan where a value is missing: all that is known came in one part, as of a bin to which the walk came once.
    """
    values, number = np.stack(left_out), len(left_out)
    known = np.isfinite(values).all(axis=0)
    spread = np.where(known, values, 0.0)
    error = np.sqrt((number - 1) * np.mean((spread - spread.mean(axis=0)) ** 2, axis=0))
    return np.where(known, error, np.nan)
