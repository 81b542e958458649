"""A start of a two-dimensional landscape: an anneal along the first variable that stays flat along the second.

Where the density g₂(y) of the second variable alone is known (binomials, for a Hamming distance), Z_β(y) = Σ_x g(x, y)
e^{-βx} is known at β = 0, and ∂ ln Z_β(y)/∂β = -⟨x⟩ takes it from each β to the next. A walk with the cost
βx + ln Z_β(y) visits all y alike, and how often it does so corrects ln Z_β(y). All histograms together give

    g(x, y) = Σ_β H_β(x, y) / Σ_β n_β(y) e^{-βx}/Z_β(y),   n_β(y) = Σ_x H_β(x, y).

At the largest β a walk is caught in isolated configurations, so that the rarest rows may come out far too low, however
often they were visited: they are raised to a parabola in x through the rows above. Other bins that no walk
visited stay unknown, and are not explored later: to weigh a bin that was touched once, long ago, is how a frozen walk
gets caught. For first variables whose ln g
grows away from the rarest end; not where the second variable cannot be moved at large β.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN
from wl.engine.kernels.walk import N_COUNTS
from wl.engine.windows.walkers import Share, new_transitions, walk_for
from wl.engine.windows.window import Window
from wl.interface.grid import Grid

__all__ = ["temper"]

N_STEPS = 80
SMALLEST, LARGEST = 1e-4, 4.0  # β in units of one level
TRIALS_A_BIN = 60  # and step
LEAST_TRIALS = 300_000
LEAST_VISITS = 200
RAREST_ROWS, ROWS_OF_A_FIT = 8, 24
LARGEST_CORRECTION = 1.0  # of ln Z: at large β a walk may be caught, and says little


class Step(NamedTuple):
    """What one β gave: β, ln Z_β(y), and visits of the bins."""

    beta: float
    log_z: np.ndarray
    visits: np.ndarray


def temper(window: Window, grid: Grid, log_g_second: np.ndarray) -> None:
    """Set ln g of all bins that an anneal visits, and close exploration.

    Parameters
    ----------
    window : Window
        With its walkers; the first of them walks.
    grid : Grid
        Of two variables.
    log_g_second : ndarray, shape (row_size,)
        Ln of the number of configurations in each bin of the second variable.
    """
    axis = grid.axes[0]
    levels = (axis.coordinate - axis.coordinate[0]) / axis.width
    steps = _anneal(window, grid, levels, log_g_second)
    visits = np.sum([step.visits for step in steps], axis=0)
    log_g = _extended(_combined(steps, visits, levels), visits)
    known = np.isfinite(log_g).ravel()
    surface = window.surface
    surface.flags[known] |= KNOWN
    surface.cost[:] = np.where(known, log_g.ravel() - surface.log_target, 0.0)
    surface.histogram[:] = 0
    for name in (clocks.TOTAL, clocks.SINCE_RESTART, clocks.EXPLORING):
        window.own.clock[name] = 0.0
    for particle in window.particles:
        particle.walker.counts[:] = np.zeros(N_COUNTS, np.int64)
    window.count_known()


def _anneal(window: Window, grid: Grid, levels: np.ndarray, log_g_second: np.ndarray) -> list[Step]:
    """Walks at increasing β."""
    particle, surface = window.particles[0], window.surface
    share = Share(surface, new_transitions(0), window.own.clock.copy())
    share.clock[[clocks.LOG_F, clocks.EXPLORING]] = 0.0, 0.0
    before = surface.flags.copy()
    surface.flags[:] |= KNOWN
    n_trials = max(LEAST_TRIALS, TRIALS_A_BIN * grid.n_bins)
    log_z, beta, steps = log_g_second.copy(), 0.0, []
    for following in (*np.geomspace(SMALLEST, LARGEST, N_STEPS), np.nan):
        surface.cost[:] = (beta * levels[:, None] + log_z).ravel()
        surface.histogram[:] = 0
        walk_for(window.task(particle, share, n_trials))
        visits = surface.histogram.reshape(grid.shape).copy()
        number = visits.sum(axis=0)
        seen = number > 0
        if beta > 0.0:
            found = np.log(np.maximum(number, 1) * seen.size / n_trials)
            log_z = log_z + np.where(seen, np.clip(found, -LARGEST_CORRECTION, LARGEST_CORRECTION), 0.0)
        steps.append(Step(beta, log_z, visits))
        columns = np.arange(seen.size)
        mean = np.interp(columns, columns[seen], (levels @ visits)[seen] / number[seen])
        log_z, beta = log_z - (following - beta) * mean, following
    surface.flags[:] = before
    return steps


def _combined(steps: list[Step], visits: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Ln g of all histograms; nan where none has a visit."""
    with np.errstate(divide="ignore"):
        weights = [np.log(step.visits.sum(axis=0)) - step.beta * levels[:, None] - step.log_z for step in steps]
        return np.where(visits > 0, np.log(visits) - np.logaddexp.reduce(weights, axis=0), np.nan)


def _extended(log_g: np.ndarray, visits: np.ndarray) -> np.ndarray:
    """Rarest rows raised to a parabola through the next ones, in columns where these were visited often."""
    extended = log_g.copy()
    rare, rows = np.arange(RAREST_ROWS), np.arange(RAREST_ROWS, RAREST_ROWS + ROWS_OF_A_FIT)
    if log_g.shape[0] <= rows[-1]:
        return extended
    for column in np.flatnonzero(np.all(visits[rows] >= LEAST_VISITS, axis=0)):
        fit = np.polynomial.Polynomial.fit(rows, log_g[rows, column], 2)
        extended[rare, column] = np.fmax(log_g[rare, column], fit(rare))
    return extended
