"""A start for molecular dynamics: the entropy of the first variable from a ladder of temperatures, down and up again.

With the bias βx the walk samples g e^(-βx), so that of its visits to two neighbouring rows a share 1/(1 + e^(βΔx - ΔS))
is to the upper one; ΔS is the one for which this is so over all β together, the likeliest. Where two rows have no β in
common, β is the slope dS/dx at x = ⟨x⟩. A ladder of β, each a little larger than the one before, leads down without
hills, which overshoot. Where the lowest loss L₀ in the box is that of a harmonic valley, dS/d ln L = n/2 · L/(L - L₀)
for n parameters; the ladder goes from n/500 to 10 n, unless it comes to the end of the window before. A walk that has
not come to equilibrium at each β lags behind, downwards and upwards in opposite ways: the mean of both is kept, and the
walker ends at the top, where its steps are long. Where S is convex the walk jumps from one family of networks to
another, and the ladder is only a first guess.

The bias depends on x alone, so that at every β the walk has a second variable y in proportion to g(x, y) at each x: its
visits of all the ladder, smoothed as hills are, give ln g(x, y) = S(x) + ln P(y | x).

What the ladder found is right within some nats. Hills that are higher than such errors ask for pile up where the walker
is, by far more than n/t can level later, and the frozen walk is caught in what they left: ln f begins at REPAIR n/t.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import expit

from wl.engine.dynamics.bias import Bias
from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN
from wl.engine.kernels.walk import N_COUNTS
from wl.engine.windows.walkers import Share, new_transitions, walk_for
from wl.engine.windows.window import Window
from wl.interface.forces import BLOWN
from wl.interface.grid import Grid

__all__ = ["anneal_forces"]

FIRST_SLOPE, LAST_SLOPE, N_SLOPES = 0.002, 10.0, 50  # of the ladder, for each parameter
LEAST_EVALUATIONS, CHUNK = 200, 1000
SETTLING = 3  # of this many parts the first is not counted
ADAPTING = 1e-300  # ln f that adds nothing and lets time steps adapt
FEWEST = 0.01  # visits that stand for none
LEAST_OVERLAP = 10.0  # visits that two rows must share
MOST_RISE, HALVINGS = 30.0, 60  # nats beyond all biases
REPAIR = 7.0  # nats by which hills raise every bin in as many evaluations as the ladder may take one way


def anneal_forces(window: Window, grid: Grid, n_evaluations: int, tell: Callable[[str], None]) -> None:
    """Set ln g of the bins of a window from what a ladder of temperatures finds.

    Parameters
    ----------
    window : Window
        With its walkers; the first one walks.
    grid : Grid
        Of one variable or two.
    n_evaluations : int
        Of the force, in each direction; at least LEAST_EVALUATIONS at each slope are made.
    tell : callable
        Told now and then how far it is.
    """
    first, stop = window.bounds
    axis, size = grid.axes[0], window.particles[0].state.parameters.size
    slopes = np.concatenate(([0.0], size * np.geomspace(FIRST_SLOPE, LAST_SLOPE, N_SLOPES)))
    number = max(LEAST_EVALUATIONS, n_evaluations // slopes.size)
    visits, ladders = np.zeros(grid.n_bins), [_Ladder([], []), _Ladder([], [])]
    for slope in slopes:
        _walk_at(slope, window, grid, number, visits, ladders[0])
        tell(f"anneal: slope {slope:.3g}, {axis.variable.name} = {ladders[0].means[-1]:.3g}")
        if ladders[0].means[-1] < axis.coordinate[first] + axis.width:
            break
    slopes = slopes[: len(ladders[0].means)]
    for slope in slopes[::-1]:
        _walk_at(slope, window, grid, number, visits, ladders[1])
    entropy = np.zeros(axis.n_bins)
    for ladder, order in zip(ladders, (1, -1), strict=True):
        steps = _steps(slopes[::order], ladder, axis.coordinate, axis.width)
        entropy[first + 1 : stop] += 0.5 * np.cumsum(steps[first : stop - 1])
    entropy[stop:] = entropy[stop - 1]
    window.surface.cost[:] = np.repeat(entropy, grid.row_size)
    if len(grid.axes) == 2 and window.motion is not None:
        window.surface.cost[:] += _log_shares(visits, window.motion.bias).ravel()
    window.surface.histogram[:] = 0
    window.own.clock[[clocks.TOTAL, clocks.SINCE_RESTART, clocks.LAST_DISCOVERY]] = 0.0
    window.n_start_trials += 2 * number * slopes.size
    for particle in window.particles:
        particle.walker.counts[:] = np.zeros(N_COUNTS, np.int64)
        particle.state.numbers[:BLOWN] = 0.0
    window.count_known()
    clock = window.own.clock
    clock[clocks.LOG_F] = min(clock[clocks.LOG_F], REPAIR * clock[clocks.N_KNOWN] / (number * (N_SLOPES + 1)))
    window.renew()


def _log_shares(visits: np.ndarray, bias: Bias) -> np.ndarray:
    """Ln of the share of a row's visits that each of its bins has; a row without visits has those of the nearest one.

    Visits are smoothed as under hills, and level where there were none: the surface of a force must not have steps.
    """
    table = gaussian_filter(visits.reshape(-1, bias.n_second), bias.sigmas, mode="nearest")
    filled = np.flatnonzero(visits.reshape(table.shape).any(axis=1))
    nearest = filled[np.abs(np.arange(table.shape[0])[:, None] - filled).argmin(axis=1)]
    return (np.log(np.maximum(table, FEWEST)) - np.log(np.maximum(table.sum(axis=1, keepdims=True), FEWEST)))[nearest]


class _Ladder(NamedTuple):
    """What a walk tells at each slope of one direction."""

    counts: list[np.ndarray]  # of rows
    means: list[float]


def _walk_at(slope: float, window: Window, grid: Grid, number: int, visits: np.ndarray, ladder: _Ladder) -> None:
    """Walk under a bias of this slope; the visits after it settled are added to `visits`, and by rows to the ladder."""
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
    visits += window.surface.histogram
    window.surface.flags[window.surface.histogram > 0] |= KNOWN
    counts = window.surface.histogram.reshape(coordinate.size, -1).sum(axis=1)
    ladder.counts.append(counts)
    # beyond a wall, which it leaves as β rises, the walk has no rows
    here = float(window.particles[0].state.coordinates[0])
    ladder.means.append(float(counts @ coordinate / counts.sum()) if counts.any() else here)


def _steps(slopes: np.ndarray, ladder: _Ladder, coordinate: np.ndarray, width: float) -> np.ndarray:
    """Differences of S between neighbouring rows."""
    counts = np.array(ladder.counts, dtype=float)
    below, above = counts[:, :-1], counts[:, 1:]
    overlap = (below * above / np.maximum(below + above, 1.0)).sum(axis=0)
    falling = np.minimum.accumulate(np.array(ladder.means)[np.argsort(slopes)])
    places, kept = np.unique(falling, return_index=True)
    from_means = np.interp(coordinate[:-1] + 0.5 * width, places, np.sort(slopes)[kept]) * width
    return np.where(overlap >= LEAST_OVERLAP, _likeliest_rises(below, above, slopes * width), from_means)


def _likeliest_rises(below: np.ndarray, above: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """ΔS with Σ_β (H(r) + H(r+1))/(1 + e^(βΔx - ΔS)) = Σ_β H(r+1), by halving intervals."""
    low, high = (np.full(below.shape[1], end) for end in (biases.min() - MOST_RISE, biases.max() + MOST_RISE))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        too_high = ((below + above) * expit(middle - biases[:, None])).sum(axis=0) > above.sum(axis=0)
        low, high = np.where(too_high, low, middle), np.where(too_high, middle, high)
    return 0.5 * (low + high)
