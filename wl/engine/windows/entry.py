"""Bring a walker into its window, or say clearly that no way was found."""

from __future__ import annotations

import math

import numpy as np

from wl.engine.kernels.approach import approach
from wl.engine.kernels.seek import seek
from wl.engine.windows.walkers import Particle
from wl.engine.windows.window import Window
from wl.interface.bins import bin_of
from wl.interface.grid import Grid
from wl.interface.system import measured

__all__ = ["seek_into"]

N_TRIALS = 2_000_000
N_EVALUATIONS = 20_000  # of the force
N_TEMPERATURES = 4  # restarts from a higher temperature


def seek_into(window: Window, grid: Grid, particle: Particle) -> None:
    """Change the state until its values have a bin of the window.

    Raises
    ------
    ValueError
        If none was found; the state may be unreachable, or the window without states.
    """
    model = window.system.model
    if bin_of(window.grid, measured(model, particle.state)) >= 0:
        return
    bounds = _bounds_of_values(window, grid)
    if window.motion is not None:
        n_done, left = approach(model, particle.state, window.grid, bounds, N_EVALUATIONS)
        if n_done < 0:
            raise ValueError(_not_reached(grid, bounds, N_EVALUATIONS, left))
        return
    scale = 1.0 / max(
        1e-300, float(np.nanmin(np.where(np.isfinite(bounds[1] - bounds[0]), bounds[1] - bounds[0], 1e300)) + 1.0)
    )
    left = math.inf
    for _ in range(N_TEMPERATURES):
        n_done, left = seek(model, particle.state, window.grid, particle.walker.stream, bounds, scale, N_TRIALS)
        if n_done >= 0:
            return
    raise ValueError(_not_reached(grid, bounds, N_TEMPERATURES * N_TRIALS, left))


def _not_reached(grid: Grid, bounds: np.ndarray, number: int, left: float) -> str:
    names = ", ".join(
        f"{axis.variable.name} = {bounds[0, axis.position]:g}:{bounds[1, axis.position]:g}" for axis in grid.axes
    )
    return (
        f"window {names} was not reached in {number} trials (still {left:g} away); it may hold no states; allowed: a"
        " window that states reach"
    )


def _bounds_of_values(window: Window, grid: Grid) -> np.ndarray:
    """Lowest and highest value of either variable of the system, shape (2, 2)."""
    bounds = np.array([[-math.inf, -math.inf], [math.inf, math.inf]])
    for number, axis in enumerate(grid.axes):
        first, stop = window.bounds if number == 0 else (0, axis.n_bins)
        bounds[0, axis.position] = axis.edges[first]
        top = axis.edges[stop]
        bounds[1, axis.position] = top - (axis.width if axis.variable.spacing else 0.0)
    return bounds
