"""A start near the truth: ln g of the first variable by thermodynamic integration along a quick anneal.

Frozen walks with the weights e^{-βx} at a ladder of β give the mean ⟨x⟩(β); as β = dS/dx at x = ⟨x⟩, S follows by
integration, up to a constant. Along a second variable the start is flat. For variables whose ln g grows away from the
rarest end, such as a deficit or a loss; not for lattices with a maximum in the middle.
"""

from __future__ import annotations

import numpy as np

from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN
from wl.engine.kernels.walk import N_COUNTS
from wl.engine.windows.walkers import Share, new_transitions, walk_for
from wl.engine.windows.window import Window
from wl.interface.grid import Grid

__all__ = ["anneal"]

N_STEPS = 80
STEEPEST = 6.0  # β of the last step, in units of one level
SWEEPS = 200


def anneal(window: Window, grid: Grid) -> None:
    """Set ln g of the window's bins, and mark as known those between the lowest and the highest row reached."""
    axis = grid.axes[0]
    levels = (axis.coordinate - axis.coordinate[0]) / axis.width
    entropy, lowest = _integrate(window, grid, levels)
    row = np.arange(axis.n_bins)
    first, stop = window.bounds
    inside = (row >= max(first, lowest)) & (row < stop)
    reached = np.repeat(inside, grid.row_size)
    if grid.row_size > 1:
        reached &= (window.surface.flags & KNOWN) > 0
    window.surface.flags[reached] |= KNOWN
    known = window.known
    window.surface.cost[:] = np.where(known, np.repeat(entropy, grid.row_size) - window.surface.log_target, 0.0)
    window.surface.histogram[:] = 0
    window.own.clock[clocks.TOTAL] = window.own.clock[clocks.SINCE_RESTART] = 0.0
    for particle in window.particles:
        particle.walker.counts[:] = np.zeros(N_COUNTS, np.int64)
    window.count_known()


def _integrate(window: Window, grid: Grid, levels: np.ndarray) -> tuple[np.ndarray, int]:
    """S of every row, and the lowest row that the anneal entered."""
    particle = window.particles[0]
    share = Share(window.surface, new_transitions(0), window.own.clock.copy())
    share.clock[[clocks.LOG_F, clocks.EXPLORING]] = 0.0, 0.0
    before = window.surface.flags.copy()
    window.surface.flags[:] |= KNOWN
    n_trials = max(20_000, SWEEPS * int(particle.state[0].size))
    betas = np.concatenate(([0.0], np.geomspace(1e-4, STEEPEST, N_STEPS)))
    means, top = np.zeros(betas.size), 0.0
    visited = np.zeros(grid.n_bins, np.int64)
    for k, beta in enumerate(betas):
        window.surface.cost[:] = np.repeat(beta * levels, grid.row_size)
        window.surface.histogram[:] = 0
        walk_for(window.task(particle, share, n_trials))
        rows = window.surface.histogram.reshape(levels.size, -1).sum(axis=1)
        means[k] = rows @ levels / rows.sum()
        visited += window.surface.histogram
    window.surface.flags[:] = before | np.where(visited > 0, KNOWN, 0).astype(np.uint8)
    means = np.minimum.accumulate(means)
    order = np.argsort(means, kind="stable")
    slope = np.interp(levels, means[order], betas[order])
    entropy = np.concatenate(([0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]))))
    reached = np.flatnonzero(visited.reshape(levels.size, -1).sum(axis=1))
    return entropy + top, int(reached[0])
