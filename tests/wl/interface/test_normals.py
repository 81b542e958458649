"""Normals by the thousand: the words, the functions behind them, moments, distribution, independence."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from perceptron.base.jit import njit
from wl.interface import normals
from wl.interface.normals import N_LANES, PER_ROUND, fill_normals, next_words, seed_lanes, transform
from wl.interface.seeds import stream_of

N_WORDS = 2**23  # that differ in the bits that are used
N_ROUNDS = 100_000
MASK = 0xFFFFFFFF
QUANTILE = 6.0  # standard deviations; 2e-9 of a normal lies beyond


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation words warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def lanes_of(seed):
    lanes = np.zeros((4, N_LANES), np.uint32)
    seed_lanes(lanes, stream_of(np.random.SeedSequence(seed)))
    return lanes


def drawn(seed, n_rounds):
    """Normals (n_rounds, PER_ROUND): the cosines of all lanes, then the sines, where nothing is exchanged."""
    found = np.empty(n_rounds * PER_ROUND, np.float32)
    fill_normals(lanes_of(seed), np.empty((2, found.size // 2), np.uint32), found, found.size)
    return np.concatenate(found.reshape(2, n_rounds, N_LANES), axis=1).astype(np.float64)


def rotated(word, left):
    return ((word << left) | (word >> (32 - left))) & MASK


def published_word(state):
    """xoshiro128++ 1.0 as published, on a list of four integers."""
    word = (rotated((state[0] + state[3]) & MASK, 7) + state[0]) & MASK
    shifted = (state[1] << 9) & MASK
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = rotated(state[3], 11)
    return word


def test_words_are_the_published_ones():
    assert published_word([1, 2, 3, 4]) == 641  # (1 + 4) << 7, + 1
    lanes, words = lanes_of(3), np.empty(N_LANES, np.uint32)
    states = [[int(word) for word in lanes[:, j]] for j in range(N_LANES)]
    for _ in range(200):
        next_words(lanes, words)
        assert words.tolist() == [published_word(state) for state in states]
    assert lanes.T.tolist() == states


def test_lanes_begin_apart():
    lanes = lanes_of(1)
    assert np.unique(lanes).size == lanes.size
    assert not np.array_equal(lanes, lanes_of(2))
    assert (lanes_of(1) == lanes).all()


@njit
def worst_logarithm():
    worst = 0.0
    for k in range(N_WORDS):
        exact = -math.log((k + 0.5) / N_WORDS)
        found = np.float64(normals._minus_log((np.float32(k) + normals.HALF) * normals.UNIT))
        worst = max(worst, abs(found - exact) / exact)
    return worst


@njit
def worst_circle():
    """Of cosine and sine, for all words that choose no sign, at the largest radius."""
    first, second = np.zeros(N_LANES, np.uint32), np.empty(N_LANES, np.uint32)
    cosines, sines, worst, largest = np.empty(N_LANES, np.float32), np.empty(N_LANES, np.float32), 0.0, 0.0
    radius = math.sqrt(2.0 * math.log(2.0 * N_WORDS))
    for start in range(0, N_WORDS, N_LANES):
        for j in range(N_LANES):
            second[j] = np.uint32(np.uint32(start + j) << np.uint32(9))
        transform(first, second, cosines, sines)
        for j in range(N_LANES):
            angle = 0.25 * math.pi * (2.0 * (start + j + 0.5) / N_WORDS - 1.0)
            worst = max(worst, abs(cosines[j] / radius - math.cos(angle)))
            worst = max(worst, abs(sines[j] / radius - math.sin(angle)))
            largest = max(largest, abs(cosines[j]))
    return worst, largest


def test_functions_keep_their_bounds():
    """On every argument there is."""
    assert 0.5 * normals.LOG_ERROR < worst_logarithm() < normals.LOG_ERROR
    worst, largest = worst_circle()
    assert 0.5 * normals.CIRCLE_ERROR < worst < normals.CIRCLE_ERROR
    assert normals.LARGEST - 0.01 < largest < normals.LARGEST


def test_signs_and_exchange():
    """The three low bits of the second word."""
    first = np.full(N_LANES, 1 << 30, np.uint32)
    second = np.array([(12345 << 9) + bits for bits in range(8)] * (N_LANES // 8), np.uint32)
    ones, others = np.empty(N_LANES, np.float32), np.empty(N_LANES, np.float32)
    transform(first, second, ones, others)
    cosine, sine = ones[0], others[0]
    for bits in range(8):
        one, other = (sine, cosine) if bits & 1 else (cosine, sine)
        expected = (-one if bits & 2 else one, -other if bits & 4 else other)
        assert (ones[bits], others[bits]) == expected


def test_moments_and_distribution():
    """Moments 1 to 6 within six deviations, and Kolmogorov's statistic at 1e-6; false alarm below 2e-6."""
    found = drawn(5, N_ROUNDS).ravel()
    for power in range(1, 7):
        mean, square = (math.prod(range(1, k, 2)) if k % 2 == 0 else 0 for k in (power, 2 * power))
        error = math.sqrt((square - mean**2) / found.size)
        assert np.mean(found**power) == pytest.approx(mean, abs=QUANTILE * error)
    assert stats.kstest(found, "norm").pvalue > 1e-6
    for limit in (3.0, 4.0, 4.5):
        expected = 2.0 * stats.norm.sf(limit) * found.size
        assert np.sum(np.abs(found) > limit) == pytest.approx(expected, abs=QUANTILE * math.sqrt(expected))
    assert np.abs(found).max() < normals.LARGEST


