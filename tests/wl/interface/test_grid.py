"""Bins of variables: levels, wider bins, open ends, and what is refused."""

import math

import numpy as np
import pytest

from wl.interface.bins import bin_of
from wl.interface.grid import Grid, Range, _real, make_axis
from wl.interface.system import Variable
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


def accuracies(n_points, window):
    """Edges of bins of an accuracy, and the bin of every level k/n, as the kernel and as the edges say."""
    variable = Variable("accuracy", 0.0, 1.0, n_levels=n_points)
    axis = _real(variable, 0, window)
    levels = np.arange(n_points + 1) / n_points
    return axis, levels, bins_of(axis, levels)


@pytest.mark.parametrize("n_points", [3, 7, 10, 20, 30, 40, 100, 1459])
@pytest.mark.parametrize("n_bins", [1, 2, 3, 5, 10, 20, 40])
def test_levels_on_edges_are_in_the_bin_that_the_edges_say(n_points, n_bins):
    """All levels k/n against windows that begin on a level, or not, with edges on every level, or every few."""
    for lowest in (0.0, 0.5, 0.4, 1.0 / n_points, 0.1):
        for width in (1.0 / n_points, 0.025, 0.05, 0.1, round(1.0 / n_points, 12)):
            axis, levels, found = accuracies(n_points, Range(lowest, lowest + n_bins * width, width))
            expected = np.searchsorted(axis.edges, levels, side="right") - 1
            expected[(expected < 0) | (expected >= axis.n_bins)] = -1
            assert found == expected.tolist()


@pytest.mark.parametrize(("lowest", "width"), [(0.5, 0.025), (0.5, 0.05), (0.4, 0.1), (0.0, 1 / 40), (0.1, 0.025)])
def test_edges_meet_the_levels_that_they_mean(lowest, width):
    """Forty points: every bin begins on the level of its number, 0.6 too, which is not 0.4 + 2 * 0.1."""
    axis, _, found = accuracies(40, Range(lowest, 1.0, width))
    first, step = round(40 * lowest), round(40 * width)
    assert found == [-1] * first + [min((k - first) // step, axis.n_bins - 1) for k in range(first, 41)]


def test_values_beside_an_edge_are_told_apart():
    """A value just below an edge and the edge itself, for windows whose places are rounded."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        lowest, width = rng.uniform(-20.0, 20.0), 10.0 ** rng.uniform(-2.0, 1.0)
        axis = make_axis(BLOCKS, "log_first_square", Range(-60.0, -60.0 + abs(lowest) + width, width))
        edges = axis.finite_edges
        assert bins_of(axis, edges) == [*range(axis.n_bins), -1]
        assert bins_of(axis, np.nextafter(edges, -np.inf)) == [-1, *range(axis.n_bins)]


def test_the_highest_value_belongs_to_a_bin_that_ends_there():
    axis, levels, found = accuracies(10, Range(0.0, 1.0, 0.2))
    assert (levels[-1], found[-1]) == (1.0, 4)
    assert axis.complete


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
