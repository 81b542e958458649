"""Stabilities over the solutions of one instance: one pattern in closed form, nodes, enumeration, another margin."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from perceptron.base.results import Status
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation
from perceptron.message_passing.nodes import node_of
from perceptron.message_passing.stabilities import stability_masses
from perceptron.patterns import random_patterns

FINE = SweepOptions(tolerance=1e-9, max_sweeps=5000)


def masses(patterns, boundaries, node="gaussian", margin=0.0, external=0.0):
    state = node_of(node, patterns, patterns.threshold(margin))
    options = SweepOptions(tolerance=1e-5) if node == "relaxed" else FINE
    run = belief_propagation(patterns, margin, node=state, options=options, external=external)
    assert run.status is Status.CONVERGED
    return stability_masses(state, boundaries, external)


def lattice(n_weights, smallest):
    """Boundaries between the levels smallest, smallest + 2, …, N."""
    return np.arange(smallest - 1, n_weights + 2, 2) / math.sqrt(n_weights)


@pytest.mark.parametrize(("n_weights", "margin"), [(1001, 0.0), (1000, 0.0), (1001, 0.4), (1001, -0.7)])
@pytest.mark.parametrize("field", [0.0, 0.02])
def test_one_pattern_is_a_truncated_binomial(n_weights, margin, field):
    # in a field along ξ every spin points there with probability e^h/(2 cosh h); Gaussian sums are off by O(1/N)
    patterns = random_patterns(n_weights, 1, rng=np.random.default_rng(1))
    smallest = patterns.threshold(margin).smallest_sum
    levels = np.arange(smallest, n_weights + 1, 2)
    exact = binom.pmf((levels + n_weights) // 2, n_weights, 0.5 * (1.0 + math.tanh(field)))
    external = field * patterns.values[0].astype(np.float64)
    found = masses(patterns, lattice(n_weights, smallest), "exact", margin, external)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(found - exact / exact.sum()).sum() < 1.0 / n_weights


@pytest.mark.parametrize(("node", "allowed"), [("relaxed", 5e-4), ("amp", 1e-3)])
def test_all_nodes_give_the_same_masses(node, allowed):
    patterns = random_patterns(501, 250, rng=np.random.default_rng(2))
    boundaries = lattice(501, 1)[::4]
    assert masses(patterns, boundaries, node) == pytest.approx(masses(patterns, boundaries), abs=allowed)


@pytest.mark.slow
def test_instances_one_by_one_against_their_enumeration():
    # N = 25, P = 12: the mean stability varies by 0.07 from one instance to the next, and messages follow it to 0.033
    # (root mean square over these twelve); half the sum of the differences of all masses is 0.11 in the mean
    mine, exact, distances = [], [], []
    for seed in range(12):
        patterns = random_patterns(25, 12, rng=np.random.default_rng(seed))
        counted = enumerate_instance(patterns, options=EnumerationOptions(stabilities=True, n_threads=1))
        true = (counted.stability_counts / counted.stability_counts.sum())[counted.margins > 0]
        found = masses(patterns, lattice(25, 1))
        centres = np.arange(1, 26, 2) / 5.0
        mine.append(found @ centres)
        exact.append(true @ centres)
        distances.append(0.5 * np.abs(found - true).sum())
    difference = np.array(mine) - np.array(exact)
    print(f"rms {np.sqrt(np.mean(difference**2)):.4f}, distance {np.mean(distances):.4f}, spread {np.std(exact):.4f}")
    assert np.sqrt(np.mean(difference**2)) < min(0.045, 0.6 * np.std(exact))
    assert np.corrcoef(mine, exact)[0, 1] > 0.9
    assert np.mean(distances) < 0.15


def test_nothing_lies_below_the_threshold_and_boundaries_must_increase():
    patterns = random_patterns(101, 30, rng=np.random.default_rng(3))
    state = node_of("gaussian", patterns, patterns.threshold(0.2))
    belief_propagation(patterns, 0.2, node=state)
    found = stability_masses(state, [-3.0, -1.0, state.threshold.effective_margin, 11.0])
    assert found == pytest.approx([0.0, 0.0, 1.0], abs=1e-12)
    with pytest.raises(ValueError, match="do not increase"):
        stability_masses(state, [0.0, 1.0, 1.0])