def test_lanes_pairs_and_rounds_are_independent():
    """Correlations of values, of squares and of signs with all others of the round and the next ones.

    6 deviations for 3 · 5 · 32² numbers: false alarm 3e-5.
    """
    found = drawn(6, N_ROUNDS)
    for each in (found, (found**2 - 1.0) / math.sqrt(2.0), np.sign(found)):
        for lag in (0, 1, 2, 3, 7):
            table = each[: N_ROUNDS - lag].T @ each[lag:] / (N_ROUNDS - lag)
            if lag == 0:
                table -= np.diag(np.diag(table))
            assert np.abs(table).max() < QUANTILE / math.sqrt(N_ROUNDS - lag)


def test_radius_and_angle_are_independent():
    """Eighths of the circle, the sizes on it: chi-square of 8 x 10 equally likely cells; false alarm 1e-6."""
    found = drawn(7, N_ROUNDS)
    x, y = found[:, :N_LANES].ravel(), found[:, N_LANES:].ravel()
    angle = np.floor((np.arctan2(y, x) / (2.0 * np.pi) + 0.5) * 8.0).astype(int) % 8
    size = np.minimum((10.0 * np.exp(-0.5 * (x**2 + y**2))).astype(int), 9)
    counts = np.bincount(10 * angle + size, minlength=80)
    expected = x.size / 80.0
    assert np.sum((counts - expected) ** 2 / expected) < stats.chi2.isf(1e-6, 79)


def some_normals():
    with np.errstate(over="ignore"):
        lanes = lanes_of(9)
        found = np.empty(3 * PER_ROUND, np.float32)
        fill_normals(lanes, np.empty((2, found.size // 2), np.uint32), found, found.size - 26)
    return lanes, found


def test_plain_python_agrees_within_rounding(run_python):
    """States to the last bit; products and sums are contracted when compiled."""
    code = "import test_normals as t\nlanes, found = t.some_normals()\nprint(*lanes.ravel(), *found)"
    plain = run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split()
    lanes, found = some_normals()
    assert plain[: lanes.size] == [str(word) for word in lanes.ravel()]
    np.testing.assert_allclose(np.array(plain[lanes.size :], float), found, rtol=0.0, atol=3e-6)
