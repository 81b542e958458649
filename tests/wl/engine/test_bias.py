"""The bias of molecular dynamics: splines, their slopes, ends, walls and hills."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from wl.engine.dynamics.bias import Bias, add_hill, place_of, spline, surface_at

N_ROWS, N_COLUMNS = 12, 9
LOWEST, WIDTHS, WALL = (-3.0, 0.5), (0.5, 0.25), 100.0
STEP = 1e-5
OPEN, WALLED = (False, False), (True, True)


def bias_of(walled=(WALLED, WALLED), first=(0, 0), last=(N_ROWS - 1, N_COLUMNS - 1), sigmas=(1.5, 2.0)):
    return Bias(first, last, N_COLUMNS, LOWEST, WIDTHS, walled, WALL, sigmas, 4.0)


def centre(axis, number):
    return LOWEST[axis] + (number + 0.5) * WIDTHS[axis]


def costs(seed=0):
    return np.random.default_rng(seed).normal(size=N_ROWS * N_COLUMNS)


def test_weights_of_the_spline():
    """They sum to 1, so that constants are kept, have their mean at the place, so that slopes are; smooth."""
    before = None
    for place in np.linspace(-2.0, 3.0, 401):
        middle, weights, slopes = spline(place)
        bins = np.arange(middle - 1, middle + 2)
        assert (min(weights), sum(weights)) == (pytest.approx(0.0, abs=0.5), pytest.approx(1.0, abs=1e-15))
        assert sum(slopes) == pytest.approx(0.0, abs=1e-15)
        assert np.dot(weights, bins) == pytest.approx(place, abs=1e-14)
        assert np.dot(slopes, bins) == pytest.approx(1.0, abs=1e-14)
        full = {int(k): w for k, w in zip(bins, slopes, strict=True)}
        if before is not None:
            assert all(abs(full.get(k, 0.0) - before.get(k, 0.0)) < 0.03 for k in full | before)
        before = full


@pytest.mark.parametrize("walled", [(WALLED, WALLED), (OPEN, OPEN), ((True, False), (False, True))])
def test_slopes_are_those_of_the_surface(walled):
    bias, cost = bias_of(walled), costs()
    rng = np.random.default_rng(1)
    ends = [(centre(axis, -2.3), centre(axis, size + 1.3)) for axis, size in enumerate((N_ROWS, N_COLUMNS))]
    for x, y in zip(*(rng.uniform(*end, 300) for end in ends), strict=True):
        _, by_first, by_second = surface_at(bias, cost, x, y)
        across = surface_at(bias, cost, x + STEP, y)[0] - surface_at(bias, cost, x - STEP, y)[0]
        along = surface_at(bias, cost, x, y + STEP)[0] - surface_at(bias, cost, x, y - STEP)[0]
        assert by_first == pytest.approx(across / (2.0 * STEP), abs=1e-3)
        assert by_second == pytest.approx(along / (2.0 * STEP), abs=1e-3)


def test_a_plane_stays_a_plane():
    rows, columns = np.meshgrid(np.arange(N_ROWS), np.arange(N_COLUMNS), indexing="ij")
    cost = (2.0 * rows - 3.0 * columns).ravel()
    value, by_first, by_second = surface_at(bias_of(), cost, centre(0, 4.3), centre(1, 5.1))
    assert value == pytest.approx(2.0 * 4.3 - 3.0 * 5.1)
    assert (by_first, by_second) == (pytest.approx(2.0 / WIDTHS[0]), pytest.approx(-3.0 / WIDTHS[1]))


@pytest.mark.parametrize("axis", [0, 1])
def test_level_beyond_open_ends(axis):
    """Beyond the edge of the last bin U is its cost, along the other axis as before, and no force is left."""
    bias, cost, size = bias_of((OPEN, OPEN)), costs(), (N_ROWS, N_COLUMNS)[axis]
    for number, outward in ((-0.5, -1), (size - 0.5, 1)):
        at_end = [centre(0, 4.2), centre(1, 5.6)]
        at_end[axis] = centre(axis, number)
        expected = surface_at(bias, cost, *at_end)
        for distance in (0.1, 3.0, 1e9, math.inf):
            beyond = at_end.copy()
            beyond[axis] += outward * distance
            found = surface_at(bias, cost, *beyond)
            assert found[0] == pytest.approx(expected[0])
            assert found[2 - axis] == pytest.approx(expected[2 - axis])
            assert found[1 + axis] == 0.0


@pytest.mark.parametrize("axis", [0, 1])
def test_walls_beyond_closed_ends(axis):
    """Of a window within the grid: WALL times the square of the distance from its edge."""
    first, last = (2, 3), (8, 7)
    bias, cost = bias_of(first=first, last=last), np.full(N_ROWS * N_COLUMNS, 7.0)
    inside = [centre(0, 4.2), centre(1, 5.6)]
    assert surface_at(bias, cost, *inside) == pytest.approx((7.0, 0.0, 0.0))
    for number, outward in ((first[axis] - 0.5, -1), (last[axis] + 0.5, 1)):
        for distance in (0.1, 3.0):
            point = inside.copy()
            point[axis] = centre(axis, number) + outward * distance
            value, *slopes = surface_at(bias, cost, *point)
            assert value == pytest.approx(7.0 + WALL * distance**2)
            assert slopes[axis] == pytest.approx(2.0 * WALL * outward * distance)
            assert slopes[1 - axis] == 0.0


def test_a_window_sees_its_own_bins_alone():
    first, last = (2, 3), (8, 7)
    bias, cost = bias_of(first=first, last=last), costs()
    inside = np.zeros((N_ROWS, N_COLUMNS), bool)
    inside[first[0] : last[0] + 1, first[1] : last[1] + 1] = True
    other = np.where(inside.ravel(), cost, 1e9)
    for x, y in itertools.product(np.linspace(-3.0, 3.0, 20), np.linspace(0.5, 2.75, 20)):
        assert surface_at(bias, cost, x, y) == surface_at(bias, other, x, y)


def hill(bias, x, y, amount=1.0, shrink=1.0):
    cost = np.zeros(N_ROWS * N_COLUMNS)
    add_hill(bias, cost, x, y, amount, shrink, np.empty((2, 40)))
    return cost.reshape(N_ROWS, N_COLUMNS)


@pytest.mark.parametrize("shrink", [1.0, 0.1])
@pytest.mark.parametrize("place", [(5.0, 4.0), (0.3, 8.2), (11.4, -0.4)])
def test_a_hill_sums_to_its_amount(place, shrink):
    """Wherever its middle is inside, cut by an end or not."""
    for amount in (1.0, 0.03):
        found = hill(bias_of(), centre(0, place[0]), centre(1, place[1]), amount, shrink)
        assert found.sum() == pytest.approx(amount)
        assert found.min() >= 0.0


def test_a_hill_is_a_symmetric_gaussian():
    bias = bias_of(sigmas=(1.2, 1.0))
    found = hill(bias, centre(0, 5.0), centre(1, 4.0))
    for k, m in itertools.product(range(-4, 5), repeat=2):
        expected = math.exp(-0.5 * ((k / 1.2) ** 2 + m**2)) * found[5, 4] if abs(k) <= 4.8 and abs(m) <= 4 else 0.0
        assert found[5 + k, 4 + m] == pytest.approx(expected)
    half_way = hill(bias, centre(0, 5.5), centre(1, 3.5))
    np.testing.assert_allclose(half_way[1:11], half_way[1:11][::-1])
    np.testing.assert_allclose(half_way[:, :8], half_way[:, :8][:, ::-1])


def test_shrinking_ends_at_one_bin():
    bias = bias_of(sigmas=(2.0, 1.0))
    narrow, narrower = (hill(bias, centre(0, 5.0), centre(1, 4.0), shrink=shrink) for shrink in (0.5, 1e-3))
    np.testing.assert_array_equal(narrow, narrower)
    assert narrow[6, 4] / narrow[5, 4] == pytest.approx(math.exp(-0.5))


def test_hills_beyond_the_ends():
    """Beyond a walled end they add nothing; open ends hold them."""
    for row, column in ((-0.6, 4.0), (-40.0, 4.0), (5.0, 8.6)):
        assert (hill(bias_of(), centre(0, row), centre(1, column)) == 0.0).all()
    held = hill(bias_of((OPEN, OPEN)), centre(0, -40.0), centre(1, 4.0))
    assert held.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(held, hill(bias_of((OPEN, OPEN)), centre(0, 0.0), centre(1, 4.0)))


def test_hills_everywhere_alike_make_a_level_surface():
    """Without the mirrors bins at the ends would get less than those in the middle."""
    places, bias = np.arange(-0.5, N_ROWS - 0.5, 0.01) + 0.005, bias_of(sigmas=(2.5, 1.0))
    rows = sum(hill(bias, centre(0, place), centre(1, 4.0)).sum(axis=1) for place in places)
    np.testing.assert_allclose(rows, places.size / N_ROWS, rtol=2e-4)


def test_places_are_kept_within_reach():
    bias = bias_of()
    assert place_of(bias, 0, centre(0, 3.25), 0.0) == pytest.approx(3.25)
    assert place_of(bias, 0, 1e300, 0.0) == N_ROWS - 1 + 1e6
    assert [place_of(bias_of((OPEN, OPEN)), 0, -1e300, margin) for margin in (0.0, 0.5)] == [0.0, -0.5]


def some_surface():
    bias, cost = bias_of(), costs()
    add_hill(bias, cost, centre(0, 3.4), centre(1, 2.2), 2.0, 0.8, np.empty((2, 40)))
    return [float(value) for value in (*cost, *surface_at(bias, cost, 0.12, 1.1), *surface_at(bias, cost, -4.0, 9.0))]


def test_plain_python_agrees(run_python):
    code = "import test_bias as t\nprint(*t.some_surface())"
    plain = np.array(run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split(), float)
    np.testing.assert_allclose(plain, some_surface(), rtol=1e-13, atol=1e-15)
