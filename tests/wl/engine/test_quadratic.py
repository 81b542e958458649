"""Quadratic blocks: steps, the edge of the box, volumes of balls, and squares that do not drift."""

import itertools
import math

import numpy as np
import pytest

from benchmarks.exact_densities import log_share_of_box
from wl.interface.seeds import stream_of
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.systems.quadratic import quadratic_blocks


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def copy(state):
    return type(state)(*(array.copy() for array in state))


def started(system, seed):
    state, stream = system.new_state(), stream_of(np.random.SeedSequence(seed))
    draw(system.model, state, stream)
    return state, stream


def test_a_step_of_a_coordinate_is_symmetric_and_the_same_everywhere():
    system = quadratic_blocks(3, 2, step=0.4)
    (state, stream), (other, _) = started(system, 5), started(system, 6)
    n_draws, step, places, steps = 8000, 0.4, [], []
    for _ in range(n_draws):
        place, value = propose(system.model, other, stream.copy())
        again, moved = propose(system.model, state, stream)
        places.append(place)
        steps.append(moved - state.coordinates[place])
        assert again == place
        assert abs(steps[-1] - (value - other.coordinates[place])) < 1e-15
    assert np.abs(np.bincount(places) - n_draws / 5).max() < 6.0 * (n_draws * 0.16) ** 0.5
    for power in (1, 2, 3):  # 6 standard deviations
        mean = 0.0 if power % 2 else step**power / (power + 1)
        assert abs(np.mean(np.array(steps) ** power) - mean) < 6.0 * step**power / n_draws**0.5
    assert -step <= min(steps) < -0.99 * step < 0.99 * step < max(steps) <= step


def test_a_step_out_of_the_box_has_no_values_and_the_step_may_change():
    system = quadratic_blocks(2, 1, step=0.1)
    state, stream = started(system, 7)
    state.coordinates[:] = 0.95
    measured(system.model, state)
    for move in ((1, 1.0001), (2, -1.0001)):
        assert all(math.isnan(value) for value in proposed(system.model, state, move))
    assert not any(math.isnan(value) for value in proposed(system.model, state, (0, 1.0)))
    state.step[0] = 1e-6
    assert all(abs(propose(system.model, state, stream)[1] - 0.95) <= 1e-6 for _ in range(50))


def test_the_origin_lies_below_every_edge():
    system = quadratic_blocks(1, 1)
    state = system.new_state()
    assert tuple(state.values) == tuple(measured(system.model, state)) == (-math.inf, -math.inf)
    assert proposed(system.model, state, (0, 0.5)) == (math.log(0.25), -math.inf)


def test_draws_share_the_box_as_balls_do():
    system, n_draws = quadratic_blocks(3, 2), 8000
    (state, stream), found = started(system, 9), np.empty((8000, 2))
    for k in range(n_draws):
        draw(system.model, state, stream)
        found[k] = state.values
    edges = [-math.inf, -3.0, -1.5, -0.7, -0.3, 0.0]
    shares = [np.exp([log_share_of_box(n, *pair) for pair in itertools.pairwise(edges)]) for n in (3, 2)]
    counts, _, _ = np.histogram2d(*found.T, bins=[[-1e9, *edges[1:]]] * 2)
    expected = np.outer(*shares)
    assert np.all(np.abs(counts / n_draws - expected) < 6.0 * np.sqrt(expected / n_draws) + 6.0 / n_draws)


def test_small_radii_are_exact_after_a_long_way_down():
    """Moves that only shorten u: sums carried along are those of the coordinates, where doubles would have drifted."""
    system = quadratic_blocks(4, 1, step=1.0)
    state, stream = started(system, 10)
    while state.values[0] > -18.0:
        move = propose(system.model, state, stream)
        if proposed(system.model, state, move)[0] < state.values[0]:
            commit(system.model, state, move)
            state.step[0] = math.exp(0.5 * state.values[0])
    assert tuple(measured(system.model, copy(state))) == tuple(state.values)
    assert state.values[0] == pytest.approx(math.log(math.fsum(state.coordinates[:4] ** 2)), rel=0, abs=4e-7)


def test_bad_input_is_named():
    for arguments, named in (
        ((0, 1), "first_dimension = 0"),
        ((1, 1.5), "second_dimension = 1.5"),
        ((1001, 1), "first_dimension = 1001"),
    ):
        with pytest.raises(ValueError, match=named):
            quadratic_blocks(*arguments)
    for step in (0.0, 2.0, math.nan, "a"):
        with pytest.raises(ValueError, match=r"step = .*allowed: real numbers in \(0, 2\)"):
            quadratic_blocks(2, 2, step=step)
