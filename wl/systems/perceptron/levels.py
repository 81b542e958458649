"""Sums of many patterns at once, 64 to a machine word, and how a flip of weights changes them.

A level y_μ is an integer, (ξ^μ·w - s_min)/2, or that above the smallest of all patterns; a flip of w_i lowers it by one
where ξ_i^μ w_i = +1 and raises it by one elsewhere. `rows` holds these signs as bits, a row for each weight; `planes`
holds the levels of all patterns in two's complement, a plane for each binary digit; `masks` tells which patterns lie
near the threshold or the minimum, so that a trial costs a few logical operations and counts of bits a word.

A move flips w_i, and w_j too where j differs from i; a pair leaves the levels alone where the two signs differ and
changes them by two elsewhere. Both kinds of move share one path: branches that cannot be predicted would cost more than
the counting, and `patterns` is looked up by kind (none, all of them) lest the compiler make branches of its own.
Words and integers are never mixed in one operation: numba would go over to real numbers.
"""

import numpy as np

from perceptron.base.jit import njit

# rows of `masks` for levels counted from the threshold, and for those counted from the minimum
BELOW, AT_MOST_0, AT_MOST_1, BELOW_MINUS_1, BELOW_MINUS_2, N_MASKS = range(6)
AT_MINIMUM, NEXT_TO_MINIMUM = range(2)
NONE, ALL = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)
TWOS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
EIGHTS, BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
BY_1, BY_2, BY_4, BY_56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


@njit(borrows=True)
def n_ones(word):
    """Number of bits set in a word; the compiler knows this form and makes it one instruction."""
    twos = word - ((word >> BY_1) & TWOS)
    fours = (twos & FOURS) + ((twos >> BY_2) & FOURS)
    return np.int64((((fours + (fours >> BY_4)) & EIGHTS) * BYTES) >> BY_56)


@njit(borrows=True)
def deficit_change(rows, masks, i, j):
    """Change of Σ_μ max(0, -y_μ) by a flip."""
    first, second = np.int64(0), np.int64(0)
    for w in range(rows.shape[1]):
        a, b = rows[i, w], rows[j, w]
        lowered, kept = a & b, a | b
        first += n_ones(lowered & masks[AT_MOST_0, w]) - n_ones(~kept & masks[BELOW, w])
        second += n_ones(lowered & masks[AT_MOST_1, w]) - n_ones(~kept & masks[BELOW_MINUS_1, w])
    return first + second * np.int64(i != j)


@njit(borrows=True)
def n_below(rows, masks, i, j):
    """Number of patterns with y < 0 after a flip."""
    pair = np.int64(i != j)
    number = np.int64(0)
    for w in range(rows.shape[1]):
        a, b = rows[i, w], rows[j, w]
        lowered = a & b & masks[AT_MOST_0 + pair, w]
        raised = ~(a | b) & masks[BELOW_MINUS_1 + pair, w]
        number += n_ones(lowered | raised | ((a ^ b) & masks[BELOW, w]))
    return number


@njit(borrows=True)
def minimum_change(rows, masks, i):
    """Change of the smallest level, -1, 0 or 1, by the flip of one weight."""
    from_minimum, from_next = NONE, NONE
    for w in range(rows.shape[1]):
        from_minimum |= rows[i, w] & masks[AT_MINIMUM, w]
        from_next |= rows[i, w] & masks[NEXT_TO_MINIMUM, w]
    return np.int64(from_minimum == NONE) * (1 + np.int64(from_next == NONE)) - 1


@njit(borrows=True)
def change_levels(planes, w, lowering, moving, by_two):
    """Change the levels of one word by one, or by two where `by_two`; returns what the masks are made of.

    These are the lowest digit, whether any of the others is one, whether all of them are, and the highest.
    """
    digit = planes[w, 0]
    lowest = digit ^ (moving & ~by_two)
    planes[w, 0] = lowest
    carry = moving & ((digit ^ lowering) | by_two)
    some, every, new = NONE, ALL, NONE
    for k in range(1, planes.shape[1]):
        digit = planes[w, k]
        new = digit ^ carry
        carry &= digit ^ lowering  # a one hands on when raised, a zero when lowered
        planes[w, k] = new
        some |= new
        every &= new
    return lowest, some, every, new


@njit(borrows=True)
def set_threshold_masks(masks, w, used, digits):
    """Masks of one word from what `change_levels` returned."""
    lowest, some, every, highest = digits
    negative = highest & used
    masks[BELOW, w] = negative
    masks[AT_MOST_0, w] = negative | (used & ~(some | lowest))
    masks[AT_MOST_1, w] = negative | (used & ~some)
    masks[BELOW_MINUS_1, w] = negative & ~(every & lowest)
    masks[BELOW_MINUS_2, w] = negative & ~every


@njit(borrows=True)
def set_minimum_masks(masks, w, used, digits):
    """Masks of one word, for levels counted from the smallest one."""
    lowest, some = digits[0], digits[1]
    masks[AT_MINIMUM, w] = used & ~(some | lowest)
    masks[NEXT_TO_MINIMUM, w] = used & lowest & ~some


@njit(borrows=True)
def flip(rows, planes, masks, patterns, i, j):
    """Make a move, with levels counted from the threshold; `patterns` is (2, n_words), none and all of them."""
    pair = np.int64(i != j)
    for w in range(rows.shape[1]):
        a, b = rows[i, w], rows[j, w]
        used, by_two = patterns[1, w], patterns[pair, w]
        rows[i, w] = a ^ used
        rows[j, w] ^= by_two
        digits = change_levels(planes, w, a, used & ~(a ^ b), by_two)
        set_threshold_masks(masks, w, used, digits)


@njit(borrows=True)
def flip_one(rows, planes, masks, patterns, i, change):
    """Flip one weight, with levels counted from the minimum, which changes by -1, 0 or 1."""
    shifted, rising = change * change, np.int64(change > 0)
    for w in range(rows.shape[1]):
        a = rows[i, w]
        used, by_two = patterns[1, w], patterns[shifted, w]
        rows[i, w] = a ^ used
        moving = used & ~(by_two & (a ^ patterns[rising, w]))  # the others go along with the minimum
        digits = change_levels(planes, w, a, moving, by_two)
        set_minimum_masks(masks, w, used, digits)


@njit(borrows=True)
def set_rows(rows, signs, patterns, weights):
    """Fill `rows` from the signs of the patterns alone, uint64 (n_weights, n_words)."""
    for i in range(weights.size):
        negative = np.int64(weights[i] < 0)
        for w in range(rows.shape[1]):
            rows[i, w] = signs[i, w] ^ patterns[negative, w]


@njit(borrows=True)
def set_planes(planes, levels):
    """Fill `planes` from the levels, int64 (n_patterns,)."""
    for w in range(planes.shape[0]):
        for k in range(planes.shape[1]):
            word = NONE
            for mu in range(64 * w, min(64 * w + 64, levels.size)):
                word |= np.uint64((levels[mu] >> k) & 1) << np.uint64(mu - 64 * w)
            planes[w, k] = word
