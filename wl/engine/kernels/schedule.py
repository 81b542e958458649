"""How ln f falls: the schedules, and the clock that a window keeps.

`adapt` runs once a block of trials. n is the number of known bins, t the trials of all walkers since the last
discovery; ln f is the increment of ln g for a flat target.

* HALVING_THEN_INVERSE: halve whenever all known bins were visited since the last halving and no bin was found for
  `hold` trials a bin; once ln f/2 < c·n/t, ln f = c·n/t.
* HALVING: the same without an end (it gets stuck; for comparison).
* INVERSE: c·n/t from the start, at most the first ln f; for a start near the truth. Where c is above 1 it is taken
  smaller, down to 1, for ln f to fall after `longest_first` trials.
* STAGES: 5/(k + 10) at stage k, `period` trials each (paper H, Monte Carlo).
* RAMP: ln f = f_max t/t₁ to t₁, f_max to t₂, then f_max (t₂ - t₃)/(t - t₃) (paper H, eq. 4).
* CONSTANT.
* PLATEAU: the first ln f, or that of a start, until a walker came and went between the ends of the window and
  exploration closed, or no bin was found for `hold` trials a bin, or `longest_plateau` trials were made; then c·n/t, t
  counted from there: for hills, which reach bins before they are entered, over a surface that a start left wrong by
  more than n/t repairs.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign, njit

HALVING_THEN_INVERSE, HALVING, INVERSE, STAGES, RAMP, CONSTANT, PLATEAU = range(7)
KNOWN = 1  # flag of a bin that was entered
# the clock, float64
LOG_F, TOTAL, SINCE_RESTART, LAST_DISCOVERY, N_KNOWN, TARGET_SUM, EXPLORING, INVERSE_PHASE = range(8)
CROSSED, CLOCK_SIZE = range(8, 10)


class Schedule(NamedTuple):
    """Numbers of a schedule."""

    kind: int
    block: int  # trials between adaptations
    alone: bool  # whether the walker adapts the clock itself; else the coordinator of several does
    first_log_f: float
    exploration_log_f: float  # to which a discovery sets ln f back
    hold: float  # trials a known bin without discoveries before halving
    longest_hold: float  # trials, whatever the number of bins: a short run must get to the end of its schedule
    longest_plateau: float  # trials
    longest_first: float  # trials at the first ln f, where c is above 1
    factor: float  # c
    period: float  # trials of a stage
    times: tuple  # t₁, t₂, t₃ of RAMP
    lift_above: float  # drop of the cost on entering a bin that is taken for a leftover of early times


@njit
def unit_of(clock):
    """Increment of the cost for gain 1/π: ln f/(nπ), with π normalised over the known bins."""
    return clock[LOG_F] * clock[TARGET_SUM] / clock[N_KNOWN]


@njit
def restart(clock, schedule):
    """Set the schedule back after a discovery; the schedules of paper H and the constant one go on."""
    clock[SINCE_RESTART] = 0.0
    if schedule.kind <= INVERSE:
        clock[LOG_F] = max(clock[LOG_F], schedule.exploration_log_f)
        clock[INVERSE_PHASE] = 0.0


@njit
def adapt(schedule, clock, surface):
    """Set ln f after a block."""
    if clock[LOG_F] == 0.0:
        return  # frozen
    kind, total = schedule.kind, clock[TOTAL]
    if kind == STAGES:
        clock[LOG_F] = 5.0 / (np.floor(total / schedule.period) + 10.0)
    elif kind == RAMP:
        clock[LOG_F] = schedule.first_log_f * _ramp(total, schedule.times)
    elif kind == PLATEAU:
        _stay_or_follow(schedule, clock)
    elif kind != CONSTANT:
        _halve_or_follow(schedule, clock, surface)


@njit
def _ramp(total, times):
    first, second, third = times
    if total < first:
        return total / first
    return 1.0 if total < second else (second - third) / (total - third)


@njit
def _stay_or_follow(schedule, clock):
    quiet = clock[TOTAL] - clock[LAST_DISCOVERY] > schedule.hold * clock[N_KNOWN]
    explored = clock[CROSSED] > 0.0 and clock[EXPLORING] == 0.0
    if clock[INVERSE_PHASE] > 0.0:
        inverse = schedule.factor * clock[N_KNOWN] / clock[SINCE_RESTART]
        clock[LOG_F] = min(inverse, clock[LOG_F])
    elif quiet or explored or clock[TOTAL] >= schedule.longest_plateau:
        clock[INVERSE_PHASE], clock[SINCE_RESTART] = 1.0, 0.0


@njit
def _numerator(schedule, clock):
    """c·n, or less, but not below n, for ln f to fall after `longest_first` trials."""
    n_known = clock[N_KNOWN]
    if schedule.factor <= 1.0:
        return schedule.factor * n_known
    return min(schedule.factor * n_known, max(n_known, schedule.first_log_f * schedule.longest_first))


@njit
def _halve_or_follow(schedule, clock, surface):
    inverse = _numerator(schedule, clock) / clock[SINCE_RESTART]
    if schedule.kind == INVERSE or clock[INVERSE_PHASE] > 0.0:
        clock[INVERSE_PHASE] = 1.0
        clock[LOG_F] = min(inverse, schedule.first_log_f)
    elif clock[SINCE_RESTART] >= min(schedule.hold * clock[N_KNOWN], schedule.longest_hold) and _all_visited(surface):
        clock[LOG_F] *= 0.5
        assign(surface.last_halving, surface.histogram)
        if schedule.kind != HALVING and clock[LOG_F] < inverse:
            clock[INVERSE_PHASE] = 1.0
            clock[LOG_F] = min(inverse, 2.0 * clock[LOG_F])


@njit
def _all_visited(surface):
    for k in range(surface.histogram.size):
        if surface.flags[k] & KNOWN and surface.histogram[k] == surface.last_halving[k]:
            return False
    return True
