"""All 2ᴺ configurations of one instance: Gray code over the high weights, vectors over the low ones.

Stabilities are kept as agreements a = (ξ·w + N)/2, the number of weights that agree with a pattern: 0 … N, the level
of ξ·w itself. The lowest weights span a block: `low[μ, c]` are the agreements of pattern μ in low configuration c, the
same for every block. The high weights walk through a Gray code; they enter a block as one number per pattern,
`base[μ]`. A block then costs one vector addition and one vector minimum of uint8 per pattern, many configurations at
a time, where a Gray code over all weights pays whole rows and a horizontal minimum for each configuration.

Configuration `code` has w_i = +1 where bit i is 1; the low weights are its low bits.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign, njit

LANES = 4  # histograms taking turns, so that an increment does not wait for the last one of the same bin
ROWS = 4  # patterns in one pass over a block; tables have a multiple of it
PADDING = 127  # agreements of a row that stands for no pattern: never the minimum, never too few
MOST_WEIGHTS = 62  # ROWS shortfalls of at most N + 1 add up in uint8
LARGEST_TOTAL = 65535  # of errors or deficits, in uint16


class Tables(NamedTuple):
    """What all chunks of one instance share."""

    low: np.ndarray  # uint8 (n_rows, block_size), agreements of the low weights
    high: np.ndarray  # int8 (n_high, n_rows), pattern entries of the high weights
    start: np.ndarray  # uint8 (n_rows,), agreements of the high weights when all of them are -1
    low_distances: np.ndarray  # uint8 (block_size,), distances of the low weights from the reference
    reference: int  # code of the high weights of the reference
    n_distances: int  # N + 1, or 1 where there is no reference


class Needed(NamedTuple):
    """Agreements a pattern needs, and how much one pattern can count.

    The latter are constants, but LLVM must not know: it would replace a minimum with 1 by slower code.
    """

    error: int  # to be no error; -1 where errors are not counted
    deficit: int  # to have no deficit; -1 where deficits are not counted
    most_of_error: int = 1
    most_of_deficit: int = PADDING


class Scratch(NamedTuple):
    """Memory of one chunk."""

    base: np.ndarray  # uint8 (n_rows,), agreements of the high weights
    fewest: np.ndarray  # uint8 (block_size,), fewest agreements over the patterns
    totals: np.ndarray  # uint16 (block_size,), errors or deficits
    bins: np.ndarray  # uint32 (block_size,)


class Counts(NamedTuple):
    """Histograms of one chunk, int64 (LANES, number of values times n_distances); empty where not asked for."""

    fewest: np.ndarray
    errors: np.ndarray
    deficits: np.ndarray


@njit
def fill_tables(patterns, tables):
    """Agreements of the low configurations and of the high weights; `tables.low` has 2^n_low columns."""
    n_patterns, n_weights = patterns.shape
    n_low = n_weights - tables.high.shape[0]
    tables.low[:] = np.uint8(0)
    tables.high[:] = np.int8(0)
    tables.start[:] = np.uint8(PADDING)
    for mu in range(n_patterns):
        size = 1
        tables.low[mu, 0] = np.uint8(np.sum(patterns[mu, :n_low] < 0))
        for i in range(n_low):  # the configurations with bit i follow those without
            for c in range(size):
                tables.low[mu, size + c] = np.uint8(np.int64(tables.low[mu, c]) + patterns[mu, i])
            size *= 2
        for i in range(n_low, n_weights):
            tables.high[i - n_low, mu] = patterns[mu, i]
        tables.start[mu] = np.uint8(np.sum(patterns[mu, n_low:] < 0))


@njit
def set_base(tables, code, base):
    """Agreements of the high weights given by `code`."""
    assign(base, tables.start)
    for i in range(tables.high.shape[0]):
        if (code >> i) & 1:
            for mu in range(base.size):
                base[mu] = np.uint8(np.int16(base[mu]) + tables.high[i, mu])


@njit
def next_code(tables, step, code, base):
    """Go from the Gray code of step - 1 to that of step: one high weight flips."""
    i = 0
    while not (step >> i) & 1:
        i += 1
    flipped = code ^ (1 << i)
    sign = np.int16(1) if flipped > code else np.int16(-1)
    for mu in range(base.size):
        base[mu] = np.uint8(np.int16(base[mu]) + sign * tables.high[i, mu])
    return flipped


@njit
def n_different(first, second):
    """Number of bits in which two codes differ."""
    difference = first ^ second
    count = 0
    while difference:
        difference &= difference - 1
        count += 1
    return count


@njit
def fewest_agreements(low, base, fewest):
    """fewest[c] = min_μ base[μ] + low[μ, c]."""
    fewest[:] = np.uint8(PADDING)
    for mu in range(0, base.size, ROWS):
        a, b, c, d = base[mu], base[mu + 1], base[mu + 2], base[mu + 3]
        for k in range(fewest.size):  # explicit uint8, or the loop runs on int64
            first = min(np.uint8(low[mu, k] + a), np.uint8(low[mu + 1, k] + b))
            second = min(np.uint8(low[mu + 2, k] + c), np.uint8(low[mu + 3, k] + d))
            fewest[k] = min(fewest[k], first, second)


@njit
def gap(needed, base):
    """What the low weights still have to agree in, as uint8."""
    return np.uint8(max(0, needed - np.int64(base)))


@njit
def shortfall(gap, low):
    """max(0, gap - low) of uint8: one saturating subtraction."""
    return np.uint8(gap - low) if gap > low else np.uint8(0)


@njit
def total_shortfall(low, base, needed, most, total):
    """total[c] = Σ_μ min(most, max(0, needed - base[μ] - low[μ, c])): errors for most = 1, else the deficit."""
    cap = np.uint8(most)
    total[:] = np.uint16(0)
    for mu in range(0, base.size, ROWS):
        a, b = gap(needed, base[mu]), gap(needed, base[mu + 1])
        c, d = gap(needed, base[mu + 2]), gap(needed, base[mu + 3])
        for k in range(total.size):
            first = np.uint8(min(cap, shortfall(a, low[mu, k])) + min(cap, shortfall(b, low[mu + 1, k])))
            second = np.uint8(min(cap, shortfall(c, low[mu + 2, k])) + min(cap, shortfall(d, low[mu + 3, k])))
            group = np.uint8(first + second)
            total[k] = np.uint16(total[k] + np.uint16(group))


@njit
def tally(values, counts):
    """Add the values of a block to a histogram."""
    for k in range(values.size):
        counts[k % LANES, np.uint16(values[k])] += 1  # unsigned: no test for indices that count from the end


@njit
def tally_with_distance(values, tables, distance, bins, counts):
    """Add (value, distance) of a block to a histogram; `distance` is that of the high weights."""
    n_distances, offset = np.uint32(tables.n_distances), np.uint32(distance)
    for k in range(values.size):
        low = np.uint32(np.uint32(tables.low_distances[k]) + offset)
        bins[k] = np.uint32(np.uint32(np.uint32(values[k]) * n_distances) + low)
    for k in range(values.size):
        counts[k % LANES, bins[k]] += 1


@njit
def tally_block(values, tables, distance, bins, counts):
    """Add a block to a histogram, with distances where there is a reference."""
    if tables.n_distances > 1:
        tally_with_distance(values, tables, distance, bins, counts)
    else:
        tally(values, counts)


@njit(nogil=True)
def count_chunk(tables, needed, first, n_blocks, scratch, counts):
    """Histograms over the blocks of steps first ... first + n_blocks - 1 of the Gray code, added to `counts`."""
    code = first ^ (first >> 1)
    set_base(tables, code, scratch.base)
    for step in range(first, first + n_blocks):
        if step > first:
            code = next_code(tables, step, code, scratch.base)
        distance = n_different(code, tables.reference)
        fewest_agreements(tables.low, scratch.base, scratch.fewest)
        tally_block(scratch.fewest, tables, distance, scratch.bins, counts.fewest)
        if needed.error >= 0:
            total_shortfall(tables.low, scratch.base, needed.error, needed.most_of_error, scratch.totals)
            tally_block(scratch.totals, tables, distance, scratch.bins, counts.errors)
        if needed.deficit >= 0:
            total_shortfall(tables.low, scratch.base, needed.deficit, needed.most_of_deficit, scratch.totals)
            tally_block(scratch.totals, tables, distance, scratch.bins, counts.deficits)


@njit
def gather(fewest, needed, indices):
    """Places of the entries that reach `needed`, in the front of `indices`; returns their number."""
    highest = np.uint8(0)
    for k in range(fewest.size):  # most blocks hold no solution, and this loop is vectors
        highest = max(highest, fewest[k])
    if highest < needed:
        return 0
    count = 0
    for k in range(fewest.size):
        indices[count] = k
        count += 1 if fewest[k] >= needed else 0
    return count


@njit
def tally_agreements(tables, base, indices, count, agreements):
    """Add the agreements of every pattern in the first `count` low configurations of `indices`."""
    for mu in range(base.size):
        if base[mu] < PADDING:
            for k in range(count):
                agreements[k % LANES, np.uint8(base[mu] + tables.low[mu, indices[k]])] += 1


@njit(nogil=True)
def visit_solutions(tables, needed, first, n_blocks, scratch, outputs):
    """Codes, and agreements of all patterns, of the configurations whose fewest agreements reach `needed`.

    `outputs` are codes, uint64, long enough for all of them or empty, and a histogram, int64 (LANES, N + 1), or (LANES,
    0). Returns the number of solutions.
    """
    codes, agreements = outputs
    code = first ^ (first >> 1)
    set_base(tables, code, scratch.base)
    block_size, total = scratch.fewest.size, 0
    for step in range(first, first + n_blocks):
        if step > first:
            code = next_code(tables, step, code, scratch.base)
        fewest_agreements(tables.low, scratch.base, scratch.fewest)
        count = gather(scratch.fewest, needed, scratch.bins)
        if agreements.size > 0:
            tally_agreements(tables, scratch.base, scratch.bins, count, agreements)
        if codes.size > 0:
            for k in range(count):
                codes[total + k] = np.uint64(code * block_size + np.int64(scratch.bins[k]))
        total += count
    return total
