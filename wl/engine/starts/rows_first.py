"""A start in two dimensions: the first variable is learned alone, then a frozen walk tells how the second is spread.

With the cost c(x) of the first variable a walk visits (x, y) in proportion to g(x, y) e^{-c(x)}, so that its histogram
gives ln g(x, y) = ln H(x, y) + c(x). Bins that it never visits stay unknown, and are not explored later: a bin touched
once, long ago, is how a frozen walk gets caught. For second variables that need no weights of their own to be reached,
such as an accuracy beside a loss; not where the rarest values of the second variable are what is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN
from wl.engine.kernels.walk import N_COUNTS
from wl.engine.settings import Settings
from wl.engine.windows.walkers import Share, Task, new_transitions, walk_for
from wl.engine.windows.window import Window
from wl.interface.grid import Grid

__all__ = ["learn_rows"]

LEAST_VISITS = 10
CHUNK = 1_000_000


def learn_rows(
    window: Window, grid: Grid, settings: Settings, n_trials: int, progress: Callable[[str], None] | None = None
) -> None:
    """Set ln g of all bins that the walk visits, and close exploration.

    Parameters
    ----------
    window : Window
        With its walkers; the first of them walks.
    grid : Grid
        Of two variables.
    settings : Settings
        Of the run; the first variable is learned with its schedule.
    n_trials : int
        Trials of either walk.
    progress : callable, optional
        Told now and then how far it is.
    """
    tell = progress or (lambda _: None)
    cost = _learned(window, grid, settings, n_trials, tell)
    surface, share = window.surface, Share(window.surface, new_transitions(0), window.own.clock.copy())
    reached = np.repeat(np.isfinite(cost), grid.row_size)
    surface.flags[:] = np.where(reached, KNOWN, 0)
    surface.cost[:] = np.where(reached, np.repeat(cost, grid.row_size), 0.0)
    surface.histogram[:] = 0
    share.clock[[clocks.LOG_F, clocks.EXPLORING]] = 0.0, 0.0
    particle = window.particles[0]
    particle.walker.place[0] = window.bin_of(particle)
    _walk(window.task(particle, share, n_trials), tell)
    visits = surface.histogram
    known = visits >= LEAST_VISITS
    surface.flags[:] = np.where(known, KNOWN, 0)
    log_g = surface.cost + np.log(np.maximum(visits, 1))
    surface.cost[:] = np.where(known, log_g - surface.log_target, 0.0)
    surface.histogram[:] = 0
    for name in (clocks.TOTAL, clocks.SINCE_RESTART, clocks.EXPLORING):
        window.own.clock[name] = 0.0
    for other in window.particles:
        other.walker.counts[:] = np.zeros(N_COUNTS, np.int64)
        if not known[window.bin_of(other)]:
            other.state[0][:] = particle.state[0]
        other.walker.place[0] = window.bin_of(other)
    window.n_start_trials += 2 * n_trials
    window.count_known()


def _learned(window: Window, grid: Grid, settings: Settings, n_trials: int, tell: Callable[[str], None]) -> np.ndarray:
    """Cost of every row for a flat walk along the first variable; infinite where it never came."""
    alone = replace(settings, n_walkers=1, n_windows=1, transition_matrix=False)
    rows = Window(window.system, Grid(grid.axes[:1]), alone, window.bounds, math.inf)
    particle = window.particles[0]
    rows.add(particle)
    for exploring, part in ((1.0, n_trials - n_trials // 4), (0.0, n_trials // 4)):
        rows.own.clock[clocks.EXPLORING] = exploring
        _walk(rows.task(particle, rows.own, part), tell)
    return np.where(rows.known, rows.log_g, np.inf)


def _walk(task: Task, tell: Callable[[str], None]) -> None:
    """Trials in chunks, so that a signal is heard."""
    done = 0
    while done < task.n_trials:
        tell(f"first variable alone: {done:.2g} of {task.n_trials:.2g} trials")
        number = min(CHUNK, task.n_trials - done)
        walk_for(task._replace(n_trials=number))
        done += number
