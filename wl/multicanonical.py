"""ln g from the frozen walk, with errors: ln g = ln H + cost, jackknifed over pieces of the walk.

With frozen weights detailed balance holds, so that no bias of the learning stage is left but the one of finite
statistics. Pieces much longer than the autocorrelation are independent; leaving out one after the other gives the
standard error of any function of the histograms, normalisation and joining of windows included.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wl.sampler import Sampler

__all__ = ["frozen_log_g", "joined", "normalised", "with_errors"]


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


def frozen_log_g(sampler: Sampler, histograms: list[np.ndarray]) -> np.ndarray:
    """Ln g of the windows' histograms, one for each window, normalised.

    nan where nothing was visited, and everywhere as long as neighbouring windows do not touch.
    """
    values = []
    for window, histogram in zip(sampler.windows, histograms, strict=True):
        with np.errstate(divide="ignore"):
            log_h = np.where(histogram > 0, np.log(histogram), np.nan)
        values.append(log_h + window.surface.cost)
    try:
        return normalised(joined(values, histograms), sampler.log_covered)
    except ValueError:
        return np.full(sampler.grid.n_bins, np.nan)


def with_errors(
    sampler: Sampler, function: Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ln g, or a function of it, with its standard error.

    Parameters
    ----------
    sampler : Sampler
        With at least 4 pieces, or the errors are nan.
    function : callable, optional
        Of the normalised ln g, nan where unvisited.

    Returns
    -------
    value, error : ndarray
    """
    per_window = sampler.settings.n_walkers
    chunks = [sampler.pieces[k : k + per_window] for k in range(0, len(sampler.pieces), per_window)]
    whole = [np.sum([pieces.total for pieces in chunk], axis=0) for chunk in chunks]
    finished = [np.sum([pieces.finished for pieces in chunk], axis=0) for chunk in chunks]
    act = function if function is not None else lambda values: values
    if any(not np.any(histogram) for histogram in whole):
        empty = act(np.full(sampler.grid.n_bins, np.nan))
        return empty, np.full(empty.shape, np.nan)
    value = act(frozen_log_g(sampler, whole))
    n_pieces = finished[0].shape[0]
    if n_pieces < 4:
        return value, np.full(value.shape, np.nan)
    left_out = np.stack([act(_without(sampler, whole, finished, k)) for k in range(n_pieces)])
    seen_in = np.isfinite(left_out).all(axis=0)
    spread = np.where(seen_in, left_out, 0.0)
    error = np.sqrt((n_pieces - 1) * np.mean((spread - spread.mean(axis=0)) ** 2, axis=0))
    # a bin that all its visits in one piece: the walk came here once, and the error is unknown
    return value, np.where(seen_in, error, np.nan)


def _without(sampler: Sampler, whole: list, finished: list, k: int) -> np.ndarray:
    return frozen_log_g(sampler, [total - part[k] for total, part in zip(whole, finished, strict=True)])
