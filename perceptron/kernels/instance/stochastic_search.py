"""Stochastic searches of one instance: sweeps of SBPI, and Metropolis sweeps on the number of unmet patterns.

Both keep integers only. What the margin asks is subtracted beforehand: an excess is ξ·w minus the smallest sum of a met
pattern, so a pattern is met when its excess is not negative. Random numbers come from the Generator passed in, in an
order that does not depend on how many sweeps one call makes.

Sums are kept in 16 bits where they fit, which lets the compiler work on many entries at once; `np.int16(...)` around
every operation is what tells it so.
"""

import math

import numpy as np

from perceptron.base.jit import assign, njit

BLOCK = 16384  # so many terms ±1 fit 16 bits


@njit
def _sum_of_block(row, weights):
    total = np.int16(0)
    for i in range(row.size):
        total = np.int16(total + np.int16(row[i] * weights[i]))
    return total


@njit
def narrow_field(row, weights):
    """ξ·w of one int8 pattern and int8 weights, shape (n_weights,)."""
    total = 0
    for start in range(0, row.size, BLOCK):
        total += _sum_of_block(row[start : start + BLOCK], weights[start : start + BLOCK])
    return total


@njit
def count_unmet(patterns, weights, smallest_sum, stop_at):
    """Number of patterns with ξ·w < smallest_sum; stops counting at `stop_at`."""
    count = 0
    for mu in range(patterns.shape[0]):
        count += narrow_field(patterns[mu], weights) < smallest_sum
        if count >= stop_at:
            break
    return count


@njit
def shuffle(order, rng):
    """Put `order` in a uniformly random order, in place."""
    for k in range(order.size - 1, 0, -1):
        j = int(rng.random() * (k + 1))
        order[k], order[j] = order[j], order[k]


@njit
def reinforce(row, hidden, weights, bound):
    """Move hidden states whose weights agree with the pattern away from zero; weights stay as they are."""
    for i in range(row.size):
        step = np.int16(row[i] + weights[i])  # ±2 where they agree, else 0
        hidden[i] = min(max(np.int16(hidden[i] + step), np.int16(-bound)), np.int16(bound))


@njit
def correct(row, hidden, weights, bound):
    """Move all hidden states along the pattern; weights follow their signs."""
    for i in range(row.size):
        state = min(max(np.int16(hidden[i] + np.int16(2 * row[i])), np.int16(-bound)), np.int16(bound))
        hidden[i] = state
        weights[i] = np.int8(1) if state > 0 else np.int8(-1)


@njit
def sbpi_sweep(patterns, hidden, weights, order, rules, rng):
    """One pass of SBPI over all patterns in a fresh random order; returns how many were met with an error.

    Where that is 0 the weights did not change during the pass, so all patterns are met.

    Parameters
    ----------
    patterns : int8, shape (n_patterns, n_weights)
    hidden : int16, shape (n_weights,)
        Odd h_i with |h_i| <= bound; changed in place.
    weights : int8, shape (n_weights,)
        Their signs; changed in place.
    order : int64, shape (n_patterns,)
        A permutation of the patterns; changed in place.
    rules : SbpiRules or any tuple (smallest_sum, comfortable_excess, bound, probability)
    rng : Generator
    """
    smallest_sum, comfortable_excess, bound, probability = rules
    n_mistakes = 0
    shuffle(order, rng)
    for k in range(order.size):
        row = patterns[order[k]]
        excess = narrow_field(row, weights) - smallest_sum
        if excess < 0:
            n_mistakes += 1
            correct(row, hidden, weights, bound)
        elif excess < comfortable_excess and rng.random() < probability:
            reinforce(row, hidden, weights, bound)
    return n_mistakes


