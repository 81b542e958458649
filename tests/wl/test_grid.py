"""Bins of variables: levels, wider bins, open ends, and what is refused."""

import math

import numpy as np
import pytest

from wl.grid import Grid, Range, make_axis
from wl.kernels.grid import bin_of
from wl.systems.ising import ising
from wl.systems.quadratic import quadratic_blocks

ISING = ising(4)
BLOCKS = quadratic_blocks(3, 4)


def bins_of(axis, values, first=0, stop=None):
    table = Grid((axis,)).kernel(first, stop)
    return [int(bin_of(table, (value, value))) for value in values]


def test_all_levels_of_an_integer_variable():
    axis = make_axis(ISING, "energy")
    assert axis.coordinate.tolist() == list(range(-32, 33, 4))
    assert bins_of(axis, [-32, -28, 0, 32, 36, -36, 30]) == [0, 1, 8, 16, -1, -1, -1]


def test_a_window_with_wider_bins_covers_its_end():
    axis = make_axis(ISING, "energy", Range(-31, 5, 8))
    assert axis.coordinate.tolist() == [-28, -20, -12, -4, 4]
    assert axis.edges.tolist() == [-28, -20, -12, -4, 4, 12]
    assert bins_of(axis, [-32, -28, -24, -20, 4, 8, 12]) == [-1, 0, 0, 1, 4, 4, -1]


def test_open_ends_take_in_what_lies_beyond():
    axis = make_axis(ISING, "energy", Range(-8, 8, open_low=True, open_high=True))
    assert axis.edges.tolist() == [-math.inf, -4, 0, 4, 8, math.inf]
    assert bins_of(axis, [-32, -8, 0, 32]) == [0, 0, 2, 4]
    assert bins_of(axis, [-32, -4, 0, 32], first=1, stop=3) == [-1, 1, 2, -1]
    capped = make_axis(ISING, "energy", None, cap=5.0)
    assert capped.coordinate[-1] == 8
    assert capped.edges[-1] == math.inf


def test_an_infinite_end_is_that_of_the_variable():
    axis = make_axis(ISING, "energy", Range(0, math.inf))
    assert axis.coordinate.tolist() == list(range(0, 33, 4))


def test_bins_of_a_real_variable():
    axis = make_axis(BLOCKS, "log_first_square", Range(-1.0, 0.0, 0.1, open_low=True))
    assert axis.n_bins == 10
    assert axis.edges[0] == -math.inf
    np.testing.assert_allclose(axis.edges[1:], np.linspace(-0.9, 0.0, 10), atol=1e-15)
    np.testing.assert_allclose(axis.coordinate, np.linspace(-0.95, -0.05, 10), atol=1e-15)
    assert bins_of(axis, [-5.0, -0.95, -0.01, 0.01, math.nan]) == [0, 0, 9, -1, -1]
    assert make_axis(BLOCKS, "log_first_square", Range(-1.0, 0.0, 0.3)).n_bins == 4


@pytest.mark.parametrize(
    ("system", "name", "window", "message"),
    [
        (ISING, "colour", None, r"'colour' is not a variable of ising; allowed: energy, magnetization"),
        (ISING, "energy", Range(4, -4), r"window of energy = 4:-4 is empty"),
        (ISING, "energy", Range(40, 80), r"window of energy = 40:80 misses its values; allowed: within -32:32"),
        (ISING, "energy", Range(1, 3), r"window of energy = 1:3 holds no level"),
        (ISING, "energy", Range(0, 8, 3), r"width of energy = 3 is out of range; allowed: multiples of 4"),
        (ISING, "energy", Range(0, 8, 0.5), r"width of energy = 0\.5 is out of range"),
        (ISING, "energy", Range(0, 8, math.inf), r"width of energy = inf is out of range"),
        (BLOCKS, "log_first_square", None, r"needs log_first_square=lowest:highest:width"),
        (BLOCKS, "log_first_square", Range(-1.0, 0.0), r"width of log_first_square is missing"),
        (BLOCKS, "log_first_square", Range(-1.0, 0.0, -0.1), r"width of log_first_square = -0\.1 is out of range"),
        (BLOCKS, "log_first_square", Range(-math.inf, 0.0, 0.1), r"ends at -inf; allowed: finite ends.*:open-below"),
        (BLOCKS, "log_first_square", Range(-1.0, 0.0, 1e-300), r"bins; allowed: at most 20000000"),
    ],
)
def test_refusals(system, name, window, message):
    with pytest.raises(ValueError, match=message):
        make_axis(system, name, window)


def test_a_grid_of_too_many_bins_is_refused():
    axes = tuple(make_axis(BLOCKS, name, Range(-1.0, 0.0, 1e-4)) for name in ("log_first_square", "log_second_square"))
    with pytest.raises(
        ValueError, match=r"log_first_square \(10000\) x log_second_square \(10000\) has 100000000 bins"
    ):
        Grid(axes)
