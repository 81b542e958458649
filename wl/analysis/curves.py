"""What a landscape ln g(x, y) says along its first variable: equilibrium, maximum of the entropy, and the marginal.

With x = ln L_train and y a test accuracy or ln L_test (paper H):

* equilibrium curve, eq. 1: ⟨y⟩(x) = Σ_y y g(x, y)/Σ_y g(x, y)
* maximum-entropy curve: the y of the largest g(x, y), the middle of its bin

What is known of a bin is an average over its configurations, and g may grow by orders of magnitude across it, so that
most of them lie near one edge. The place of a point of these curves is therefore not the middle of the bin but the mean
x of its configurations (`places_of_bins`).

Errors are those of the landscape: from the spread over at least 8 independent runs, else from within them by jackknife.
The advantage of the equilibrium over trained networks is in `wl.analysis.advantage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Curve",
    "closed_bins",
    "equilibrium_curve",
    "marginal",
    "maximum_entropy_curve",
    "places_of_bins",
    "variables_of",
]

LEAST_SLOPE = 1e-3  # of u below, where the mean is w u/6 from the middle


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curve:
    """Values along the first variable of a landscape, nan where they are unknown.

    Attributes
    ----------
    name : str
        Name of what is given along the first variable.
    x, value, error : ndarray, shape (n_bins,)
        Place on the first variable, value, and standard error of the value.
    """

    name: str
    x: np.ndarray
    value: np.ndarray
    error: np.ndarray

    def to_dataframe(self) -> Any:
        """Table with the columns x, value and error."""
        import pandas as pd  # noqa: PLC0415  # half a second, for this method alone

        return pd.DataFrame({"x": self.x, "value": self.value, "error": self.error})

    def plot(self, axes: Any = None) -> Any:
        """Draw the values with their errors into axes of matplotlib, new ones unless given, which are returned."""
        from wl.analysis.plots import draw_curve  # noqa: PLC0415

        return draw_curve(self, axes)

    def __repr__(self) -> str:
        known = np.isfinite(self.value)
        if not known.any():
            return f"Curve({self.name}, {self.x.size} bins, none known)"
        low, high = self.x[known].min(), self.x[known].max()
        return f"Curve({self.name}, {int(known.sum())} of {self.x.size} bins known, x from {low:.4g} to {high:.4g})"


def equilibrium_curve(landscape: Any) -> Curve:
    """⟨y⟩(x) of a landscape of two variables.

    Raises
    ------
    ValueError
        For a landscape of one variable.
    """
    _, second = variables_of(landscape)
    mean, error = landscape["conditional_mean"].values, landscape["conditional_mean_error"].values
    return Curve(second, places_of_bins(landscape), mean, error)


def places_of_bins(landscape: Any) -> np.ndarray:
    """Mean x of the configurations of each bin of the first variable.

    With ln g linear across a bin of middle c and width w, of slope s,

        mean = c + (w/2)(coth u - 1/u),   u = s w/2;

    s is the slope of ln Σ_y g between neighbouring closed bins. Open bins, those without a neighbour, and bins of
    variables that are not losses, which have levels, are placed at their middle.
    """
    first = landscape["log_g"].dims[0]
    middles = landscape[first].values
    if not first.endswith("loss") or f"{first}_edges" not in landscape:
        return middles
    log_g, edges = _summed(landscape["log_g"].values), landscape[f"{first}_edges"].values
    known = np.isfinite(log_g) & closed_bins(landscape)
    slopes = np.zeros(middles.size)
    for part in np.split(np.arange(middles.size), np.flatnonzero(np.diff(known)) + 1):
        if known[part[0]] and part.size > 1:
            slopes[part] = np.gradient(log_g[part], middles[part], edge_order=2 if part.size > 2 else 1)
    half = 0.5 * np.where(known, np.diff(np.where(np.isfinite(edges), edges, 0.0)), 0.0)
    u = slopes * half
    safe = np.where(np.abs(u) > LEAST_SLOPE, u, 1.0)
    return middles + half * np.where(np.abs(u) > LEAST_SLOPE, 1.0 / np.tanh(safe) - 1.0 / safe, u / 3.0)


def closed_bins(landscape: Any) -> np.ndarray:
    """Which bins of the first variable have two finite edges; all where edges are not kept."""
    name = f"{landscape['log_g'].dims[0]}_edges"
    if name not in landscape:
        return np.ones(landscape["log_g"].shape[0], dtype=bool)
    edges = landscape[name].values
    return np.isfinite(edges[:-1]) & np.isfinite(edges[1:])


def _summed(log_g: np.ndarray) -> np.ndarray:
    """Ln Σ_y g(x, y), nan where no y is known; of one variable, ln g itself."""
    if log_g.ndim == 1:
        return log_g
    sums = np.logaddexp.reduce(np.where(np.isfinite(log_g), log_g, -np.inf), axis=1)
    return np.where(np.isfinite(sums), sums, np.nan)


def maximum_entropy_curve(landscape: Any) -> Curve:
    """The y where g(x, y) is largest.

    The error is the spread of this y over runs divided by the root of their number, at least the half width of a bin
    over √3, as a maximum is known to a bin only.

    Raises
    ------
    ValueError
        For a landscape of one variable.
    """
    _, second = variables_of(landscape)
    y = landscape[second].values
    runs = np.stack([_at_largest(row, y) for row in landscape["log_g_runs"].values])
    width = np.diff(y).min() / np.sqrt(12.0) if y.size > 1 else 0.0
    spread = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.zeros(runs.shape[1])
    value = _at_largest(landscape["log_g"].values, y)
    error = np.where(np.isfinite(value), np.maximum(spread, width), np.nan)
    return Curve(second, places_of_bins(landscape), value, error)


def _at_largest(log_g: np.ndarray, y: np.ndarray) -> np.ndarray:
    known = np.isfinite(log_g)
    place = np.argmax(np.where(known, log_g, -np.inf), axis=1)
    return np.where(known.any(axis=1), y[place], np.nan)


def marginal(landscape: Any) -> Curve:
    """Ln Σ_y g(x, y); of one variable, ln g itself."""
    dims = landscape["log_g"].dims
    name = "log_g" if len(dims) == 1 else "log_g_marginal"
    return Curve("log_g", landscape[dims[0]].values, landscape[name].values, landscape[f"{name}_error"].values)


def variables_of(landscape: Any) -> tuple[str, str]:
    """Names of the two variables of a landscape.

    Raises
    ------
    ValueError
        If it has one.
    """
    dims = landscape["log_g"].dims
    if len(dims) != 2:
        raise ValueError(f"landscape has the variables {', '.join(dims)}; allowed: two")
    return dims
