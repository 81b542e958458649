"""Advantage of the equilibrium over trained networks at the same training loss.

With x = ln L_train of a record of training, y its test accuracy or ln L_test, and ⟨y⟩(x) the equilibrium curve of a
landscape (paper H, eq. 1) the advantage of a record is

    a = ⟨y⟩(x) - y for an accuracy,   a = y - ⟨y⟩(x) for a loss,

at the record's own x: ⟨y⟩ is linear between the places of neighbouring bins of the landscape, the mean x of their
configurations (`wl.analysis.curves.places_of_bins`). Records whose x is not between two closed bins of known value and
error have no advantage and are left out. The records of a run follow each other closely, so that a run counts once,
with the mean a_r over its n_r records,

    advantage = Σ_r a_r / R,   R runs with records;

it is an average over the part of training that the landscape knows, weighted as training spends its time there, not the
advantage at the best point of training.

Three errors are added in squares:

* that of training is over runs, √(Σ (a_r - advantage)²/(R (R - 1)));
* that of the landscape is the error of Σ_b c_b ⟨y⟩_b, in which the share c_b of bin b follows from the records. Bins of
  a landscape go up and down together, so that it is the standard error of this sum over independent runs where at least
  8 of them know all the bins; with fewer it is Σ_b c_b σ_b with the errors σ_b of the bins, which is an upper bound
  whatever their correlation, or the spread over the runs if that is larger;
* that of the grid: a loss y is known to a bin of width v. Where the y of a row are spread like a normal variable of
  variance σ², the mean over the middles of bins is off by at most (v/π) e^(-2π²σ²/v²). This is taken for each row;
  σ² is the variance over the middles less v²/12, which is right on average over the places of rows in their bins, and
  is averaged over five neighbouring rows.

Not for conclusions about a landscape that has not converged, or from records at one end of its range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.results import Status
from wl.analysis.curves import Curve, closed_bins, equilibrium_curve

__all__ = ["Advantage", "entropic_advantage", "equilibrium_at"]

MANY_RUNS = 8  # of the landscape, whose spread is an error
NEIGHBOURS = 2  # rows on each side, over which the variance of y is averaged


@dataclass(frozen=True, slots=True, eq=False)
class Advantage:
    """Mean advantage over an ensemble; positive where the equilibrium generalises better.

    Attributes
    ----------
    name : str
        Of the second variable.
    value, error : float
        nan without records in the range of the landscape; the error also with those of a single run.
    training_error, landscape_error, grid_error : float
        The parts of the error.
    n_runs, n_records : int
        Of training, in the range of the landscape.
    curve : Curve
        The same in each closed bin of the landscape, at the mean x of its records.
    status : Status
        That of the landscape; NOT_CONVERGED too where there are no records.
    """

    name: str
    value: float
    error: float
    training_error: float
    landscape_error: float
    grid_error: float
    n_runs: int
    n_records: int
    curve: Curve
    status: Status


class _Places(NamedTuple):
    """Where records lie on the curve: which do, the bin below, and the share of the bin above."""

    inside: np.ndarray
    lower: np.ndarray
    share: np.ndarray

    def between(self, values: np.ndarray) -> np.ndarray:
        """Values of the bins at the records; nan where these are not inside."""
        known = np.nan_to_num(values)  # a bin without a value has no share
        found = (1.0 - self.share) * known[self.lower] + self.share * known[self.lower + 1]
        return np.where(self.inside, found, np.nan)


class _Mean(NamedTuple):
    value: float
    training_error: float
    landscape_error: float
    grid_error: float
    n_runs: int

    @property
    def errors(self) -> tuple[float, float, float]:
        """The three parts."""
        return self.training_error, self.landscape_error, self.grid_error


def equilibrium_at(landscape: Any, position: np.ndarray, *, largest_error: float = math.inf) -> Curve:
    """Equilibrium curve at any x, linear between the places of neighbouring closed bins, nan elsewhere.

    Parameters
    ----------
    landscape : xarray.Dataset
        Of two variables.
    position : ndarray
        x, of any shape; nan is allowed.
    largest_error : float
        Bins whose error is not below it are taken as unknown.

    Returns
    -------
    Curve
        The error at x is that between the two bins, as if they were wrong together.
    """
    curve = equilibrium_curve(landscape)
    x = np.asarray(position, dtype=float)
    places = _places(curve, _usable(landscape, curve, largest_error), x)
    return Curve(curve.name, x, places.between(curve.value), places.between(curve.error))


def entropic_advantage(
    landscape: Any, position: np.ndarray, trained: np.ndarray, *, largest_error: float = math.inf
) -> Advantage:
    """Advantage of the equilibrium over the records of an ensemble of trained networks; see the module.

    Parameters
    ----------
    landscape : xarray.Dataset
        Of two variables.
    position, trained : ndarray, shape (n_runs, n_records)
        x and y of every record; nan where there is none.
    largest_error : float
        Bins of the equilibrium curve whose error is not below it are taken as unknown.

    Raises
    ------
    ValueError
        For shapes that differ, or are not those of runs and records.
    """
    shapes = np.shape(position), np.shape(trained)
    if shapes[0] != shapes[1] or len(shapes[0]) != 2:
        allowed = "equal ones of two dimensions, runs and records"
        raise ValueError(f"position and trained have shapes {shapes[0]} and {shapes[1]}; allowed: {allowed}")
    curve = equilibrium_curve(landscape)
    places = _places(curve, _usable(landscape, curve, largest_error), np.asarray(position, dtype=float))
    sign = -1.0 if curve.name.endswith("loss") else 1.0
    inside = places.inside & np.isfinite(trained)
    of_records = np.where(inside, sign * (places.between(curve.value) - trained), 0.0)
    whole = _mean(landscape, curve, places, of_records, inside)
    of_bins = _by_bins(landscape, curve, places, of_records, inside, np.asarray(position, dtype=float))
    known = whole.n_runs > 0
    status = Status[landscape.attrs["status"]] if known and "status" in landscape.attrs else Status.NOT_CONVERGED
    error, number = math.hypot(*whole.errors), int(np.count_nonzero(inside))
    return Advantage(curve.name, whole.value, error, *whole.errors, whole.n_runs, number, of_bins, status)


def _usable(landscape: Any, curve: Curve, largest_error: float) -> np.ndarray:
    """Bins with a value, an error and both edges: an open bin has no place."""
    return np.isfinite(curve.value) & (curve.error < largest_error) & closed_bins(landscape)


def _places(curve: Curve, usable: np.ndarray, position: np.ndarray) -> _Places:
    places = curve.x
    if places.size < 2:
        return _Places(np.zeros(position.shape, bool), np.zeros(position.shape, int), np.zeros(position.shape))
    known = np.isfinite(position)
    x = np.where(known, position, places[0])
    lower = np.clip(np.searchsorted(places, x, side="right") - 1, 0, places.size - 2)
    share = (x - places[lower]) / (places[lower + 1] - places[lower])
    # a record at the place of a bin needs this one alone
    below, above = usable[lower] | (share == 1.0), usable[lower + 1] | (share == 0.0)
    inside = known & (share >= 0.0) & (share <= 1.0) & below & above
    return _Places(inside, lower, share)


def _mean(landscape: Any, curve: Curve, places: _Places, of_records: np.ndarray, chosen: np.ndarray) -> _Mean:
    """Mean over runs of means over the chosen records, with both errors."""
    number = np.count_nonzero(chosen, axis=1)
    runs = number > 0
    n_runs = int(np.count_nonzero(runs))
    if n_runs == 0:
        return _Mean(math.nan, math.nan, math.nan, math.nan, 0)
    weights = chosen / (n_runs * np.maximum(number, 1))[:, None]
    of_runs = n_runs * np.sum(weights * of_records, axis=1)[runs]
    spread = float(np.std(of_runs, ddof=1) / math.sqrt(n_runs)) if n_runs > 1 else math.nan
    shares = np.zeros(curve.value.size)
    np.add.at(shares, places.lower[chosen], (weights * (1.0 - places.share))[chosen])
    np.add.at(shares, places.lower[chosen] + 1, (weights * places.share)[chosen])
    of_landscape = _landscape_error(landscape, curve, shares)
    return _Mean(float(np.mean(of_runs)), spread, of_landscape, _grid_error(landscape, shares), n_runs)


def _landscape_error(landscape: Any, curve: Curve, shares: np.ndarray) -> float:
    """Error of Σ_b c_b ⟨y⟩_b."""
    used = shares > 0.0
    bound = float(shares[used] @ curve.error[used])
    if "conditional_mean_runs" not in landscape:
        return bound
    curves = landscape["conditional_mean_runs"].values[:, used]
    sums = curves[np.isfinite(curves).all(axis=1)] @ shares[used]
    if sums.size < 2:
        return bound
    spread = float(np.std(sums, ddof=1) / math.sqrt(sums.size))
    return spread if sums.size >= MANY_RUNS else max(bound, spread)


def _grid_error(landscape: Any, shares: np.ndarray) -> float:
    """What bins of a loss may shift Σ_b c_b ⟨y⟩_b by; 0 of variables that have levels."""
    name = landscape["log_g"].dims[1]
    y = landscape[name].values
    if not name.endswith("loss") or y.size < 2:
        return 0.0
    used, width = shares > 0.0, np.diff(y).min()
    variances = np.array([_variance(row, y) for row in landscape["log_g"].values]) - width**2 / 12.0
    near = [variances[max(0, b - NEIGHBOURS) : b + NEIGHBOURS + 1] for b in np.flatnonzero(used)]
    smooth = np.array([max(0.0, float(np.nanmean(some))) for some in near])
    return float(shares[used] @ (width / math.pi * np.exp(-2.0 * math.pi**2 * smooth / width**2)))


def _variance(log_g: np.ndarray, y: np.ndarray) -> float:
    """Of y over the bins of a row; nan where none is known."""
    known = np.isfinite(log_g)
    if not known.any():
        return math.nan
    weights = np.exp(log_g[known] - log_g[known].max())
    mean = np.average(y[known], weights=weights)
    return float(np.average((y[known] - mean) ** 2, weights=weights))


def _by_bins(
    landscape: Any, curve: Curve, places: _Places, of_records: np.ndarray, inside: np.ndarray, position: np.ndarray
) -> Curve:
    """Advantage of the records nearest to the place of each bin, bins without records left out."""
    nearest = places.lower + (places.share > 0.5)
    rows = []
    for place in np.unique(nearest[inside]):
        chosen = inside & (nearest == place)
        found = _mean(landscape, curve, places, of_records, chosen)
        x = _mean(landscape, curve, places, np.where(chosen, position, 0.0), chosen).value
        rows.append((x, found.value, math.hypot(*found.errors)))
    columns = np.array(rows).reshape(-1, 3).T
    return Curve(curve.name, *columns)
