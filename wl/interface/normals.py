"""Normal variates by the thousand, in vector code: what a thermostat needs in every step.

Thirty-two streams of xoshiro128++ run side by side, one in each lane, so that a step of all of them is a loop over
32-bit words; with sixteen a step would wait for the one before. A pair of words makes two normals by the transformation
of Box and Muller,

    r = √(-2 ln u),  (r cos φ, r sin φ),   u = (k + 1/2) 2⁻²³,  φ uniform on the circle,

with ln and the circle by polynomials: φ lies within an eighth of a turn, and three bits of the words exchange the two
and choose their signs. The relative error of ln is below LOG_ERROR, that of a point of the circle, at the largest
radius and with its rounding, below CIRCLE_ERROR; no variate is larger than LARGEST, beyond which a normal lies once in
10⁸.

Sources: of the generator, D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36 (2021); of the sine's polynomial,
S. L. Moshier, Cephes (sinf).
"""

import math

import numpy as np

from perceptron.base.jit import njit
from wl.interface.xoroshiro import next_word

N_LANES, PER_ROUND = 32, 64  # normals of a round
LOG_ERROR, CIRCLE_ERROR, LARGEST = 2.2e-7, 1.5e-7, 5.77
MANTISSA, ONE_BITS = np.uint32(0x007FFFFF), np.uint32(0x3F800000)
BY_9, BY_23, LOW_BIT = np.uint32(9), np.uint32(23), np.uint32(1)
SIGN_PLACE, SECOND_PLACE, THIRD_PLACE = np.uint32(31), np.uint32(1), np.uint32(2)
BIAS = np.float32(127.0)  # of the exponent
ONE, HALF, TWO, UNIT = np.float32(1.0), np.float32(0.5), np.float32(2.0), np.float32(2.0**-23)
LN2, MIDDLE = np.float32(math.log(2.0)), np.float32(math.sqrt(0.5))
EIGHTH = np.float32(math.pi / 4.0)
LOG_SERIES = tuple(  # of ln(1 + t)/t, fitted to √½ <= 1 + t <= √2
    np.float32(c)
    for c in (
        *(1.0, -0.49999987, 0.33334183, -0.25002153, 0.19956977, -0.16560696, 0.14949095, -0.14377331, 0.087439454),
    )
)
SINE = tuple(np.float32(c) for c in (1.0, -1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4))
COSINE = tuple(np.float32(c) for c in (1.0, -0.5, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40320.0))


@njit
def seed_lanes(lanes, stream):
    """Fill the state of all lanes, uint32 (4, N_LANES), from a walker's stream."""
    for j in range(N_LANES):
        for i in range(0, 4, 2):
            word = next_word(stream)
            lanes[i, j] = np.uint32(word >> np.uint64(32))
            lanes[i + 1, j] = np.uint32(word & np.uint64(0xFFFFFFFF))
        if lanes[0, j] | lanes[1, j] | lanes[2, j] | lanes[3, j] == 0:
            lanes[0, j] = 1


@njit(_nrt=False)
def next_words(lanes, words):
    """One word of every lane; `words` is uint32 (N_LANES,)."""
    for j in range(N_LANES):
        a, b, c, d = lanes[0, j], lanes[1, j], lanes[2, j], lanes[3, j]
        total = np.uint32(a + d)
        words[j] = np.uint32(((total << np.uint32(7)) | (total >> np.uint32(25))) + a)
        shifted = np.uint32(b << np.uint32(9))
        c ^= a
        d ^= b
        lanes[1, j] = b ^ c
        lanes[0, j] = a ^ d
        lanes[2, j] = c ^ shifted
        lanes[3, j] = np.uint32((d << np.uint32(11)) | (d >> np.uint32(21)))


@njit(borrows=True, fastmath={"contract"})
def _minus_log(u):
    """-ln u of a single-precision number in (0, 1): exponent, and a polynomial for what is left, without a division."""
    bits = np.float32(u).view(np.uint32)
    mantissa = np.uint32((bits & MANTISSA) | ONE_BITS).view(np.float32)
    exponent = np.float32(np.int32(bits >> BY_23)) - BIAS
    large = mantissa > np.float32(1.0) / MIDDLE
    mantissa = mantissa * HALF if large else mantissa
    exponent = exponent + ONE if large else exponent
    t = mantissa - ONE
    c = LOG_SERIES
    tail = c[4] + t * (c[5] + t * (c[6] + t * (c[7] + t * c[8])))
    series = t * (c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * tail))))
    return -(exponent * LN2 + series)


@njit(_nrt=False, fastmath={"contract"})
def transform(first, second, normals, others):
    """Normals of pairs of words, one in each array; a loop of many turns, whose chains of operations overlap."""
    for j in range(first.size):
        u = (np.float32(np.int32(first[j] >> BY_9)) + HALF) * UNIT
        radius = np.float32(np.sqrt(TWO * _minus_log(u)))
        x = EIGHTH * ((np.float32(np.int32(second[j] >> BY_9)) + HALF) * UNIT * TWO - ONE)
        y = x * x
        p, q = SINE, COSINE
        sine = x * (p[0] + y * (p[1] + y * (p[2] + y * p[3])))
        cosine = q[0] + y * (q[1] + y * (q[2] + y * (q[3] + y * q[4])))
        exchanged = (second[j] & LOW_BIT) != 0
        one = sine if exchanged else cosine
        other = cosine if exchanged else sine
        sign = ONE - TWO * np.float32(np.int32((second[j] >> SECOND_PLACE) & LOW_BIT))
        other_sign = ONE - TWO * np.float32(np.int32((second[j] >> THIRD_PLACE) & LOW_BIT))
        normals[j] = sign * radius * one
        others[j] = other_sign * radius * other


@njit(_nrt=False)
def fill_normals(lanes, words, normals, number):
    """Fill `normals` up to `number`, rounded up to whole rounds; `words` is uint32 (2, number/2) at least, scratch.

    The first half are those of one kind, the second half their partners.
    """
    half = (number + PER_ROUND - 1) // PER_ROUND * N_LANES
    for first in range(0, half, N_LANES):
        next_words(lanes, words[0, first : first + N_LANES])
        next_words(lanes, words[1, first : first + N_LANES])
    transform(words[0, :half], words[1, :half], normals[:half], normals[half : 2 * half])
