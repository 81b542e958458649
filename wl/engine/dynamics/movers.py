"""One force evaluation of molecular dynamics under the bias U: three ways to move all parameters at once.

Unit masses, kT = 1, parameters θ in a box with reflecting walls (θ is mirrored and its velocity turned), γ the friction
of a step, ξ normal.

* Langevin, the scheme of paper H:   v ← v - ∇U dt;  v ← (1 - γ) v + √(γ(2 - γ)) ξ;  θ ← θ + v dt
* BAOAB:  half a kick, half a drift, the same exchange of heat, half a drift, half a kick; its configurations are wrong
  by dt² at most, and in harmonic wells not at all
* Hybrid: trajectories of `n_leaps` leapfrog steps from fresh velocities, each accepted with chance e^-ΔH or taken back:
  exact at any time step. The step of a trajectory is drawn within a fifth of `time_step`, lest a trajectory be as long
  as a period of its slowest mode; while it learns, `time_step` follows the acceptance towards 0.8, and another
  evaluation before each trajectory takes in the hill that was just added.

Without a time step of the user's the first two adapt theirs, while they learn, to 0.05 (rms) of energy made in a step.
The energy an integrator makes or loses in a step, ΔU + ΔK less the heat of the thermostat, is added up in the numbers
of the state while the weights are frozen, as are the kinetic temperature v²/n, and e^-ΔH, whose mean is 1. For the
scheme of paper H it goes from the middle of one kick to that of the next: between them the scheme is a leapfrog step,
whereas ΔU + ΔK of a whole step swings by first order in dt, which no configuration feels.

In a harmonic well that scheme has variance (2 - γ)²/((1 - γ)(4 - 2γ - (1 - γ)k dt²)k), or (1 + γ/2)/k for small γ and
dt → 0: its configurations are too hot by γ/2 at any time step, while its velocities have unit temperature.

Source of BAOAB: B. Leimkuhler and C. Matthews, Appl. Math. Res. Express 2013, 34 (2013).
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign, dispatched, njit
from wl.engine.dynamics.bias import surface_at
from wl.engine.dynamics.steps import drift, kick, langevin_update, refresh, thermostat
from wl.interface.forces import (
    BLOWN,
    BOLTZMANN,
    DRIFT,
    ENERGY,
    KEPT_ENERGY,
    N_ACCEPTED,
    N_LOST,
    N_MOVES,
    N_STEPS,
    PART,
    PRESENT_STEP,
    SHORT_STEPS,
    SQUARED_DRIFT,
    START_ENERGY,
    TEMPERATURE,
    measure,
    pull,
)
from wl.interface.xoroshiro import uniform

HOT = 100.0  # temperature at which a step went wrong
MOST_DRIFT, LEAST_DRIFT = 0.5, 50.0  # and energy: for each parameter, and beside that
ACCEPTANCE, ADAPTATION = 0.8, 0.05
EARLY, EARLY_ADAPTATION = 10.0, 14.0  # of a trajectory by its number, so that a far first step is soon forgotten
PACE, RARE_EXCESS = 0.01, 200.0  # of time steps that follow the energy, which seldom large errors set
SPREAD_OF_STEPS = 0.2
POWER, LATE = 6.0, 10.0  # energy made in a step grows with the third power of it
STALE = -1  # of the progress: energy and force are to be worked out again


class Langevin(NamedTuple):
    """Scheme of paper H."""

    friction: float  # of a step
    n_leaps: int  # 1: every step is counted
    most_energy: float  # wanted of a step, rms, where time steps adapt; 0 where they do not
    largest_step: float


class Baoab(NamedTuple):
    """Symmetric splitting."""

    friction: float
    n_leaps: int
    most_energy: float
    largest_step: float


class Hybrid(NamedTuple):
    """Leapfrog trajectories with a Metropolis test."""

    n_leaps: int  # steps of a trajectory
    largest_step: float


@dispatched
def advance(mover, model, state, bias, cost, stream, frozen):
    """One force evaluation; whether the configuration is to be counted now."""
    raise NotImplementedError(f"advance has no kernel for {type(mover).__name__}")


@njit
def evaluate(model, state, bias, cost):
    """Values, coordinates and the gradient of U at the present parameters; returns U."""
    measure(model, state)
    energy, first, second = surface_at(bias, cost, state.coordinates[0], state.coordinates[1])
    pull(model, state, first, second)
    state.numbers[ENERGY] = energy
    return energy


@njit
def adapt_step(state, factor, largest):
    """Change the time step, and take it into a mean of dt^-6 over the last tenth or so: step t has a weight t^LATE."""
    state.time_step[0] = min(factor * state.time_step[0], largest)
    state.numbers[N_STEPS] += 1.0
    share = (LATE + 1.0) / (state.numbers[N_STEPS] + LATE)
    state.numbers[SHORT_STEPS] += share * (state.time_step[0] ** -POWER - state.numbers[SHORT_STEPS])


@njit
def cool(state, square):
    """Bring velocities back to unit temperature after a step that went wrong."""
    factor = state.velocities.dtype.type(math.sqrt(state.velocities.size / square))
    for k in range(state.velocities.size):
        state.velocities[k] *= factor


@njit
def survives(mover, state, made, square, frozen):
    """Whether a step went well; one that did not, while time steps adapt, halves them."""
    numbers, size = state.numbers, state.velocities.size
    fine = abs(made) < MOST_DRIFT * size + LEAST_DRIFT and square < HOT * size  # false for nan
    if not fine and mover.most_energy > 0.0 and not frozen and np.isfinite(square):
        state.time_step[0] *= 0.5
        cool(state, square)
    elif not fine:
        numbers[BLOWN] = 1.0
    return fine


@njit
def note_step(mover, state, made, square, frozen):
    """Energy made in a step, without heat; time steps that adapt follow it."""
    numbers = state.numbers
    if frozen:
        numbers[N_STEPS] += 1.0
        numbers[DRIFT] += made
        numbers[SQUARED_DRIFT] += made * made
        numbers[TEMPERATURE] += square / state.velocities.size
    elif mover.most_energy > 0.0:
        excess = (made / mover.most_energy) ** 2 - 1.0
        adapt_step(state, math.exp(-PACE * min(excess, RARE_EXCESS)), mover.largest_step)


@advance.register(Langevin)
def _langevin(mover, model, state, bias, cost, stream, frozen):
    numbers, energy = state.numbers, state.numbers[ENERGY]
    before, amid, kicked, square = langevin_update(mover, state, model.half_widths)
    made = energy + amid - numbers[START_ENERGY]  # since the middle of the last kick
    numbers[START_ENERGY] = energy + amid + 0.5 * square - kicked
    evaluate(model, state, bias, cost)
    if not survives(mover, state, numbers[ENERGY] - energy + kicked - before, square, frozen):
        numbers[START_ENERGY] = np.nan
    elif np.isfinite(made):
        note_step(mover, state, made, square, frozen)
    return True


@advance.register(Baoab)
def _baoab(mover, model, state, bias, cost, stream, frozen):
    real, step, energy = state.velocities.dtype.type, state.time_step[0], state.numbers[ENERGY]
    half, change, square = real(0.5 * step), 0.0, 0.0
    for first in range(0, state.velocities.size, PART):
        last = min(first + PART, state.velocities.size)
        parameters, velocities = state.parameters[first:last], state.velocities[first:last]
        before, after = kick(velocities, state.gradient[first:last], half, real(0.0))
        change += 0.5 * (after - before)
        drift(parameters, velocities, model.half_widths[first:last], half, real(2.0))
        square += thermostat(state, mover.friction, first, last)
        drift(parameters, velocities, model.half_widths[first:last], half, real(2.0))
    evaluate(model, state, bias, cost)
    before, after = kick(state.velocities, state.gradient, half, real(0.0))
    made = state.numbers[ENERGY] - energy + change + 0.5 * (after - before)
    if survives(mover, state, made, square, frozen):
        note_step(mover, state, made, square, frozen)
    return True


@advance.register(Hybrid)
def _hybrid(mover, model, state, bias, cost, stream, frozen):
    real, numbers = state.velocities.dtype.type, state.numbers
    if state.progress[0] == STALE:
        state.progress[0] = 0
        evaluate(model, state, bias, cost)
        return False
    if state.progress[0] == 0:
        numbers[PRESENT_STEP] = state.time_step[0] * (1.0 + SPREAD_OF_STEPS * (2.0 * uniform(stream) - 1.0))
        numbers[START_ENERGY] = numbers[ENERGY] + 0.5 * refresh(state)
        _keep(state)
    leap(model, state, bias, cost, numbers[PRESENT_STEP])
    state.progress[0] += 1
    if state.progress[0] < mover.n_leaps:
        return False
    state.progress[0] = 0 if frozen else STALE  # the hill to come changes energy and force
    _, square = kick(state.velocities, state.gradient, real(0.0), real(0.0))
    _decide(mover, state, numbers[ENERGY] + 0.5 * square - numbers[START_ENERGY], uniform(stream), frozen)
    return True


@njit
def renew(model, state, bias, cost):
    """Evaluate again under a changed bias; a trajectory that had begun is taken back."""
    if state.progress[0] > 0:
        assign(state.parameters, state.kept_parameters)
    state.progress[0] = 0
    state.numbers[START_ENERGY] = np.nan
    evaluate(model, state, bias, cost)


@njit
def leap(model, state, bias, cost, step):
    """One leapfrog step."""
    real = state.velocities.dtype.type
    half = real(0.5 * step)
    kick(state.velocities, state.gradient, half, real(0.0))
    drift(state.parameters, state.velocities, model.half_widths, real(step), real(2.0))
    evaluate(model, state, bias, cost)
    kick(state.velocities, state.gradient, half, real(0.0))


@njit
def _keep(state):
    assign(state.kept_parameters, state.parameters)
    assign(state.kept_gradient, state.gradient)
    assign(state.kept_values[:2], state.values)
    assign(state.kept_values[2:], state.coordinates)
    state.numbers[KEPT_ENERGY] = state.numbers[ENERGY]


@njit
def _decide(mover, state, made, draw, frozen):
    """Metropolis test of a trajectory that made so much energy; one that is not finite is lost, and counted."""
    numbers, finite = state.numbers, abs(made) < np.inf
    chance = math.exp(-max(made, 0.0)) if finite else 0.0
    accepted = draw < chance
    if not accepted:
        assign(state.parameters, state.kept_parameters)
        assign(state.gradient, state.kept_gradient)
        assign(state.values, state.kept_values[:2])
        assign(state.coordinates, state.kept_values[2:])
        numbers[ENERGY] = numbers[KEPT_ENERGY]
    if frozen:
        numbers[N_MOVES] += 1.0
        numbers[N_ACCEPTED] += accepted
        numbers[N_LOST] += not finite
        if finite:
            numbers[BOLTZMANN] += math.exp(-max(made, -50.0))
            numbers[DRIFT] += made
            numbers[SQUARED_DRIFT] += made * made
    else:
        pace = max(ADAPTATION, EARLY_ADAPTATION / (EARLY + numbers[N_STEPS]))
        adapt_step(state, math.exp(pace * (chance - ACCEPTANCE)), mover.largest_step)
