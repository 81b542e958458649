"""A start for molecular dynamics: the entropy of the first variable from a ladder of temperatures.

With the bias βx the walk samples g e^(-βx), and β is the slope dS/dx at x = ⟨x⟩. A ladder of β, each a little larger
than the one before, leads down without hills, which overshoot. Where the lowest loss L₀ in the box is that of a
harmonic valley, dS/d ln L = n/2 · L/(L - L₀) for n parameters; the ladder goes from n/500 to 10 n, unless it comes to
the end of the window before. Where S is convex the walk jumps from one family of networks to another, and a walk that
has not come to equilibrium at each β lags behind: the ladder is only a first guess.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wl.grid import Grid
from wl.kernels import schedule as clocks
from wl.kernels.schedule import KNOWN
from wl.kernels.walk import N_COUNTS
from wl.walkers import Share, new_transitions, walk_for
from wl.window import Window

__all__ = ["anneal_forces"]

FIRST_SLOPE, LAST_SLOPE, N_SLOPES = 0.002, 10.0, 50  # of the ladder, for each parameter
LEAST_EVALUATIONS, CHUNK = 200, 1000
SETTLING = 3  # of this many parts the first is not counted
ADAPTING = 1e-300  # ln f that adds nothing and lets time steps adapt


def anneal_forces(window: Window, grid: Grid, n_evaluations: int, tell: Callable[[str], None]) -> None:
    """Set ln g of the rows of a window from the slopes that a ladder of temperatures finds.

    Parameters
    ----------
    window : Window
        With its walkers; the first one walks.
    grid : Grid
    n_evaluations : int
        Of the force, in all; at least LEAST_EVALUATIONS at each slope are made.
    tell : callable
        Told now and then how far it is.
    """
    first, stop = window.bounds
    coordinate = grid.axes[0].coordinate
    number, size = max(LEAST_EVALUATIONS, n_evaluations // N_SLOPES), window.particles[0].state.parameters.size
    slopes, means = [0.0], [_mean_at(0.0, window, grid, number)]
    for slope in size * np.geomspace(FIRST_SLOPE, LAST_SLOPE, N_SLOPES):
        tell(f"anneal: slope {slope:.3g}, {grid.axes[0].variable.name} = {means[-1]:.3g}")
        slopes.append(float(slope))
        means.append(_mean_at(float(slope), window, grid, number))
        if means[-1] < coordinate[first] + grid.axes[0].width:
            break
    entropy = _integral(np.array(slopes), np.array(means), coordinate[first:stop], grid.axes[0].width)
    window.surface.cost[:] = 0.0
    window.surface.cost.reshape(coordinate.size, -1)[first:stop] = entropy[:, None]
    window.surface.histogram[:] = 0
    window.own.clock[[clocks.TOTAL, clocks.SINCE_RESTART, clocks.LAST_DISCOVERY]] = 0.0
    window.n_start_trials += number * len(slopes)
    for particle in window.particles:
        particle.walker.counts[:] = np.zeros(N_COUNTS, np.int64)
    window.count_known()
    window.renew()


def _mean_at(slope: float, window: Window, grid: Grid, number: int) -> float:
    """Mean of the first variable under a bias of this slope."""
    share = Share(window.surface, new_transitions(0), window.own.clock.copy())
    share.clock[[clocks.LOG_F, clocks.EXPLORING]] = ADAPTING, 0.0
    coordinate = grid.axes[0].coordinate
    window.surface.cost[:] = np.repeat(slope * coordinate, grid.row_size)
    window.renew()
    task = window.task(window.particles[0], share, 0)
    task = task._replace(schedule=task.schedule._replace(kind=clocks.CONSTANT))
    for part in (number // SETTLING, number - number // SETTLING):
        window.surface.histogram[:] = 0
        for begin in range(0, part, CHUNK):
            walk_for(task._replace(n_trials=min(CHUNK, part - begin)))
    counts = window.surface.histogram.reshape(coordinate.size, -1).sum(axis=1)
    window.surface.flags[window.surface.histogram > 0] |= KNOWN
    if not counts.any():
        return float(window.particles[0].state.coordinates[0])  # beyond a wall, which it leaves as β rises
    return float(counts @ coordinate / counts.sum())


def _integral(slopes: np.ndarray, means: np.ndarray, coordinate: np.ndarray, width: float) -> np.ndarray:
    """S at the coordinates from dS/dx = β at the means, made to fall with β; level slopes beyond both ends."""
    falling = np.minimum.accumulate(means)
    places, kept = np.unique(falling, return_index=True)
    middles = coordinate[:-1] + 0.5 * width
    steps = np.interp(middles, places, slopes[kept])
    return np.concatenate(([0.0], np.cumsum(steps * width)))
