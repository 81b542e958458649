"""Graded Gauss-Legendre panels and the Gaussian lattice: exact sums, panel lengths, cost."""

import math

import numpy as np
import pytest

from perceptron.kernels.special.quadrature import (
    GROWTH,
    LARGEST_PANEL,
    N_NODES,
    REACH,
    SHORTEST_PANEL,
    gaussian_lattice,
    gaussian_nodes,
    graded_nodes,
)

LAST_PANEL = 1.25  # a remainder shorter than a quarter panel joins the last one
FEATURES = {
    "smooth": [[0.0, 1.0]],
    "one": [[0.3, 1e-3]],
    "two": [[-0.4, 1e-5], [0.41, 0.02]],
    "twice": [[0.7, 1e-2], [0.7, 1e-2]],
    "at the ends": [[-1.0, 1e-4], [2.0, 1e-4]],
    "outside": [[5.0, 1e-3], [-3.0, 0.1]],
    "too sharp": [[0.2, 1e-12]],
}


def panels(lower, upper, features, refinement):
    """Starts and lengths of the panels, from the weights alone."""
    _, weights = graded_nodes(lower, upper, features, refinement)
    lengths = weights.reshape(-1, N_NODES).sum(axis=1)
    return lower + np.concatenate([[0.0], np.cumsum(lengths)[:-1]]), lengths


@pytest.mark.parametrize("refinement", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("name", FEATURES)
def test_polynomials_are_exact(name, refinement):
    lower, upper = -1.0, 2.0
    nodes, weights = graded_nodes(lower, upper, np.array(FEATURES[name]), refinement)
    for degree in range(2 * N_NODES):
        exact = (upper ** (degree + 1) - lower ** (degree + 1)) / (degree + 1)
        size = (upper ** (degree + 1) + abs(lower) ** (degree + 1)) / (degree + 1)
        assert np.sum(weights * nodes**degree) == pytest.approx(exact, abs=1e-14 * size)


@pytest.mark.parametrize("refinement", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("name", FEATURES)
def test_panels_fill_the_interval_in_order(name, refinement):
    nodes, weights = graded_nodes(-1.0, 2.0, np.array(FEATURES[name]), refinement)
    assert weights.sum() == pytest.approx(3.0, abs=1e-14)
    assert np.all(weights > 0.0)
    assert np.all(np.diff(nodes) > 0.0)
    assert nodes[0] > -1.0
    assert nodes[-1] < 2.0


@pytest.mark.parametrize("refinement", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("name", FEATURES)
def test_panels_are_as_short_as_the_nearest_feature_asks(name, refinement):
    features = np.array(FEATURES[name])
    starts, lengths = panels(-1.0, 2.0, features, refinement)
    allowed = np.full(starts.size, LARGEST_PANEL)
    for centre, width in features:
        allowed = np.minimum(allowed, np.maximum(width, GROWTH * np.abs(starts - centre)))
    allowed = np.maximum(allowed, SHORTEST_PANEL) / refinement
    allowed[-1] *= LAST_PANEL
    assert np.all(lengths <= allowed * (1.0 + 1e-9) + 1e-14)


def test_a_panel_over_a_centre_is_no_longer_than_its_width():
    rng = np.random.default_rng(1)
    for _ in range(200):
        features = np.column_stack([rng.uniform(-1.0, 2.0, 2), 10.0 ** rng.uniform(-6.0, 0.0, 2)])
        starts, lengths = panels(-1.0, 2.0, features, 1.0)
        for centre, width in features:
            over = lengths[(starts < centre - 1e-12) & (centre + 1e-12 < starts + lengths)]
            assert np.all(over <= LAST_PANEL * width * (1.0 + 1e-6))


def test_an_empty_interval_has_no_nodes():
    features = np.array([[0.0, 1.0]])
    for lower, upper in ((1.0, 1.0), (1.0, 0.0)):
        nodes, weights = graded_nodes(lower, upper, features, 1.0)
        assert nodes.size == weights.size == 0


def test_cost_grows_linearly_with_the_logarithm_of_the_width():
    counts = [gaussian_nodes(np.array([[0.3, 10.0**-k]]), 1.0)[0].size // N_NODES for k in range(8)]
    per_decade = np.diff(counts)
    assert np.ptp(per_decade) <= 1  # the same for every decade,
    assert per_decade.max() <= 2.0 * math.log(10.0) / math.log(
        1.0 + GROWTH
    )  # that of a geometric grading on both sides
    assert counts[0] <= 16


def test_a_sharp_step_is_integrated_to_its_width():
    nodes, weights = gaussian_nodes(np.array([[0.0, 1e-4]]), 1.0)
    assert np.sum(weights * np.tanh(nodes / 1e-4)) == pytest.approx(0.0, abs=1e-15)
    exact = 1.0 - 1e-4 * math.sqrt(2.0 / math.pi)  # ∫(1 - tanh²) = 2 · width, up to width³
    assert np.sum(weights * np.tanh(nodes / 1e-4) ** 2) == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize("refinement", [1.0, 1.5])
@pytest.mark.parametrize("features", [[[0.0, 1.0]], [[0.3, 1e-3]], [[-2.0, 1e-6], [1.0, 0.1]]])
def test_gaussian_nodes_give_the_moments(features, refinement):
    assert has_gaussian_moments(*gaussian_nodes(np.array(features), refinement))


@pytest.mark.parametrize("step", [0.1, 0.27, 0.55, 0.7])
def test_gaussian_lattice_gives_the_moments(step):
    assert has_gaussian_moments(*gaussian_lattice(step, 1.0))


def has_gaussian_moments(nodes, weights):
    for power, exact in ((0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0)):
        cut = 2.0 * REACH ** (power - 1) * math.exp(-0.5 * REACH**2)  # what lies beyond the last node
        assert np.sum(weights * nodes**power) == pytest.approx(exact, abs=cut + 2e-15 * exact)
        assert np.sum(weights * nodes ** (power + 1)) == pytest.approx(0.0, abs=1e-14 * exact)
    return True


@pytest.mark.parametrize("step", [1.0, 1.5, 2.0])
def test_the_lattice_misses_the_weight_of_its_first_aliases(step):
    _, weights = gaussian_lattice(step, 1.0)
    alias = 2.0 * math.exp(-2.0 * (math.pi / step) ** 2)
    assert weights.sum() - 1.0 == pytest.approx(alias, rel=1e-5)