@njit
def sbpi_sweeps(patterns, walker, best, rules, n_sweeps, rng):
    """Up to `n_sweeps` passes, until the weights meet all patterns; returns the number made.

    Parameters
    ----------
    walker : (hidden, weights, order)
        As in `sbpi_sweep`.
    best : (best_weights, counts)
        int8 (n_weights,) and int64 (2,): the best weights, their number of unmet patterns, and the fewest mistakes of
        a pass; changed in place. The counts only ever fall.
    """
    hidden, weights, order = walker
    best_weights, counts = best
    smallest_sum = rules[0]
    for sweep in range(n_sweeps):
        if counts[0] == 0:
            return sweep
        n_mistakes = sbpi_sweep(patterns, hidden, weights, order, rules, rng)
        # a full count takes a pass of its own: where nothing promises one, the first unmet pattern ends it
        stop_at = counts[0] if n_mistakes <= counts[1] else 1
        counts[1] = min(counts[1], n_mistakes)
        n_unmet = count_unmet(patterns, weights, smallest_sum, stop_at)
        if n_unmet < stop_at:
            counts[0] = n_unmet
            assign(best_weights, weights)
    return n_sweeps


@njit
def excesses(patterns, weights, smallest_sum, out):
    """out[μ] = ξ^μ·w - smallest_sum; returns how many are negative."""
    n_unmet = 0
    for mu in range(patterns.shape[0]):
        out[mu] = narrow_field(patterns[mu], weights) - smallest_sum
        n_unmet += out[mu] < 0
    return n_unmet


@njit
def _count_in_block(column, excess, step):
    narrow = excess.dtype.type
    count = np.int16(0)
    for mu in range(excess.size):
        after = narrow(excess[mu] - narrow(step * column[mu]))
        count = np.int16(count + np.int16(after < 0))
    return count


@njit
def count_after_flip(column, excess, step):
    """Number of negative excess[μ] - step·column[μ], for int8 column and int16 or int32 excess, shape (n_patterns,)."""
    total = 0
    for start in range(0, excess.size, BLOCK):
        total += _count_in_block(column[start : start + BLOCK], excess[start : start + BLOCK], step)
    return total


@njit
def flip(column, excess, step):
    """Excesses after the flip of a weight from step/2 to -step/2, in place."""
    narrow = excess.dtype.type
    for mu in range(excess.size):
        excess[mu] = narrow(excess[mu] - narrow(step * column[mu]))


@njit
def metropolis_sweep(columns, walker, best, inverse_temperature, rng):
    """N proposals to flip a random weight, accepted with probability min(1, exp(-β × rise of the unmet patterns)).

    Parameters
    ----------
    columns : int8, shape (n_weights, n_patterns)
        The patterns, transposed, so that what one weight touches is contiguous.
    walker : (weights, excess)
        int8 (n_weights,) and int16 or int32 (n_patterns,); changed in place.
    best : (best_weights, counts)
        int8 (n_weights,) and int64 (2,): the best weights, their number of unmet patterns, and that of the walker;
        changed in place. A sweep ends at once when all patterns are met.
    """
    weights, excess = walker
    best_weights, counts = best
    for _ in range(weights.size):
        i = int(rng.random() * weights.size)
        step = 2 * weights[i]
        n_unmet = count_after_flip(columns[i], excess, step)
        rise = n_unmet - counts[1]
        if rise > 0 and rng.random() >= math.exp(-inverse_temperature * rise):
            continue
        flip(columns[i], excess, step)
        weights[i] = -weights[i]
        counts[1] = n_unmet
        if n_unmet < counts[0]:
            counts[0] = n_unmet
            assign(best_weights, weights)
            if n_unmet == 0:
                return


@njit
def metropolis_sweeps(columns, walker, best, inverse_temperatures, rng):
    """One sweep at each inverse temperature, until all patterns are met; returns the number of sweeps made."""
    for sweep in range(inverse_temperatures.size):
        if best[1][0] == 0:
            return sweep
        metropolis_sweep(columns, walker, best, inverse_temperatures[sweep], rng)
    return inverse_temperatures.size
