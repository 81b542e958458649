"""Belief propagation and searches on one instance against brute force and verification."""

import itertools

import numpy as np
import pytest
from scipy.special import log_ndtr

from perceptron.base.results import Status
from perceptron.message_passing.belief_propagation import belief_propagation
from perceptron.message_passing.nodes import GaussianNode
from perceptron.patterns import n_patterns_at, random_patterns
from perceptron.solvers.focusing import focusing_search
from perceptron.solvers.search import Limits


def test_one_pattern_is_a_tree_and_exact_in_any_field():
    patterns = random_patterns(11, 1, rng=np.random.default_rng(1))
    field = 0.3 * np.random.default_rng(2).standard_normal(11)
    weights = np.array(list(itertools.product([-1, 1], repeat=11)))
    weights = weights[weights @ patterns.values[0].astype(int) >= 1]
    terms = np.exp(weights @ field)
    found = belief_propagation(patterns, node="exact", external=field)
    assert found.free_entropy.value == pytest.approx(np.log(terms.sum()) / 11, abs=1e-9)
    np.testing.assert_allclose(found.magnetisations, terms @ weights / terms.sum(), atol=1e-5)


def test_a_gaussian_sweep_is_the_dense_formula():
    patterns = random_patterns(401, 60, rng=np.random.default_rng(3))
    node = GaussianNode(patterns, patterns.threshold(0.2))
    start = 0.3 * np.random.default_rng(4).standard_normal(401)
    node.fields[:] = start
    node.sweep(np.zeros(401), 0.0)
    xi, m = patterns.values.astype(float), np.tanh(start)
    a = (xi * m).sum(1, keepdims=True) - xi * m
    width = 1.0 / np.sqrt((1.0 - m**2).sum() - (1.0 - m**2))
    t = node.threshold.midpoint
    expected = 0.5 * (log_ndtr(-(t - a - xi) * width) - log_ndtr(-(t - a + xi) * width))
    np.testing.assert_allclose(node.edges.messages, expected, atol=1e-10)


@pytest.mark.parametrize("load", [0.5, 2.0])
def test_searches_tell_the_truth(load):
    patterns = random_patterns(301, n_patterns_at(load, 301), rng=np.random.default_rng(5))
    found = focusing_search(patterns, limits=Limits(60.0, 3000), rng=np.random.default_rng(6))
    n_errors = int(np.sum(patterns.values.astype(int) @ found.weights.astype(int) < 1))
    assert found.n_errors == n_errors
    assert found.status is (Status.SOLVED if load < 1.0 else Status.NOT_SOLVED)
    assert (n_errors == 0) == (load < 1.0)
