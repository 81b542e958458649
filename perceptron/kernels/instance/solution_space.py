"""Distances and single-flip neighbours among solutions given as codes, bit i = 1 where w_i = +1.

Two routes to the histogram of pair distances: all pairs, or the Walsh-Hadamard transform of the indicator,
f̂(u) = Σ_w f(w) (-1)^{u·w}, whose squares summed at equal number of ones fix the histogram. The transform goes through
memory once: the lower bits inside blocks of consecutive codes, then the upper bits column by column, where the squares
are summed and not stored.
"""

import numpy as np

from perceptron.base.jit import njit

LANES = 4  # histograms taking turns, so that an increment does not wait for the last one of the same bin


@njit
def n_ones(code):
    """Number of bits that are 1 in a uint64; compiles to one instruction."""
    pairs = code - ((code >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + ((pairs >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(nogil=True)
def pair_distances(codes, first, last, counts):
    """Add the distances of codes first ... last - 1 from all later ones to `counts`, int64 (LANES, N + 1)."""
    for i in range(first, last):
        for j in range(i + 1, codes.size):
            counts[j % LANES, n_ones(codes[i] ^ codes[j])] += 1


@njit
def butterflies(values, smallest):
    """Walsh-Hadamard transform, in place, over the bits of the index from that of value `smallest` on."""
    half = smallest
    while half < values.size:
        for start in range(0, values.size, 2 * half):
            lower = values[start : start + half]  # slices: with indices that might be negative there are no vectors
            upper = values[start + half : start + 2 * half]
            for k in range(half):
                total, difference = np.int32(lower[k] + upper[k]), np.int32(lower[k] - upper[k])
                lower[k], upper[k] = total, difference
        half *= 2


@njit(nogil=True)
def transform_blocks(codes, first, last, blocks):
    """Indicator of sorted codes in blocks first ... last - 1, int32 (n_blocks, block_size), transformed within each."""
    size = np.uint64(blocks.shape[1])
    k = np.searchsorted(codes, np.uint64(first) * size)
    for block in range(first, last):
        blocks[block] = 0
        start = np.uint64(block) * size
        while k < codes.size and codes[k] - start < size:
            blocks[block, np.int64(codes[k] - start)] = 1
            k += 1
        butterflies(blocks[block], 1)


@njit(nogil=True)
def power_of_columns(blocks, first, slab, power):
    """Transform the upper bits of columns first ... first + width - 1 and add f̂(u)² to `power` at the ones of u.

    `slab` is int32 scratch (n_blocks, width), `power` int64 (N + 1,).
    """
    n_blocks, width = slab.shape
    for block in range(n_blocks):
        slab[block] = blocks[block, first : first + width]
    butterflies(slab.reshape(n_blocks * width), width)
    for block in range(n_blocks):
        ones = n_ones(np.uint64(block))
        for column in range(width):
            value = np.int64(slab[block, column])
            power[ones + n_ones(np.uint64(first + column))] += value * value


@njit
def root(parents, i):
    """The representative of the cluster of i; shortens the path on the way."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@njit(nogil=True)
def join_flips(codes, bit, parents):
    """Join sorted codes that differ in one bit only; returns the number of such pairs.

    Setting a bit keeps the order of the codes that lack it, so one walk along the list finds all partners.
    """
    flip = np.uint64(1) << np.uint64(bit)
    j, n_pairs = 0, 0
    for i in range(codes.size):
        if codes[i] & flip:
            continue
        partner = codes[i] | flip
        while j < codes.size and codes[j] < partner:
            j += 1
        if j < codes.size and codes[j] == partner:
            n_pairs += 1
            one, other = root(parents, i), root(parents, j)
            parents[max(one, other)] = min(one, other)
    return n_pairs


@njit(nogil=True)
def flatten(parents):
    """Let every entry point at the representative of its cluster."""
    for i in range(parents.size):
        parents[i] = root(parents, i)
