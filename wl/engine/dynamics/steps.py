"""What molecular dynamics does to parameters θ and velocities v between forces: kicks, exchanges of heat, drifts.

Parameters are moved some hundred at a time, so that their noise stays in the cache. Every loop also adds up v², from
which the energy of a step follows.
"""

import math

import numpy as np

from perceptron.base.jit import njit
from wl.interface.forces import PART
from wl.interface.normals import fill_normals
from wl.networks.kernels.losses import REORDERED


@njit(borrows=True)
def mirrored(x, v, h, two):
    """Place and velocity after a mirror at ±h."""
    above, below = x > h, x < -h
    image = two * h - x if above else -two * h - x
    outside = above | below
    return (image if outside else x), (-v if outside else v)


@njit(fastmath=REORDERED, _nrt=False)
def kick(velocities, gradient, factor, zero):
    """Kick: v ← v - factor ∇U; returns v² before and after."""
    before, after = zero, zero
    for k in range(velocities.size):
        v = velocities[k]
        before += v * v
        v -= factor * gradient[k]
        after += v * v
        velocities[k] = v
    return np.float64(before), np.float64(after)


@njit(fastmath=REORDERED, _nrt=False)
def exchange_heat(velocities, normals, keep, noise, zero):
    """Heat: v ← keep v + noise ξ; returns v² afterwards."""
    after = zero
    for k in range(velocities.size):
        v = keep * velocities[k] + noise * normals[k]
        after += v * v
        velocities[k] = v
    return np.float64(after)


@njit
def langevin_factors(mover, state):
    """Time step, the shares of velocity and noise, and the numbers 0, ½ and 2, in the precision of the parameters."""
    real, friction = state.velocities.dtype.type, mover.friction
    noise = math.sqrt(friction * (2.0 - friction))
    return real(state.time_step[0]), real(1.0 - friction), real(noise), real(0.0), real(0.5), real(2.0)


@njit(fastmath=REORDERED, _nrt=False)
def langevin_step(parameters, velocities, gradient, half_widths, normals, factors):
    """`kick`, `exchange_heat` and `drift` in one loop; returns v² before, amid and after the kick, and in the end."""
    step, keep, noise, zero, half, two = factors
    before, amid, kicked, after = zero, zero, zero, zero
    middle = half * step
    for k in range(velocities.size):
        v, h = velocities[k], half_widths[k]
        before += v * v
        v -= middle * gradient[k]
        amid += v * v
        v -= middle * gradient[k]
        kicked += v * v
        v = keep * v + noise * normals[k]
        after += v * v
        parameters[k], velocities[k] = mirrored(parameters[k] + step * v, v, h, two)
    return np.float64(before), np.float64(amid), np.float64(kicked), np.float64(after)


@njit(_nrt=False)
def drift(parameters, velocities, half_widths, time, two):
    """θ ← θ + v dt with mirrors at the walls."""
    for k in range(parameters.size):
        v = velocities[k]
        parameters[k], velocities[k] = mirrored(parameters[k] + time * v, v, half_widths[k], two)


@njit
def thermostat(state, friction, first, last):
    """Exchange of heat for some parameters; returns their v² afterwards."""
    real = state.velocities.dtype.type
    keep, noise = real(1.0 - friction), real(math.sqrt(friction * (2.0 - friction)))
    normals = np.empty(PART, np.float32)
    fill_normals(state.lanes, np.empty((2, PART // 2), np.uint32), normals, last - first)
    return exchange_heat(state.velocities[first:last], normals, keep, noise, real(0.0))


@njit
def refresh(state):
    """Draw all velocities afresh; returns v²."""
    total = 0.0
    for first in range(0, state.velocities.size, PART):
        total += thermostat(state, 1.0, first, min(first + PART, state.velocities.size))
    return total


@njit
def langevin_update(mover, state, half_widths):
    """All parameters by one step without its force; returns v²/2 before, amid and after the kick, and v² in the end.

    Half-widths come from a few numbers in the cache where those of a part are alike: a tenth of the time of a million
    parameters goes into reading them.
    """
    before, amid, kicked, square = 0.0, 0.0, 0.0, 0.0
    normals, words = np.empty(PART, np.float32), np.empty((2, PART // 2), np.uint32)
    factors, alike = langevin_factors(mover, state), np.zeros(PART, half_widths.dtype)
    for first in range(0, state.velocities.size, PART):
        last, wall = min(first + PART, state.velocities.size), state.walls[first // PART]
        fill_normals(state.lanes, words, normals, last - first)
        if wall != alike[0]:
            for k in range(PART):
                alike[k] = wall
        sums = langevin_step(
            state.parameters[first:last],
            state.velocities[first:last],
            state.gradient[first:last],
            alike[: last - first] if wall > 0.0 else half_widths[first:last],
            normals,
            factors,
        )
        before += 0.5 * sums[0]
        amid += 0.5 * sums[1]
        kicked += 0.5 * sums[2]
        square += sums[3]
    return before, amid, kicked, square
