"""Trials of one walker over the bins of a grid: the inner loop of every flat-histogram method.

The walker samples bins in proportion to π, the target density, when its cost of a bin is ln g - ln π. While it learns,
every trial adds `unit · gain` to the cost of the present bin (Wang-Landau; `gain` is 1/(nπ), 1 for a flat target of n
bins); with unit = 0 the weights are frozen and detailed balance holds.

A proposal without a bin, or into an unseen bin once exploration is closed, is rejected and the present bin counts once
more. An unseen bin found while exploring starts with the least ln g of the seen ones and sets the schedule back.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.engine.kernels.schedule import (
    EXPLORING,
    INVERSE_PHASE,
    KNOWN,
    LAST_DISCOVERY,
    N_KNOWN,
    SINCE_RESTART,
    TARGET_SUM,
    TOTAL,
    adapt,
    restart,
    unit_of,
)
from wl.engine.kernels.transitions import add_count
from wl.interface.bins import OUT_OF_RANGE as OUTSIDE
from wl.interface.bins import bin_of
from wl.interface.system import commit, propose, proposed
from wl.interface.xoroshiro import exponential

# bits of a bin's flags
TOP, RARE = 2, 4  # beside KNOWN
# counts of a walker
ACCEPTED, OUT_OF_RANGE, UNSEEN, LIFTED, TRIPS, STAY, LONGEST_STAY, RARE_VISITS, ENTRIES, N_COUNTS = range(10)
LIFT_DEPTH = 10.0


class Surface(NamedTuple):
    """What the bins of a window hold."""

    cost: np.ndarray  # float64 (n_bins,), ln g - ln π
    log_target: np.ndarray  # float64 (n_bins,), ln π up to a constant
    gain: np.ndarray  # float64 (n_bins,), 1/π with the same constant
    flags: np.ndarray  # uint8 (n_bins,)
    histogram: np.ndarray  # int64 (n_bins,)
    last_halving: np.ndarray  # int64 (n_bins,), the histogram then


class Walker(NamedTuple):
    """Where a walker is, and what it has counted."""

    stream: np.ndarray  # uint64 (2,)
    place: np.ndarray  # int64 (1,), its bin
    counts: np.ndarray  # int64 (N_COUNTS,)


@njit
def discover(surface, clock, schedule, found):
    """Give an unseen bin the least ln g of the seen ones and set the schedule back."""
    least = np.inf
    for k in range(surface.cost.size):
        if surface.flags[k] & KNOWN:
            least = min(least, surface.cost[k] + surface.log_target[k])
    surface.cost[found] = least - surface.log_target[found]
    surface.flags[found] |= KNOWN
    clock[N_KNOWN] += 1.0
    clock[TARGET_SUM] += np.exp(surface.log_target[found])
    restart(clock, schedule)


@njit
def trials(model, state, grid, surface, walker, transitions, schedule, clock, n_trials):
    """Make trials at one value of ln f."""
    cost, gain, flags, histogram = surface.cost, surface.gain, surface.flags, surface.histogram
    stream, counts = walker.stream, walker.counts
    n_bins, counting = cost.size, transitions.entries.shape[0] > 0
    unit, most, exploring = unit_of(clock), schedule.first_log_f, clock[EXPLORING] > 0.0
    lift_above = schedule.lift_above if clock[INVERSE_PHASE] > 0.0 and unit > 0.0 else np.inf
    now, here = walker.place[0], cost[walker.place[0]]
    n_accepted, n_outside, n_unseen = 0, 0, 0
    for k in range(n_trials):
        move = propose(model, state, stream)
        loss = exponential(stream)  # accepted with chance e^(here - there); drawn early, it is ready when the bins are
        new = bin_of(grid, proposed(model, state, move))
        if new >= 0 and not flags[new] & KNOWN:
            if exploring:
                cost[now] = here
                discover(surface, clock, schedule, new)
                clock[LAST_DISCOVERY] = clock[TOTAL] + k
                clock[SINCE_RESTART] = -np.float64(k)  # the k trials of this block are added at its end
                unit = unit_of(clock)
            else:
                n_unseen += 1
                new = OUTSIDE
        n_outside += new < 0
        key = now * n_bins + (now if new < 0 else new)
        if counting:
            add_count(transitions, key, 1)
        if new >= 0:
            there = cost[new]
            if there - here <= loss:
                if here - there > lift_above:  # a bin touched once, long ago, would never let go
                    there = here - LIFT_DEPTH
                    counts[LIFTED] += 1
                commit(model, state, move)
                now, here = new, there
                n_accepted += 1
        here += min(unit * gain[now], most)
        cost[now] = here
        histogram[now] += 1
        if flags[now] > KNOWN:
            mark(counts, flags[now])
    walker.place[0] = now
    counts[ACCEPTED] += n_accepted
    counts[OUT_OF_RANGE] += n_outside - n_unseen
    counts[UNSEEN] += n_unseen


@njit
def mark(counts, flag):
    """Count visits of the rare end between two visits of the top: a round trip, and how long it stayed there."""
    if flag & RARE:
        counts[ENTRIES] += counts[STAY] == 0
        counts[STAY] += 1
        counts[RARE_VISITS] += 1
        counts[LONGEST_STAY] = max(counts[LONGEST_STAY], counts[STAY])
    elif counts[STAY] > 0:
        counts[TRIPS] += 1
        counts[STAY] = 0


@njit(nogil=True)
def walk(model, state, grid, surface, walker, transitions, schedule, clock, n_trials):
    """Trials with the schedule adapted after every block; returns how many, fewer where the table is nearly full."""
    left = n_trials
    while left > 0:
        block = np.int64(schedule.block)
        if transitions.used[0] + block > transitions.entries.shape[0] // 2 and transitions.entries.shape[0] > 0:
            break
        total = np.int64(clock[TOTAL])
        n_now = min(left, block - total % block)
        trials(model, state, grid, surface, walker, transitions, schedule, clock, n_now)
        clock[TOTAL] += n_now
        clock[SINCE_RESTART] += n_now
        left -= n_now
        if schedule.alone and (total + n_now) % block == 0:
            adapt(schedule, clock, surface)
    return n_trials - left
