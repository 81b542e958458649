"""The random stream of kernels: published answers, its integers and reals, and plain Python against compiled."""

import numpy as np
import pytest
from scipy.stats import chi2

from perceptron.base.jit import njit
from wl.interface import xoroshiro as kernels
from wl.interface.seeds import stream_of
from wl.interface.xoroshiro import below, exponential, next_word, scaled, uniform

# first words of xoroshiro128++ from the state (1, 2), as its reference implementation in C gives them
KNOWN = [393217, 669327710093319, 1732421326133921491, 11394790081659126983, 9555452776773192676]
FALSE_ALARM = 1e-6  # of each statistical test, whose seeds are fixed
ALL_ONES = 2**64 - 1

PLAIN = """
import numpy as np
from wl.interface.xoroshiro import below, exponential, next_word, uniform
stream = np.array([3, 2**63 + 5], np.uint64)
with np.errstate(over="ignore"):  # sums wrap around
    for k in range(300):
        print(int(next_word(stream)), float(uniform(stream)).hex(), int(below(stream, 7 * k + 1)))
        print(*(float(exponential(stream)).hex() for _ in range(10)))
print(stream.tolist())
"""


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def words_in_integers(state, number):
    """The generator anew, in Python's integers."""
    first, second = state
    for _ in range(number):
        total = (first + second) & ALL_ONES
        yield (((total << 17) | (total >> 47)) + first) & ALL_ONES
        second ^= first
        first = (((first << 49) | (first >> 15)) ^ second ^ (second << 21)) & ALL_ONES
        second = ((second << 28) | (second >> 36)) & ALL_ONES


def stream(seed):
    return stream_of(np.random.SeedSequence(seed))


def test_words_are_the_published_ones():
    state = np.array([1, 2], np.uint64)
    assert [int(next_word(state)) for _ in KNOWN] == KNOWN
    assert list(words_in_integers((1, 2), len(KNOWN))) == KNOWN


@pytest.mark.parametrize("seed", range(5))
def test_words_are_those_of_integers(seed):
    state = stream(seed)
    expected = list(words_in_integers(tuple(state.tolist()), 2000))
    assert [int(next_word(state)) for _ in expected] == expected


def test_streams_of_children_differ_and_are_never_zero():
    children = [stream_of(child) for child in np.random.SeedSequence(1).spawn(100)]
    assert len({tuple(child.tolist()) for child in children}) == 100
    assert all(child.dtype == np.uint64 and child.shape == (2,) and child.any() for child in children)

    class Zero(np.random.SeedSequence):
        def generate_state(self, n_words, dtype=np.uint32):
            return np.zeros(n_words, dtype)

    assert stream_of(Zero(1)).any()


def test_reals_are_uniform_multiples_of_the_unit_below_one():
    state, n_draws = stream(11), 40_000
    draws = np.array([uniform(state) for _ in range(n_draws)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert np.all(draws * 2.0**53 == np.floor(draws * 2.0**53))
    for power in (1, 2, 3, 4):  # mean and variance of xᵖ; 4.9 standard deviations are a false alarm of 1e-6
        mean, variance = 1.0 / (power + 1), 1.0 / (2 * power + 1) - 1.0 / (power + 1) ** 2
        assert abs(np.mean(draws**power) - mean) < 4.9 * (variance / n_draws) ** 0.5
    successive = np.mean((draws[:-1] - 0.5) * (draws[1:] - 0.5))
    assert abs(successive) < 4.9 / 12.0 / n_draws**0.5


@njit
def fill_with_exponentials(stream, out):
    for k in range(out.size):
        out[k] = exponential(stream)


def test_exponential_variates():
    """Every share above t is e^-t, in the tail too, and the moments are 1, 2, 6, 24."""
    draws = np.empty(4_000_000 if hasattr(fill_with_exponentials, "py_func") else 40_000)
    fill_with_exponentials(stream([14]), draws)
    for t in (0.01, 0.1, 1.0, 3.0, 5.0, 7.0, kernels.TAIL, 9.0):
        share = np.exp(-t)
        expected = draws.size * share
        assert abs(np.count_nonzero(draws > t) - expected) < 5.6 * (expected * (1.0 - share)) ** 0.5 + 3.0
    for power, moment in ((1, 1.0), (2, 2.0), (3, 6.0)):
        variance = {1: 1.0, 2: 20.0, 3: 684.0}[power]
        assert abs(np.mean(draws**power) - moment) < 5.6 * (variance / draws.size) ** 0.5


def test_layers_have_one_area():
    """The ziggurat closes at the top, and every layer, the one with the tail too, has the same area."""
    ends, heights = kernels.ENDS, kernels.HEIGHTS
    areas = ends[1:-1] * (heights[2:] - heights[1:-1])
    assert areas == pytest.approx(np.full(areas.size, kernels.AREA), rel=1e-11)
    assert (kernels.TAIL + 1.0) * np.exp(-kernels.TAIL) == pytest.approx(kernels.AREA, rel=1e-13)


@pytest.mark.parametrize("number", [1, 2, 3, 10, 97])
def test_integers_are_uniform(number):
    state, n_draws = stream([12, number]), 20_000
    counts = np.bincount([below(state, number) for _ in range(n_draws)], minlength=number)
    assert counts.size == number
    expected = n_draws / number
    statistic = np.sum((counts - expected) ** 2 / expected)
    assert statistic <= (chi2.isf(FALSE_ALARM, number - 1) if number > 1 else 0.0)


@pytest.mark.parametrize("number", [1, 2, 7, 1001, 2**32 - 1])
def test_integers_end_where_they_should(number):
    assert scaled(np.uint64(0), number) == 0
    assert scaled(np.uint64(ALL_ONES), number) == number - 1
    for word in (2**32 - 1, 2**63, 2**64 - 2**32):
        assert scaled(np.uint64(word), number) == (word >> 32) * number >> 32


def test_every_bit_is_set_half_of_the_time():
    state, n_draws = stream(13), 20_000
    words = np.array([next_word(state) for _ in range(n_draws)], np.uint64)
    shares = np.array([np.mean((words >> np.uint64(bit)) & np.uint64(1)) for bit in range(64)])
    assert np.abs(shares - 0.5).max() < 0.5 * 5.6 / n_draws**0.5  # 64 normal variables, 1e-6 in all


def test_compiled_and_plain_python_draw_the_same(run_python, tmp_path):
    compiled = run_python(PLAIN, tmp_path)
    assert len(compiled.split()) > 900
    assert run_python(PLAIN, tmp_path, NUMBA_DISABLE_JIT="1") == compiled
