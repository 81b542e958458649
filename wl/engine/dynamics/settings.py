"""Molecular dynamics under the engine's bias: settings, and what the kernels make of them.

The integrator is the user's choice: "langevin" is the scheme of paper H, whose configurations are too hot by γ/2 at
any time step; the error of "baoab" is of second order, at the same cost; "hmc" has none, adapts its time step while it
learns, and is the one to use where a landscape must be right (`wl.engine.dynamics.movers`).

Not for systems with discrete variables, nor where one trial of a single parameter is a thousand times cheaper than a
gradient: small networks (some hundred parameters) are sampled faster by `wl.systems.network.moves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_choice, check_integer, check_real, keep_plain
from wl.engine.dynamics import movers as kernels
from wl.engine.dynamics.bias import Bias
from wl.engine.dynamics.steps import refresh
from wl.engine.dynamics.walk import dynamics_walk
from wl.interface.forces import BLOWN, N_STEPS, PRESENT_STEP, SHORT_STEPS, ForceState
from wl.interface.grid import Axis, Grid

__all__ = [
    "SAMPLERS",
    "Dynamics",
    "Motion",
    "TimeStepError",
    "evaluate_for",
    "keep_steps",
    "motion_of",
    "renew",
    "usual_step",
]

SAMPLERS = ("langevin", "baoab", "hmc")
TRIED_STEPS, MOST_HALVINGS = 200, 30
FIRST_TIME_STEP, MOST_ENERGY = 1e-4, 0.05
PERSISTENCE = 50
MOST_LEAPS = 100_000
STEP_SUMS = [N_STEPS, SHORT_STEPS]  # of the time steps while they adapt
LARGEST_STEP, MOST_OF_BOX = 0.1, 0.25  # half-widths of the box, of a step that adapts and of any step


class TimeStepError(ValueError):
    """The integrator failed: its time step is too large."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """How parameters move; unit masses, kT = 1, times in units of length over velocity.

    Attributes
    ----------
    sampler : str
        One of SAMPLERS.
    time_step : float or None
        Of "hmc", where it begins; of the others None lets it adapt while the weights are learned.
    friction : float
        γ of a step, 0 <= γ <= 1; not used by "hmc".
    n_leaps : int
        Steps of a trajectory of "hmc"; each is one evaluation of the force.
    hill_width : float
        Standard deviation of the hills, in units of the variables.
    cutoff : float
        Of the hills, in standard deviations.
    hill_height : float or None
        By how many nats the surface rises at first under a walker that stays for PERSISTENCE evaluations, which sets
        the first ln f, the sum of a hill over the bins; None where `first_log_f` of the settings does. Successive
        points of a trajectory are one place: hills that were each this high would drive a walker ahead of equilibrium.
    wall : float
        Strength of the walls at the ends of a window. Those of paper H, 3000, are stiffer than anything else in a
        network and so limit the time step of "hmc"; softer ones cost the visits beyond the ends.
    """

    sampler: str = "hmc"
    time_step: float | None = None
    friction: float = 0.01
    n_leaps: int = 50
    hill_width: float = 0.2
    cutoff: float = 4.0
    hill_height: float | None = 0.2
    wall: float = 300.0

    def __post_init__(self) -> None:
        keep_plain(self)
        check_choice("sampler", self.sampler, SAMPLERS)
        if self.hill_height is not None:
            check_real("hill_height", self.hill_height, above=0.0)
        if self.time_step is not None:
            check_real("time_step", self.time_step, above=0.0)
        for name, largest in (("hill_width", 1e3), ("cutoff", 1e2), ("wall", math.inf)):
            check_real(name, getattr(self, name), above=0.0, below=largest)
        if not 0.0 <= check_real("friction", self.friction) <= 1.0:
            raise ValueError(f"friction = {self.friction!r} is out of range; allowed: real numbers in [0, 1]")
        check_integer("n_leaps", self.n_leaps, least=1, most=MOST_LEAPS)

    def first_log_f(self, grid: Grid) -> float | None:
        """Ln f of an evaluation that makes hills of the height wanted."""
        if self.hill_height is None:
            return None
        bins = [max(1.0, self.hill_width / axis.width) for axis in grid.axes]
        return self.hill_height * math.prod(math.sqrt(2.0 * math.pi) * sigma for sigma in bins) / PERSISTENCE

    def mover(self, half_width: float) -> Any:
        """For the kernels; time steps adapt to at most a tenth of the half-width of the box."""
        largest = LARGEST_STEP * half_width
        if self.sampler == "hmc":
            return kernels.Hybrid(self.n_leaps, largest)
        most_energy = MOST_ENERGY if self.time_step is None else 0.0
        kind = kernels.Langevin if self.sampler == "langevin" else kernels.Baoab
        return kind(self.friction, 1, most_energy, largest)

    @property
    def adapts(self) -> bool:
        """Whether the time step changes while a run learns."""
        return self.sampler == "hmc" or self.time_step is None

    @property
    def first_time_step(self) -> float:
        """Where the time step begins."""
        return FIRST_TIME_STEP if self.time_step is None else self.time_step


class Motion(NamedTuple):
    """What a walker of a window needs beside its share."""

    mover: Any
    bias: Bias
    profiles_size: int


def motion_of(dynamics: Dynamics, model: Any, grid: Grid, bounds: tuple[int, int]) -> Motion:
    """The dynamics of a model in a window of a grid: rows bounds[0] … bounds[1] - 1.

    Raises
    ------
    ValueError
        For a time step with which fast parameters would leave the box by more than a mirror brings back.
    """
    half_width = float(model.half_widths.min())
    if dynamics.first_time_step > MOST_OF_BOX * half_width:
        raise ValueError(
            f"time_step = {dynamics.first_time_step:g} is too large for a box of half-width {half_width:.4g};"
            f" allowed: at most {MOST_OF_BOX * half_width:.2g}"
        )
    axes = grid.axes
    firsts = (bounds[0], 0)
    lasts = (bounds[1] - 1, axes[1].n_bins - 1 if len(axes) == 2 else 0)
    walled = [_walled(axis, first, last) for axis, first, last in zip(axes, firsts, lasts, strict=False)]
    widths = [float(axis.width) for axis in axes]
    lowest = [float(axis.lowest) for axis in axes]
    if len(axes) == 1:
        walled, widths, lowest = [walled[0], (False, False)], [widths[0], 1.0], [lowest[0], 0.0]
    bias = Bias(
        first=firsts,
        last=lasts,
        n_second=grid.row_size,
        lowest=(lowest[0], lowest[1]),
        widths=(widths[0], widths[1]),
        walled=(walled[0], walled[1]),
        wall=float(dynamics.wall),
        sigmas=(dynamics.hill_width / widths[0], dynamics.hill_width / widths[1]),
        cutoff=float(dynamics.cutoff),
    )
    reach = max(1.0, *bias.sigmas) * dynamics.cutoff
    return Motion(dynamics.mover(half_width), bias, int(2 * reach) + 3)


def _walled(axis: Axis, first: int, last: int) -> tuple[bool, bool]:
    return bool(np.isfinite(axis.edges[first])), bool(np.isfinite(axis.edges[last + 1]))


def renew(model: Any, motion: Motion, state: Any, cost: np.ndarray, *, fresh: bool = False) -> None:
    """Work out force and energy again after the bias changed; a trajectory that had begun is taken back."""
    with np.errstate(over="ignore"):
        if fresh:
            refresh(state)
        kernels.renew(model, state, motion.bias, cost)


def keep_steps(first: Any, second: Any) -> None:
    """Give two states that were exchanged their time steps back: those belong to the windows, as does their mean."""
    if isinstance(first, ForceState):
        kept = first.time_step.copy()
        first.time_step[:], second.time_step[:] = second.time_step, kept
        sums = first.numbers[STEP_SUMS]
        first.numbers[STEP_SUMS], second.numbers[STEP_SUMS] = second.numbers[STEP_SUMS], sums


def usual_step(state: Any) -> float:
    """Time step to keep when it no longer adapts: one whose mean square energy over all places is the one wanted.

    Where the walk makes e(x) of energy at dt, e ∝ dt³, and dt(x) is the step that adapts, the mean of (dt/dt(x))⁶ is 1.
    The last step alone is that of a chance place, often ten times too short or too long for the others. A step that has
    not adapted since it was last kept, or never does, stays.
    """
    if state.numbers[SHORT_STEPS] == 0.0:
        return float(state.time_step[0])
    return float(state.numbers[SHORT_STEPS] ** (-1.0 / kernels.POWER))


def evaluate_for(task: Any) -> None:
    """Evaluations of one walker, described by a `wl.engine.windows.walkers.Task`.

    Raises
    ------
    TimeStepError
        If the integrator fails; the message tells a time step that would do.
    """
    motion, state, share = task.motion, task.particle.state, task.share
    kept = [array.copy() for array in _arrays(state)]
    dynamics_walk(
        motion.mover,
        task.model,
        state,
        task.grid,
        motion.bias,
        share.surface,
        task.particle.walker,
        task.schedule,
        share.clock,
        np.empty((2, motion.profiles_size)),
        task.n_trials,
    )
    if state.numbers[BLOWN]:
        failed = float(state.time_step[0])
        usable = _usable_step(task, kept)
        raise TimeStepError(
            f"time_step = {failed:g} is too large: energy or velocities grew without bound within a step; allowed:"
            f" about {usable:.2g}, which survived {TRIED_STEPS} steps; the last checkpoint is kept"
        )


def _usable_step(task: Any, kept: list[np.ndarray]) -> float:
    """Largest halving of the time step that survives from where the walk began."""
    motion, state, cost = task.motion, task.particle.state, task.share.surface.cost
    step, stream = float(state.time_step[0]), task.particle.walker.stream.copy()
    for _ in range(MOST_HALVINGS):
        step *= 0.5
        for array, old in zip(_arrays(state), kept, strict=True):
            array[...] = old
        state.numbers[:] = 0.0
        state.time_step[0] = state.numbers[PRESENT_STEP] = step
        renew(task.model, motion, state, cost, fresh=True)
        if all(_survives(task, stream) for _ in range(TRIED_STEPS)):
            return step
    return step


def _survives(task: Any, stream: np.ndarray) -> bool:
    state = task.particle.state
    kernels.advance(task.motion.mover, task.model, state, task.motion.bias, task.share.surface.cost, stream, True)
    return not state.numbers[BLOWN]


def _arrays(state: Any) -> list[np.ndarray]:
    return [array for array in state if isinstance(array, np.ndarray)]
