"""Force evaluations of one walker under a bias that it builds or measures, as `wl.engine.kernels.walk` does for moves.

While it learns, every counted point adds a hill of height ln f for each force evaluation it stands for. With frozen
weights the density of configurations is e^-U, and U varies within a bin; a point therefore counts e^(U - cost), rounded
at random to a whole number whose mean is exact, so that ln H + cost is ln g, as for a walk over bins.
"""

import math

import numpy as np

from perceptron.base.jit import njit
from wl.engine.dynamics.bias import add_hill
from wl.engine.dynamics.movers import advance
from wl.engine.kernels.schedule import (
    CROSSED,
    EXPLORING,
    INVERSE,
    KNOWN,
    LAST_DISCOVERY,
    LOG_F,
    N_KNOWN,
    PLATEAU,
    SINCE_RESTART,
    TARGET_SUM,
    TOTAL,
    adapt,
    restart,
)
from wl.engine.kernels.walk import OUT_OF_RANGE, TRIPS, mark
from wl.interface.bins import bin_of
from wl.interface.forces import BLOWN, ENERGY
from wl.interface.xoroshiro import uniform

MOST_COUNTS = 20.0  # logarithm of what a point counts at most
SHRINKING = 0.25  # power of ln f over its first value with which hills of a schedule n/t become narrower


@njit
def count(state, grid, surface, walker, clock, frozen):
    """Count the present point in its bin; returns whether the bin is new."""
    now = bin_of(grid, (state.values[0], state.values[1]))
    if now < 0:
        walker.counts[OUT_OF_RANGE] += 1
        return False
    walker.place[0] = now
    new = not surface.flags[now] & KNOWN
    if new:
        surface.flags[now] |= KNOWN
        clock[N_KNOWN] += 1.0
        clock[TARGET_SUM] += np.exp(surface.log_target[now])
    number = 1
    if frozen:
        excess = min(state.numbers[ENERGY] - surface.cost[now], MOST_COUNTS)
        number = np.int64(math.floor(math.exp(excess) + uniform(walker.stream)))
    surface.histogram[now] += number
    mark(walker.counts, surface.flags[now])
    return new


@njit(nogil=True)
def dynamics_walk(mover, model, state, grid, bias, surface, walker, schedule, clock, profiles, n_evaluations):
    """Evaluations with the schedule adapted after every block; returns how many, fewer where the integrator fails."""
    left = n_evaluations
    while left > 0:
        block, total = np.int64(schedule.block), np.int64(clock[TOTAL])
        n_now = min(left, block - total % block)
        log_f = clock[LOG_F]
        frozen = log_f == 0.0
        narrowing = schedule.kind <= INVERSE or schedule.kind == PLATEAU
        shrink = (log_f / schedule.first_log_f) ** SHRINKING if narrowing else 1.0
        for k in range(n_now):
            if advance(mover, model, state, bias, surface.cost, walker.stream, frozen):
                new = count(state, grid, surface, walker, clock, frozen)
                if not frozen:
                    first, second = state.coordinates[0], state.coordinates[1]
                    add_hill(bias, surface.cost, first, second, log_f * mover.n_leaps, shrink, profiles)
                    if new:
                        clock[LAST_DISCOVERY] = clock[TOTAL] + k
                    if new and clock[EXPLORING] > 0.0 and schedule.kind <= INVERSE:
                        restart(clock, schedule)
                        log_f = clock[LOG_F]
                        clock[SINCE_RESTART] = -np.float64(k)
            if state.numbers[BLOWN] != 0.0:
                return n_evaluations - left + k
        clock[TOTAL] += n_now
        clock[SINCE_RESTART] += n_now
        left -= n_now
        if walker.counts[TRIPS] > 0:
            clock[CROSSED] = 1.0
        if schedule.alone and (total + n_now) % block == 0:
            adapt(schedule, clock, surface)
    return n_evaluations
