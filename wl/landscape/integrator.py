"""What a run of molecular dynamics measured of its integrator while the weights were frozen.

Energy that a step made (ΔU + ΔK less the heat of the thermostat), or a trajectory of hybrid Monte Carlo; the kinetic
temperature, 1 where the time step is small enough; of trajectories the share accepted and the mean of e^-ΔH, which is 1
for a reversible map that preserves volumes; and how far trajectories run forwards and then backwards miss their start,
the median of a few: one that passes a place where the force has no bound says nothing of the others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wl.engine.dynamics.movers import leap, renew
from wl.engine.dynamics.steps import refresh
from wl.engine.windows.walkers import kept_arrays
from wl.engine.windows.window import Window
from wl.interface.forces import (
    BOLTZMANN,
    DRIFT,
    N_ACCEPTED,
    N_LOST,
    N_MOVES,
    N_STEPS,
    SQUARED_DRIFT,
    TEMPERATURE,
)

__all__ = ["integrator_numbers", "integrator_text", "reversal_error"]

N_LEAPS, N_TRIES = 50, 5


def integrator_numbers(samplers: list[Any]) -> dict[str, float]:
    """Numbers of all walkers of all runs; empty without molecular dynamics, or before the weights were frozen."""
    windows = [window for sampler in samplers for window in sampler.windows if window.motion is not None]
    particles = [particle for window in windows for particle in window.particles]
    if not particles:
        return {}
    total = np.sum([particle.state.numbers for particle in particles], axis=0)
    steps = [float(particle.state.time_step[0]) for particle in particles]
    number = total[N_STEPS] + total[N_MOVES]
    if number == 0.0:
        return {"time_step": float(np.mean(steps))}
    found = {
        "time_step": float(np.mean(steps)),
        "energy_drift": total[DRIFT] / number,
        "energy_error": math.sqrt(total[SQUARED_DRIFT] / number),
        "reversal_error": reversal_error(windows[0]),
    }
    if total[N_MOVES] > 0.0:
        found |= {
            "acceptance": total[N_ACCEPTED] / number,
            "mean_boltzmann_factor": total[BOLTZMANN] / number,
            "lost_trajectories": total[N_LOST],
        }
    else:
        found["temperature"] = total[TEMPERATURE] / number
    return {name: float(value) for name, value in found.items()}


def reversal_error(window: Window) -> float:
    """Largest distance, over the half-widths of the box, from the start after leapfrog steps forwards and backwards.

    The median of N_TRIES trajectories with velocities of their own; the state is afterwards what it was.
    """
    state, motion = window.particles[0].state, window.motion
    model: Any = window.system.model
    assert motion is not None
    cost, kept, missed = window.surface.cost, {name: array.copy() for name, array in kept_arrays(state).items()}, []
    for _ in range(N_TRIES):
        state.parameters[:] = kept["parameters"]
        refresh(state)
        renew(model, state, motion.bias, cost)
        for _ in range(2):
            for _ in range(N_LEAPS):
                leap(model, state, motion.bias, cost, float(state.time_step[0]))
            state.velocities[:] *= -1
        missed.append(float(np.max(np.abs(state.parameters - kept["parameters"]) / model.half_widths)))
    for name, array in kept_arrays(state).items():
        array[...] = kept[name]
    return float(np.median(missed))


def integrator_text(numbers: dict[str, float]) -> str:
    """The numbers in a line."""
    if "energy_error" not in numbers:
        return "nothing measured before the weights are frozen"
    of = "a trajectory" if "acceptance" in numbers else "a step"
    text = (
        f"time step {numbers['time_step']:.2g}; energy made in {of} {numbers['energy_drift']:.2g} on average,"
        f" {numbers['energy_error']:.2g} rms; {N_LEAPS} steps forwards and backwards miss the start by"
        f" {numbers['reversal_error']:.1g} of the box"
    )
    if "acceptance" not in numbers:
        return f"{text}; kinetic temperature {numbers['temperature']:.4f}"
    return (
        f"{text}; accepted {numbers['acceptance']:.2f}, mean of e^-ΔH {numbers['mean_boltzmann_factor']:.3g},"
        f" {numbers['lost_trajectories']:.0f} lost"
    )
