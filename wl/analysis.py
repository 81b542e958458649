"""What a landscape ln g(x, y) says along its first variable: equilibrium, maximum of the entropy, and an advantage.

With x = ln L_train and y a test accuracy or ln L_test (paper H):

* equilibrium curve, eq. 1: ⟨y⟩(x) = Σ_y y g(x, y)/Σ_y g(x, y)
* maximum-entropy curve: the y of the largest g(x, y), the middle of its bin
* entropic advantage: equilibrium less the mean of trained networks at the same x (for a loss, with the opposite sign)

Errors are those of the landscape: from the spread over at least 8 independent runs, else from within them by jackknife.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Curve", "entropic_advantage", "equilibrium_curve", "marginal", "maximum_entropy_curve"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Values along the first variable, nan where unknown.

    Attributes
    ----------
    name : str
        Of the second variable.
    position, value, error : ndarray, shape (n_bins,)
        Middle of the bin, value and standard error.
    """

    name: str
    position: np.ndarray
    value: np.ndarray
    error: np.ndarray

    def at(self, position: np.ndarray) -> Curve:
        """The curve in the bins whose middles are given; nan, the position too, where it has none."""
        width = np.diff(self.position).min()
        place = np.rint((np.asarray(position) - self.position[0]) / width).astype(int)
        place = np.clip(place, 0, self.position.size - 1)
        there = np.abs(self.position[place] - position) < 1e-6 * width
        found = (np.where(there, array[place], np.nan) for array in (self.position, self.value, self.error))
        return Curve(self.name, *found)


def equilibrium_curve(landscape: Any) -> Curve:
    """⟨y⟩(x) of a landscape of two variables.

    Raises
    ------
    ValueError
        For a landscape of one variable.
    """
    first, second = _two(landscape)
    mean, error = landscape["conditional_mean"].values, landscape["conditional_mean_error"].values
    return Curve(second, landscape[first].values, mean, error)


def maximum_entropy_curve(landscape: Any) -> Curve:
    """The y where g(x, y) is largest.

    The error is the spread of this y over runs divided by the root of their number, at least the half width of a bin
    over √3, as a maximum is known to a bin only.

    Raises
    ------
    ValueError
        For a landscape of one variable.
    """
    first, second = _two(landscape)
    y = landscape[second].values
    runs = np.stack([_at_largest(row, y) for row in landscape["log_g_runs"].values])
    width = np.diff(y).min() / np.sqrt(12.0) if y.size > 1 else 0.0
    spread = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.zeros(runs.shape[1])
    value = _at_largest(landscape["log_g"].values, y)
    return Curve(
        second, landscape[first].values, value, np.where(np.isfinite(value), np.maximum(spread, width), np.nan)
    )


def _at_largest(log_g: np.ndarray, y: np.ndarray) -> np.ndarray:
    known = np.isfinite(log_g)
    place = np.argmax(np.where(known, log_g, -np.inf), axis=1)
    return np.where(known.any(axis=1), y[place], np.nan)


def marginal(landscape: Any) -> Curve:
    """Ln Σ_y g(x, y); of one variable, ln g itself."""
    dims = landscape["log_g"].dims
    name = "log_g" if len(dims) == 1 else "log_g_marginal"
    return Curve("log_g", landscape[dims[0]].values, landscape[name].values, landscape[f"{name}_error"].values)


def entropic_advantage(landscape: Any, position: np.ndarray, trained: np.ndarray, trained_error: np.ndarray) -> Curve:
    """Equilibrium less trained networks at the same x; positive where the equilibrium generalises better.

    Parameters
    ----------
    landscape : xarray.Dataset
        Of two variables.
    position, trained, trained_error : ndarray, shape (n,)
        Middles of bins, mean y of trained networks there, and its standard error over training runs. Bins that the
        landscape does not have are left out.

    Raises
    ------
    ValueError
        For shapes that differ.
    """
    shapes = {np.shape(values) for values in (position, trained, trained_error)}
    if len(shapes) != 1:
        raise ValueError(f"position, trained and trained_error have shapes {sorted(shapes)}; allowed: equal ones")
    curve = equilibrium_curve(landscape).at(position)
    inside = np.isfinite(curve.position)
    difference = (curve.value - trained)[inside]
    if curve.name.endswith("loss"):
        difference = -difference
    return Curve(curve.name, curve.position[inside], difference, np.hypot(curve.error, trained_error)[inside])


def _two(landscape: Any) -> tuple[str, str]:
    dims = landscape["log_g"].dims
    if len(dims) != 2:
        raise ValueError(f"landscape has the variables {', '.join(dims)}; allowed: two")
    return dims
